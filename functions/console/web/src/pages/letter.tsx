/** Where the links of letters about an account lead: confirm an address, or choose a password. */
import { useEffect, useState } from "preact/hooks";
import type { PageProps } from "../routes.ts";
import { addressOfCode, choosePassword, confirmAddress } from "../session.ts";
import { useTitle } from "../ui/use-title.ts";
import { Button } from "../ui/button.tsx";
import { Field } from "../ui/field.tsx";
import { Waiting } from "../ui/progress.tsx";
import { sentence } from "../words.ts";

type Act = "confirm" | "password";

export default function Letter(_: PageProps) {
  // Read once: then the code goes out of the address, and so out of the history.
  const [asked] = useState(() => new URLSearchParams(location.hash.slice(1)));
  const act: Act = asked.has("password") ? "password" : "confirm";
  const code = asked.get(act) ?? "";
  const [email, setEmail] = useState("");
  const [wrong, setWrong] = useState(code ? "" : "This link is not whole. Copy all of it out of the letter.");
  const [done, setDone] = useState(false);
  useTitle(act === "confirm" ? "Confirm your address" : "Choose a new password");

  useEffect(() => {
    history.replaceState(null, "", location.pathname);
    if (code) addressOfCode(code).then(setEmail, (fault: unknown) => setWrong(sentence(fault)));
  }, [code]);

  if (wrong) return <Dead why={wrong} act={act} />;
  if (!email) return <Waiting words="Reading the letter's link …" />;
  if (done) return <Done act={act} />;
  const finish = async (ending: Promise<void>): Promise<void> => {
    try {
      await ending;
      setDone(true);
    } catch (fault) {
      const weak = (fault as { code?: string }).code === "auth/weak-password";
      if (weak) throw fault;
      setWrong(sentence(fault));
    }
  };
  return act === "confirm" ? (
    <Confirm email={email} onConfirm={() => finish(confirmAddress(code))} />
  ) : (
    <Choose email={email} onChoose={(password) => finish(choosePassword(code, password))} />
  );
}

function Confirm({ email, onConfirm }: { email: string; onConfirm: () => Promise<void> }) {
  const [busy, setBusy] = useState(false);
  return (
    <section class="narrow">
      <h1>Is this your address?</h1>
      <p>
        <strong>{email}</strong>
      </p>
      <p>
        <Button
          kind="primary"
          busy={busy ? "Confirming …" : ""}
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

function Choose({ email, onChoose }: { email: string; onChoose: (password: string) => Promise<void> }) {
  const [password, setPassword] = useState("");
  const [busy, setBusy] = useState(false);
  const [wrong, setWrong] = useState("");
  const submit = async (): Promise<void> => {
    setBusy(true);
    setWrong("");
    try {
      await onChoose(password);
    } catch (fault) {
      setWrong(sentence(fault));
    } finally {
      setBusy(false);
    }
  };
  return (
    <section class="narrow">
      <h1>Choose a new password</h1>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (!busy) void submit();
        }}
      >
        <input type="email" autocomplete="username" value={email} readOnly hidden />
        <Field label={`New password for ${email}`} hint="At least eight characters. A few words in a row are best." wrong={wrong || undefined}>
          {(ids) => (
            <input
              {...ids}
              type="password"
              autocomplete="new-password"
              required
              minLength={8}
              maxLength={128}
              value={password}
              onInput={(event) => setPassword(event.currentTarget.value)}
            />
          )}
        </Field>
        <p>
          <Button kind="primary" type="submit" busy={busy ? "Saving it …" : ""}>
            Save the password
          </Button>
        </p>
      </form>
    </section>
  );
}

function Done({ act }: { act: Act }) {
  return (
    <section class="narrow">
      <h1>{act === "confirm" ? "The address is confirmed" : "The password is changed"}</h1>
      <p>Now you can sign in.</p>
      <p>
        <a class="button primary" href="/sign-in">
          Sign in
        </a>
      </p>
    </section>
  );
}

function Dead({ why, act }: { why: string; act: Act }) {
  return (
    <section class="narrow">
      <h1>This link does not work</h1>
      <p>{why}</p>
      <p class="row">
        <a class="button primary" href="/sign-in">
          Sign in
        </a>
        <a class="button" href={act === "password" ? "/sign-in?forgot" : "/sign-in?new"}>
          {act === "password" ? "Ask for a new letter" : "Make an account"}
        </a>
      </p>
    </section>
  );
}
