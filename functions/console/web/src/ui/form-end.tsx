import { sentence } from "../words.ts";
import { Button } from "./button.tsx";
import type { Sending } from "./use-submit.ts";

/** The end of a form in a box: what is wrong with none of its fields, the deed, and the way out. */
export function FormEnd({
  deed,
  sending,
  told = false,
  disabled = false,
  onClose,
}: {
  deed: string;
  sending: Sending;
  /** What is wrong stands at its field already. */
  told?: boolean;
  disabled?: boolean;
  onClose: () => void;
}) {
  return (
    <>
      {sending.wrong !== null && !told && (
        <p class="wrong" role="alert">
          {sentence(sending.wrong)}
        </p>
      )}
      <div class="row">
        <Button kind="primary" type="submit" busy={sending.busy} disabled={disabled}>
          {deed}
        </Button>
        <Button kind="quiet" onClick={onClose}>
          Cancel
        </Button>
      </div>
    </>
  );
}
