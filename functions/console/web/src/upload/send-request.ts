/** Sends bytes to the bucket by XMLHttpRequest: fetch() reports no upload progress. */
import type { ChunkResponse } from "./protocol.ts";

/** A connection without progress for this long counts as lost. */
const STALL_TIMEOUT_MS = 30_000;

export interface UploadResponse extends ChunkResponse {
  location: string;
}

/** Resolves with status 0 on network errors. Rejects with AbortError. */
export function sendRequest(
  method: string,
  url: string,
  headers: Readonly<Record<string, string>>,
  body: Blob | null,
  signal: AbortSignal,
  onSent: (bytes: number) => void = () => undefined,
): Promise<UploadResponse> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    let stallTimer: ReturnType<typeof setTimeout> | undefined;
    const abort = (): void => request.abort();
    const restartTimer = (): void => {
      clearTimeout(stallTimer);
      stallTimer = setTimeout(abort, STALL_TIMEOUT_MS);
    };
    const onEnd = (): void => {
      clearTimeout(stallTimer);
      signal.removeEventListener("abort", abort);
      if (signal.aborted) {
        reject(signal.reason);
        return;
      }
      const answered = request.status > 0;
      resolve({
        status: request.status,
        range: answered ? (request.getResponseHeader("Range") ?? "") : "",
        location: answered ? (request.getResponseHeader("Location") ?? "") : "",
      });
    };
    if (signal.aborted) {
      reject(signal.reason);
      return;
    }
    signal.addEventListener("abort", abort);
    request.open(method, url);
    for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value);
    request.upload.onprogress = (event) => {
      restartTimer();
      onSent(event.loaded);
    };
    request.onloadend = onEnd;
    restartTimer();
    request.send(body);
  });
}
