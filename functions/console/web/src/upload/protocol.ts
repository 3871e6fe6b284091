/** The protocol of resumable uploads to Cloud Storage. No DOM. */

/** A multiple of 256 KiB, as Cloud Storage requires. A lost connection costs at most one chunk. */
export const CHUNK_BYTES = 8 << 20;

const MIN_RETRY_MS = 1_000;
const MAX_RETRY_MS = 30_000;

/** A response; status 0 if there was none. `range` is its Range header. */
export interface ChunkResponse {
  status: number;
  range: string;
}

export type ChunkOutcome =
  /** The upload is complete. */
  | { kind: "done" }
  /** The session expects bytes from `offset` on. */
  | { kind: "continue"; offset: number }
  /** The session has expired: a new one is needed. */
  | { kind: "expired" }
  /** No response, or a transient error. */
  | { kind: "retry" }
  | { kind: "refused"; status: number };

/** https://cloud.google.com/storage/docs/performing-resumable-uploads */
export function interpretResponse({ status, range }: ChunkResponse): ChunkOutcome {
  if (status === 200 || status === 201) return { kind: "done" };
  if (status === 308) {
    const lastByte = /^bytes=0-(\d+)$/.exec(range)?.[1];
    return { kind: "continue", offset: lastByte === undefined ? 0 : Number(lastByte) + 1 };
  }
  if (status === 404 || status === 410) return { kind: "expired" };
  // Objects are written once: an upload whose last response was lost exists already.
  if (status === 412) return { kind: "done" };
  if (status === 0 || status === 408 || status === 429 || status >= 500) return { kind: "retry" };
  return { kind: "refused", status };
}

export const chunkEnd = (start: number, size: number): number => Math.min(size, start + CHUNK_BYTES);

/** Content-Range of a chunk; `end` is exclusive. */
export const contentRange = (start: number, end: number, size: number): string => `bytes ${start}-${end - 1}/${size}`;

/** Content-Range that queries the state of a session. */
export const statusQuery = (size: number): string => `bytes */${size}`;

export const retryDelayMs = (failures: number): number =>
  Math.min(MAX_RETRY_MS, MIN_RETRY_MS * 2 ** Math.max(0, failures - 1));

/** Remaining seconds at this speed; null if unknown. */
export function secondsLeft(sent: number, size: number, bytesPerS: number): number | null {
  return bytesPerS > 0 ? (size - sent) / bytesPerS : null;
}
