/** Tabs (WAI-ARIA): arrow keys, Home and End move and select. */
import type { ComponentChildren } from "preact";
import { useRef } from "preact/hooks";

export interface Tab<T extends string> {
  name: T;
  label: ComponentChildren;
}

export interface TabsProps<T extends string> {
  /** Prefix of the ids of tabs and panels; see `TabPanel`. */
  id: string;
  label: string;
  tabs: readonly Tab<T>[];
  selected: T;
  onSelect: (name: T) => void;
}

export function Tabs<T extends string>({ id, label, tabs, selected, onSelect }: TabsProps<T>) {
  const list = useRef<HTMLDivElement>(null);
  const onKeyDown = (event: KeyboardEvent): void => {
    const current = tabs.findIndex((tab) => tab.name === selected);
    const target = {
      ArrowLeft: (current - 1 + tabs.length) % tabs.length,
      ArrowRight: (current + 1) % tabs.length,
      Home: 0,
      End: tabs.length - 1,
    }[event.key];
    const tab = target === undefined ? undefined : tabs[target];
    if (!tab) return;
    event.preventDefault();
    onSelect(tab.name);
    list.current?.querySelector<HTMLElement>(`#${id}-${tab.name}-tab`)?.focus();
  };
  return (
    <div class="tabs" role="tablist" aria-label={label} ref={list} onKeyDown={onKeyDown}>
      {tabs.map((tab) => (
        <button
          key={tab.name}
          id={`${id}-${tab.name}-tab`}
          type="button"
          role="tab"
          aria-selected={tab.name === selected}
          aria-controls={tab.name === selected ? `${id}-${tab.name}` : undefined}
          tabIndex={tab.name === selected ? 0 : -1}
          onClick={() => onSelect(tab.name)}
        >
          {tab.label}
        </button>
      ))}
    </div>
  );
}

export interface TabPanelProps {
  id: string;
  name: string;
  hidden?: boolean;
  children: ComponentChildren;
}

/** The content of a tab. It can stay in the page while another tab is selected, with `hidden`. */
export function TabPanel({ id, name, hidden = false, children }: TabPanelProps) {
  return (
    <div class="tab-panel" id={`${id}-${name}`} role="tabpanel" aria-labelledby={`${id}-${name}-tab`} hidden={hidden}>
      {children}
    </div>
  );
}
