/** How far something is, always in words as well. `part` from 0 to 1; null when nobody knows. */
export function Progress({ value, text, label }: { value: number | null; text: string; label: string }) {
  return (
    <div class="progress">
      {value === null ? (
        <progress aria-label={label} />
      ) : (
        <progress aria-label={label} value={value} max={1} />
      )}
      <span>{text}</span>
    </div>
  );
}

/** Something is on its way; it says what. */
export function Loading({ text }: { text: string }) {
  return (
    <p class="loading" role="status">
      {text}
    </p>
  );
}
