/** The model of a job and its stages, from Firestore documents or from the API. */
import { type JobStatus, type ServiceName, type StageState, JOB_OUTCOMES, JOIN_SHARES, STAGE_USD_PER_S, STAGE_WEIGHTS } from "../contract.ts";

export interface Failure {
  code: string;
  message: string;
  stage: string | null;
}

/** What a stage waits for: a service that is overloaded or unavailable. Times in ms since the epoch. */
export interface Wait {
  service: ServiceName;
  code: string;
  since: number;
  next_try_at: number;
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
  /** Total working time of its units, in seconds. */
  workedS: number;
  error: Failure | null;
  /** Null unless a part waits. The documents of stages do not have it: see `useWaits`. */
  waiting: Wait | null;
}

/** `generation` distinguishes versions of an artifact. */
export interface Artifact {
  name: string;
  kind: string;
  content_type: string;
  size_bytes: number;
  generation: number;
}

/** An uploaded or expected input. */
export interface Input {
  name: string;
  filename: string;
  content_type: string;
  size_bytes: number;
  /** The checksum that was declared for the upload: base64 of the CRC32C; absent or empty without one. */
  crc32c?: string;
  /** The task that fetches it from a URL; absent or empty for an upload. */
  fetch?: string;
}

/** Names that the user gave the people in the video, by the `face_id` of the timeline. */
export type People = Readonly<Record<string, string>>;

/** Times are in milliseconds since the epoch. */
export interface Job {
  id: string;
  recipe: string;
  title: string;
  /** Notes of the user: a text, tags, texts by key, and the names of people by `face_id`. */
  description: string;
  tags: string[];
  metadata: Readonly<Record<string, string>>;
  people: People;
  status: JobStatus;
  epoch: number;
  revision: number;
  options: Record<string, unknown>;
  inputs: Input[];
  stages: Stage[];
  /** Cost of computing so far in US dollars, earlier revisions of the deck included. */
  costUsd: number;
  artifacts: Artifact[];
  facts: Record<string, Record<string, unknown>>;
  warnings: string[];
  error: Failure | null;
  created_at: number;
  updated_at: number;
  expires_at: number;
}

export const TERMINAL: readonly JobStatus[] = JOB_OUTCOMES;

/** The data of a Firestore document. */
export type StoredDocument = Record<string, unknown>;

/** Builds a job from jobs/{id} and its stage documents. Returns null for a tombstone. */
export function jobFromDocuments(id: string, doc: StoredDocument, stages: readonly StoredDocument[]): Job | null {
  if (doc.status === "deleted") return null;
  const revision = Number(doc.revision ?? 0);
  const states = (doc.stages ?? {}) as Record<string, StageState>;
  return {
    id,
    recipe: String(doc.recipe),
    title: String(doc.title),
    description: String(doc.description ?? ""),
    tags: (doc.tags ?? []) as string[],
    metadata: (doc.metadata ?? {}) as Record<string, string>,
    people: (doc.people ?? {}) as Record<string, string>,
    status: doc.status as JobStatus,
    epoch: Number(doc.epoch ?? 0),
    revision,
    options: (doc.options ?? {}) as Record<string, unknown>,
    inputs: ((doc.inputs ?? []) as Input[]).map(({ name, filename, content_type, size_bytes, crc32c, fetch }) => ({
      name, filename, content_type, size_bytes, ...(crc32c ? { crc32c } : {}), ...(fetch ? { fetch } : {}),
    })),
    stages: mergeStages(states, addShards(stages)),
    costUsd: stages.reduce((sum, document) => sum + computeCostUsd(String(document.stage), workedSeconds(document)), 0),
    artifacts: ((doc.artifacts ?? []) as (Artifact & { bucket: string })[])
      // Objects in other buckets are internal.
      .filter((artifact) => artifact.bucket === "outputs")
      .map(({ name, kind, content_type, size_bytes, generation }) => ({
        name, kind, content_type, size_bytes, generation,
      })),
    facts: (doc.facts ?? {}) as Job["facts"],
    warnings: (doc.warnings ?? []) as string[],
    error: toFailure(doc.error),
    created_at: toMillis(doc.created_at) ?? 0,
    updated_at: toMillis(doc.updated_at) ?? 0,
    expires_at: toMillis(doc.expires_at) ?? 0,
  };
}

