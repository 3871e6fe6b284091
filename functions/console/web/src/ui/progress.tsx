/** Progress bar with text. `value` is between 0 and 1; null if unknown. */
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

/** Loading message. */
export function Loading({ text }: { text: string }) {
  return (
    <p class="loading" role="status">
      {text}
    </p>
  );
}
