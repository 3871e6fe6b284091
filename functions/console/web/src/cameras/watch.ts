/** A camera's pictures, for as long as somebody looks: seat after seat, answer after answer. */
import { Problem, post, problemOf } from "../api.ts";
import { settings } from "../settings.ts";
import { sentence } from "../words.ts";
import type { Seat } from "./model.ts";
import { Pictures, boundaryOf } from "./multipart.ts";

/** A seat with less time than this is given up for a new one. */
const SPARE_MS = 10_000;
const FIRST_WAIT_MS = 500;
const LONGEST_WAIT_MS = 8_000;

export interface Watcher {
  picture: (jpeg: Blob) => void;
  /** Why there is no picture at the moment; "" when there is. */
  trouble: (words: string) => void;
}

/** Until `signal` says so. An answer ends by itself every while: the last picture stays until the next one
 * is there, which is a moment later. */
export async function watch(camera: string, to: Watcher, signal: AbortSignal): Promise<void> {
  let seat: Seat | null = null;
  let wait = FIRST_WAIT_MS;
  while (!signal.aborted) {
    try {
      if (!seat || Date.parse(seat.expires_at) - SPARE_MS < Date.now()) {
        seat = (await post<Seat>(`/v1/cameras/${camera}/preview`, undefined, { signal })).data;
      }
      const shown = await pictures(seat.url, to, signal);
      if (shown > 0) wait = FIRST_WAIT_MS;
      else await pause(wait, signal);
    } catch (fault) {
      if (signal.aborted) return;
      to.trouble(sentence(fault));
      seat = null;
      const asked = fault instanceof Problem ? fault.retryAfterS * 1000 : 0;
      await pause(Math.max(asked, wait), signal);
      wait = Math.min(LONGEST_WAIT_MS, wait * 2);
    }
  }
}

/** One answer to its end; how many pictures it had. Throws Problem. */
async function pictures(url: string, to: Watcher, signal: AbortSignal): Promise<number> {
  const response = await fetch(new URL(url, settings.media || location.origin), { signal });
  if (!response.ok) throw await problemOf(response);
  const boundary = boundaryOf(response.headers.get("Content-Type") ?? "");
  if (!boundary || !response.body) throw new Error("The camera’s preview is no stream of pictures.");
  const parts = new Pictures(boundary);
  const reader = response.body.getReader();
  let count = 0;
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return count;
      const newest = parts.push(value).at(-1);
      if (!newest) continue;
      count += 1;
      to.picture(new Blob([newest], { type: "image/jpeg" }));
      to.trouble("");
    }
  } catch (fault) {
    // A line that breaks off in the middle is an end like any other.
    if (count > 0 && !signal.aborted) return count;
    throw fault;
  } finally {
    reader.cancel().catch(() => undefined);
  }
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((done) => {
    const timer = setTimeout(done, ms);
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      done();
    });
  });
}
