/** How far something is, always in words as well. `part` from 0 to 1; null when nobody knows. */
export function Progress({ part, words, label }: { part: number | null; words: string; label: string }) {
  return (
    <div class="progress">
      {part === null ? (
        <progress aria-label={label} />
      ) : (
        <progress aria-label={label} value={part} max={1} />
      )}
      <span>{words}</span>
    </div>
  );
}

/** Something is on its way; it says what. */
export function Waiting({ words }: { words: string }) {
  return (
    <p class="coming" role="status">
      {words}
    </p>
  );
}
