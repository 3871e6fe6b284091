// Rendered by infra/tools/render.py; do not edit.

/** The recipes: inputs, and options with their types and defaults. */
export const RECIPES = {
  frames: {
    consent: false,
    inputs: { video: { kinds: ["video"], optional: false, maxCount: 1 } },
    options: {
      every: { type: "seconds", default: "1" },
      start: { type: "seconds", default: "0" },
      end: { type: "seconds", default: null },
      max_width: { type: "integer", default: null, min: 16, max: 16384 },
      format: { type: "choice", default: "jpeg", choices: ["jpeg", "png"] },
      quality: { type: "integer", default: 90, min: 1, max: 100 },
    },
  },
  emotions: {
    consent: "required",
    inputs: { video: { kinds: ["video"], optional: false, maxCount: 1 } },
    options: {
      every: { type: "seconds", default: "1" },
      start: { type: "seconds", default: "0" },
      end: { type: "seconds", default: null },
      max_width: { type: "integer", default: null, min: 16, max: 16384 },
      format: { type: "choice", default: "jpeg", choices: ["jpeg", "png"] },
      quality: { type: "integer", default: 90, min: 1, max: 100 },
      smooth: { type: "boolean", default: true },
      mirror: { type: "boolean", default: true },
      annotate: { type: "boolean", default: false },
      transcript: { type: "boolean", default: false },
    },
  },
  recap: {
    consent: "optional",
    inputs: {
      video: { kinds: ["video"], optional: false, maxCount: 1 },
      music: { kinds: ["audio"], optional: true, maxCount: 1 },
    },
    options: {
      every: { type: "seconds", default: "1" },
      start: { type: "seconds", default: "0" },
      end: { type: "seconds", default: null },
      max_width: { type: "integer", default: null, min: 16, max: 16384 },
      format: { type: "choice", default: "jpeg", choices: ["jpeg", "png"] },
      quality: { type: "integer", default: 90, min: 1, max: 100 },
      smooth: { type: "boolean", default: true },
      mirror: { type: "boolean", default: true },
      annotate: { type: "boolean", default: false },
      transcript: { type: "boolean", default: false },
      slides: { type: "integer", default: 8, min: 3, max: 40 },
      language: { type: "text", default: "" },
      tone: { type: "text", default: "", maxChars: 80 },
      audience: { type: "text", default: "", maxChars: 160 },
      aspect: { type: "choice", default: "16:9", choices: ["16:9", "9:16", "1:1"] },
      theme: {
        type: "choice",
        default: "midnight",
        choices: ["midnight", "paper", "meadow", "ember", "slate", "chalk", "studio", "coral"],
      },
      resolution: { type: "choice", default: "720p", choices: ["720p", "1080p"] },
      voice: { type: "text", default: "" },
      speed: { type: "number", default: 1.0, min: 0.25, max: 2.0 },
      pitch: { type: "number", default: 0.0, min: -20.0, max: 20.0 },
      pictures: { type: "choice", default: "all", choices: ["all", "own", "none"] },
      stop_at: { type: "choice", default: "film", choices: ["film", "deck"] },
      transition: { type: "choice", default: "cut", choices: ["cut", "fade"] },
      subtitles: { type: "choice", default: "soft", choices: ["soft", "burned"] },
      motion: { type: "choice", default: "none", choices: ["none", "gentle"] },
      length: { type: "integer", default: 60, min: 15, max: 180 },
      moments: { type: "integer", default: 6, min: 1, max: 6 },
      footage: { type: "choice", default: "clips", choices: ["clips", "stills"] },
      sound: { type: "choice", default: "both", choices: ["both", "original", "narrated"] },
    },
  },
  presentation: {
    consent: false,
    inputs: {
      prompt: { kinds: ["text"], optional: false, maxCount: 1 },
      music: { kinds: ["audio"], optional: true, maxCount: 1 },
      picture: { kinds: ["image"], optional: true, maxCount: 12 },
    },
    options: {
      slides: { type: "integer", default: 8, min: 3, max: 40 },
      language: { type: "text", default: "" },
      tone: { type: "text", default: "", maxChars: 80 },
      audience: { type: "text", default: "", maxChars: 160 },
      aspect: { type: "choice", default: "16:9", choices: ["16:9", "9:16", "1:1"] },
      theme: {
        type: "choice",
        default: "midnight",
        choices: ["midnight", "paper", "meadow", "ember", "slate", "chalk", "studio", "coral"],
      },
      resolution: { type: "choice", default: "720p", choices: ["720p", "1080p"] },
      voice: { type: "text", default: "" },
      speed: { type: "number", default: 1.0, min: 0.25, max: 2.0 },
      pitch: { type: "number", default: 0.0, min: -20.0, max: 20.0 },
      pictures: { type: "choice", default: "all", choices: ["all", "own", "none"] },
      stop_at: { type: "choice", default: "film", choices: ["film", "deck"] },
      transition: { type: "choice", default: "cut", choices: ["cut", "fade"] },
      subtitles: { type: "choice", default: "soft", choices: ["soft", "burned"] },
      motion: { type: "choice", default: "none", choices: ["none", "gentle"] },
    },
  },
  still: {
    consent: false,
    inputs: {
      picture: { kinds: ["image"], optional: false, maxCount: 1 },
      sound: { kinds: ["audio"], optional: false, maxCount: 1 },
    },
    options: {
      shape: { type: "choice", default: "picture", choices: ["picture", "16:9", "9:16", "1:1"] },
      resolution: { type: "choice", default: "1080p", choices: ["720p", "1080p"] },
      loudness: { type: "choice", default: "keep", choices: ["keep", "even"] },
      motion: { type: "choice", default: "none", choices: ["none", "gentle"] },
    },
  },
  captions: {
    consent: false,
    inputs: { media: { kinds: ["video", "audio"], optional: false, maxCount: 1 } },
    options: {
      language: { type: "text", default: "auto" },
      video: { type: "choice", default: "none", choices: ["none", "soft", "burned", "both"] },
    },
  },
} as const;

