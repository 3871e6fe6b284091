import { errorMessage } from "../format.ts";
import { Button } from "./button.tsx";
import type { Submission } from "./use-submit.ts";

/** The end of a form in a box: what is wrong with none of its fields, the deed, and the way out. */
export function FormFooter({
  submitLabel,
  submission,
  errorShown = false,
  disabled = false,
  onClose,
}: {
  submitLabel: string;
  submission: Submission;
  /** What is wrong stands at its field already. */
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
