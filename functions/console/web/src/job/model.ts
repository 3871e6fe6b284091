/** A job and its stages as pages know them: the API's words, wherever they were read. */
import RATES from "./stages/rates.json" with { type: "json" };

export type Status =
  | "awaiting_upload"
  | "running"
  | "awaiting_review"
  | "done"
  | "failed"
  | "cancelled";

export type StageState = "waiting" | "queued" | "running" | "done" | "failed" | "stopped";

export interface Failure {
  code: string;
  message: string;
  stage: string | null;
}

export interface Stage {
  name: string;
  state: StageState;
  done: number;
  total: number | null;
  progress: number;
  attempts: number;
  queued_at: number | null;
  started_at: number | null;
  finished_at: number | null;
  /** How long its units were worked on together, in seconds. */
  workedS: number;
  error: Failure | null;
}

/** `generation` tells one version of a result from another one of the same name. */
export interface Artefact {
  name: string;
  kind: string;
  content_type: string;
  size_bytes: number;
  generation: number;
}

/** What a person gave, or is still to give. */
export interface Input {
  name: string;
  filename: string;
  content_type: string;
  size_bytes: number;
}

/** Times are milliseconds since 1970. */
export interface Job {
  id: string;
  recipe: string;
  title: string;
  status: Status;
  epoch: number;
  revision: number;
  options: Record<string, unknown>;
  inputs: Input[];
  stages: Stage[];
  /** What the work has cost so far, older revisions of the deck included, in US dollars. */
  costUsd: number;
  artefacts: Artefact[];
  facts: Record<string, Record<string, unknown>>;
  warnings: string[];
  error: Failure | null;
  created_at: number;
  updated_at: number;
  expires_at: number;
}

export const TERMINAL: readonly Status[] = ["done", "failed", "cancelled"];

/** A document of the ledger, as Firestore gives it. */
export type Doc = Record<string, unknown>;

/** jobs/{id} and the documents of its stages → the job; null for a tombstone. */
export function jobOf(id: string, doc: Doc, stages: readonly Doc[]): Job | null {
  if (doc.status === "deleted") return null;
  const revision = Number(doc.revision ?? 0);
  const states = (doc.stages ?? {}) as Record<string, StageState>;
  return {
    id,
    recipe: String(doc.recipe),
    title: String(doc.title),
    status: doc.status as Status,
    epoch: Number(doc.epoch ?? 0),
    revision,
    options: (doc.options ?? {}) as Record<string, unknown>,
    inputs: ((doc.inputs ?? []) as Input[]).map(({ name, filename, content_type, size_bytes }) => ({
      name, filename, content_type, size_bytes,
    })),
    stages: stagesOf(states, stages),
    costUsd: stages.reduce((sum, one) => sum + costOf(String(one.stage), workedS(one)), 0),
    artefacts: ((doc.artefacts ?? []) as (Artefact & { bucket: string })[])
      // What stages hand to each other is not for people.
      .filter((one) => one.bucket === "outputs")
      .map(({ name, kind, content_type, size_bytes, generation }) => ({
        name, kind, content_type, size_bytes, generation,
      })),
    facts: (doc.facts ?? {}) as Job["facts"],
    warnings: (doc.warnings ?? []) as string[],
    error: failureOf(doc.error),
    created_at: momentOf(doc.created_at) ?? 0,
    updated_at: momentOf(doc.updated_at) ?? 0,
    expires_at: momentOf(doc.expires_at) ?? 0,
  };
}

/**
 * The job's stages. A stage may have a document for each revision: the newest counts. What the job
 * itself says of a stage is believed where no document has come yet.
 */
function stagesOf(states: Record<string, StageState>, docs: readonly Doc[]): Stage[] {
  const newest = new Map<string, Doc>();
  for (const doc of docs) {
    const name = String(doc.stage);
    const before = newest.get(name);
    if (!before || Number(before.revision) < Number(doc.revision)) newest.set(name, doc);
  }
  return inOrder(Object.keys(states)).map((name) => {
    const doc = newest.get(name);
    return doc ? stageOf(doc) : blank(name, states[name] as StageState);
  });
}

