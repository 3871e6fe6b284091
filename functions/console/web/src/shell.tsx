/** The frame of every page: navigation, session and toasts. */
import { useEffect, useRef, useState } from "preact/hooks";
import { UserMenu } from "./account/user-menu.tsx";
import { address } from "./location.ts";
import { useRoute } from "./router.tsx";
import { session, sessionExpired } from "./session.ts";
import { SessionExpired } from "./session-expired.tsx";
import { useStore } from "./store.ts";
import { Toasts } from "./ui/toast.tsx";
import { Loading } from "./ui/progress.tsx";
import { useTitle } from "./ui/use-title.ts";

const NAV_LINKS = [
  ["/", "Jobs"],
  ["/new", "New job"],
  ["/cameras", "Cameras"],
] as const;

export function Shell() {
  const currentSession = useStore(session);
  const url = new URL(useStore(address), location.origin);
  const route = useRoute();
  const signedIn = typeof currentSession === "object";
  const expired = useStore(sessionExpired);
  const online = useOnline();
  useFocusOnNavigation(route.path);

  return (
    <>
      <a class="skip-link" href="#main" onClick={skipToMain}>
        Skip to the page
      </a>
      <header class="topbar">
        <a class="brand" href="/">
          <img src="/favicon.svg" alt="" width="28" height="28" /> Moodreel
        </a>
        {signedIn && (
          <nav aria-label="Pages">
            {NAV_LINKS.map(([href, name]) => (
              <a href={href} aria-current={isCurrentSection(href, url.pathname) ? "page" : undefined}>
                {name}
              </a>
            ))}
          </nav>
        )}
        <div class="header-end">
          {signedIn ? (
            <UserMenu user={currentSession} />
          ) : (
            currentSession === "signed-out" && url.pathname !== "/sign-in" && <a href="/sign-in">Sign in</a>
          )}
        </div>
      </header>
      <main id="main" tabIndex={-1}>
        {!online && (
          <p class="note" role="status">
            You are offline. What is shown may be older than it looks; it goes on by itself when the connection is back.
          </p>
        )}
        {/* The key resets all state when the user changes. */}
        <Page
          key={signedIn ? currentSession.uid : ""}
          route={route}
          currentSession={currentSession}
          returnTo={url.pathname + url.search}
        />
      </main>
      {signedIn && expired && <SessionExpired user={currentSession} />}
      <Toasts />
    </>
  );
}

/** The fragment of the address belongs to the page, such as the tab of a job: the link must not replace it. */
function skipToMain(event: Event): void {
  event.preventDefault();
  document.getElementById("main")?.focus();
}

function Page({
  route,
  currentSession,
  returnTo,
}: {
  route: ReturnType<typeof useRoute>;
  currentSession: unknown;
  returnTo: string;
}) {
  if (route.state === "not-found") return <NotFound />;
  if (route.state === "failed") return <LoadFailed />;
  if (currentSession === "loading" || route.state !== "loaded") return <Loading text="Opening Moodreel …" />;
  if (currentSession === "signed-out" && !route.isPublic) return <SignInFirst returnTo={returnTo} />;
  const { page: PageComponent, params } = route;
  return <PageComponent params={params} />;
}

function SignInFirst({ returnTo }: { returnTo: string }) {
  useTitle("Sign in first");
  return (
    <section class="single-column">
      <h1>Sign in first</h1>
      <p>This page shows something of yours.</p>
      <p>
        <a class="button primary" href={`/sign-in?to=${encodeURIComponent(returnTo)}`}>
          Sign in
        </a>
      </p>
    </section>
  );
}

function NotFound() {
  useTitle("Not found");
  return (
    <section class="single-column">
      <h1>There is no such page</h1>
      <p>
        The address may have been cut short. <a href="/">Go to the beginning</a>.
      </p>
    </section>
  );
}

function LoadFailed() {
  useTitle("Not loaded");
  return (
    <section class="single-column">
      <h1>This page could not be loaded</h1>
      <p>The connection broke off, or there is a newer console since you opened this one.</p>
      <p>
        <button type="button" class="primary" onClick={() => location.reload()}>
          Load it again
        </button>
      </p>
    </section>
  );
}

/**
 * Focuses the heading after a navigation, for screen readers and keyboard users. The first page is left to the
 * browser.
 */
function useFocusOnNavigation(path: string): void {
  const previousPath = useRef("");
  useEffect(() => {
    const first = previousPath.current === "";
    previousPath.current = path;
    if (first || !path) return;
    const main = document.getElementById("main");
    const heading = main?.querySelector("h1");
    heading?.setAttribute("tabindex", "-1");
    (heading ?? main)?.focus({ preventScroll: true });
  }, [path]);
}

/** Whether the browser is online. */
function useOnline(): boolean {
  const [online, setOnline] = useState(navigator.onLine);
  useEffect(() => {
    const update = (): void => setOnline(navigator.onLine);
    update();
    addEventListener("online", update);
    addEventListener("offline", update);
    return () => {
      removeEventListener("online", update);
      removeEventListener("offline", update);
    };
  }, []);
  return online;
}

const isCurrentSection = (href: string, path: string): boolean =>
  href === "/" ? path === "/" || path.startsWith("/jobs/") : path === href || path.startsWith(`${href}/`);
