/** Signing out on purpose: nothing of what this person was sending stays in the browser. */
import { useState } from "preact/hooks";
import { signOut } from "../session.ts";
import { Confirm } from "../ui/confirm.tsx";
import { useDeed } from "../ui/use-submit.ts";
import { givenUp } from "./kept.ts";
import { leave, pending } from "./uploads.ts";

export function SignOut() {
  const [count, setCount] = useState(0);
  const { busy, send } = useDeed();
  const go = (): Promise<void> => send("Signing out …", () => leave(signOut));
  const ask = (): void => {
    const left = pending();
    if (left) setCount(left);
    else void go();
  };
  return (
    <>
      <button type="button" class="quiet" onClick={ask}>
        Sign out
      </button>
      {count > 0 && (
        <Confirm title="Sign out?" deed="Sign out" keep="Stay" busy={busy} onDeed={go} onClose={() => setCount(0)}>
          {givenUp(count)}
        </Confirm>
      )}
    </>
  );
}
