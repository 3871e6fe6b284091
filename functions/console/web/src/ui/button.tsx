import type { ComponentChildren } from "preact";

/** Button with a busy state, in which clicks are ignored. */
export function Button({
  children,
  busyLabel,
  kind = "",
  type = "button",
  disabled,
  onClick,
}: {
  children: ComponentChildren;
  /** Label while busy; empty when idle. */
  busyLabel?: string;
  kind?: "" | "primary" | "quiet" | "danger";
  type?: "button" | "submit";
  disabled?: boolean | undefined;
  onClick?: () => void;
}) {
  return (
    <button
      type={type}
      class={kind}
      aria-disabled={busyLabel ? "true" : undefined}
      disabled={disabled}
      onClick={(event) => {
        if (busyLabel) event.preventDefault();
        else onClick?.();
      }}
    >
      {busyLabel || children}
    </button>
  );
}
