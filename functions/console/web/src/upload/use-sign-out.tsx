/** Signs out and discards the user's uploads in this browser, after a question while some are unfinished. */
import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import { signOut as endSession } from "../session.ts";
import { Confirm } from "../ui/confirm.tsx";
import { useAction } from "../ui/use-submit.ts";
import { signOutWarning } from "./stored-uploads.ts";
import { pendingCount, signOutAndDiscard } from "./uploads.ts";

export interface SignOut {
  signOut: () => void;
  /** The question, while it is asked. */
  dialog: ComponentChildren;
}

export function useSignOut(): SignOut {
  const [shownCount, setShownCount] = useState(0);
  const { busyLabel, run } = useAction();
  const signOutNow = (): Promise<void> => run("Signing out …", () => signOutAndDiscard(endSession));
  const signOut = (): void => {
    const count = pendingCount();
    if (count) setShownCount(count);
    else void signOutNow();
  };
  const dialog = shownCount > 0 && (
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
  );
  return { signOut, dialog };
}
