/** Undo and redo of a draft. No DOM. */
import type { Draft } from "./draft.ts";

export interface DraftHistory {
  past: readonly Draft[];
  present: Draft;
  future: readonly Draft[];
  /** When the present draft was recorded, in ms. */
  recordedAt: number;
}

/** Typing within this time is one step. */
const STEP_MS = 1000;
const MAX_STEPS = 100;

export const startHistory = (draft: Draft): DraftHistory => ({ past: [], present: draft, future: [], recordedAt: 0 });

/** Records an edit. Edits in quick succession are one step, unless they add, move or delete slides. */
export function recordEdit(history: DraftHistory, draft: Draft, now: number): DraftHistory {
  const continues = now - history.recordedAt < STEP_MS && slideIds(draft) === slideIds(history.present);
  const past = continues ? history.past : [...history.past, history.present].slice(-MAX_STEPS);
  return { past, present: draft, future: [], recordedAt: now };
}

/** Returns the draft before the last step; the same history if there is none. */
export function undo(history: DraftHistory): DraftHistory {
  const previous = history.past.at(-1);
  if (!previous) return history;
  return {
    past: history.past.slice(0, -1),
    present: previous,
    future: [history.present, ...history.future],
    recordedAt: 0,
  };
}

/** Returns the draft after the step that was undone last; the same history if there is none. */
export function redo(history: DraftHistory): DraftHistory {
  const [next, ...future] = history.future;
  if (!next) return history;
  return { past: [...history.past, history.present], present: next, future, recordedAt: 0 };
}

const slideIds = (draft: Draft): string => draft.slides.map((slide) => slide.id).join(" ");
