/** Protects work that is not stored yet. */
import { useEffect } from "preact/hooks";
import { addLeavePrompt } from "../location.ts";

/**
 * Asks before a link, Back, a reload or closing the tab would lose work.
 *
 * `message` is the question for navigation inside the console; empty when there is nothing to lose. For a reload
 * and a closed tab the browser asks with its own words.
 */
export function useUnsavedWork(message: string): void {
  useEffect(() => {
    if (!message) return;
    const removePrompt = addLeavePrompt(message);
    const preventUnload = (event: BeforeUnloadEvent): void => event.preventDefault();
    addEventListener("beforeunload", preventUnload);
    return () => {
      removePrompt();
      removeEventListener("beforeunload", preventUnload);
    };
  }, [message]);
}
