/** A menu button with its menu, after the pattern of the ARIA Authoring Practices Guide. */
import type { IconNode } from "lucide";
import type { ComponentChildren } from "preact";
import { useId, useLayoutEffect, useRef, useState } from "preact/hooks";
import { Icon } from "./icon.tsx";

/** An item is a link or an action. */
export type MenuItem = {
  label: string;
  /** A second line. */
  hint?: string;
  icon?: IconNode;
  danger?: boolean;
} & ({ href: string; onSelect?: undefined } | { href?: undefined; onSelect: () => void });

/** A line separates a group from what comes after it. */
export interface MenuGroup {
  /** The heading of the group. */
  label?: string;
  class?: string;
  items: readonly MenuItem[];
}

export interface MenuButtonProps {
  /** The accessible name of the button and of the menu. */
  label: string;
  items: readonly (MenuItem | MenuGroup)[];
  /** The content of the button. */
  children: ComponentChildren;
  kind?: "" | "primary" | "quiet";
  /** Text above the items. */
  header?: ComponentChildren;
  /** Class of the element around button and menu. */
  class?: string;
}

export function MenuButton({ label, items, children, kind = "quiet", header, class: className = "" }: MenuButtonProps) {
  const id = useId();
  const [isOpen, setIsOpen] = useState(false);
  const container = useRef<HTMLDivElement>(null);
  const button = useRef<HTMLButtonElement>(null);
  /** The item to focus when the menu opens: the last one after the key Arrow Up. */
  const firstFocus = useRef(0);
  // Some items are shown on narrow screens only.
  const itemElements = (): HTMLElement[] =>
    [...(container.current?.querySelectorAll<HTMLElement>('[role="menuitem"]') ?? [])].filter((item) => item.offsetParent);
  const open = (focus: number): void => {
    firstFocus.current = focus;
    setIsOpen(true);
  };
  const close = (returnFocus: boolean): void => {
    setIsOpen(false);
    if (returnFocus) button.current?.focus();
  };
  // Before the next key is handled, so that it goes to the menu.
  useLayoutEffect(() => {
    if (!isOpen) return;
    // First, so that the focus scrolls within the menu only.
    container.current?.querySelector(".menu")?.scrollIntoView({ block: "nearest" });
    itemElements().at(firstFocus.current)?.focus();
    const onPointerDown = (event: PointerEvent): void => {
      if (!container.current?.contains(event.target as Node)) setIsOpen(false);
    };
    addEventListener("pointerdown", onPointerDown);
    return () => removeEventListener("pointerdown", onPointerDown);
  }, [isOpen]);

  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (!isOpen) {
      if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
      event.preventDefault();
      return open(event.key === "ArrowUp" ? -1 : 0);
    }
    const elements = itemElements();
    const current = elements.indexOf(document.activeElement as HTMLElement);
    const next = nextItem(
      event.key,
      current,
      elements.map((element) => element.textContent ?? ""),
    );
    if (next !== null) {
      event.preventDefault();
      elements[next]?.focus();
    } else if (event.key === " " && elements[current]?.tagName === "A") {
      // Browsers do so for buttons only.
      event.preventDefault();
      elements[current].click();
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
        class={`menu-button ${kind}`}
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
            {items.map((entry, index) =>
              "items" in entry ? (
                <Group key={index} group={entry} onClose={close} />
              ) : (
                <Item key={index} item={entry} onClose={close} />
              ),
            )}
          </div>
        </div>
      )}
    </div>
  );
}

type OnClose = (returnFocus: boolean) => void;

function Group({ group, onClose }: { group: MenuGroup; onClose: OnClose }) {
  return (
    <div role="group" class={`menu-group ${group.class ?? ""}`} aria-label={group.label}>
      {group.label && (
        <div class="menu-heading hint" aria-hidden="true">
          {group.label}
        </div>
      )}
      {group.items.map((item, index) => (
        <Item key={index} item={item} onClose={onClose} />
      ))}
    </div>
  );
}

function Item({ item, onClose }: { item: MenuItem; onClose: OnClose }) {
  const content = (
    <>
      {item.icon && <Icon icon={item.icon} size={16} />}
      <span>
        {item.label}
        {item.hint && <span class="hint"> {item.hint}</span>}
      </span>
    </>
  );
  const className = item.danger ? "menu-item danger" : "menu-item";
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
  // Without a current item (-1), the last one.
  if (key === "ArrowUp") return current < 0 ? count - 1 : (current + count - 1) % count;
  if (key === "Home") return 0;
  if (key === "End") return count - 1;
  if (key.length !== 1 || key === " ") return null;
  for (let step = 1; step <= count; step++) {
    const index = (current + step) % count;
    if (labels[index]?.trim().toLowerCase().startsWith(key.toLowerCase())) return index;
  }
  return null;
}