/**
 * Returns the documents of the stages, each with the sums of its shards. The counts and the progress of parts are
 * stored on shards, which are documents of the same collection.
 */
function addShards(docs: readonly StoredDocument[]): StoredDocument[] {
  const key = (doc: StoredDocument): string => `${String(doc.stage)}-${Number(doc.revision)}`;
  const shardsByStage = new Map<string, StoredDocument[]>();
  for (const doc of docs.filter(isShard)) {
    const shards = shardsByStage.get(key(doc));
    if (shards) shards.push(doc);
    else shardsByStage.set(key(doc), [doc]);
  }
  return docs
    .filter((doc) => !isShard(doc))
    .map((stage) => {
      const shards = shardsByStage.get(key(stage)) ?? [];
      const sum = (field: string): number => shards.reduce((total, shard) => total + Number(shard[field] ?? 0), 0);
      return {
        ...stage,
        done: sum("done"),
        worked_ms: sum("worked_ms"),
        // The retries of a join are counted on the stage.
        retries: Number(stage.retries ?? 0) + sum("retries"),
        join_progress: Math.max(0, ...shards.map((shard) => Number(shard.join_progress ?? 0))),
        progress: Object.assign({}, ...shards.map((shard) => shard.progress)) as Record<string, number>,
      };
    });
}

const isShard = (doc: StoredDocument): boolean => doc.shard !== undefined;

/**
 * Merges the stages. A stage may have one document per revision: the newest counts. Where there is none yet,
 * the state in the job's document is used.
 */
function mergeStages(states: Record<string, StageState>, docs: readonly StoredDocument[]): Stage[] {
  const newest = new Map<string, StoredDocument>();
  for (const doc of docs) {
    const name = String(doc.stage);
    const known = newest.get(name);
    if (!known || Number(known.revision) < Number(doc.revision)) newest.set(name, doc);
  }
  return inPipelineOrder(Object.keys(states)).map((name) => {
    const doc = newest.get(name);
    return doc ? toStage(doc) : emptyStage(name, states[name] as StageState);
  });
}

/** Firestore maps have no order; this is the order of the pipeline. */
const PIPELINE = Object.keys(STAGE_USD_PER_S);

function inPipelineOrder(names: string[]): string[] {
  const position = (name: string) => {
    const index = PIPELINE.indexOf(name);
    return index < 0 ? PIPELINE.length : index;
  };
  return [...names].sort((a, b) => position(a) - position(b));
}

function toStage(doc: StoredDocument): Stage {
  const total = doc.total === null || doc.total === undefined ? null : Number(doc.total);
  const state = doc.state as StageState;
  // The notification has no shards.
  const done = state === "done" && total !== null ? total : Number(doc.done ?? 0);
  const partsInProgress = Object.values((doc.progress ?? {}) as Record<string, number>);
  const completed = done + partsInProgress.reduce((sum, value) => sum + value, 0);
  return {
    name: String(doc.stage),
    state,
    done,
    total,
    progress: state === "done" ? 1 : total ? stageProgress(doc, completed / total) : 0,
    attempts: doc.started_at ? 1 + Number(doc.retries ?? 0) : 0,
    queued_at: toMillis(doc.queued_at),
    started_at: toMillis(doc.started_at),
    finished_at: toMillis(doc.finished_at),
    workedS: workedSeconds(doc),
    error: toFailure(doc.error),
    waiting: null,
  };
}

/** Progress of a stage that is not done: of its parts (0 to 1) and of its join. */
function stageProgress(doc: StoredDocument, parts: number): number {
  const share = (JOIN_SHARES as Record<string, number>)[String(doc.stage)] ?? 0;
  return Math.min(0.999, (1 - share) * Math.min(1, parts) + share * Number(doc.join_progress ?? 0));
}

