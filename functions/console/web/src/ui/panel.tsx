import type { ComponentChildren } from "preact";
import { useEffect, useId, useRef } from "preact/hooks";

/** A box over the page; Escape and a click beside it close it, unless it is `firm`: what it shows is
 * shown once. */
export function Box({
  title,
  children,
  onClose,
  wide = false,
  firm = false,
}: {
  title: string;
  children: ComponentChildren;
  onClose: () => void;
  wide?: boolean;
  firm?: boolean;
}) {
  const box = useRef<HTMLDialogElement>(null);
  const id = useId();
  useEffect(() => {
    const dialog = box.current;
    dialog?.showModal();
    return () => dialog?.close();
  }, []);
  return (
    <dialog
      ref={box}
      class={wide ? "box wide" : "box"}
      aria-labelledby={id}
      onClose={onClose}
      onCancel={(event) => firm && event.preventDefault()}
      onClick={(event) => {
        if (event.target === box.current && !firm) onClose();
      }}
    >
      <div class="box-inside">
        <header class="box-head">
          <h2 id={id}>{title}</h2>
          <button type="button" class="quiet" aria-label="Close" onClick={onClose}>
            ×
          </button>
        </header>
        {children}
      </div>
    </dialog>
  );
}
