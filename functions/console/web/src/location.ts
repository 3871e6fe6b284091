/** The current address, and navigation. */
import { createStore } from "./store.ts";

export const address = createStore(location.pathname + location.search);

/** The fragment of the address as parameters, such as `t=12.5&frame=40`: what a page shows of its content. */
export const fragment = createStore(location.hash.slice(1));

/**
 * Sets or removes (null) a parameter of the fragment. With `push` it adds a history entry, so that Back undoes it.
 */
export function setFragmentParam(name: string, value: string | null, push = false): void {
  const params = new URLSearchParams(fragment.get());
  if (value === null) params.delete(name);
  else params.set(name, value);
  const next = params.toString();
  if (next === fragment.get()) return;
  const url = location.pathname + location.search + (next && `#${next}`);
  if (push) history.pushState({ opens: name }, "", url);
  else history.replaceState(history.state, "", url);
  fragment.set(next);
}

/** Removes a parameter of the fragment: by going back when setting it added a history entry. */
export function removeFragmentParam(name: string): void {
  const state = history.state as { opens?: string } | null;
  if (state?.opens === name) history.back();
  else setFragmentParam(name, null);
}

/** Returns a parameter of the fragment, or null. */
export const fragmentParam = (text: string, name: string): string | null => new URLSearchParams(text).get(name);

/** Navigates to a path. `replace` adds no history entry. */
export function navigate(to: string, replace = false): void {
  history[replace ? "replaceState" : "pushState"](null, "", to);
  fragment.set(location.hash.slice(1));
  address.set(location.pathname + location.search);
  scrollTo(0, 0);
}

/** The questions to ask before the page is left, by what would be lost. */
const leavePrompts = new Map<symbol, string>();

/** Asks a question before the page is left, until the returned function is called. */
export function addLeavePrompt(message: string): () => void {
  const key = Symbol(message);
  leavePrompts.set(key, message);
  return () => leavePrompts.delete(key);
}

/** Asks the latest question, if any. Returns whether the page may be left. */
export function confirmLeave(): boolean {
  const message = [...leavePrompts.values()].at(-1);
  return message === undefined || confirm(message);
}