function workedSeconds(doc: StoredDocument): number {
  return Number(doc.worked_ms ?? 0) / 1000;
}

/** Cost of working time at Cloud Run's list prices, computed as `GET /v1/usage` does. */
export function computeCostUsd(stage: string, seconds: number): number {
  return seconds * ((STAGE_USD_PER_S as Record<string, number>)[stage] ?? 0);
}

function emptyStage(name: string, state: StageState): Stage {
  return {
    name, state, done: 0, total: null, progress: 0, attempts: 0, queued_at: null,
    started_at: null, finished_at: null, workedS: 0, error: null, waiting: null,
  };
}

function toFailure(value: unknown): Failure | null {
  if (!value) return null;
  const { code, message, stage } = value as Failure;
  return { code, message, stage: stage ?? null };
}

function toWait(value: Wait | null | undefined): Wait | null {
  if (!value) return null;
  return { ...value, since: toMillis(value.since) ?? 0, next_try_at: toMillis(value.next_try_at) ?? 0 };
}

/** The job with the waits of its stages, which only the API knows, if they are of the same epoch. */
export function withWaits(job: Job, polled: Job | null | undefined): Job {
  if (!polled || polled.epoch !== job.epoch || polled.revision !== job.revision) return job;
  const waits = new Map(polled.stages.map((stage) => [stage.name, stage.waiting]));
  return {
    ...job,
    stages: job.stages.map((stage) => {
      const ended = stage.state !== "queued" && stage.state !== "running";
      return { ...stage, waiting: ended ? null : (waits.get(stage.name) ?? null) };
    }),
  };
}

/** Milliseconds of a Firestore timestamp, a Date or an RFC 3339 string; null otherwise. */
export function toMillis(value: unknown): number | null {
  if (value === null || value === undefined) return null;
  if (typeof value === "number") return value;
  if (typeof value === "string") return Date.parse(value);
  if (value instanceof Date) return value.getTime();
  const timestamp = value as { toMillis?: () => number };
  return timestamp.toMillis ? timestamp.toMillis() : null;
}

/** A job, as the API returns it. */
export interface JobView extends Omit<Job, "stages" | "facts" | "costUsd" | "artifacts"> {
  stages: (Omit<Stage, "workedS"> & { name: string })[];
  artifacts: Omit<Artifact, "generation">[];
}

/** Builds a job from `GET /v1/jobs/{id}`, for use when Firestore is unavailable. */
export function jobFromApi(view: JobView): Job {
  const times = { created_at: 0, updated_at: 0, expires_at: 0 };
  for (const name of Object.keys(times) as (keyof typeof times)[])
    times[name] = toMillis(view[name]) ?? 0;
  return {
    ...view,
    ...times,
    stages: view.stages.map((stage) => ({
      ...stage,
      queued_at: toMillis(stage.queued_at),
      started_at: toMillis(stage.started_at),
      finished_at: toMillis(stage.finished_at),
      waiting: toWait(stage.waiting),
      workedS: 0,
    })),
    artifacts: view.artifacts.map((artifact) => ({ ...artifact, generation: view.revision })),
    inputs: view.inputs ?? [],
    people: view.people ?? {},
    facts: {},
    costUsd: 0,
  };
}

/** The artifact with this name, or null. */
export function findArtifact(job: Job, name: string): Artifact | null {
  return job.artifacts.find((artifact) => artifact.name === name) ?? null;
}

/** Progress of the job, 0 to 1: its stages, weighted by their typical work. */
export function progressOf(job: Job): number {
  if (job.status === "done") return 1;
  const weightOf = (stage: Stage): number => (STAGE_WEIGHTS as Record<string, number>)[stage.name] ?? 1;
  const total = job.stages.reduce((sum, stage) => sum + weightOf(stage), 0);
  const completed = job.stages.reduce(
    (sum, stage) => sum + weightOf(stage) * (stage.state === "done" ? 1 : stage.progress),
    0,
  );
  return total ? Math.min(0.999, completed / total) : 0;
}
