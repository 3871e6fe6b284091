/** Uploads one file in chunks and resumes after failures. */
import { type ChunkResponse, chunkEnd, interpretResponse, retryDelayMs } from "./protocol.ts";

/** The operations that an upload needs. */
export interface UploadTransport {
  /** Opens a session and returns its URL; empty if the object exists already. Its errors end the upload. */
  openSession(): Promise<string>;
  /** Stores the session, so that a later upload can resume it. */
  storeSession(session: string): void;
  /** Sends a chunk, or queries the state of the session if `range` is null. */
  sendChunk(session: string, range: { start: number; end: number } | null): Promise<ChunkResponse>;
  /** Reports the number of bytes that Cloud Storage has persisted. */
  onProgress(bytes: number): void;
  /** Waits before the next attempt. */
  wait(ms: number): Promise<void>;
}

/** Cloud Storage rejected the file. */
export class UploadRejected extends Error {
  constructor(readonly status: number) {
    super("Cloud Storage refuses this file. Choose it again, or begin a new job.");
  }
}

/**
 * `session` resumes an earlier upload; empty to start anew. Throws UploadRejected, or the error of
 * `openSession`.
 */
export async function uploadFile(size: number, session: string, transport: UploadTransport): Promise<void> {
  // The offset of an earlier session is unknown.
  let offset: number | null = session ? null : 0;
  let failures = 0;
  for (;;) {
    if (!session) {
      session = await transport.openSession();
      if (!session) return;
      transport.storeSession(session);
      offset = 0;
    }
    const range: { start: number; end: number } | null =
      offset === null ? null : { start: offset, end: chunkEnd(offset, size) };
    const outcome = interpretResponse(await transport.sendChunk(session, range));
    if (outcome.kind === "done") {
      transport.onProgress(size);
      return;
    }
    if (outcome.kind === "refused") throw new UploadRejected(outcome.status);
    if (outcome.kind === "expired") {
      session = "";
      transport.storeSession("");
      continue;
    }
    if (outcome.kind === "continue" && (range === null || outcome.offset > range.start)) {
      failures = 0;
      offset = outcome.offset;
      transport.onProgress(offset);
      continue;
    }
    // The request failed, or no byte was persisted: query the session before sending more.
    failures += 1;
    offset = null;
    await transport.wait(retryDelayMs(failures));
  }
}
