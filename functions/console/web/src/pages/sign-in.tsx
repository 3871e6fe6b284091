/** Sign in, register or request a new password. */
import type { PageProps } from "../routes.ts";
import { navigate } from "../location.ts";
import { safeRedirect } from "../routes.ts";
import { storeReturnPath, takeReturnPath } from "../return-to.ts";
import { useEffect, useState } from "preact/hooks";
import { Problem, post } from "../api.ts";
import { session, signIn } from "../session.ts";
import { settings } from "../settings.ts";
import { useTitle } from "../ui/use-title.ts";
import { useStore } from "../store.ts";
import { Button } from "../ui/button.tsx";
import { Field } from "../ui/field.tsx";
import { errorMessage } from "../format.ts";

type Mode = "sign-in" | "register" | "reset";

const TITLES = { "sign-in": "Sign in", register: "Make an account", reset: "Choose a new password" } as const;
const SUBMIT_LABELS = { "sign-in": "Sign in", register: "Make the account", reset: "Send the letter" } as const;
const PATHS = { register: "/v1/accounts/register", reset: "/v1/accounts/forgot" } as const;
const EMAIL_HINTS = {
  "sign-in": undefined,
  register: "The link in the letter leads to the choice of a password.",
  reset: "The letter also helps when the address is not confirmed yet.",
} as const;
const BUSY_LABELS = { "sign-in": "Signing in …", register: "Making it …", reset: "Sending it …" } as const;

export default function SignIn(_: PageProps) {
  const query = new URLSearchParams(location.search);
  const currentSession = useStore(session);
  const [mode, setMode] = useState<Mode>(query.has("new") ? "register" : query.has("forgot") ? "reset" : "sign-in");
  const [email, setEmail] = useState("");
  const [password, setPassword] = useState("");
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const [sentTo, setSentTo] = useState("");
  const [letters, setLetters] = useState(0);
  useTitle(TITLES[mode]);

  useEffect(() => {
    if (typeof currentSession !== "object") return;
    const stored = takeReturnPath();
    navigate(safeRedirect(query.get("to") ?? (stored || null), location.origin), true);
  }, [currentSession]);

  const submit = async (): Promise<void> => {
    setBusy(true);
    setError(null);
    try {
      if (mode === "sign-in") {
        await signIn(email, password);
      } else {
        await post(PATHS[mode], { email }, { anonymous: true });
        storeReturnPath(query.get("to") ?? "");
        setSentTo(email);
        setLetters(letters + 1);
      }
    } catch (error) {
      setError(error);
    } finally {
      setBusy(false);
    }
  };
  const switchMode = (next: Mode): void => {
    setMode(next);
    setError(null);
  };
  const fieldErrors = error instanceof Problem ? error.fieldErrors : {};

  if (sentTo) {
    return (
      <section class="single-column">
        <h1>Check your inbox</h1>
        <p>
          A letter is on its way to <strong>{sentTo}</strong>. Its link is valid for an hour.
        </p>
        {settings.emulators?.inbox && (
          <p>
            This is a local suite, so no email leaves this machine:{" "}
            <a href={`${settings.emulators.inbox}/?to=${encodeURIComponent(sentTo)}`} target="_blank" rel="noreferrer">
              Open the local inbox
            </a>
          </p>
        )}
        <p role="status">{letters > 1 && "It was sent once more."}</p>
        {error !== null && (
          <p class="error-text" role="alert">
            {errorMessage(error)}
          </p>
        )}
        <p class="row">
          <Button busyLabel={busy ? "Sending it …" : ""} onClick={() => void submit()}>
            Send it again
          </Button>
          <Button
            onClick={() => {
              setSentTo("");
              setLetters(0);
              switchMode("sign-in");
            }}
          >
            Sign in
          </Button>
        </p>
      </section>
    );
  }
  return (
    <section class="single-column">
      <h1>{TITLES[mode]}</h1>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (!busy) void submit();
        }}
      >
        <Field label="E-mail" error={fieldErrors.email} hint={EMAIL_HINTS[mode]}>
          {(ids) => (
            <input
              {...ids}
              type="email"
              autocomplete="username"
              required
              value={email}
              onInput={(event) => setEmail(event.currentTarget.value)}
            />
          )}
        </Field>
        {mode === "sign-in" && (
          <Field label="Password">
            {(ids) => (
              <input
                {...ids}
                type="password"
                autocomplete="current-password"
                required
                value={password}
                onInput={(event) => setPassword(event.currentTarget.value)}
              />
            )}
          </Field>
        )}
        {error !== null && Object.keys(fieldErrors).length === 0 && (
          <p class="error-text" role="alert">
            {errorMessage(error)}
          </p>
        )}
        <p class="row">
          <Button kind="primary" type="submit" busyLabel={busy ? BUSY_LABELS[mode] : ""}>
            {SUBMIT_LABELS[mode]}
          </Button>
          {mode === "sign-in" ? (
            <Button kind="quiet" onClick={() => switchMode("reset")}>
              Forgot the password?
            </Button>
          ) : (
            <Button kind="quiet" onClick={() => switchMode("sign-in")}>
              I have an account
            </Button>
          )}
        </p>
        {mode === "sign-in" && (
          <p>
            New here?{" "}
            <button type="button" class="link" onClick={() => switchMode("register")}>
              Make an account
            </button>
          </p>
        )}
      </form>
    </section>
  );
}
