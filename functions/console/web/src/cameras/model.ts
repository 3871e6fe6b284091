/** Types of the cameras and recordings API. */

import type { CameraState, CopyState, Playback, RecipeName, RecordingEndReason, RecordingState } from "../contract.ts";

export interface CameraError {
  code: string;
  message: string;
  at: string | null;
}

export interface Camera {
  id: string;
  name: string;
  source: { kind: string; address: string; credentials: boolean };
  created_at: string;
  status: {
    state: CameraState;
    recording: boolean;
    /** Ids of the running recordings. */
    recordings: string[];
    elapsed_s: number;
    fps: number | null;
    width: number | null;
    height: number | null;
    codec: string | null;
    size_bytes: number;
    dropped_frames: number;
    last_error: CameraError | null;
    updated_at: string | null;
  };
}

export interface Clip {
  duration_sec: number;
  size_bytes: number;
  fps: number | null;
  width: number | null;
  height: number | null;
  codec: string;
  content_type: string;
  /** Where the clip itself plays. */
  plays_in: Playback;
  gaps: { start_s: number; duration_s: number }[];
}

/** The copy of a clip that no browser plays. */
export interface BrowserCopy {
  state: CopyState;
  /** 0 to 1. */
  progress: number;
  error: { code: string; message: string } | null;
  size_bytes: number | null;
  width: number | null;
  height: number | null;
}

export interface Recording {
  id: string;
  title: string;
  camera: string;
  state: RecordingState;
  created_at: string;
  started_at: string | null;
  ended_at: string | null;
  ended_by: RecordingEndReason | null;
  elapsed_s: number;
  size_bytes: number;
  fps: number | null;
  dropped_frames: number;
  recipe: RecipeName | null;
  job: string | null;
  error: CameraError | null;
  clip: Clip | null;
  browser_copy: BrowserCopy | null;
  expires_at: string;
}

/** A preview URL. It needs no sign-in and expires. */
export interface PreviewToken {
  url: string;
  expires_at: string;
  viewers: number;
  viewers_most: number;
}

/** Whether a copy is waited for. */
export const isCopying = ({ browser_copy }: Recording): boolean =>
  browser_copy?.state === "waiting" || browser_copy?.state === "running";

/** Whether browsers play only a copy of the clip. */
export const needsCopy = ({ clip }: Recording): boolean => clip?.plays_in === "no-browser";

/** Whether the clip, or its copy, can be played. */
export const isPlayable = (recording: Recording): boolean =>
  recording.clip !== null && (!needsCopy(recording) || recording.browser_copy?.state === "done");

export const isRunning = (recording: Recording): boolean => recording.state !== "done" && recording.state !== "failed";
