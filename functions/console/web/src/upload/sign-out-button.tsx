/** Signs out and discards the user's uploads in this browser. */
import { useState } from "preact/hooks";
import { signOut } from "../session.ts";
import { Confirm } from "../ui/confirm.tsx";
import { useAction } from "../ui/use-submit.ts";
import { signOutWarning } from "./stored-uploads.ts";
import { pendingCount, signOutAndDiscard } from "./uploads.ts";

export function SignOutButton() {
  const [shownCount, setShownCount] = useState(0);
  const { busyLabel, run } = useAction();
  const signOutNow = (): Promise<void> => run("Signing out …", () => signOutAndDiscard(signOut));
  const onClick = (): void => {
    const count = pendingCount();
    if (count) setShownCount(count);
    else void signOutNow();
  };
  return (
    <>
      <button type="button" class="quiet" onClick={onClick}>
        Sign out
      </button>
      {shownCount > 0 && (
        <Confirm
          title="Sign out?"
          confirmLabel="Sign out"
          cancelLabel="Stay"
          busyLabel={busyLabel}
          onConfirm={signOutNow}
          onClose={() => setShownCount(0)}
        >
          {signOutWarning(shownCount)}
        </Confirm>
      )}
    </>
  );
}
