/** Target of the links in account e-mails: confirms the address and sets a new password. */
import { useEffect, useState } from "preact/hooks";
import type { PageProps } from "../routes.ts";
import { Problem, post } from "../api.ts";
import { emailOfCode } from "../session.ts";
import { useSubmit } from "../ui/use-submit.ts";
import { useTitle } from "../ui/use-title.ts";
import { Button } from "../ui/button.tsx";
import { Field } from "../ui/field.tsx";
import { Loading } from "../ui/progress.tsx";
import { LIMITS } from "../contract.ts";
import { PASSWORD_HINT, errorMessage } from "../format.ts";

/** Both set a password and confirm the address. "confirm" is the link of a new account. */
type Action = "confirm" | "password";

const TITLES = { confirm: "Confirm your address", password: "Choose a new password" } as const;
const DONE_TITLES = { confirm: "The address is confirmed", password: "The password is changed" } as const;
const LABELS = { confirm: "Password", password: "New password" } as const;
const SUBMIT_LABELS = { confirm: "Confirm the address", password: "Save the password" } as const;
const INVALID_CODES = new Set(["invalid-code", "code-expired"]);

/** Outside the component, which is mounted again when somebody signs in or out in another tab. */
let fragment = "";

function readFragment(): URLSearchParams {
  if (location.hash) fragment = location.hash.slice(1);
  return new URLSearchParams(fragment);
}

export default function EmailAction(_: PageProps) {
  // Read once: the code is then removed from the address and the history.
  const [params] = useState(readFragment);
  const action: Action = params.has("password") ? "password" : "confirm";
  const code = params.get(action) ?? "";
  const [email, setEmail] = useState("");
  const [error, setError] = useState(code ? "" : "This link is not whole. Copy all of it out of the letter.");
  const [done, setDone] = useState(false);
  useTitle(TITLES[action]);

  useEffect(() => {
    history.replaceState(null, "", location.pathname);
    if (code) emailOfCode(code).then(setEmail, (error: unknown) => setError(errorMessage(error)));
  }, [code]);

  if (error) return <InvalidLink reason={error} />;
  if (!email) return <Loading text="Reading the letter's link …" />;
  if (done) return <ActionDone action={action} />;
  const save = async (password: string): Promise<void> => {
    try {
      await post("/v1/accounts/password", { code, password }, { anonymous: true });
      setDone(true);
    } catch (error) {
      if (!(error instanceof Problem && INVALID_CODES.has(error.code))) throw error;
      setError(error.message);
    }
  };
  return <PasswordForm action={action} email={email} onSubmit={save} />;
}

function PasswordForm({
  action,
  email,
  onSubmit,
}: {
  action: Action;
  email: string;
  onSubmit: (password: string) => Promise<void>;
}) {
  const [password, setPassword] = useState("");
  const { busyLabel, error, fieldErrors, run } = useSubmit();
  return (
    <section class="single-column">
      <h1>{TITLES[action]}</h1>
      {action === "confirm" && (
        <p>
          <strong>{email}</strong> becomes your address here. Choose the password that you will sign in with.
        </p>
      )}
      <form
        onSubmit={(event) => {
          event.preventDefault();
          void run("Saving it …", () => onSubmit(password));
        }}
      >
        <input type="email" autocomplete="username" value={email} readOnly hidden />
        <Field
          label={`${LABELS[action]} for ${email}`}
          hint={PASSWORD_HINT}
          error={error === null ? undefined : (fieldErrors.password ?? errorMessage(error))}
        >
          {(ids) => (
            <input
              {...ids}
              type="password"
              autocomplete="new-password"
              required
              minLength={LIMITS.password.minChars}
              maxLength={LIMITS.password.maxChars}
              value={password}
              onInput={(event) => setPassword(event.currentTarget.value)}
            />
          )}
        </Field>
        <p>
          <Button kind="primary" type="submit" busyLabel={busyLabel}>
            {SUBMIT_LABELS[action]}
          </Button>
        </p>
      </form>
    </section>
  );
}

function ActionDone({ action }: { action: Action }) {
  return (
    <section class="single-column">
      <h1>{DONE_TITLES[action]}</h1>
      <p>Now you can sign in. Whoever was signed in to this account before is signed out.</p>
      <p>
        <a class="button primary" href="/sign-in">
          Sign in
        </a>
      </p>
    </section>
  );
}

function InvalidLink({ reason }: { reason: string }) {
  return (
    <section class="single-column">
      <h1>This link does not work</h1>
      <p>{reason}</p>
      <p class="row">
        <a class="button primary" href="/sign-in">
          Sign in
        </a>
        <a class="button" href="/sign-in?forgot">
          Ask for a new letter
        </a>
      </p>
    </section>
  );
}
