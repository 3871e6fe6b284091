/** Cameras and recordings as they are now. Their documents say that something has changed, the API what:
 * so the page has one idea of them. Where documents cannot be listened to, it asks every few seconds. */
import { useEffect, useRef } from "preact/hooks";
import { type Asked, type Pages, useAsked, usePages } from "../account/use-query.ts";
import { type Live, type Row, useOwned } from "../live.ts";
import { type Camera, type Recording, running } from "./model.ts";

const MOVING_MS = 2_000;
const STILL_MS = 15_000;
/** Documents of a running camera change every second or so: more often nothing is asked. */
const APART_MS = 900;

export interface Seen {
  cameras: Asked<{ cameras: Camera[] }>;
  recordings: Pages<Recording>;
}

export function useCameras(uid: string): Seen {
  const docs = useOwned("cameras", uid);
  const heard = docs.value !== undefined && !docs.lost;
  const cameras = useAsked<{ cameras: Camera[] }>("/v1/cameras", (told) =>
    heard || !told?.cameras.some(moving) ? STILL_MS : MOVING_MS,
  );
  const recordings = usePages<Recording, { recordings: Recording[]; next_cursor: string | null }>(
    "/v1/recordings",
    (told) => told.recordings,
  );
  useEcho(docs, cameras.again);

  // A clip is put together after its camera is done with it: its own document says no more of that.
  const underway = recordings.rows?.some(running) ?? false;
  const count = cameras.data?.cameras.reduce((sum, one) => sum + one.status.recordings.length, 0) ?? 0;
  useEffect(() => {
    if (recordings.rows) void recordings.again();
  }, [count]);
  useEffect(() => {
    if (!underway) return;
    const timer = setInterval(() => {
      if (!document.hidden) void recordings.again();
    }, MOVING_MS);
    return () => clearInterval(timer);
  }, [underway]);
  return { cameras, recordings };
}

const moving = ({ status }: Camera): boolean => status.recording || status.state !== "idle";

/** Ask again when a document has changed; of many changes in a row the first and the last count. */
function useEcho(docs: Live<Row[]>, again: () => Promise<void>): void {
  const last = useRef(0);
  const heard = useRef(false);
  useEffect(() => {
    if (docs.value === undefined) return;
    // The first ones are what the page has just asked for.
    if (!heard.current) {
      heard.current = true;
      return;
    }
    const wait = Math.max(0, last.current + APART_MS - Date.now());
    const timer = setTimeout(() => {
      last.current = Date.now();
      void again();
    }, wait);
    return () => clearTimeout(timer);
  }, [docs.value]);
}
