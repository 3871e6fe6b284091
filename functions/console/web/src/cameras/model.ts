/** Types of the cameras and recordings API. */

import type { CameraState, RecipeName, RecordingEndReason, RecordingState } from "../contract.ts";

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
  content_type: string;
  gaps: { start_s: number; duration_s: number }[];
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
  expires_at: string;
}

/** A preview URL. It needs no sign-in and expires. */
export interface PreviewToken {
  url: string;
  expires_at: string;
  viewers: number;
  viewers_most: number;
}

export const isRunning = (recording: Recording): boolean => recording.state !== "done" && recording.state !== "failed";
