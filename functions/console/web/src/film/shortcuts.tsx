/** Keyboard shortcuts of a workspace with a player, and the dialog that lists and disables them. */
import { useEffect, useRef, useState } from "preact/hooks";
import { createStore, useStore } from "../store.ts";
import { Panel } from "../ui/panel.tsx";
import { type PlayerCommand, commandOf, stopAfter, stopBefore } from "./keys.ts";
import type { Playhead } from "./playhead.ts";

const STORAGE_KEY = "moodreel.shortcuts";
const DISABLED = "off";
/** WCAG 2.1.4: shortcuts of single characters can be turned off. */
const areEnabled = createStore(readEnabled());

function readEnabled(): boolean {
  try {
    return localStorage.getItem(STORAGE_KEY) !== DISABLED;
  } catch {
    return true;
  }
}

function setEnabled(enabled: boolean): void {
  areEnabled.set(enabled);
  try {
    if (enabled) localStorage.removeItem(STORAGE_KEY);
    else localStorage.setItem(STORAGE_KEY, DISABLED);
  } catch {
    // Without storage the choice lasts as long as the page.
  }
}

export interface ShortcutsProps {
  playhead: Playhead;
  /** Seeks back (-1) or forward (1). */
  step: (direction: -1 | 1) => void;
  /** How far a step goes, such as "one frame". */
  stepName: string;
  /** Times in seconds to which the brackets seek. */
  stopsS: readonly number[];
  /** What a stop is, such as "peak". */
  stopName: string;
}

/** Elements in which keys have another meaning. */
const OWN_KEYS = "input, textarea, select, video, [contenteditable], [role=tab], [role=menu], [role=menuitem]";
const OWN_SPACE = "button, a, summary";
const ROOT = "[data-shortcuts]";

/**
 * Handles the shortcuts of the workspace around it, an element with `data-shortcuts`, and shows a button that
 * lists them. Of several workspaces on a page, the one with the focus gets the keys, or else the first.
 */
export function Shortcuts({ playhead, step, stepName, stopsS, stopName }: ShortcutsProps) {
  const [isHelpOpen, setIsHelpOpen] = useState(false);
  const button = useRef<HTMLButtonElement>(null);
  const enabled = useStore(areEnabled);
  const latest = useRef<(command: PlayerCommand) => void>(() => undefined);
  latest.current = (command) => {
    const stop = command === "previous" ? stopBefore(stopsS, playhead.timeS) : stopAfter(stopsS, playhead.timeS);
    if (command === "toggle") playhead.toggle();
    else if (command === "back") step(-1);
    else if (command === "forward") step(1);
    else if (command === "help") setIsHelpOpen(true);
    else if (stop !== null) playhead.seek(stop);
  };
  useEffect(() => {
    if (!enabled) return;
    const onKeyDown = (event: KeyboardEvent): void => {
      const command = commandOf(event);
      if (!command || event.defaultPrevented || !isForWorkspace(event, button.current)) return;
      event.preventDefault();
      latest.current(command);
    };
    document.addEventListener("keydown", onKeyDown);
    return () => document.removeEventListener("keydown", onKeyDown);
  }, [enabled]);
  return (
    <>
      <button ref={button} type="button" class="quiet shortcuts" onClick={() => setIsHelpOpen(true)}>
        Keyboard shortcuts
      </button>
      {isHelpOpen && (
        <Help stepName={stepName} stopName={stopName} enabled={enabled} onClose={() => setIsHelpOpen(false)} />
      )}
    </>
  );
}

function isForWorkspace(event: KeyboardEvent, button: Element | null): boolean {
  const target = event.target instanceof Element ? event.target : null;
  if (target?.closest(OWN_KEYS) || document.querySelector("dialog[open]")) return false;
  if (event.key === " " && target?.closest(OWN_SPACE)) return false;
  const roots = [...document.querySelectorAll<HTMLElement>(ROOT)].filter((root) => root.offsetParent !== null);
  const owner = roots.find((root) => target && root.contains(target)) ?? roots[0];
  return owner !== undefined && owner === button?.closest(ROOT);
}

interface HelpProps {
  stepName: string;
  stopName: string;
  enabled: boolean;
  onClose: () => void;
}

function Help({ stepName, stopName, enabled, onClose }: HelpProps) {
  const rows: [keys: string[], text: string][] = [
    [["Space"], "Play or pause"],
    [["←", "→"], `Back or forward by ${stepName}`],
    [["[", "]"], `Previous or next ${stopName}`],
    [["?"], "This list"],
  ];
  return (
    <Panel title="Keyboard shortcuts" onClose={onClose}>
      <dl class="shortcut-list">
        {rows.map(([keys, text]) => (
          <div key={text}>
            <dt>
              {keys.map((key) => (
                <kbd key={key}>{key}</kbd>
              ))}
            </dt>
            <dd>{text}</dd>
          </div>
        ))}
      </dl>
      <label class="row checkbox-label">
        <input type="checkbox" checked={enabled} onChange={(event) => setEnabled(event.currentTarget.checked)} />
        Use keyboard shortcuts in this browser
      </label>
    </Panel>
  );
}
