/** Client-side router: pages are loaded on demand, and internal links do not reload the document. */
import type { ComponentType } from "preact";
import { useEffect, useState } from "preact/hooks";
import { address, confirmLeave, fragment, navigate } from "./location.ts";
import { type PageProps, type Params, matchRoute } from "./routes.ts";
import { useStore } from "./store.ts";

type PageComponent = ComponentType<PageProps>;
interface Route {
  load: () => Promise<{ default: PageComponent }>;
  /** Whether the page needs no sign-in. */
  isPublic?: boolean;
}

/** Every page is a module whose default export is a component. */
const ROUTES: readonly (readonly [string, Route])[] = [
  ["/", { load: () => import("./pages/home.tsx"), isPublic: true }],
  ["/jobs/{id}", { load: () => import("./pages/job.tsx") }],
  ["/jobs/{id}/deck", { load: () => import("./pages/deck.tsx") }],
  ["/account", { load: () => import("./pages/account.tsx") }],
  ["/account/{section}", { load: () => import("./pages/account.tsx") }],
  ["/cameras", { load: () => import("./pages/cameras.tsx") }],
  ["/receipt", { load: () => import("./pages/receipt.tsx"), isPublic: true }],
  // An address of the version before, which had the capability in the path.
  ["/receipt/{id}", { load: () => import("./pages/receipt.tsx"), isPublic: true }],
  ["/email-action", { load: () => import("./pages/email-action.tsx"), isPublic: true }],
  ["/new", { load: () => import("./pages/new.tsx") }],
  ["/new/{recipe}", { load: () => import("./pages/new.tsx") }],
  ["/sign-in", { load: () => import("./pages/sign-in.tsx"), isPublic: true }],
];

/** Handles back, forward and clicks on internal links. Called once. */
export function startRouter(): void {
  addEventListener("popstate", () => {
    const current = location.pathname + location.search;
    if (current === address.get() || confirmLeave()) {
      fragment.set(location.hash.slice(1));
      address.set(current);
    } else {
      // popstate fires after the navigation: this restores the address.
      history.pushState(null, "", address.get() + (fragment.get() && `#${fragment.get()}`));
    }
  });
  document.addEventListener("click", (event) => {
    const link = (event.target as Element | null)?.closest?.("a");
    const plainClick = event.button === 0 && !(event.metaKey || event.ctrlKey || event.shiftKey || event.altKey);
    if (!link || !plainClick || event.defaultPrevented || link.target || link.hasAttribute("download")) return;
    if (link.origin !== location.origin || !matchRoute(ROUTES, link.pathname)) return;
    // The browser follows a link to another fragment of this page.
    if (link.hash && link.pathname + link.search === address.get()) return;
    event.preventDefault();
    if (confirmLeave()) navigate(link.href);
  });
}

export type CurrentRoute = {
  /** The path of this page. */
  path: string;
  isPublic: boolean;
} & ({ state: "loading" | "not-found" | "failed" } | { state: "loaded"; page: PageComponent; params: Params });

/** The page of the current address. The previous page stays while the next one loads. */
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
