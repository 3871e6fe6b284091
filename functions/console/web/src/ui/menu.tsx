/** A menu button with its menu, after the pattern of the ARIA Authoring Practices Guide. */
import type { IconNode } from "lucide";
import type { ComponentChildren } from "preact";
import { useEffect, useId, useRef, useState } from "preact/hooks";
import { Icon } from "./icon.tsx";

/** An item is a link or an action. */
export type MenuItem = {
  label: string;
  icon?: IconNode;
  /** Separates it from the items before. */
  separated?: boolean;
  danger?: boolean;
} & ({ href: string; onSelect?: undefined } | { href?: undefined; onSelect: () => void });

export function MenuButton({
  label,
  items,
  children,
  header,
  className = "",
}: {
  /** The accessible name of the button and of the menu. */
  label: string;
  items: readonly MenuItem[];
  /** The content of the button. */
  children: ComponentChildren;
  /** Text above the items. */
  header?: ComponentChildren;
  className?: string;
}) {
  const id = useId();
  const [isOpen, setIsOpen] = useState(false);
  const container = useRef<HTMLDivElement>(null);
  const button = useRef<HTMLButtonElement>(null);
  /** The item to focus when the menu opens: the last one after the key Arrow Up. */
  const firstFocus = useRef(0);
  const itemElements = (): HTMLElement[] => [
    ...(container.current?.querySelectorAll<HTMLElement>('[role="menuitem"]') ?? []),
  ];
  const open = (focus: number): void => {
    firstFocus.current = focus;
    setIsOpen(true);
  };
  const close = (returnFocus: boolean): void => {
    setIsOpen(false);
    if (returnFocus) button.current?.focus();
  };
  useEffect(() => {
    if (!isOpen) return;
    itemElements().at(firstFocus.current)?.focus({ preventScroll: true });
    container.current?.querySelector('[role="menu"]')?.scrollIntoView({ block: "nearest" });
    const onPointerDown = (event: PointerEvent): void => {
      if (!container.current?.contains(event.target as Node)) setIsOpen(false);
    };
    addEventListener("pointerdown", onPointerDown);
    return () => removeEventListener("pointerdown", onPointerDown);
  }, [isOpen]);

  const onKeyDown = (event: KeyboardEvent): void => {
    if (!isOpen) {
      if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
      event.preventDefault();
      return open(event.key === "ArrowUp" ? -1 : 0);
    }
    const elements = itemElements();
    const next = nextItem(
      event.key,
      elements.indexOf(document.activeElement as HTMLElement),
      elements.map((element) => element.textContent ?? ""),
    );
    if (next !== null) {
      event.preventDefault();
      elements[next]?.focus();
    } else if (event.key === "Escape") {
      event.preventDefault();
      close(true);
    } else if (event.key === "Tab") {
      close(false);
    }
  };

  return (
    <div class={`menu-container ${className}`} ref={container} onKeyDown={onKeyDown}>
      <button
        ref={button}
        type="button"
        class="quiet menu-button"
        aria-haspopup="menu"
        aria-expanded={isOpen}
        aria-controls={isOpen ? id : undefined}
        aria-label={label}
        onClick={() => (isOpen ? close(true) : open(0))}
      >
        {children}
      </button>
      {isOpen && (
        <div class="menu">
          {header && <div class="menu-header">{header}</div>}
          <div role="menu" id={id} aria-label={label}>
            {items.map((item) => (
              <Item key={item.label} item={item} onClose={close} />
            ))}
          </div>
        </div>
      )}
    </div>
  );
}

function Item({ item, onClose }: { item: MenuItem; onClose: (returnFocus: boolean) => void }) {
  const content = (
    <>
      {item.icon && <Icon icon={item.icon} size={16} />}
      {item.label}
    </>
  );
  const className = ["menu-item", item.separated && "separated", item.danger && "danger"].filter(Boolean).join(" ");
  if (item.href !== undefined)
    return (
      <a role="menuitem" tabIndex={-1} class={className} href={item.href} onClick={() => onClose(false)}>
        {content}
      </a>
    );
  return (
    <button
      type="button"
      role="menuitem"
      tabIndex={-1}
      class={className}
      onClick={() => {
        // First, so that a dialog that the action opens returns the focus to the button.
        onClose(true);
        item.onSelect();
      }}
    >
      {content}
    </button>
  );
}

/**
 * The index of the item that a key moves to: arrows, Home, End, or the first letter of a label. Null for other keys.
 */
export function nextItem(key: string, current: number, labels: readonly string[]): number | null {
  const count = labels.length;
  if (key === "ArrowDown") return (current + 1) % count;
  if (key === "ArrowUp") return (current + count - 1) % count;
  if (key === "Home") return 0;
  if (key === "End") return count - 1;
  if (key.length !== 1 || key === " ") return null;
  for (let step = 1; step <= count; step++) {
    const index = (current + step) % count;
    if (labels[index]?.trim().toLowerCase().startsWith(key.toLowerCase())) return index;
  }
  return null;
}
