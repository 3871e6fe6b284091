/** The address bar decides what is shown; a plain link inside the console loads no page anew. */
import type { ComponentType } from "preact";
import { useEffect, useState } from "preact/hooks";
import { address, confirmLeave, navigate } from "./location.ts";
import { type PageProps, type Params, matchRoute } from "./routes.ts";
import { useStore } from "./store.ts";

type PageComponent = ComponentType<PageProps>;
interface Route {
  load: () => Promise<{ default: PageComponent }>;
  /** Whether it is for people without a sign-in as well. */
  isPublic?: boolean;
}

/** A page is a module with a component as its default export. One line a page. */
const ROUTES: readonly (readonly [string, Route])[] = [
  ["/", { load: () => import("./pages/home.tsx"), isPublic: true }],
  ["/jobs/{id}", { load: () => import("./pages/job.tsx") }],
  ["/jobs/{id}/deck", { load: () => import("./pages/deck.tsx") }],
  ["/account", { load: () => import("./pages/account.tsx") }],
  ["/account/{section}", { load: () => import("./pages/account.tsx") }],
  ["/cameras", { load: () => import("./pages/cameras.tsx") }],
  ["/receipt/{id}", { load: () => import("./pages/receipt.tsx"), isPublic: true }],
  ["/email-action", { load: () => import("./pages/email-action.tsx"), isPublic: true }],
  ["/new", { load: () => import("./pages/new.tsx") }],
  ["/new/{recipe}", { load: () => import("./pages/new.tsx") }],
  ["/sign-in", { load: () => import("./pages/sign-in.tsx"), isPublic: true }],
];

/** Called once: back and forward, and every click on a link of ours. */
export function startRouter(): void {
  addEventListener("popstate", () => {
    const current = location.pathname + location.search;
    if (current === address.get() || confirmLeave()) address.set(current);
    // The step is taken already: it is taken back by going here once more.
    else history.pushState(null, "", address.get());
  });
  document.addEventListener("click", (event) => {
    const link = (event.target as Element | null)?.closest?.("a");
    const plainClick = event.button === 0 && !(event.metaKey || event.ctrlKey || event.shiftKey || event.altKey);
    if (!link || !plainClick || event.defaultPrevented || link.target || link.hasAttribute("download")) return;
    if (link.origin !== location.origin || !matchRoute(ROUTES, link.pathname)) return;
    event.preventDefault();
    if (!confirmLeave()) return;
    if (link.pathname + link.search !== address.get() || !link.hash) navigate(link.href);
  });
}

export type CurrentRoute = {
  /** The path that it is for. */
  path: string;
  isPublic: boolean;
} & ({ state: "loading" | "not-found" | "failed" } | { state: "loaded"; page: PageComponent; params: Params });

/** The page at the address. Before a page's code is there the last one stays. */
export function useRoute(): CurrentRoute {
  const path = new URL(useStore(address), location.origin).pathname;
  const [route, setRoute] = useState<CurrentRoute>({ state: "loading", path: "", isPublic: true });
  useEffect(() => {
    const matched = matchRoute(ROUTES, path);
    if (!matched) {
      setRoute({ state: "not-found", path, isPublic: true });
      return;
    }
    let cancelled = false;
    const isPublic = matched.page.isPublic ?? false;
    matched.page.load().then(
      (module) => {
        if (!cancelled) setRoute({ state: "loaded", path, isPublic, page: module.default, params: matched.params });
      },
      () => {
        if (!cancelled) setRoute({ state: "failed", path, isPublic });
      },
    );
    return () => {
      cancelled = true;
    };
  }, [path]);
  return route;
}
