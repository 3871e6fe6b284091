import { store, useStore } from "../store.ts";

interface Toast {
  id: number;
  words: string;
  bad: boolean;
}

const toasts = store<readonly Toast[]>([]);
const SHOWN_MS = 6000;
let count = 0;

/** Say something at the lower edge, for some seconds; what went wrong stays until it is closed. */
export function toast(words: string, bad = false): void {
  const id = ++count;
  toasts.set([...toasts.get(), { id, words, bad }]);
  if (!bad) setTimeout(() => close(id), SHOWN_MS);
}

const close = (id: number): void => toasts.set(toasts.get().filter((one) => one.id !== id));

export function Toasts() {
  const shown = useStore(toasts);
  return (
    <div class="toasts" role="status" aria-live="polite">
      {shown.map((one) => (
        <p key={one.id} class={one.bad ? "toast bad" : "toast"}>
          <span>{one.words}</span>
          <button type="button" class="quiet" aria-label="Close" onClick={() => close(one.id)}>
            ×
          </button>
        </p>
      ))}
    </div>
  );
}
