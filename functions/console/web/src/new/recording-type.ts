/** Media types and file names of webcam recordings, and error messages of the camera. */

/** In order of preference: MP4 plays everywhere. */
const RECORDING_TYPES = [
  "video/mp4;codecs=avc1.42E01E,mp4a.40.2",
  "video/mp4",
  "video/webm;codecs=vp9,opus",
  "video/webm;codecs=vp8,opus",
  "video/webm",
] as const;

/** The first supported media type; empty if there is none. */
export const recordingType = (isSupported: (type: string) => boolean): string =>
  RECORDING_TYPES.find(isSupported) ?? "";

export const extensionOf = (type: string): string => (type.startsWith("video/mp4") ? "mp4" : "webm");

/** `webcam 2026-11-26 14.05.09.webm`, in local time. */
export function recordingFilename(type: string, at: Date): string {
  const pad = (value: number): string => String(value).padStart(2, "0");
  const day = `${at.getFullYear()}-${pad(at.getMonth() + 1)}-${pad(at.getDate())}`;
  const time = [at.getHours(), at.getMinutes(), at.getSeconds()].map(pad).join(".");
  return `webcam ${day} ${time}.${extensionOf(type)}`;
}

const CAMERA_ERRORS: Readonly<Record<string, string>> = {
  NotAllowedError: "The browser may not use the camera. Allow it beside the address, then try again.",
  NotFoundError: "No camera was found. Plug one in, then try again.",
  NotReadableError: "Another program is using the camera. Close it, then try again.",
  OverconstrainedError: "This camera cannot do that. Choose another one.",
};

export const cameraErrorMessage = (error: unknown): string =>
  CAMERA_ERRORS[(error as { name?: string } | null)?.name ?? ""] ?? "The camera could not be opened. Try again.";