/** Colours of the slide themes. */
export const THEMES = {
  midnight: { from: "#0a0f24", to: "#161d42", text: "#ffffff", accent: "#5eead4" },
  paper: { from: "#fcf8f0", to: "#f6eede", text: "#2a201a", accent: "#96361e" },
  meadow: { from: "#f4fbf5", to: "#e0f3e7", text: "#0e3b2c", accent: "#09623f" },
  ember: { from: "#190e12", to: "#351320", text: "#fff5ee", accent: "#ffa564" },
  slate: { from: "#ffffff", to: "#f2f5f9", text: "#13263e", accent: "#1a5ec8" },
  chalk: { from: "#223530", to: "#192723", text: "#f7f4e6", accent: "#f3c653" },
  studio: { from: "#f7f6f2", to: "#f2f0ea", text: "#111111", accent: "#c4122f" },
  coral: { from: "#fff6f0", to: "#ffe9dd", text: "#4a1526", accent: "#a8243f" },
} as const;

/** The stages in pipeline order, with the cost of a second of work in US dollars. */
export const STAGE_USD_PER_S = {
  upload_trigger: 2.9e-05,
  speech_recognition: 2.65e-05,
  frame_extraction: 2.65e-05,
  emotion_scoring: 2.65e-05,
  slide_generation: 2.65e-05,
  text_to_speech: 2.525e-05,
  stitching: 2.9e-05,
  notification: 2.4625e-05,
} as const;

/** Typical share of the work of a job, relative to its other stages. */
export const STAGE_WEIGHTS = {
  upload_trigger: 1,
  speech_recognition: 6,
  frame_extraction: 4,
  emotion_scoring: 12,
  slide_generation: 4,
  text_to_speech: 3,
  stitching: 8,
  notification: 0,
} as const;

/** Typical share of the work of a stage that its join does. */
export const JOIN_SHARES = {
  upload_trigger: 0.1,
  speech_recognition: 0.1,
  frame_extraction: 0.1,
  emotion_scoring: 0.2,
  slide_generation: 0.4,
  text_to_speech: 0.05,
  stitching: 0.1,
  notification: 0,
} as const;

/** Limits of the API's fields. */
export const LIMITS = {
  password: { minChars: 10, maxChars: 128 },
  maxNameChars: 100,
  maxTitleChars: 200,
  maxPromptChars: 100000,
  maxPurposeChars: 200,
  maxRewriteChars: 1000,
  maxWebhookUrlChars: 500,
  maxKeyNameChars: 80,
  camera: { maxNameChars: 100, maxUrlChars: 500, maxDevice: 15, maxPreRollS: 10 },
  deck: {
    minSlides: 3,
    maxSlides: 40,
    maxTitleChars: 120,
    maxHeadingChars: 120,
    maxBullets: 6,
    maxBulletChars: 240,
    maxLabelChars: 40,
    maxNotesChars: 5000,
    maxTotalNotesChars: 60000,
  },
} as const;

/** A reading is uncertain when its two highest probabilities differ by less than this. */
export const UNCERTAIN_MARGIN = 0.15 as const;

/** Separates the prompt from the source text. */
export const PROMPT_SEPARATOR = "\f" as const;

export type RecipeName = keyof typeof RECIPES;
export type OptionName<R extends RecipeName> = keyof (typeof RECIPES)[R]["options"];
/** The choices of an option, such as "cut" | "fade". */
export type Choice<R extends RecipeName, O extends OptionName<R>> =
  (typeof RECIPES)[R]["options"][O] extends { choices: readonly (infer C)[] } ? C : never;
