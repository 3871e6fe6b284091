/** What is said of cameras and recordings. Pure. */
import { bytes, clock, duration } from "../words.ts";
import type { Camera, Recording } from "./model.ts";

export interface Said {
  words: string;
  /** A badge's class: how good it is. */
  tone: "" | "done" | "failed" | "awaiting_review" | "cancelled";
}

export function cameraSaid({ status }: Camera): Said {
  switch (status.state) {
    case "idle":
      return { words: "Off", tone: "cancelled" };
    case "connecting":
      return { words: "Connecting", tone: "" };
    case "connected":
      return { words: "Connected", tone: "done" };
    case "reconnecting":
      return { words: "Lost, trying again", tone: "awaiting_review" };
    case "failed":
      return { words: "Not reached", tone: "failed" };
  }
}

/** `1920 × 1080 · 25 fps · h264`, as far as it is known. */
export function pictureWords({ width, height, fps, codec }: Camera["status"]): string {
  const size = width && height ? `${width} × ${height}` : "";
  const rate = fps ? `${Math.round(fps * 10) / 10} fps` : "";
  return [size, rate, codec ?? ""].filter(Boolean).join(" · ");
}

const STATES: Readonly<Record<Recording["state"], Said>> = {
  starting: { words: "Starting", tone: "" },
  recording: { words: "Recording", tone: "failed" },
  reconnecting: { words: "Camera lost, trying again", tone: "awaiting_review" },
  stopping: { words: "Stopping", tone: "" },
  joining: { words: "Being put together", tone: "" },
  done: { words: "Done", tone: "done" },
  failed: { words: "Failed", tone: "failed" },
};

export const recordingSaid = ({ state }: Recording): Said => STATES[state];

const ENDS: Readonly<Record<string, string>> = {
  stop: "",
  "max-duration": "Ended at its longest duration.",
  "max-bytes": "Ended at its largest size.",
  "source-lost": "Ended because the camera was lost; what came before is there.",
};

/** What is to be known of a clip besides its length: why it ended, what is missing, what was dropped. */
export function remarks(one: Recording): string[] {
  const gaps = one.clip?.gaps ?? [];
  const missing = gaps.reduce((sum, gap) => sum + gap.duration_s, 0);
  return [
    ENDS[one.ended_by ?? ""] ?? "",
    gaps.length
      ? `${duration(missing)} are missing, at ${gaps.map((gap) => clock(gap.start_s)).join(", ")}: the camera was away.`
      : "",
    one.dropped_frames ? `${one.dropped_frames} ${one.dropped_frames === 1 ? "frame was" : "frames were"} dropped.` : "",
  ].filter(Boolean);
}

/** `0:20 · 10.2 MB · 1920 × 1080`. */
export function clipWords({ clip, elapsed_s, size_bytes }: Recording): string {
  if (!clip) return [clock(elapsed_s), size_bytes ? bytes(size_bytes) : ""].filter(Boolean).join(" · ");
  const size = clip.width && clip.height ? `${clip.width} × ${clip.height}` : "";
  return [clock(clip.duration_sec), bytes(clip.size_bytes), size].filter(Boolean).join(" · ");
}

/** How long a recording runs by now: the function tells it every second or two, the page ticks between. */
export function elapsedNow(told_s: number, at: string | null, now: number, ticking: boolean): number {
  if (!ticking || !at) return told_s;
  // A clock that is set wrong must not run away with it.
  return told_s + Math.min(5, Math.max(0, (now - Date.parse(at)) / 1000));
}
