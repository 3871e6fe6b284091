/** Bytes to the bucket. XMLHttpRequest, since fetch does not tell how much has been sent. */
import type { Sent } from "./plan.ts";

/** Without a byte moving for so long a connection counts as lost. */
const STALLED_MS = 30_000;

export interface Answered extends Sent {
  location: string;
}

/** Throws AbortError; whatever else goes wrong is status 0. */
export function send(
  method: string,
  url: string,
  headers: Readonly<Record<string, string>>,
  body: Blob | null,
  signal: AbortSignal,
  onSent: (bytes: number) => void = () => undefined,
): Promise<Answered> {
  return new Promise((done, fail) => {
    const request = new XMLHttpRequest();
    let watch: ReturnType<typeof setTimeout> | undefined;
    const stop = (): void => request.abort();
    const moving = (): void => {
      clearTimeout(watch);
      watch = setTimeout(stop, STALLED_MS);
    };
    const ended = (): void => {
      clearTimeout(watch);
      signal.removeEventListener("abort", stop);
      if (signal.aborted) {
        fail(signal.reason);
        return;
      }
      const told = request.status > 0;
      done({
        status: request.status,
        range: told ? (request.getResponseHeader("Range") ?? "") : "",
        location: told ? (request.getResponseHeader("Location") ?? "") : "",
      });
    };
    if (signal.aborted) {
      fail(signal.reason);
      return;
    }
    signal.addEventListener("abort", stop);
    request.open(method, url);
    for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value);
    request.upload.onprogress = (event) => {
      moving();
      onSent(event.loaded);
    };
    request.onloadend = ended;
    moving();
    request.send(body);
  });
}
