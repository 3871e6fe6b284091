/** One file on its way, from wherever it stands to its end; whatever breaks off is taken up again. */
import { type Sent, endOfChunk, judge, waitMs } from "./plan.ts";

/** What a delivery needs of the world. */
export interface Line {
  /** Open a session; "" when the file turns out to be there. Throws what ends the delivery. */
  begin(): Promise<string>;
  /** A session that a later delivery may go on with. */
  keep(session: string): void;
  /** Send bytes from `start` to before `end`, or with null ask how far the session is. */
  put(session: string, span: { start: number; end: number } | null): Promise<Sent>;
  /** How many bytes are there for certain. */
  reached(bytes: number): void;
  /** Nothing goes through just now: → when it is worth another try. */
  wait(ms: number): Promise<void>;
}

/** The bucket will not have the file. */
export class Refused extends Error {
  constructor(readonly status: number) {
    super("Cloud Storage refuses this file. Choose it again, or begin a new job.");
  }
}

/** `session`: of an earlier delivery, "" without one. Throws Refused, or what `begin` throws. */
export async function deliver(size: number, session: string, line: Line): Promise<void> {
  // Of an earlier session nobody knows how far it got.
  let offset: number | null = session ? null : 0;
  let failures = 0;
  for (;;) {
    if (!session) {
      session = await line.begin();
      if (!session) return;
      line.keep(session);
      offset = 0;
    }
    const span: { start: number; end: number } | null =
      offset === null ? null : { start: offset, end: endOfChunk(offset, size) };
    const verdict = judge(await line.put(session, span));
    if (verdict.kind === "done") {
      line.reached(size);
      return;
    }
    if (verdict.kind === "refused") throw new Refused(verdict.status);
    if (verdict.kind === "gone") {
      session = "";
      line.keep("");
      continue;
    }
    if (verdict.kind === "more" && (span === null || verdict.offset > span.start)) {
      failures = 0;
      offset = verdict.offset;
      line.reached(offset);
      continue;
    }
    // Lost, or nothing of the piece was kept: before anything is sent again the session is asked.
    failures += 1;
    offset = null;
    await line.wait(waitMs(failures));
  }
}
