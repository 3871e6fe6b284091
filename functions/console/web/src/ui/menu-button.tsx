/** Menu button (WAI-ARIA): arrow keys, Home and End move, Escape closes and returns the focus. */
import type { ComponentChildren } from "preact";
import { useEffect, useId, useRef, useState } from "preact/hooks";

export interface MenuProps {
  label: ComponentChildren;
  /** Name for screen readers, if `label` is no text. */
  name?: string;
  kind?: "" | "primary" | "quiet";
  /** Class of the element around button and menu. */
  class?: string;
  /** `MenuItem`, `MenuLink` and `MenuSeparator`. */
  children: ComponentChildren;
}

export function Menu({ label, name, kind = "", class: className = "", children }: MenuProps) {
  const [isOpen, setIsOpen] = useState(false);
  const root = useRef<HTMLDivElement>(null);
  const button = useRef<HTMLButtonElement>(null);
  const focusOnOpen = useRef<"first" | "last">("first");
  const id = useId();
  const items = (): HTMLElement[] =>
    [...(root.current?.querySelectorAll<HTMLElement>("[role=menuitem]") ?? [])].filter((item) => item.offsetParent);

  useEffect(() => {
    if (!isOpen) return;
    items().at(focusOnOpen.current === "first" ? 0 : -1)?.focus();
    const onPointerDown = (event: PointerEvent): void => {
      if (!root.current?.contains(event.target as Node)) setIsOpen(false);
    };
    document.addEventListener("pointerdown", onPointerDown);
    return () => document.removeEventListener("pointerdown", onPointerDown);
  }, [isOpen]);

  const open = (focus: "first" | "last"): void => {
    focusOnOpen.current = focus;
    setIsOpen(true);
  };
  const close = (): void => {
    setIsOpen(false);
    button.current?.focus();
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    if (!isOpen) {
      if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
      event.preventDefault();
      open(event.key === "ArrowDown" ? "first" : "last");
      return;
    }
    const all = items();
    const current = all.indexOf(document.activeElement as HTMLElement);
    const target = {
      ArrowDown: (current + 1) % all.length,
      ArrowUp: (current - 1 + all.length) % all.length,
      Home: 0,
      End: all.length - 1,
    }[event.key];
    if (target !== undefined) {
      event.preventDefault();
      all[target]?.focus();
    } else if (event.key === "Escape") {
      event.preventDefault();
      close();
    } else if (event.key === "Tab") setIsOpen(false);
  };
  return (
    <div class={`menu-root ${className}`} ref={root} onKeyDown={onKeyDown}>
      <button
        ref={button}
        type="button"
        class={kind}
        aria-haspopup="menu"
        aria-expanded={isOpen}
        aria-controls={isOpen ? id : undefined}
        aria-label={name}
        onClick={() => (isOpen ? setIsOpen(false) : open("first"))}
      >
        {label}
      </button>
      {isOpen && (
        <div id={id} class="menu-items" role="menu" aria-label={name ?? String(label)} onClick={close}>
          {children}
        </div>
      )}
    </div>
  );
}

export interface MenuItemProps {
  children: ComponentChildren;
  hint?: string;
  kind?: "" | "danger";
  class?: string;
  onClick: () => void;
}

export function MenuItem({ children, hint, kind = "", class: className = "", onClick }: MenuItemProps) {
  return (
    <button type="button" role="menuitem" tabIndex={-1} class={`quiet ${kind} ${className}`} onClick={onClick}>
      <span>{children}</span>
      {hint && <span class="hint">{hint}</span>}
    </button>
  );
}

export function MenuLink({ href, children, class: className = "" }: { href: string; children: ComponentChildren; class?: string }) {
  return (
    <a role="menuitem" tabIndex={-1} class={`button quiet ${className}`} href={href}>
      {children}
    </a>
  );
}

export function MenuSeparator({ class: className = "" }: { class?: string }) {
  return <hr class={className} />;
}
