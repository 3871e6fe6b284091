import { useEffect, useState } from "preact/hooks";
import type { Playhead } from "../film/playhead.ts";
import { type Timeline, frameAt } from "./timeline.ts";

/** Index of the frame at the playhead; -1 before the first. */
export function useFrame(timeline: Timeline, playhead: Playhead): number {
  const [frame, setFrame] = useState(-1);
  useEffect(() => playhead.listen((timeS) => setFrame(frameAt(timeline.timesS, timeS))), [timeline, playhead]);
  return frame;
}
