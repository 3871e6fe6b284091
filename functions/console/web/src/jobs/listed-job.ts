/** A job as the list shows it, from its Firestore document or from the API's search. No DOM. */
import { type Artifact, type Job, type JobView, type StoredDocument, computeCostUsd, jobFromApi, jobFromDocuments } from "../job/model.ts";
import { RECIPES } from "../contract.ts";

export interface ListedJob extends Job {
  /** Duration of the film, or else of the longest input; null when unknown. */
  durationS: number | null;
  /** Size of the uploads and of the results for users. */
  sizeBytes: number;
  /** Whether it has a video that another job could use. */
  hasVideo: boolean;
}

/** Returns null for a tombstone. */
export function listedJobFromDocument(id: string, doc: StoredDocument): ListedJob | null {
  const job = jobFromDocuments(id, doc, []);
  if (!job) return null;
  const workedMs = (doc.worked_ms ?? {}) as Record<string, number>;
  const costs = Object.entries(workedMs).map(([stage, ms]) => computeCostUsd(stage, ms / 1000));
  return {
    ...job,
    costUsd: costs.reduce((sum, cost) => sum + cost, 0),
    durationS: durationOf(job.facts),
    sizeBytes: [...job.inputs, ...job.artifacts].reduce((sum, { size_bytes }) => sum + size_bytes, 0),
    hasVideo: job.status !== "awaiting_upload" && job.inputs.some(({ name }) => takesVideo(job.recipe, name)),
  };
}

/** A job of `GET /v1/jobs`. */
export interface JobSummary extends Omit<JobView, "stages" | "artifacts" | "options" | "warnings"> {
  duration_s: number | null;
  size_bytes: number;
  cost_usd: number;
  thumbnail: (Omit<Artifact, "generation"> & { revision: number }) | null;
}

export function listedJobFromApi(summary: JobSummary): ListedJob {
  const { thumbnail } = summary;
  const job = jobFromApi({ ...summary, options: {}, warnings: [], stages: [], artifacts: thumbnail ? [thumbnail] : [] });
  return {
    ...job,
    costUsd: summary.cost_usd,
    durationS: summary.duration_s,
    sizeBytes: summary.size_bytes,
    hasVideo:
      job.status !== "awaiting_upload" && Object.keys(recipeInputs(job.recipe)).some((name) => takesVideo(job.recipe, name)),
  };
}

type ContractInputs = Readonly<Record<string, { kinds: readonly string[] }>>;

const recipeInputs = (recipe: string): ContractInputs =>
  (RECIPES as Readonly<Record<string, { inputs: ContractInputs }>>)[recipe]?.inputs ?? {};

const takesVideo = (recipe: string, input: string): boolean =>
  recipeInputs(recipe)[input]?.kinds.includes("video") ?? false;

interface UploadFacts {
  media_info?: { duration?: string | number | null };
  declared_duration_s?: number | null;
}

function durationOf(facts: Job["facts"]): number | null {
  const film = facts.stitching?.duration_s;
  if (typeof film === "number") return film;
  const uploads = Object.values((facts.upload_trigger ?? {}) as Record<string, UploadFacts | undefined>);
  const durations = uploads.map((upload) =>
    upload?.media_info ? parseRational(upload.media_info.duration) : (upload?.declared_duration_s ?? 0),
  );
  return Math.max(0, ...durations) || null;
}

/** The value of an exact number such as `12`, `12.5` or `1001/30`; 0 for none. */
export function parseRational(value: string | number | null | undefined): number {
  const [numerator, denominator = "1"] = String(value ?? 0).split("/");
  const quotient = Number(numerator) / Number(denominator);
  return Number.isFinite(quotient) ? quotient : 0;
}
