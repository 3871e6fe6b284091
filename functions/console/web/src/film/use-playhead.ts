/** A playhead whose time is part of the address, as `#t=12.5`: Back, a reload and a shared link return to it. */
import { useEffect, useMemo } from "preact/hooks";
import { fragment, fragmentParam, setFragmentParam } from "../location.ts";
import { Playhead } from "./playhead.ts";

/** The address changes at most this often: browsers limit how often it may change. */
const UPDATE_INTERVAL_MS = 1000;

/** `version` identifies the film or timeline: another one starts at the beginning. */
export function usePlayhead(version: number): Playhead {
  const playhead = useMemo(() => new Playhead(timeInAddress()), [version]);
  useEffect(() => {
    let timer = 0;
    const store = (): void => {
      timer = 0;
      const timeS = playhead.timeS;
      setFragmentParam("t", timeS >= 1 ? String(Math.round(timeS * 10) / 10) : null);
    };
    let first = true;
    const remove = playhead.listen(() => {
      // The first call reports the current time.
      if (!first && !timer) timer = window.setTimeout(store, UPDATE_INTERVAL_MS);
      first = false;
    });
    return () => {
      clearTimeout(timer);
      remove();
    };
  }, [playhead]);
  return playhead;
}

function timeInAddress(): number {
  const timeS = Number(fragmentParam(fragment.get(), "t") ?? 0);
  return Number.isFinite(timeS) && timeS > 0 ? timeS : 0;
}
