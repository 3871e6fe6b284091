/** The dialog that asks for the password over the page when the session has expired. */
import { useState } from "preact/hooks";
import { type User, signIn, signOut } from "./session.ts";
import { Button } from "./ui/button.tsx";
import { Field } from "./ui/field.tsx";
import { Panel } from "./ui/panel.tsx";
import { useSubmit } from "./ui/use-submit.ts";
import { signOutAndDiscard } from "./upload/uploads.ts";
import { errorMessage } from "./format.ts";

export function SessionExpired({ user }: { user: User }) {
  const [password, setPassword] = useState("");
  const { busyLabel, error, run } = useSubmit();
  return (
    <Panel title="Sign in again" persistent>
      <p>Your session has expired. Sign in to continue: everything you entered on this page is kept.</p>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          void run("Signing in …", () => signIn(user.email, password));
        }}
      >
        <input type="email" autocomplete="username" value={user.email} readOnly hidden />
        <Field label={`Password for ${user.email}`} error={error === null ? undefined : errorMessage(error)}>
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
        <p class="row">
          <Button kind="primary" type="submit" busyLabel={busyLabel}>
            Sign in
          </Button>
          <Button kind="quiet" onClick={() => void signOutAndDiscard(signOut)}>
            Sign out
          </Button>
        </p>
      </form>
    </Panel>
  );
}
