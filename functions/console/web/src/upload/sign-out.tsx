/** Signing out on purpose: nothing of what this person was sending stays in the browser. */
import { useState } from "preact/hooks";
import { signOut } from "../session.ts";
import { Box } from "../ui/box.tsx";
import { Button } from "../ui/button.tsx";
import { givenUp } from "./kept.ts";
import { leave, pending } from "./uploads.ts";

export function SignOut() {
  const [count, setCount] = useState(0);
  const [busy, setBusy] = useState("");
  const go = async (): Promise<void> => {
    setBusy("Signing out …");
    await leave(signOut);
  };
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
        <Box title="Sign out?" onClose={() => setCount(0)}>
          <p>{givenUp(count)}</p>
          <div class="row">
            <Button kind="primary" onClick={() => setCount(0)}>
              Stay
            </Button>
            <Button kind="danger" busy={busy} onClick={() => void go()}>
              Sign out
            </Button>
          </div>
        </Box>
      )}
    </>
  );
}
