/** One file on its way, from wherever it stands to its end; whatever breaks off is taken up again. */
import { type ChunkResponse, chunkEnd, interpretResponse, retryDelayMs } from "./protocol.ts";

/** What a delivery needs of the world. */
export interface UploadTransport {
  /** Open a session; "" when the file turns out to be there. Throws what ends the delivery. */
  openSession(): Promise<string>;
  /** A session that a later delivery may go on with. */
  storeSession(session: string): void;
  /** Send bytes from `start` to before `end`, or with null ask how far the session is. */
  sendChunk(session: string, range: { start: number; end: number } | null): Promise<ChunkResponse>;
  /** How many bytes are there for certain. */
  onProgress(bytes: number): void;
  /** Nothing goes through just now: → when it is worth another try. */
  wait(ms: number): Promise<void>;
}

/** The bucket will not have the file. */
export class UploadRejected extends Error {
  constructor(readonly status: number) {
    super("Cloud Storage refuses this file. Choose it again, or begin a new job.");
  }
}

/** `session`: of an earlier delivery, "" without one. Throws Refused, or what `begin` throws. */
export async function uploadFile(size: number, session: string, transport: UploadTransport): Promise<void> {
  // Of an earlier session nobody knows how far it got.
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
    // Lost, or nothing of the piece was kept: before anything is sent again the session is asked.
    failures += 1;
    offset = null;
    await transport.wait(retryDelayMs(failures));
  }
}
