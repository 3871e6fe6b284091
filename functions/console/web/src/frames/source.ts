/**
 * Single files of an archive in a bucket, as something that <img> can show: neighbours come with
 * one request, what is no longer wanted is not asked for, and what was seen long ago is let go.
 */
import { type Entry, readDirectory, runs, unpacked } from "./zip.ts";

/** Where the archive can be read, for a while. */

export interface Link {
  url: string;
  size_bytes: number;
}

export type Fetch = (url: string, init: RequestInit) => Promise<Response>;

export class ArchiveUnreachable extends Error {
  readonly code = "archive-unreachable";
  constructor() {
    super("The pictures could not be loaded. Check your connection; they are asked for again.");
  }
}

const RUN_MOST_BYTES = 2 << 20;
const REQUESTS_AT_ONCE = 4;
const KEPT_BYTES = 64 << 20;
/** So that what one paint asks for is read together. */
const GATHER_MS = 8;

interface Wish {
  entry: Entry;
  done: (url: string) => void;
  fail: (why: unknown) => void;
  dropped: () => boolean;
}

export class ArchiveSource {
  private kept = new Map<string, { url: string; bytes: number }>();
  private keptBytes = 0;
  private wishes: Wish[] = [];
  private busy = 0;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private link: Promise<Link> | undefined;

  constructor(
    /** Asks for a link; `fresh` when the last one did not do. */
    private readonly linked: (fresh: boolean) => Promise<Link>,
    private readonly type: (entry: Entry) => string,
    private readonly get: Fetch = (url, init) => fetch(url, init),
  ) {}

  /** Everything that lies in the archive. */
  async entries(): Promise<Entry[]> {
    const { size_bytes } = await this.where(false);
    return readDirectory(size_bytes, (begin, end) => this.read(begin, end));
  }

  /** The URL of a picture that is here already. */
  atHand(entry: Entry): string | undefined {
    const found = this.kept.get(entry.name);
    if (found) {
      // The last one in a Map is the one that was looked at last.
      this.kept.delete(entry.name);
      this.kept.set(entry.name, found);
    }
    return found?.url;
  }

  /** The URL of a picture, good until `close` or until many others were looked at. `signal` says
   * that nobody waits any more: then it never comes. */
  picture(entry: Entry, signal: AbortSignal): Promise<string> {
    const here = this.atHand(entry);
    if (here) return Promise.resolve(here);
    return new Promise((done, fail) => {
      this.wishes.push({ entry, done, fail, dropped: () => signal.aborted });
      this.timer ??= setTimeout(() => this.turn(), GATHER_MS);
    });
  }

  close(): void {
    clearTimeout(this.timer);
    for (const { url } of this.kept.values()) URL.revokeObjectURL(url);
    this.kept.clear();
    this.wishes = [];
  }

  private turn(): void {
    this.timer = undefined;
    while (this.busy < REQUESTS_AT_ONCE) {
      this.wishes = this.wishes.filter((one) => !one.dropped());
      const [run] = runs(distinct(this.wishes), RUN_MOST_BYTES);
      if (!run) return;
      const names = new Set(run.map((one) => one.name));
      const mine = this.wishes.filter((one) => names.has(one.entry.name));
      this.wishes = this.wishes.filter((one) => !names.has(one.entry.name));
      this.busy += 1;
      void this.fetched(run, mine).finally(() => {
        this.busy -= 1;
        this.turn();
      });
    }
  }

  private async fetched(run: Entry[], wishes: Wish[]): Promise<void> {
    const begin = (run[0] as Entry).offset;
    try {
      const bytes = await this.read(begin, (run.at(-1) as Entry).end);
      for (const entry of run) {
        const part = bytes.subarray(entry.offset - begin, entry.end - begin);
        const url = this.keep(entry, await unpacked(entry, part));
        for (const wish of wishes) if (wish.entry.name === entry.name) wish.done(url);
      }
    } catch (why) {
      for (const wish of wishes) wish.fail(why);
    }
  }

  private keep(entry: Entry, content: Uint8Array): string {
    const blob = new Blob([content as BlobPart], { type: this.type(entry) });
    const url = URL.createObjectURL(blob);
    this.kept.set(entry.name, { url, bytes: content.length });
    this.keptBytes += content.length;
    for (const [name, old] of this.kept) {
      if (this.keptBytes <= KEPT_BYTES || name === entry.name) break;
      this.kept.delete(name);
      this.keptBytes -= old.bytes;
      URL.revokeObjectURL(old.url);
    }
    return url;
  }

  /** A link holds for minutes and a page for hours: where one does not do, a fresh one is asked. */
  private async read(begin: number, end: number): Promise<Uint8Array> {
    for (const fresh of [false, true]) {
      const { url } = await this.where(fresh);
      const headers = { Range: `bytes=${begin}-${end - 1}` };
      const answer = await this.get(url, { headers }).catch(() => null);
      if (answer?.status === 206) return new Uint8Array(await answer.arrayBuffer());
    }
    throw new ArchiveUnreachable();
  }

  private where(fresh: boolean): Promise<Link> {
    if (fresh || !this.link) {
      this.link = this.linked(fresh);
      this.link.catch(() => {
        this.link = undefined;
      });
    }
    return this.link;
  }
}

function distinct(wishes: Wish[]): Entry[] {
  return [...new Map(wishes.map((one) => [one.entry.name, one.entry])).values()];
}
