/** Text for cameras and recordings. No DOM. */
import type { RecordingEndReason, RecordingState } from "../contract.ts";
import { formatBytes, formatClock, formatDuration } from "../format.ts";
import { findLabel } from "../labels.ts";
import type { Camera, Recording } from "./model.ts";

export interface StatusLabel {
  label: string;
  /** CSS class of the status badge. */
  tone: "" | "done" | "failed" | "awaiting_review" | "cancelled";
}

export function cameraStatus({ status }: Camera): StatusLabel {
  switch (status.state) {
    case "idle":
      return { label: "Off", tone: "cancelled" };
    case "connecting":
      return { label: "Connecting", tone: "" };
    case "connected":
      return { label: "Connected", tone: "done" };
    case "reconnecting":
      return { label: "Lost, trying again", tone: "awaiting_review" };
    case "failed":
      return { label: "Not reached", tone: "failed" };
  }
}

/** `1920 × 1080 · 25 fps · h264`; unknown values are left out. */
export function pictureLabel({ width, height, fps, codec }: Camera["status"]): string {
  const size = width && height ? `${width} × ${height}` : "";
  const rate = fps ? `${Math.round(fps * 10) / 10} fps` : "";
  return [size, rate, codec ?? ""].filter(Boolean).join(" · ");
}

const STATE_LABELS: Readonly<Record<RecordingState, StatusLabel>> = {
  starting: { label: "Starting", tone: "" },
  recording: { label: "Recording", tone: "failed" },
  reconnecting: { label: "Camera lost, trying again", tone: "awaiting_review" },
  stopping: { label: "Stopping", tone: "" },
  joining: { label: "Being put together", tone: "" },
  done: { label: "Done", tone: "done" },
  failed: { label: "Failed", tone: "failed" },
};

export const recordingStatus = ({ state }: Recording): StatusLabel => STATE_LABELS[state];

const END_REASONS: Readonly<Record<RecordingEndReason, string>> = {
  stop: "",
  "max-duration": "Ended at its longest duration.",
  "max-bytes": "Ended at its largest size.",
  "source-lost": "Ended because the camera was lost; what came before is there.",
  "recorder-lost": "Ended because the recorder was lost; what came before is there.",
};

/** Notes about a clip: why it ended, missing parts, dropped frames. */
export function recordingNotes(recording: Recording): string[] {
  const gaps = recording.clip?.gaps ?? [];
  const missingS = gaps.reduce((sum, gap) => sum + gap.duration_s, 0);
  return [
    (recording.ended_by && findLabel(END_REASONS, recording.ended_by)) ?? "",
    gaps.length
      ? `${formatDuration(missingS)} are missing, at ${gaps.map((gap) => formatClock(gap.start_s)).join(", ")}: the camera was away.`
      : "",
    recording.dropped_frames
      ? `${recording.dropped_frames} ${recording.dropped_frames === 1 ? "frame was" : "frames were"} dropped.`
      : "",
  ].filter(Boolean);
}

/** What the copy for browsers is doing; "" when nothing is waited for. */
export function copyLabel({ browser_copy }: Recording): string {
  if (browser_copy?.state === "waiting") return "A copy for browsers is waiting to be prepared.";
  if (browser_copy?.state === "running")
    return `Preparing a copy for browsers … ${Math.floor(browser_copy.progress * 100)} %`;
  return "";
}

/** `0:20 · 10.2 MB · 1920 × 1080`. */
export function clipLabel({ clip, elapsed_s, size_bytes }: Recording): string {
  if (!clip) return [formatClock(elapsed_s), size_bytes ? formatBytes(size_bytes) : ""].filter(Boolean).join(" · ");
  const size = clip.width && clip.height ? `${clip.width} × ${clip.height}` : "";
  return [formatClock(clip.duration_sec), formatBytes(clip.size_bytes), size].filter(Boolean).join(" · ");
}

/** Elapsed seconds of a recording, extrapolated between updates, which come every second or two. */
export function elapsedNow(elapsed_s: number, updatedAt: string | null, now: number, ticking: boolean): number {
  if (!ticking || !updatedAt) return elapsed_s;
  // At most 5 s: the client's clock may be wrong.
  return elapsed_s + Math.min(5, Math.max(0, (now - Date.parse(updatedAt)) / 1000));
}
