/** How a file goes up in pieces, and what Cloud Storage's answers mean. Pure. */

/** A multiple of 256 KiB, as resumable sessions ask for; what a broken connection costs at most. */
export const CHUNK_BYTES = 8 << 20;

const MIN_RETRY_MS = 1_000;
const MAX_RETRY_MS = 30_000;

/** An answer, or none: status 0. `range` is its Range header. */
export interface ChunkResponse {
  status: number;
  range: string;
}

export type ChunkOutcome =
  /** The whole file is there. */
  | { kind: "done" }
  /** Bytes from `offset` on are wanted. */
  | { kind: "continue"; offset: number }
  /** The session is over: another one has to be begun. */
  | { kind: "expired" }
  /** Nothing was answered, or nothing that says anything of the file. */
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
  // The name is written once: an upload whose last answer was lost is there already.
  if (status === 412) return { kind: "done" };
  if (status === 0 || status === 408 || status === 429 || status >= 500) return { kind: "retry" };
  return { kind: "refused", status };
}

export const chunkEnd = (start: number, size: number): number => Math.min(size, start + CHUNK_BYTES);

/** Content-Range of a piece: `end` is exclusive. */
export const contentRange = (start: number, end: number, size: number): string => `bytes ${start}-${end - 1}/${size}`;

/** Content-Range that asks how far a session is. */
export const statusQuery = (size: number): string => `bytes */${size}`;

export const retryDelayMs = (failures: number): number =>
  Math.min(MAX_RETRY_MS, MIN_RETRY_MS * 2 ** Math.max(0, failures - 1));

/** Seconds that are left at this pace; null while nobody can say. */
export function secondsLeft(sent: number, size: number, bytesPerS: number): number | null {
  return bytesPerS > 0 ? (size - sent) / bytesPerS : null;
}
