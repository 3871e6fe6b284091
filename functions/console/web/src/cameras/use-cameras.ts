/**
 * Cameras and recordings, live. Firestore says that something changed; the API returns the data, so there is
 * one data model. Without Firestore the API is polled.
 */
import { useEffect, useRef } from "preact/hooks";
import { type PagedQuery, type Query, usePages, useQuery } from "../ui/use-query.ts";
import { type LiveDocument, type LiveResult, useOwnedDocuments } from "../firestore.ts";
import { type Camera, type Recording, isCopying, isRunning } from "./model.ts";

const ACTIVE_POLL_MS = 2_000;
const IDLE_POLL_MS = 15_000;
/** Documents of a running camera change about once a second; this limits the refetches. */
const MIN_INTERVAL_MS = 900;

export interface CamerasState {
  cameras: Query<{ cameras: Camera[] }>;
  recordings: PagedQuery<Recording>;
}

export function useCameras(uid: string): CamerasState {
  const documents = useOwnedDocuments("cameras", uid);
  const listening = documents.value !== undefined && !documents.errorCode;
  const cameras = useQuery<{ cameras: Camera[] }>("/v1/cameras", (page) =>
    listening || !page?.cameras.some(isActive) ? IDLE_POLL_MS : ACTIVE_POLL_MS,
  );
  const recordings = usePages<Recording, { recordings: Recording[]; next_cursor: string | null }>(
    "/v1/recordings",
    (page) => page.recordings,
  );
  useRefetchOnChange(documents, cameras.refetch);

  // The clip and its copy are made after the camera stops, and the camera's document does not change then.
  const anyRunning = recordings.rows?.some((row) => isRunning(row) || isCopying(row)) ?? false;
  const count = cameras.data?.cameras.reduce((sum, camera) => sum + camera.status.recordings.length, 0) ?? 0;
  useEffect(() => {
    if (recordings.rows) void recordings.refetch();
  }, [count]);
  useEffect(() => {
    if (!anyRunning) return;
    const timer = setInterval(() => {
      if (!document.hidden) void recordings.refetch();
    }, ACTIVE_POLL_MS);
    return () => clearInterval(timer);
  }, [anyRunning]);
  return { cameras, recordings };
}

const isActive = ({ status }: Camera): boolean => status.recording || status.state !== "idle";

/** Refetches when a document changes; bursts are throttled to the first and the last change. */
function useRefetchOnChange(documents: LiveResult<LiveDocument[]>, refetch: () => Promise<void>): void {
  const lastRefetchAt = useRef(0);
  const sawFirst = useRef(false);
  useEffect(() => {
    if (documents.value === undefined) return;
    // The first snapshot repeats what was just fetched.
    if (!sawFirst.current) {
      sawFirst.current = true;
      return;
    }
    const wait = Math.max(0, lastRefetchAt.current + MIN_INTERVAL_MS - Date.now());
    const timer = setTimeout(() => {
      lastRefetchAt.current = Date.now();
      void refetch();
    }, wait);
    return () => clearTimeout(timer);
  }, [documents.value]);
}
