import type { ComponentChildren } from "preact";
import { Box } from "./panel.tsx";
import { Button } from "./button.tsx";

/** A question before a deed; the other button, Escape and a click beside it leave all as it is. */
export function Confirm({
  title,
  deed,
  keep = "Keep it",
  kind = "danger",
  busy,
  onDeed,
  onClose,
  children,
}: {
  title: string;
  deed: string;
  keep?: string;
  kind?: "danger" | "primary";
  busy: string;
  onDeed: () => Promise<void>;
  onClose: () => void;
  children: ComponentChildren;
}) {
  return (
    <Box title={title} onClose={onClose}>
      <p>{children}</p>
      <div class="row">
        <Button kind={kind} busy={busy} onClick={() => void onDeed()}>
          {deed}
        </Button>
        <Button kind="quiet" onClick={onClose}>
          {keep}
        </Button>
      </div>
    </Box>
  );
}
