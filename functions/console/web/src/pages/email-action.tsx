/** Target of the links in account e-mails: confirms an address or sets a new password. */
import { useEffect, useState } from "preact/hooks";
import type { PageProps } from "../routes.ts";
import { confirmEmail, emailOfCode, resetPassword } from "../session.ts";
import { useTitle } from "../ui/use-title.ts";
import { Button } from "../ui/button.tsx";
import { Field } from "../ui/field.tsx";
import { Loading } from "../ui/progress.tsx";
import { LIMITS } from "../contract.ts";
import { PASSWORD_HINT, errorMessage } from "../format.ts";

type Action = "confirm" | "password";

export default function EmailAction(_: PageProps) {
  // Read once: the code is then removed from the address and the history.
  const [params] = useState(() => new URLSearchParams(location.hash.slice(1)));
  const action: Action = params.has("password") ? "password" : "confirm";
  const code = params.get(action) ?? "";
  const [email, setEmail] = useState("");
  const [error, setError] = useState(code ? "" : "This link is not whole. Copy all of it out of the letter.");
  const [done, setDone] = useState(false);
  useTitle(action === "confirm" ? "Confirm your address" : "Choose a new password");

  useEffect(() => {
    history.replaceState(null, "", location.pathname);
    if (code) emailOfCode(code).then(setEmail, (error: unknown) => setError(errorMessage(error)));
  }, [code]);

  if (error) return <InvalidLink reason={error} action={action} />;
  if (!email) return <Loading text="Reading the letter's link …" />;
  if (done) return <ActionDone action={action} />;
  const finish = async (request: Promise<void>): Promise<void> => {
    try {
      await request;
      setDone(true);
    } catch (error) {
      const weakPassword = (error as { code?: string }).code === "auth/weak-password";
      if (weakPassword) throw error;
      setError(errorMessage(error));
    }
  };
  return action === "confirm" ? (
    <ConfirmEmail email={email} onConfirm={() => finish(confirmEmail(code))} />
  ) : (
    <PasswordForm email={email} onSubmit={(password) => finish(resetPassword(code, password))} />
  );
}

function ConfirmEmail({ email, onConfirm }: { email: string; onConfirm: () => Promise<void> }) {
  const [busy, setBusy] = useState(false);
  return (
    <section class="single-column">
      <h1>Is this your address?</h1>
      <p>
        <strong>{email}</strong>
      </p>
      <p>
        <Button
          kind="primary"
          busyLabel={busy ? "Confirming …" : ""}
          onClick={() => {
            setBusy(true);
            void onConfirm();
          }}
        >
          Confirm the address
        </Button>
      </p>
    </section>
  );
}

function PasswordForm({ email, onSubmit }: { email: string; onSubmit: (password: string) => Promise<void> }) {
  const [password, setPassword] = useState("");
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState("");
  const submit = async (): Promise<void> => {
    setBusy(true);
    setError("");
    try {
      await onSubmit(password);
    } catch (error) {
      setError(errorMessage(error));
    } finally {
      setBusy(false);
    }
  };
  return (
    <section class="single-column">
      <h1>Choose a new password</h1>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (!busy) void submit();
        }}
      >
        <input type="email" autocomplete="username" value={email} readOnly hidden />
        <Field
          label={`New password for ${email}`}
          hint={PASSWORD_HINT}
          error={error || undefined}
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
          <Button kind="primary" type="submit" busyLabel={busy ? "Saving it …" : ""}>
            Save the password
          </Button>
        </p>
      </form>
    </section>
  );
}

function ActionDone({ action }: { action: Action }) {
  return (
    <section class="single-column">
      <h1>{action === "confirm" ? "The address is confirmed" : "The password is changed"}</h1>
      <p>Now you can sign in.</p>
      <p>
        <a class="button primary" href="/sign-in">
          Sign in
        </a>
      </p>
    </section>
  );
}

function InvalidLink({ reason, action }: { reason: string; action: Action }) {
  return (
    <section class="single-column">
      <h1>This link does not work</h1>
      <p>{reason}</p>
      <p class="row">
        <a class="button primary" href="/sign-in">
          Sign in
        </a>
        <a class="button" href={action === "password" ? "/sign-in?forgot" : "/sign-in?new"}>
          {action === "password" ? "Ask for a new letter" : "Make an account"}
        </a>
      </p>
    </section>
  );
}
