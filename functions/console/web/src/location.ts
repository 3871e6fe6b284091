/** The address bar: where the console is, and how it goes elsewhere. */
import { createStore } from "./store.ts";

export const address = createStore(location.pathname + location.search);

/** Go there. `replace`: without a step to go back to. */
export function navigate(to: string, replace = false): void {
  history[replace ? "replaceState" : "pushState"](null, "", to);
  address.set(location.pathname + location.search);
  scrollTo(0, 0);
}

let leavePrompt = "";

/** What a person is asked before a link, or Back, leads away from here; "" asks nothing. */
export function setLeavePrompt(message: string): void {
  leavePrompt = message;
}

/** Whether nothing is asked, or a person agrees. */
export const confirmLeave = (): boolean => !leavePrompt || confirm(leavePrompt);
