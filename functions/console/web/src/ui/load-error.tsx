import { errorMessage } from "../format.ts";

/** Error message with a button to retry. */
export function LoadError({ error, onRetry }: { error: unknown; onRetry: () => Promise<void> }) {
  return (
    <div class="note danger" role="alert">
      <p>{errorMessage(error)}</p>
      <p>
        <button type="button" onClick={() => void onRetry()}>
          Try again
        </button>
      </p>
    </div>
  );
}
