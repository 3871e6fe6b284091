/** What the user points at in the chart. No DOM. */
import { type Store, createStore } from "../store.ts";
import { type Timeline, frameAt } from "./timeline.ts";

/** A time in the chart under the pointer, and the person in whose track it is. */
export interface Hovered {
  timeS: number;
  faceId: number | null;
}

export interface Selection {
  /** Null while the pointer is not over the chart. */
  hovered: Store<Hovered | null>;
  /** The person whose values are shown; null until the user chooses one. */
  faceId: Store<number | null>;
}

export const createSelection = (): Selection => ({
  hovered: createStore<Hovered | null>(null),
  faceId: createStore<number | null>(null),
});

/** The person whose values the read-out shows at a frame: the chosen one, or else the first that is seen. */
export function shownFace(timeline: Timeline, frame: number, chosen: number | null): number | null {
  if (chosen !== null) return chosen;
  const seen = timeline.faces.find((face) => face.frames[frameAt(face.frames, frame)] === frame);
  return (seen ?? timeline.faces[0])?.id ?? null;
}
