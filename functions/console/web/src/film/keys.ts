/** Keyboard shortcuts of a workspace with a player. No DOM. */

export type PlayerCommand = "toggle" | "back" | "forward" | "previous" | "next" | "help";

const COMMANDS: Readonly<Record<string, PlayerCommand>> = {
  " ": "toggle",
  ArrowLeft: "back",
  ArrowRight: "forward",
  "[": "previous",
  "]": "next",
  "?": "help",
};

interface Key {
  key: string;
  ctrlKey: boolean;
  metaKey: boolean;
  altKey: boolean;
}

/** The command of a key press; null for keys of the browser. */
export function commandOf({ key, ctrlKey, metaKey, altKey }: Key): PlayerCommand | null {
  // AltGr types brackets on some keyboards, with Control and Alt.
  const isTyped = key === "[" || key === "]";
  if (metaKey || ((ctrlKey || altKey) && !isTyped)) return null;
  return COMMANDS[key] ?? null;
}

/** A stop at the playhead is not the previous or next one: players seek slightly beside the requested time. */
const TOLERANCE_S = 0.05;

/** The last stop before a time, and the first one after it; null if there is none. */
export function stopBefore(stopsS: readonly number[], timeS: number): number | null {
  return stopsS.filter((stopS) => stopS < timeS - TOLERANCE_S).sort((a, b) => b - a)[0] ?? null;
}

export function stopAfter(stopsS: readonly number[], timeS: number): number | null {
  return stopsS.filter((stopS) => stopS > timeS + TOLERANCE_S).sort((a, b) => a - b)[0] ?? null;
}
