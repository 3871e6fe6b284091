/** Streams preview pictures of a camera and renews preview tokens. */
import { Problem, post, readProblem } from "../api.ts";
import { settings } from "../settings.ts";
import { errorMessage } from "../format.ts";
import type { PreviewToken } from "./model.ts";
import { MultipartParser, boundaryOf } from "./multipart.ts";

/** Tokens that expire sooner than this are renewed. */
const TOKEN_MARGIN_MS = 10_000;
const MIN_RETRY_MS = 500;
const MAX_RETRY_MS = 8_000;

export interface PreviewHandlers {
  onPicture: (jpeg: Blob) => void;
  /** The reason why there is no picture; empty when there is one. */
  onProblem: (message: string) => void;
}

/**
 * Runs until `signal` aborts. Each response ends after a while; the last picture stays until the next response.
 */
export async function watchPreview(camera: string, handlers: PreviewHandlers, signal: AbortSignal): Promise<void> {
  let token: PreviewToken | null = null;
  let retryMs = MIN_RETRY_MS;
  while (!signal.aborted) {
    try {
      if (!token || Date.parse(token.expires_at) - TOKEN_MARGIN_MS < Date.now()) {
        token = (await post<PreviewToken>(`/v1/cameras/${camera}/preview`, undefined, { signal })).data;
      }
      const count = await readPictures(token.url, handlers, signal);
      if (count > 0) retryMs = MIN_RETRY_MS;
      else await sleep(retryMs, signal);
    } catch (error) {
      if (signal.aborted) return;
      handlers.onProblem(errorMessage(error));
      token = null;
      const retryAfterMs = error instanceof Problem ? error.retryAfterS * 1000 : 0;
      await sleep(Math.max(retryAfterMs, retryMs), signal);
      retryMs = Math.min(MAX_RETRY_MS, retryMs * 2);
    }
  }
}

/** Reads one response to its end and returns the number of pictures. Throws Problem. */
async function readPictures(url: string, handlers: PreviewHandlers, signal: AbortSignal): Promise<number> {
  const response = await fetch(new URL(url, settings.downloads || location.origin), { signal });
  if (!response.ok) throw await readProblem(response);
  const boundary = boundaryOf(response.headers.get("Content-Type") ?? "");
  if (!boundary || !response.body) throw new Error("The camera’s preview is no stream of pictures.");
  const parser = new MultipartParser(boundary);
  const reader = response.body.getReader();
  let count = 0;
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return count;
      const latest = parser.push(value).at(-1);
      if (!latest) continue;
      count += 1;
      handlers.onPicture(new Blob([latest], { type: "image/jpeg" }));
      handlers.onProblem("");
    }
  } catch (error) {
    // A lost connection counts as the end of the response.
    if (count > 0 && !signal.aborted) return count;
    throw error;
  } finally {
    reader.cancel().catch(() => undefined);
  }
}

function sleep(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      resolve();
    });
  });
}
