import { sentence } from "../words.ts";

/** What was to stand here could not be got; it says why and lets it be tried again. */
export function Unread({ fault, again }: { fault: unknown; again: () => Promise<void> }) {
  return (
    <div class="note bad" role="alert">
      <p>{sentence(fault)}</p>
      <p>
        <button type="button" onClick={() => void again()}>
          Try again
        </button>
      </p>
    </div>
  );
}
