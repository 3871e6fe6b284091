import type { ComponentChildren } from "preact";
import { Panel } from "./panel.tsx";
import { Button } from "./button.tsx";

/** Confirmation dialog. The other button, Escape and a click outside cancel. */
export function Confirm({
  title,
  confirmLabel,
  cancelLabel = "Keep it",
  kind = "danger",
  busyLabel,
  onConfirm,
  onClose,
  children,
}: {
  title: string;
  confirmLabel: string;
  cancelLabel?: string;
  kind?: "danger" | "primary";
  busyLabel: string;
  onConfirm: () => Promise<void>;
  onClose: () => void;
  children: ComponentChildren;
}) {
  return (
    <Panel title={title} onClose={onClose}>
      <p>{children}</p>
      <div class="row">
        <Button kind={kind} busyLabel={busyLabel} onClick={() => void onConfirm()}>
          {confirmLabel}
        </Button>
        <Button kind="quiet" onClick={onClose}>
          {cancelLabel}
        </Button>
      </div>
    </Panel>
  );
}
