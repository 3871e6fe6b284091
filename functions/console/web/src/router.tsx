/** The address bar decides what is shown; a plain link inside the console loads no page anew. */
import type { ComponentType } from "preact";
import { useEffect, useState } from "preact/hooks";
import { address, mayLeave, navigate } from "./location.ts";
import { type PageProps, type Params, match } from "./routes.ts";
import { useStore } from "./store.ts";

type Page = ComponentType<PageProps>;
interface Place {
  load: () => Promise<{ default: Page }>;
  /** Whether it is for people without a sign-in as well. */
  open?: boolean;
}

/** A page is a module with a component as its default export. One line a page. */
const PLACES: readonly (readonly [string, Place])[] = [
  ["/", { load: () => import("./pages/home.tsx"), open: true }],
  ["/jobs/{id}", { load: () => import("./pages/job.tsx") }],
  ["/jobs/{id}/deck", { load: () => import("./pages/deck.tsx") }],
  ["/account", { load: () => import("./pages/account.tsx") }],
  ["/account/{room}", { load: () => import("./pages/account.tsx") }],
  ["/cameras", { load: () => import("./pages/cameras.tsx") }],
  ["/receipt/{id}", { load: () => import("./pages/receipt.tsx"), open: true }],
  ["/letter", { load: () => import("./pages/letter.tsx"), open: true }],
  ["/new", { load: () => import("./pages/new.tsx") }],
  ["/new/{recipe}", { load: () => import("./pages/new.tsx") }],
  ["/sign-in", { load: () => import("./pages/sign-in.tsx"), open: true }],
];

/** Called once: back and forward, and every click on a link of ours. */
export function listen(): void {
  addEventListener("popstate", () => {
    const here = location.pathname + location.search;
    if (here === address.get() || mayLeave()) address.set(here);
    // The step is taken already: it is taken back by going here once more.
    else history.pushState(null, "", address.get());
  });
  document.addEventListener("click", (event) => {
    const link = (event.target as Element | null)?.closest?.("a");
    const plain = event.button === 0 && !(event.metaKey || event.ctrlKey || event.shiftKey || event.altKey);
    if (!link || !plain || event.defaultPrevented || link.target || link.hasAttribute("download")) return;
    if (link.origin !== location.origin || !match(PLACES, link.pathname)) return;
    event.preventDefault();
    if (!mayLeave()) return;
    if (link.pathname + link.search !== address.get() || !link.hash) navigate(link.href);
  });
}

export type Shown = {
  /** The path that it is for. */
  at: string;
  open: boolean;
} & ({ state: "loading" | "missing" | "failed" } | { state: "there"; page: Page; params: Params });

/** The page at the address. Before a page's code is there the last one stays. */
export function usePlace(): Shown {
  const path = new URL(useStore(address), location.origin).pathname;
  const [shown, setShown] = useState<Shown>({ state: "loading", at: "", open: true });
  useEffect(() => {
    const found = match(PLACES, path);
    if (!found) {
      setShown({ state: "missing", at: path, open: true });
      return;
    }
    let over = false;
    const open = found.page.open ?? false;
    found.page.load().then(
      (module) => {
        if (!over) setShown({ state: "there", at: path, open, page: module.default, params: found.params });
      },
      () => {
        if (!over) setShown({ state: "failed", at: path, open });
      },
    );
    return () => {
      over = true;
    };
  }, [path]);
  return shown;
}
