import { X } from "lucide";
import { createStore, useStore } from "../store.ts";
import { Icon } from "./icon.tsx";

interface Toast {
  id: number;
  message: string;
  isError: boolean;
}

const toasts = createStore<readonly Toast[]>([]);
const SHOWN_MS = 6000;
let lastId = 0;

/** Shows a message at the bottom for some seconds; errors stay until closed. */
export function toast(message: string, isError = false): void {
  const id = ++lastId;
  toasts.set([...toasts.get(), { id, message, isError }]);
  if (!isError) setTimeout(() => closeToast(id), SHOWN_MS);
}

const closeToast = (id: number): void => toasts.set(toasts.get().filter((item) => item.id !== id));

export function Toasts() {
  const items = useStore(toasts);
  return (
    <div class="toasts" role="status" aria-live="polite">
      {items.map((item) => (
        <p key={item.id} class={item.isError ? "toast danger" : "toast"}>
          <span>{item.message}</span>
          <button type="button" class="quiet icon-button" aria-label="Close" onClick={() => closeToast(item.id)}>
            <Icon icon={X} />
          </button>
        </p>
      ))}
    </div>
  );
}
