import { X } from "lucide";
import type { ComponentChildren } from "preact";
import { useEffect, useId, useRef } from "preact/hooks";
import { Icon } from "./icon.tsx";

/**
 * Modal dialog. Escape and a click outside close it unless it is `persistent`, for content that is shown only
 * once.
 */
export function Panel({
  title,
  children,
  onClose,
  wide = false,
  persistent = false,
}: {
  title: string;
  children: ComponentChildren;
  /** Without it, the dialog has no button that closes it. */
  onClose?: () => void;
  wide?: boolean;
  persistent?: boolean;
}) {
  const dialogRef = useRef<HTMLDialogElement>(null);
  const id = useId();
  useEffect(() => {
    const dialog = dialogRef.current;
    dialog?.showModal();
    return () => dialog?.close();
  }, []);
  return (
    <dialog
      ref={dialogRef}
      class={wide ? "panel wide" : "panel"}
      aria-labelledby={id}
      onClose={() => onClose?.()}
      onCancel={(event) => persistent && event.preventDefault()}
      onClick={(event) => {
        if (event.target === dialogRef.current && !persistent) onClose?.();
      }}
    >
      <div class="panel-body">
        <header class="panel-header">
          <h2 id={id}>{title}</h2>
          {onClose && (
            <button type="button" class="quiet icon-button" aria-label="Close" onClick={onClose}>
              <Icon icon={X} />
            </button>
          )}
        </header>
        {children}
      </div>
    </dialog>
  );
}
