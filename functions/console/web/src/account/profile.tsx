import { useEffect, useState } from "preact/hooks";
import { Problem, ask, post } from "../api.ts";
import { signIn, signOut } from "../session.ts";
import { Button } from "../ui/button.tsx";
import { Field } from "../ui/field.tsx";
import { Waiting } from "../ui/progress.tsx";
import { toast } from "../ui/toast.tsx";
import { Unread } from "../ui/load-error.tsx";
import { sentence } from "../words.ts";
import type { Me } from "./model.ts";
import { useAsked } from "./use-query.ts";

const NAME_CHARS = 100;
const PASSWORD_CHARS = 8;

export function Profile() {
  const { data, etag, wrong, again } = useAsked<Me>("/v1/me");
  if (!data) return wrong ? <Unread fault={wrong} again={again} /> : <Waiting words="Getting your profile …" />;
  return (
    <>
      <section aria-labelledby="who">
        <h2 id="who">You</h2>
        <dl class="facts-row">
          <div>
            <dt>E-mail</dt>
            <dd>{data.email}</dd>
          </div>
          <div>
            <dt>Here since</dt>
            <dd>{new Date(data.created_at).toLocaleDateString(undefined, { dateStyle: "long" })}</dd>
          </div>
        </dl>
        <Name me={data} etag={etag} again={again} />
      </section>
      <section aria-labelledby="password">
        <h2 id="password">Password</h2>
        <Password email={data.email} />
      </section>
    </>
  );
}

function Name({ me, etag, again }: { me: Me; etag: string; again: () => Promise<void> }) {
  const [name, setName] = useState(me.name ?? "");
  const [busy, setBusy] = useState("");
  const [wrong, setWrong] = useState("");
  useEffect(() => setName(me.name ?? ""), [me.name]);
  const save = async (event: Event): Promise<void> => {
    event.preventDefault();
    if (busy) return;
    setBusy("Saving …");
    setWrong("");
    try {
      await ask("PATCH", "/v1/me", { body: { name: name.trim() || null }, match: etag });
      toast("Saved.");
    } catch (fault) {
      setWrong((fault instanceof Problem && fault.fields.name) || sentence(fault));
    }
    await again();
    setBusy("");
  };
  return (
    <form class="short" onSubmit={(event) => void save(event)}>
      <Field label="Name" hint="As you want to be called. It may be empty." wrong={wrong}>
        {(ids) => (
          <input
            {...ids}
            autocomplete="name"
            maxLength={NAME_CHARS}
            value={name}
            onInput={(event) => setName(event.currentTarget.value)}
          />
        )}
      </Field>
      <p>
        <Button type="submit" busy={busy}>
          Save the name
        </Button>
      </p>
    </form>
  );
}

function Password({ email }: { email: string }) {
  const [current, setCurrent] = useState("");
  const [next, setNext] = useState("");
  const [busy, setBusy] = useState("");
  const [wrong, setWrong] = useState<unknown>(null);
  const change = async (event: Event): Promise<void> => {
    event.preventDefault();
    if (busy) return;
    setBusy("Changing it …");
    setWrong(null);
    try {
      await post("/v1/me/password", { current_password: current, new_password: next });
    } catch (fault) {
      setWrong(fault);
      setBusy("");
      return;
    }
    try {
      // Every session has ended with the old password, this page's own as well.
      await signIn(email, next);
      toast("The password is changed. Everybody else who was signed in is out.");
    } catch {
      await signOut();
    }
    setCurrent("");
    setNext("");
    setBusy("");
  };
  const problem = wrong instanceof Problem ? wrong : null;
  const fields = problem?.fields ?? {};
  const mistaken = problem?.code === "wrong-credentials" ? "This is not your password." : fields.current_password;
  return (
    <form class="short" onSubmit={(event) => void change(event)}>
      {/* For password managers: whose password this is. */}
      <input class="unseen" type="email" autocomplete="username" value={email} readOnly tabIndex={-1} aria-hidden="true" />
      <Field label="The one you have" wrong={mistaken}>
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
        hint="At least eight characters. A few words in a row are best."
        wrong={fields.new_password}
      >
        {(ids) => (
          <input
            {...ids}
            type="password"
            autocomplete="new-password"
            required
            minLength={PASSWORD_CHARS}
            value={next}
            onInput={(event) => setNext(event.currentTarget.value)}
          />
        )}
      </Field>
      {wrong !== null && !mistaken && !fields.new_password && (
        <p class="wrong" role="alert">
          {sentence(wrong)}
        </p>
      )}
      <p>
        <Button type="submit" busy={busy}>
          Change the password
        </Button>
      </p>
    </form>
  );
}
