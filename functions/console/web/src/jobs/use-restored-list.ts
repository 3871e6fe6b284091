/** The number of shown jobs and the position in the list, which Back returns to. */
import { useEffect, useRef, useState } from "preact/hooks";

interface ListState {
  limit: number;
  scrollY: number;
}

const STORE_DELAY_MS = 200;

export interface RestoredList {
  limit: number;
  setLimit: (limit: number) => void;
  /** Scrolls to the stored position, once. Called when the rows are shown: before, the page is too short. */
  restorePosition: () => void;
}

export function useRestoredList(firstLimit: number): RestoredList {
  const [stored] = useState(readState);
  const [limit, setLimit] = useState(stored?.limit ?? firstLimit);
  const restored = useRef(false);
  const restorePosition = (): void => {
    if (!restored.current && stored?.scrollY) scrollTo(0, stored.scrollY);
    restored.current = true;
  };
  useEffect(() => {
    let timer = 0;
    const store = (): void => {
      timer = 0;
      history.replaceState({ ...(history.state as object | null), list: { limit, scrollY } }, "");
    };
    const onScroll = (): void => {
      if (!timer) timer = window.setTimeout(store, STORE_DELAY_MS);
    };
    addEventListener("scroll", onScroll, { passive: true });
    return () => {
      // The history entry may be that of the next page already.
      clearTimeout(timer);
      removeEventListener("scroll", onScroll);
    };
  }, [limit]);
  return { limit, setLimit, restorePosition };
}

const readState = (): ListState | undefined => (history.state as { list?: ListState } | null)?.list;
