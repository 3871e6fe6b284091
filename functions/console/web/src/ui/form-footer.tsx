import { errorMessage } from "../format.ts";
import { Button } from "./button.tsx";
import type { Submission } from "./use-submit.ts";

/** Footer of a form: the error that belongs to no field, and the buttons. */
export function FormFooter({
  submitLabel,
  submission,
  errorShown = false,
  disabled = false,
  onClose,
}: {
  submitLabel: string;
  submission: Submission;
  /** The error is shown at its field already. */
  errorShown?: boolean;
  disabled?: boolean;
  onClose: () => void;
}) {
  return (
    <>
      {submission.error !== null && !errorShown && (
        <p class="error-text" role="alert">
          {errorMessage(submission.error)}
        </p>
      )}
      <div class="row">
        <Button kind="primary" type="submit" busyLabel={submission.busyLabel} disabled={disabled}>
          {submitLabel}
        </Button>
        <Button kind="quiet" onClick={onClose}>
          Cancel
        </Button>
      </div>
    </>
  );
}
