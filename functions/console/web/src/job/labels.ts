/** Display names of stages, states, events and artifacts. */
import type { HistoryEvent, JobStatus, ResultKind, ServiceName, StageName, StageState } from "../contract.ts";
import { findLabel } from "../labels.ts";
import type { Artifact, Failure, Job, Wait } from "./model.ts";

const STAGE_LABELS: Readonly<Record<StageName, readonly [string, string]>> = {
  upload_trigger: ["Check the upload", "Looks at what was uploaded and plans the work."],
  speech_recognition: ["Listen", "Writes down what is said, with the time of each word."],
  frame_extraction: ["Pick frames", "Takes the pictures that were asked for out of the video."],
  emotion_scoring: ["Read faces", "Finds faces, follows them and scores what they express."],
  slide_generation: ["Write the slides", "Writes the deck and draws it."],
  text_to_speech: ["Speak", "Speaks the notes of every slide."],
  stitching: ["Make the film", "Puts pictures and sound together."],
  notification: ["Tell you", "Sends the e-mail and calls your servers."],
};

export function stageLabel(name: string): string {
  return findLabel(STAGE_LABELS, name)?.[0] ?? name.replaceAll("_", " ");
}

export function stageDescription(name: string): string {
  return findLabel(STAGE_LABELS, name)?.[1] ?? "";
}

const STATUS_LABELS: Readonly<Record<JobStatus, string>> = {
  awaiting_upload: "Waiting for the upload",
  queued: "Waiting for your other jobs",
  running: "Working",
  awaiting_review: "Your turn: look at the deck",
  done: "Done",
  failed: "Failed",
  cancelled: "Cancelled",
};

export function statusLabel(status: JobStatus): string {
  return STATUS_LABELS[status];
}

const STATE_LABELS: Readonly<Record<StageState, string>> = {
  waiting: "Not yet",
  queued: "Waiting",
  running: "Working",
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
  upload_renewed: "You gave another file",
  redriven: "You had it tried again",
  revised: "You edited the deck",
  released: "You let the film be made",
  awaiting_review: "The deck waits for you",
  done: "Everything was done",
  failed: "The job failed",
  cancelled: "You cancelled the job",
  notified: "You were told",
};

export function eventLabel({ what, details }: JobEvent): string {
  if (what === "stage_done") return `${stageLabel(String(details.stage))}: done`;
  return findLabel(EVENT_LABELS, what) ?? what.replaceAll("_", " ");
}

/** Artifact kinds shown first, in this order. */
const PRIMARY_KINDS: readonly ResultKind[] = ["film", "annotated", "frames", "document", "slides", "timeline", "table", "chart", "sheet", "subtitles", "captioned", "transcript"];

/** Splits artifacts into the primary ones, in order, and the others. */
export function groupResults(results: readonly Artifact[]): { primary: Artifact[]; secondary: Artifact[] } {
  const primary = PRIMARY_KINDS.flatMap((kind) => results.filter((artifact) => artifact.kind === kind));
  return { primary, secondary: results.filter((artifact) => !primary.includes(artifact)) };
}

const RESULT_LABELS: Readonly<Record<ResultKind, string>> = {
  film: "The film",
  annotated: "The video with boxes and labels",
  poster: "The film's poster",
  subtitles: "Subtitles",
  chapters: "Chapters",
  deck: "The deck, as data",
  slides: "All slides as pictures",
  document: "The slides as a document",
  frames: "All frames",
  manifest: "The frames' times, as data",
  table: "A table for spreadsheets",
  sheet: "Contact sheet",
  timeline: "The timeline, as data",
  cues: "The timeline as a track for players",
  chart: "The timeline as a picture",
  moment: "A strongest moment",
  media_info: "What was found in the file",
  transcript: "What is said",
  captioned: "The video with captions",
};

/** Artifacts whose kind is not unique are distinguished by name. */
const FILE_LABELS: Record<string, string> = {
  "frames.csv": "The frames' times, as a table",
  "emotions.csv": "The timeline, as a table",
  "captioned.mp4": "The video with a subtitle track",
  "captioned.mkv": "The video with a subtitle track (Matroska)",
  "burned.mp4": "The video with the captions in its pictures",
  "captions.vtt": "Captions for players (WebVTT)",
  "captions.srt": "Captions for editors (SubRip)",
  "transcript.txt": "What is said, as text",
  "transcript.json": "What is said, with the time of each word",
  "scenes.csv": "The scenes, as a table",
  "deck.pdf": "The slides as a PDF",
  "deck.pptx": "The slides for PowerPoint, with the narration as notes",
};

export function resultLabel(artifact: Artifact): string {
  return FILE_LABELS[artifact.name] ?? findLabel(RESULT_LABELS, artifact.kind) ?? artifact.name;
}

/** Errors that a retry cannot resolve: another file or another job is needed. */
const NOT_RETRYABLE = new Set(["source-expired", "wrong-upload", "prohibited-purpose", "invalid-option"]);

/** What the user can do about a failure; `retryable` says if a retry may help. */
export function remedy(error: Failure, job: Job): { retryable: boolean; advice: string } {
  if (NOT_RETRYABLE.has(error.code))
    return { retryable: false, advice: "Begin a new job; this one cannot be taken up again." };
  if (error.stage === "upload_trigger")
    return {
      retryable: false,
      advice: "Give it another file: the job goes on with that one, and its options stay.",
    };
  if (job.artifacts.some((artifact) => artifact.kind === "deck"))
    return {
      retryable: true,
      advice: "Try again, or edit the deck first. What is finished is kept.",
    };
  return { retryable: true, advice: "Try again: what is finished is kept, and only the rest is done." };
}
