/**
 * Reads single files of a ZIP archive in a bucket as object URLs. Adjacent entries share a range request,
 * aborted requests are not sent, and the cache evicts the least recently used pictures.
 */
import { type Entry, extractEntry, groupAdjacent, readDirectory } from "./zip.ts";

/** Signed URL of the archive. */

export interface Link {
  url: string;
  size_bytes: number;
}

export type Fetch = (url: string, init: RequestInit) => Promise<Response>;

export class ArchiveFetchError extends Error {
  readonly code = "archive-unreachable";
  constructor() {
    super("The pictures could not be loaded. Check your connection; they are asked for again.");
  }
}

const MAX_RANGE_BYTES = 2 << 20;
const MAX_REQUESTS = 4;
const CACHE_BYTES = 64 << 20;
/** Collects the requests of one render into a batch. */
const BATCH_DELAY_MS = 8;

interface PictureRequest {
  entry: Entry;
  resolve: (url: string) => void;
  reject: (error: unknown) => void;
  isAborted: () => boolean;
}

export class ArchiveReader {
  private cache = new Map<string, { url: string; bytes: number }>();
  private cacheBytes = 0;
  private queue: PictureRequest[] = [];
  private activeRequests = 0;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private link: Promise<Link> | undefined;

  constructor(
    /** Returns a signed URL; `refresh` after the last one failed. */
    private readonly getLink: (refresh: boolean) => Promise<Link>,
    private readonly contentType: (entry: Entry) => string,
    private readonly fetchRange: Fetch = (url, init) => fetch(url, init),
  ) {}

  /** All entries of the archive. */
  async entries(): Promise<Entry[]> {
    const { size_bytes } = await this.getArchiveLink(false);
    return readDirectory(size_bytes, (begin, end) => this.read(begin, end));
  }

  /** Object URL of a cached picture. */
  cachedUrl(entry: Entry): string | undefined {
    const cached = this.cache.get(entry.name);
    if (cached) {
      // A Map keeps insertion order: the last entry is the most recently used.
      this.cache.delete(entry.name);
      this.cache.set(entry.name, cached);
    }
    return cached?.url;
  }

  /**
   * Object URL of a picture, valid until it is evicted or `close` is called. After `signal` aborts the promise
   * never settles.
   */
  getPicture(entry: Entry, signal: AbortSignal): Promise<string> {
    const url = this.cachedUrl(entry);
    if (url) return Promise.resolve(url);
    return new Promise((resolve, reject) => {
      this.queue.push({ entry, resolve, reject, isAborted: () => signal.aborted });
      this.timer ??= setTimeout(() => this.startRequests(), BATCH_DELAY_MS);
    });
  }

  close(): void {
    clearTimeout(this.timer);
    for (const { url } of this.cache.values()) URL.revokeObjectURL(url);
    this.cache.clear();
    this.queue = [];
  }

  private startRequests(): void {
    this.timer = undefined;
    while (this.activeRequests < MAX_REQUESTS) {
      this.queue = this.queue.filter((request) => !request.isAborted());
      const [run] = groupAdjacent(distinctEntries(this.queue), MAX_RANGE_BYTES);
      if (!run) return;
      const names = new Set(run.map((entry) => entry.name));
      const requests = this.queue.filter((request) => names.has(request.entry.name));
      this.queue = this.queue.filter((request) => !names.has(request.entry.name));
      this.activeRequests += 1;
      void this.fetchRun(run, requests).finally(() => {
        this.activeRequests -= 1;
        this.startRequests();
      });
    }
  }

  private async fetchRun(run: Entry[], requests: PictureRequest[]): Promise<void> {
    const begin = (run[0] as Entry).offset;
    try {
      const bytes = await this.read(begin, (run.at(-1) as Entry).end);
      for (const entry of run) {
        const part = bytes.subarray(entry.offset - begin, entry.end - begin);
        const url = this.addToCache(entry, await extractEntry(entry, part));
        for (const request of requests) if (request.entry.name === entry.name) request.resolve(url);
      }
    } catch (error) {
      for (const request of requests) request.reject(error);
    }
  }

  private addToCache(entry: Entry, content: Uint8Array): string {
    const blob = new Blob([content as BlobPart], { type: this.contentType(entry) });
    const url = URL.createObjectURL(blob);
    this.cache.set(entry.name, { url, bytes: content.length });
    this.cacheBytes += content.length;
    for (const [name, evicted] of this.cache) {
      if (this.cacheBytes <= CACHE_BYTES || name === entry.name) break;
      this.cache.delete(name);
      this.cacheBytes -= evicted.bytes;
      URL.revokeObjectURL(evicted.url);
    }
    return url;
  }

  /** Signed URLs expire: after an error the request is repeated with a new one. */
  private async read(begin: number, end: number): Promise<Uint8Array> {
    for (const refresh of [false, true]) {
      const { url } = await this.getArchiveLink(refresh);
      const headers = { Range: `bytes=${begin}-${end - 1}` };
      const response = await this.fetchRange(url, { headers }).catch(() => null);
      if (response?.status === 206) return new Uint8Array(await response.arrayBuffer());
    }
    throw new ArchiveFetchError();
  }

  private getArchiveLink(refresh: boolean): Promise<Link> {
    if (refresh || !this.link) {
      this.link = this.getLink(refresh);
      this.link.catch(() => {
        this.link = undefined;
      });
    }
    return this.link;
  }
}

function distinctEntries(requests: PictureRequest[]): Entry[] {
  return [...new Map(requests.map((request) => [request.entry.name, request.entry])).values()];
}
