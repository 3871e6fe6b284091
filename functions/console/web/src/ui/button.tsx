import type { ComponentChildren } from "preact";

/** A button that says what it is doing while it does it, and is not pressed twice. */
export function Button({
  children,
  busyLabel,
  kind = "",
  type = "button",
  disabled,
  onClick,
}: {
  children: ComponentChildren;
  /** What it says meanwhile; "" when it waits to be pressed. */
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
