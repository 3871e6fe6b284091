import type { ComponentChildren } from "preact";
import { useId } from "preact/hooks";

interface Ids {
  id: string;
  "aria-describedby": string | undefined;
  "aria-invalid": "true" | undefined;
}

/** A labelled input with a hint and what is wrong with it; `children` gets the ids to put on. */
export function Field({
  label,
  hint,
  wrong,
  children,
}: {
  label: string;
  hint?: ComponentChildren;
  wrong?: string | undefined;
  children: (ids: Ids) => ComponentChildren;
}) {
  const id = useId();
  const told = [hint ? `${id}-hint` : "", wrong ? `${id}-wrong` : ""].filter(Boolean).join(" ");
  return (
    <div class="field">
      <label for={id}>{label}</label>
      {children({ id, "aria-describedby": told || undefined, "aria-invalid": wrong ? "true" : undefined })}
      {hint && (
        <p class="hint" id={`${id}-hint`}>
          {hint}
        </p>
      )}
      {wrong && (
        <p class="wrong" id={`${id}-wrong`}>
          {wrong}
        </p>
      )}
    </div>
  );
}
