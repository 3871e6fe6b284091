import { errorMessage } from "../format.ts";

/** What was to stand here could not be got; it says why and lets it be tried again. */
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
