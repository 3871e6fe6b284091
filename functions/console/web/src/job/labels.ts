/** Display names of stages, states, events and artifacts. */
import type { HistoryEvent, JobStatus, ResultKind, ServiceName, StageName, StageState } from "../contract.ts";
import { findLabel } from "../labels.ts";
import type { Artifact, Failure, Job, Wait } from "./model.ts";

const STAGE_LABELS: Readonly<Record<StageName, readonly [string, string]>> = {
  upload_trigger: ["Check upload", "Examines the upload and plans the work."],
  speech_recognition: ["Transcribe", "Recognizes what is said, with the time of each word."],
  frame_extraction: ["Extract frames", "Extracts frames at the interval that was chosen."],
  emotion_scoring: ["Analyze faces", "Finds faces, follows them and scores what they express."],
  slide_generation: ["Write slides", "Writes the slides and renders them."],
  text_to_speech: ["Generate voiceover", "Speaks the notes of every slide."],
  stitching: ["Render film", "Puts pictures and sound together."],
  notification: ["Notify", "Sends the email and calls your webhooks."],
};

export function stageLabel(name: string): string {
  return findLabel(STAGE_LABELS, name)?.[0] ?? name.replaceAll("_", " ");
}

export function stageDescription(name: string): string {
  return findLabel(STAGE_LABELS, name)?.[1] ?? "";
}

const STATUS_LABELS: Readonly<Record<JobStatus, string>> = {
  awaiting_upload: "Waiting for upload",
  queued: "Queued",
  running: "In progress",
  awaiting_review: "Needs review",
  done: "Done",
  failed: "Failed",
  cancelled: "Cancelled",
};

export function statusLabel(status: JobStatus): string {
  return STATUS_LABELS[status];
}

const STATE_LABELS: Readonly<Record<StageState, string>> = {
  waiting: "Not started",
  queued: "Queued",
  running: "In progress",
  done: "Done",
  failed: "Failed",
  stopped: "Stopped",
};

export function stateLabel(state: StageState): string {
  return STATE_LABELS[state];
}

const SERVICE_LABELS: Readonly<Record<ServiceName, string>> = {
  speech: "the speech service",
  recognition: "the speech recognition",
  model: "the language model",
  pictures: "the picture model",
  storage: "the file storage",
  database: "the database",
  mail: "the mail server",
  other: "another service",
};

/** Such as "Waiting for the speech service, next try 14:03". */
export function waitLabel(wait: Wait, locale?: string): string {
  const service = findLabel(SERVICE_LABELS, wait.service) ?? SERVICE_LABELS.other;
  const time = new Date(wait.next_try_at).toLocaleTimeString(locale, { hour: "2-digit", minute: "2-digit" });
  return `Waiting for ${service}, next try ${time}`;
}

/** An event of a job's history, as the API returns it. */

export interface JobEvent {
  at: string;
  what: string;
  epoch: number;
  details: Record<string, unknown>;
}

const EVENT_LABELS: Readonly<Record<Exclude<HistoryEvent, "stage_done">, string>> = {
  created: "You created the job",
  upload_renewed: "You replaced a file",
  redriven: "You tried the job again",
  revised: "You edited the slides",
  released: "You approved the slides",
  awaiting_review: "The slides need your review",
  done: "The job is done",
  failed: "The job failed",
  cancelled: "You cancelled the job",
  delivered: "Results were delivered",
  delivery_failed: "Results could not be delivered",
  notified: "You were notified",
};

export function eventLabel({ what, details }: JobEvent): string {
  if (what === "stage_done") return `${stageLabel(String(details.stage))}: done`;
  return findLabel(EVENT_LABELS, what) ?? what.replaceAll("_", " ");
}

/** Artifact kinds for people rather than programs, in the order of menus. */
const PRIMARY_KINDS: readonly ResultKind[] = [
  "film", "annotated", "captioned", "frames", "document", "slides", "chart", "table", "sheet", "narration", "transcript",
  "subtitles",
];
/** Kinds that are a result of the recipe `frames`, and an intermediate one of others. */
const FRAME_KINDS: readonly string[] = ["frames", "sheet"];
const FRAME_TABLE = "frames.csv";
const MAIN_KINDS: readonly string[] = ["film", "timeline"];
const DATA_TYPE = "application/json";

