import { useEffect, useState } from "preact/hooks";
import { Problem, post, request } from "../api.ts";
import { signIn, signOut } from "../session.ts";
import { Button } from "../ui/button.tsx";
import { Field } from "../ui/field.tsx";
import { Loading } from "../ui/progress.tsx";
import { toast } from "../ui/toast.tsx";
import { LoadError } from "../ui/load-error.tsx";
import { LIMITS } from "../contract.ts";
import { PASSWORD_HINT, errorMessage } from "../format.ts";
import type { Profile } from "./model.ts";
import { useQuery } from "../ui/use-query.ts";

export function ProfileSection() {
  const { data, etag, error, refetch } = useQuery<Profile>("/v1/me");
  if (!data) return error ? <LoadError error={error} onRetry={refetch} /> : <Loading text="Getting your profile …" />;
  return (
    <>
      <section aria-labelledby="who">
        <h2 id="who">You</h2>
        <dl class="stats">
          <div>
            <dt>E-mail</dt>
            <dd>{data.email}</dd>
          </div>
          <div>
            <dt>Here since</dt>
            <dd>{new Date(data.created_at).toLocaleDateString(undefined, { dateStyle: "long" })}</dd>
          </div>
        </dl>
        <NameForm profile={data} etag={etag} refetch={refetch} />
      </section>
      <section aria-labelledby="password">
        <h2 id="password">Password</h2>
        <PasswordForm email={data.email} />
      </section>
    </>
  );
}

function NameForm({ profile, etag, refetch }: { profile: Profile; etag: string; refetch: () => Promise<void> }) {
  const [name, setName] = useState(profile.name ?? "");
  const [busyLabel, setBusyLabel] = useState("");
  const [error, setError] = useState("");
  useEffect(() => setName(profile.name ?? ""), [profile.name]);
  const save = async (event: Event): Promise<void> => {
    event.preventDefault();
    if (busyLabel) return;
    setBusyLabel("Saving …");
    setError("");
    try {
      await request("PATCH", "/v1/me", { body: { name: name.trim() || null }, ifMatch: etag });
      toast("Saved.");
    } catch (error) {
      setError((error instanceof Problem && error.fieldErrors.name) || errorMessage(error));
    }
    await refetch();
    setBusyLabel("");
  };
  return (
    <form class="narrow-form" onSubmit={(event) => void save(event)}>
      <Field label="Name" hint="As you want to be called. It may be empty." error={error}>
        {(ids) => (
          <input
            {...ids}
            autocomplete="name"
            maxLength={LIMITS.maxNameChars}
            value={name}
            onInput={(event) => setName(event.currentTarget.value)}
          />
        )}
      </Field>
      <p>
        <Button type="submit" busyLabel={busyLabel}>
          Save the name
        </Button>
      </p>
    </form>
  );
}

function PasswordForm({ email }: { email: string }) {
  const [current, setCurrent] = useState("");
  const [next, setNext] = useState("");
  const [busyLabel, setBusyLabel] = useState("");
  const [error, setError] = useState<unknown>(null);
  const change = async (event: Event): Promise<void> => {
    event.preventDefault();
    if (busyLabel) return;
    setBusyLabel("Changing it …");
    setError(null);
    try {
      await post("/v1/me/password", { current_password: current, new_password: next });
    } catch (error) {
      setError(error);
      setBusyLabel("");
      return;
    }
    try {
      // Changing the password ends every session, this one included.
      await signIn(email, next);
      toast("The password is changed. Everybody else who was signed in is out.");
    } catch {
      await signOut();
    }
    setCurrent("");
    setNext("");
    setBusyLabel("");
  };
  const problem = error instanceof Problem ? error : null;
  const fieldErrors = problem?.fieldErrors ?? {};
  const currentPasswordError =
    problem?.code === "wrong-credentials" ? "This is not your password." : fieldErrors.current_password;
  return (
    <form class="narrow-form" onSubmit={(event) => void change(event)}>
      {/* Shows password managers which account the password belongs to. */}
      <input
        class="visually-hidden"
        type="email"
        autocomplete="username"
        value={email}
        readOnly
        tabIndex={-1}
        aria-hidden="true"
      />
      <Field label="The one you have" error={currentPasswordError}>
        {(ids) => (
          <input
            {...ids}
            type="password"
            autocomplete="current-password"
            required
            value={current}
            onInput={(event) => setCurrent(event.currentTarget.value)}
          />
        )}
      </Field>
      <Field
        label="The new one"
        hint={PASSWORD_HINT}
        error={fieldErrors.new_password}
      >
        {(ids) => (
          <input
            {...ids}
            type="password"
            autocomplete="new-password"
            required
            minLength={LIMITS.password.minChars}
            maxLength={LIMITS.password.maxChars}
            value={next}
            onInput={(event) => setNext(event.currentTarget.value)}
          />
        )}
      </Field>
      {error !== null && !currentPasswordError && !fieldErrors.new_password && (
        <p class="error-text" role="alert">
          {errorMessage(error)}
        </p>
      )}
      <p>
        <Button type="submit" busyLabel={busyLabel}>
          Change the password
        </Button>
      </p>
    </form>
  );
}
