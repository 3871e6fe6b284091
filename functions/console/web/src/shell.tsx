/** What stands around every page: the way to it, who is signed in, and what was just done. */
import { useEffect, useRef, useState } from "preact/hooks";
import { address } from "./location.ts";
import { usePlace } from "./router.tsx";
import { session } from "./session.ts";
import { useStore } from "./store.ts";
import { Toasts } from "./ui/toast.tsx";
import { Waiting } from "./ui/progress.tsx";
import { useTitle } from "./ui/use-title.ts";
import { SignOut } from "./upload/sign-out.tsx";

const WAYS = [
  ["/", "Jobs"],
  ["/new", "New job"],
  ["/cameras", "Cameras"],
  ["/account", "Account"],
] as const;

export function Shell() {
  const who = useStore(session);
  const here = new URL(useStore(address), location.origin);
  const shown = usePlace();
  const inside = typeof who === "object";
  const online = useOnline();
  useFocus(shown.at);

  return (
    <>
      <a class="skip" href="#main">
        Skip to the page
      </a>
      <header class="top">
        <a class="brand" href="/">
          <img src="/favicon.svg" alt="" width="28" height="28" /> Moodreel
        </a>
        {inside && (
          <nav aria-label="Pages">
            {WAYS.map(([to, name]) => (
              <a href={to} aria-current={within(to, here.pathname) ? "page" : undefined}>
                {name}
              </a>
            ))}
          </nav>
        )}
        {inside ? (
          <SignOut />
        ) : (
          who === "out" && here.pathname !== "/sign-in" && <a href="/sign-in">Sign in</a>
        )}
      </header>
      <main id="main" tabIndex={-1}>
        {!online && (
          <p class="note" role="status">
            You are offline. What is shown may be older than it looks; it goes on by itself when the connection is back.
          </p>
        )}
        {/* Another person begins anew: nothing of the one before stays on a page. */}
        <Page key={inside ? who.uid : ""} shown={shown} who={who} back={here.pathname + here.search} />
      </main>
      <Toasts />
    </>
  );
}

function Page({ shown, who, back }: { shown: ReturnType<typeof usePlace>; who: unknown; back: string }) {
  if (shown.state === "missing") return <Missing />;
  if (shown.state === "failed") return <Unloaded />;
  if (who === "starting" || shown.state !== "there") return <Waiting words="Opening Moodreel …" />;
  if (who === "out" && !shown.open) return <SignInFirst back={back} />;
  const { page: Here, params } = shown;
  return <Here params={params} />;
}

function SignInFirst({ back }: { back: string }) {
  useTitle("Sign in first");
  return (
    <section class="narrow">
      <h1>Sign in first</h1>
      <p>This page shows something of yours.</p>
      <p>
        <a class="button primary" href={`/sign-in?to=${encodeURIComponent(back)}`}>
          Sign in
        </a>
      </p>
    </section>
  );
}

function Missing() {
  useTitle("Not found");
  return (
    <section class="narrow">
      <h1>There is no such page</h1>
      <p>
        The address may have been cut short. <a href="/">Go to the beginning</a>.
      </p>
    </section>
  );
}

function Unloaded() {
  useTitle("Not loaded");
  return (
    <section class="narrow">
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

/** A page that a link led to has the focus, at its heading when that is there: whoever reads by ear or
 * goes by keys begins where it begins. The first page is the browser's own to begin. */
function useFocus(at: string): void {
  const before = useRef("");
  useEffect(() => {
    const first = before.current === "";
    before.current = at;
    if (first || !at) return;
    const main = document.getElementById("main");
    const heading = main?.querySelector("h1");
    heading?.setAttribute("tabindex", "-1");
    (heading ?? main)?.focus({ preventScroll: true });
  }, [at]);
}

/** Whether the browser has a connection at all. */
function useOnline(): boolean {
  const [online, setOnline] = useState(navigator.onLine);
  useEffect(() => {
    const look = (): void => setOnline(navigator.onLine);
    look();
    addEventListener("online", look);
    addEventListener("offline", look);
    return () => {
      removeEventListener("online", look);
      removeEventListener("offline", look);
    };
  }, []);
  return online;
}

const within = (to: string, path: string): boolean =>
  to === "/" ? path === "/" || path.startsWith("/jobs/") : path === to || path.startsWith(`${to}/`);
