/** The current address, and navigation. */
import { createStore } from "./store.ts";

export const address = createStore(location.pathname + location.search);

/** Navigates to a path. `replace` adds no history entry. */
export function navigate(to: string, replace = false): void {
  history[replace ? "replaceState" : "pushState"](null, "", to);
  address.set(location.pathname + location.search);
  scrollTo(0, 0);
}

let leavePrompt = "";

/** Sets the question asked before the page is left; empty for none. */
export function setLeavePrompt(message: string): void {
  leavePrompt = message;
}

/** Asks the question, if any. Returns whether the page may be left. */
export const confirmLeave = (): boolean => !leavePrompt || confirm(leavePrompt);
