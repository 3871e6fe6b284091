/** Sign in, make an account, or have a new password sent: one form, three questions. */
import type { PageProps } from "../routes.ts";
import { navigate } from "../location.ts";
import { inside } from "../routes.ts";
import { useEffect, useState } from "preact/hooks";
import { Problem, post } from "../api.ts";
import { session, signIn } from "../session.ts";
import { useTitle } from "../ui/use-title.ts";
import { useStore } from "../store.ts";
import { Button } from "../ui/button.tsx";
import { Field } from "../ui/field.tsx";
import { sentence } from "../words.ts";

type Wish = "in" | "up" | "forgot";

const TITLES = { in: "Sign in", up: "Make an account", forgot: "Choose a new password" } as const;
const DOES = { in: "Sign in", up: "Make the account", forgot: "Send the letter" } as const;
const BUSY = { in: "Signing in …", up: "Making it …", forgot: "Sending it …" } as const;

export default function SignIn(_: PageProps) {
  const asked = new URLSearchParams(location.search);
  const who = useStore(session);
  const [wish, setWish] = useState<Wish>(asked.has("new") ? "up" : asked.has("forgot") ? "forgot" : "in");
  const [email, setEmail] = useState("");
  const [password, setPassword] = useState("");
  const [busy, setBusy] = useState(false);
  const [wrong, setWrong] = useState<unknown>(null);
  const [sent, setSent] = useState("");
  useTitle(TITLES[wish]);

  useEffect(() => {
    if (typeof who === "object") navigate(inside(asked.get("to"), location.origin), true);
  }, [who]);

  const submit = async (): Promise<void> => {
    setBusy(true);
    setWrong(null);
    try {
      if (wish === "in") {
        await signIn(email, password);
      } else {
        const body = wish === "up" ? { email, password } : { email };
        const path = wish === "up" ? "/v1/accounts/register" : "/v1/accounts/forgot";
        await post(path, body, { open: true });
        setSent(email);
      }
    } catch (fault) {
      setWrong(fault);
    } finally {
      setBusy(false);
    }
  };
  const change = (to: Wish): void => {
    setWish(to);
    setWrong(null);
  };
  const fields = wrong instanceof Problem ? wrong.fields : {};

  if (sent) {
    return (
      <section class="narrow">
        <h1>Look into your mail</h1>
        <p>
          A letter is on its way to <strong>{sent}</strong>. Its link leads on.
        </p>
        <p>
          <Button
            onClick={() => {
              setSent("");
              change("in");
            }}
          >
            Sign in
          </Button>
        </p>
      </section>
    );
  }
  return (
    <section class="narrow">
      <h1>{TITLES[wish]}</h1>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (!busy) void submit();
        }}
      >
        <Field label="E-mail" wrong={fields.email}>
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
        {wish !== "forgot" && (
          <Field
            label="Password"
            wrong={fields.password}
            hint={wish === "up" ? "At least eight characters. A few words in a row are best." : undefined}
          >
            {(ids) => (
              <input
                {...ids}
                type="password"
                autocomplete={wish === "up" ? "new-password" : "current-password"}
                required
                minLength={wish === "up" ? 8 : 1}
                value={password}
                onInput={(event) => setPassword(event.currentTarget.value)}
              />
            )}
          </Field>
        )}
        {wrong !== null && Object.keys(fields).length === 0 && (
          <p class="wrong" role="alert">
            {sentence(wrong)}
          </p>
        )}
        <p class="row">
          <Button kind="primary" type="submit" busy={busy ? BUSY[wish] : ""}>
            {DOES[wish]}
          </Button>
          {wish === "in" ? (
            <Button kind="quiet" onClick={() => change("forgot")}>
              Forgot the password?
            </Button>
          ) : (
            <Button kind="quiet" onClick={() => change("in")}>
              I have an account
            </Button>
          )}
        </p>
        {wish === "in" && (
          <p>
            New here?{" "}
            <button type="button" class="link" onClick={() => change("up")}>
              Make an account
            </button>
          </p>
        )}
      </form>
    </section>
  );
}