export type Theme = keyof typeof THEMES;
export type StageName = keyof typeof STAGE_USD_PER_S;

export const JOB_STATUSES = ["awaiting_upload", "queued", "running", "awaiting_review", "done", "failed", "cancelled"] as const;
export type JobStatus = (typeof JOB_STATUSES)[number];

export const JOB_OUTCOMES = ["done", "failed", "cancelled"] as const;
export type JobOutcome = (typeof JOB_OUTCOMES)[number];

export const STAGE_STATES = ["waiting", "queued", "running", "done", "failed", "stopped"] as const;
export type StageState = (typeof STAGE_STATES)[number];

export const SERVICES = ["speech", "model", "recognition", "pictures", "storage", "database", "mail", "other"] as const;
export type ServiceName = (typeof SERVICES)[number];

export const HISTORY_EVENTS = [
  "created",
  "upload_renewed",
  "stage_done",
  "redriven",
  "revised",
  "released",
  "notified",
  "delivered",
  "delivery_failed",
  "awaiting_review",
  "done",
  "failed",
  "cancelled",
] as const;
export type HistoryEvent = (typeof HISTORY_EVENTS)[number];

export const RESULT_KINDS = [
  "film",
  "annotated",
  "poster",
  "narration",
  "subtitles",
  "chapters",
  "deck",
  "slides",
  "document",
  "frames",
  "manifest",
  "table",
  "sheet",
  "timeline",
  "cues",
  "chart",
  "moment",
  "media_info",
  "transcript",
  "captioned",
] as const;
export type ResultKind = (typeof RESULT_KINDS)[number];

export const SLIDE_LAYOUTS = [
  "title",
  "bullets",
  "picture",
  "statement",
  "chart",
  "closing",
  "columns",
  "number",
  "quote",
  "comparison",
  "timeline",
  "process",
] as const;
export type SlideLayout = (typeof SLIDE_LAYOUTS)[number];

export const CHART_KINDS = ["bar", "line", "donut"] as const;
export type ChartKind = (typeof CHART_KINDS)[number];

export const INPUT_KINDS = ["video", "audio", "text", "image"] as const;
export type InputKind = (typeof INPUT_KINDS)[number];

export const EMOTIONS = ["happy", "surprise", "neutral", "sad", "fear", "disgust", "angry"] as const;
export type Emotion = (typeof EMOTIONS)[number];

export const CAMERA_STATES = ["idle", "connecting", "connected", "reconnecting", "failed"] as const;
export type CameraState = (typeof CAMERA_STATES)[number];

export const COPY_STATES = ["waiting", "running", "done", "failed"] as const;
export type CopyState = (typeof COPY_STATES)[number];

export const PLAYBACKS = ["all-browsers", "some-browsers", "no-browser"] as const;
export type Playback = (typeof PLAYBACKS)[number];

export const RECORDING_STATES = ["starting", "recording", "reconnecting", "stopping", "joining", "done", "failed"] as const;
export type RecordingState = (typeof RECORDING_STATES)[number];

export const RECORDING_END_REASONS = ["stop", "max-duration", "max-bytes", "source-lost", "recorder-lost"] as const;
export type RecordingEndReason = (typeof RECORDING_END_REASONS)[number];

export const EMAIL_STATES = ["sending", "sent", "refused"] as const;
export type EmailState = (typeof EMAIL_STATES)[number];

export const WEBHOOK_EVENTS = [
  "job.done",
  "job.failed",
  "job.cancelled",
  "job.started",
  "job.awaiting_review",
  "job.delivered",
  "job.delivery_failed",
  "recording.done",
  "recording.failed",
  "export.ready",
] as const;
export type WebhookEvent = (typeof WEBHOOK_EVENTS)[number];

export const WEBHOOK_ERRORS = [
  "unfit-url",
  "private-address",
  "name-not-found",
  "timeout",
  "connection-refused",
  "connection-lost",
  "certificate",
  "tls",
  "no-http",
] as const;
export type WebhookError = (typeof WEBHOOK_ERRORS)[number];

export const KEY_SCOPES = [
  "jobs:read",
  "jobs:write",
  "cameras:read",
  "cameras:write",
  "webhooks:read",
  "webhooks:write",
  "account:read",
  "account:write",
] as const;
export type KeyScope = (typeof KEY_SCOPES)[number];

export const DELIVERY_STATES = ["open", "leased", "done", "failed"] as const;
export type DeliveryState = (typeof DELIVERY_STATES)[number];

export const DATA_REQUEST_PHASES = ["making", "ready", "expired", "locking", "removing", "checking", "closing", "erased"] as const;
export type DataRequestPhase = (typeof DATA_REQUEST_PHASES)[number];
