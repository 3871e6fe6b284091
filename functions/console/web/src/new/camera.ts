/** What a browser records with its camera, and what it says when it will not. */

/** The best first: MP4 can be played everywhere. */
const KINDS = ["video/mp4;codecs=avc1.42E01E,mp4a.40.2", "video/mp4", "video/webm;codecs=vp9,opus", "video/webm;codecs=vp8,opus", "video/webm"] as const;

/** A media type that `supported` takes; "" for none. */
export const kindToRecord = (supported: (kind: string) => boolean): string => KINDS.find(supported) ?? "";

export const endOf = (kind: string): string => (kind.startsWith("video/mp4") ? "mp4" : "webm");

/** `webcam 2026-11-26 14.05.09.webm`, in the person's own time. */
export function nameOf(kind: string, at: Date): string {
  const two = (value: number): string => String(value).padStart(2, "0");
  const day = `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())}`;
  const time = [at.getHours(), at.getMinutes(), at.getSeconds()].map(two).join(".");
  return `webcam ${day} ${time}.${endOf(kind)}`;
}

const REFUSALS: Readonly<Record<string, string>> = {
  NotAllowedError: "The browser may not use the camera. Allow it beside the address, then try again.",
  NotFoundError: "No camera was found. Plug one in, then try again.",
  NotReadableError: "Another program is using the camera. Close it, then try again.",
  OverconstrainedError: "This camera cannot do that. Choose another one.",
};

export const refusal = (fault: unknown): string =>
  REFUSALS[(fault as { name?: string } | null)?.name ?? ""] ?? "The camera could not be opened. Try again.";