/** Firestore keeps no order in maps; this is the one of the chain. */
const CHAIN = Object.keys(RATES);

function inOrder(names: string[]): string[] {
  const place = (name: string) => {
    const at = CHAIN.indexOf(name);
    return at < 0 ? CHAIN.length : at;
  };
  return [...names].sort((one, other) => place(one) - place(other));
}

function stageOf(doc: Doc): Stage {
  const total = doc.total === null || doc.total === undefined ? null : Number(doc.total);
  const done = Number(doc.done ?? 0);
  const begun = Object.values((doc.progress ?? {}) as Record<string, number>);
  const whole = done + begun.reduce((sum, one) => sum + one, 0);
  return {
    name: String(doc.stage),
    state: doc.state as StageState,
    done,
    total,
    progress: total ? Math.min(1, whole / total) : 0,
    attempts: doc.started_at ? 1 + Number(doc.retries ?? 0) : 0,
    queued_at: momentOf(doc.queued_at),
    started_at: momentOf(doc.started_at),
    finished_at: momentOf(doc.finished_at),
    workedS: workedS(doc),
    error: failureOf(doc.error),
  };
}

function workedS(doc: Doc): number {
  return Number(doc.worked_ms ?? 0) / 1000;
}

/** So long a work of a stage at Cloud Run's list prices; as `GET /v1/usage` counts it. */
export function costOf(stage: string, seconds: number): number {
  return seconds * ((RATES as Record<string, number>)[stage] ?? 0);
}

function blank(name: string, state: StageState): Stage {
  return {
    name, state, done: 0, total: null, progress: 0, attempts: 0, queued_at: null,
    started_at: null, finished_at: null, workedS: 0, error: null,
  };
}

function failureOf(told: unknown): Failure | null {
  if (!told) return null;
  const { code, message, stage } = told as Failure;
  return { code, message, stage: stage ?? null };
}

/** Milliseconds of a Firestore timestamp, a date or RFC 3339; null where there is none. */
export function momentOf(told: unknown): number | null {
  if (told === null || told === undefined) return null;
  if (typeof told === "number") return told;
  if (typeof told === "string") return Date.parse(told);
  if (told instanceof Date) return told.getTime();
  const stamp = told as { toMillis?: () => number };
  return stamp.toMillis ? stamp.toMillis() : null;
}

/** What the API tells of a job. */
export interface JobView extends Omit<Job, "inputs" | "stages" | "facts" | "costUsd" | "artefacts"> {
  stages: (Omit<Stage, "workedS"> & { name: string })[];
  artefacts: Omit<Artefact, "generation">[];
}

/** The same out of `GET /v1/jobs/{id}`, for where nothing can be listened to. */
export function jobOfView(view: JobView): Job {
  const moments = { created_at: 0, updated_at: 0, expires_at: 0 };
  for (const name of Object.keys(moments) as (keyof typeof moments)[])
    moments[name] = momentOf(view[name]) ?? 0;
  return {
    ...view,
    ...moments,
    stages: view.stages.map((one) => ({
      ...one,
      queued_at: momentOf(one.queued_at),
      started_at: momentOf(one.started_at),
      finished_at: momentOf(one.finished_at),
      workedS: 0,
    })),
    artefacts: view.artefacts.map((one) => ({ ...one, generation: view.revision })),
    inputs: [],
    facts: {},
    costUsd: 0,
  };
}

/** The result of this name or, without one, null. */
export function artefact(job: Job, name: string): Artefact | null {
  return job.artefacts.find((one) => one.name === name) ?? null;
}

/** How far the whole job is, 0 to 1: every stage that makes something counts alike. */
export function share(job: Job): number {
  if (job.status === "done") return 1;
  const making = job.stages.filter((one) => one.name !== "notification");
  const far = making.reduce((sum, one) => sum + (one.state === "done" ? 1 : one.progress), 0);
  return making.length ? far / making.length : 0;
}