/** Splits artifacts into those for people, in order, and the others: data, and single pictures. */
export function groupResults(results: readonly Artifact[]): { primary: Artifact[]; secondary: Artifact[] } {
  const hasOtherResult = results.some((artifact) => MAIN_KINDS.includes(artifact.kind));
  const isIntermediate = ({ kind, name }: Artifact): boolean =>
    hasOtherResult && (FRAME_KINDS.includes(kind) || name === FRAME_TABLE);
  const forPeople = results.filter((artifact) => artifact.content_type !== DATA_TYPE && !isIntermediate(artifact));
  const primary = PRIMARY_KINDS.flatMap((kind) => forPeople.filter((artifact) => artifact.kind === kind));
  return { primary, secondary: results.filter((artifact) => !primary.includes(artifact)) };
}

const RESULT_LABELS: Readonly<Record<ResultKind, string>> = {
  film: "Film",
  annotated: "Video with boxes and labels",
  poster: "Poster of the film",
  narration: "Narration, as sound",
  subtitles: "Subtitles",
  chapters: "Chapters",
  deck: "Slides, as data",
  slides: "Slides as pictures",
  document: "Slides as a document",
  frames: "All frames",
  manifest: "Times of the frames, as data",
  table: "Table for spreadsheets",
  sheet: "Contact sheet",
  timeline: "Emotion timeline, as data",
  cues: "Emotion timeline as a track for players",
  chart: "Emotion timeline as a picture",
  moment: "Strongest moment",
  media_info: "Media information",
  transcript: "Transcript",
  captioned: "Video with captions",
};

/** Artifacts whose kind is not unique are distinguished by name. */
const FILE_LABELS: Record<string, string> = {
  "frames.csv": "Times of the frames, as a table",
  "emotions.csv": "Emotion timeline, as a table",
  "captioned.mp4": "Video with a subtitle track",
  "captioned.mkv": "Video with a subtitle track (Matroska)",
  "burned.mp4": "Video with burned-in captions",
  "captions.vtt": "Captions for players (WebVTT)",
  "captions.srt": "Captions for editors (SubRip)",
  "transcript.txt": "Transcript, as text",
  "transcript.json": "Transcript, with the time of each word",
  "scenes.csv": "Scenes, as a table",
  "deck.pdf": "Slides as a PDF",
  "deck.pptx": "Slides for PowerPoint, with the narration as notes",
};

export function resultLabel(artifact: Artifact): string {
  return FILE_LABELS[artifact.name] ?? findLabel(RESULT_LABELS, artifact.kind) ?? artifact.name;
}

/** Errors that a retry cannot resolve: another file or another job is needed. */
const NOT_RETRYABLE = new Set(["source-expired", "wrong-upload", "prohibited-purpose", "invalid-option"]);

/** What the user can do about a failure; `retryable` says if a retry may help. */
export function remedy(error: Failure, job: Job): { retryable: boolean; advice: string } {
  if (NOT_RETRYABLE.has(error.code))
    return { retryable: false, advice: "This job cannot be resumed. Create a new one." };
  if (error.stage === "upload_trigger")
    return {
      retryable: false,
      advice: "Choose another file. The job continues with it, with the same settings.",
    };
  if (job.artifacts.some((artifact) => artifact.kind === "deck"))
    return {
      retryable: true,
      advice: "Try again, or edit the slides first. Finished work is kept.",
    };
  return { retryable: true, advice: "Try again. Finished work is kept; only the rest runs." };
}

const INPUT_LABELS: Readonly<Record<string, string>> = {
  video: "Video", media: "Video or sound", prompt: "Source material", music: "Music", picture: "Picture", sound: "Sound",
};

/** Such as "Video", or "Picture 2" for `picture_2`. */
export function inputLabel(name: string): string {
  const [, stem = name, number = ""] = /^([a-z]+)[_-]?(\d*)$/.exec(name) ?? [];
  return `${INPUT_LABELS[stem] ?? stem}${number && ` ${number}`}`;
}
