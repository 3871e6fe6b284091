/** Filters of the list of jobs. No DOM. */
import type { JobStatus, ResultKind } from "../contract.ts";
import type { Job } from "../job/model.ts";

export type Filter = "all" | "running" | "action-required" | "done" | "failed";

export const FILTERS: readonly (readonly [Filter, string])[] = [
  ["all", "All"],
  ["running", "In progress"],
  ["action-required", "Needs review"],
  ["done", "Done"],
  ["failed", "Failed"],
];

export const filterOf = (text: string | null): Filter => FILTERS.find(([name]) => name === text)?.[0] ?? "all";

/** The statuses of the jobs that a filter shows; empty for all. The server filters by them. */
export const FILTER_STATUSES: Readonly<Record<Filter, readonly JobStatus[]>> = {
  all: [],
  running: ["queued", "running"],
  "action-required": ["awaiting_review", "awaiting_upload"],
  done: ["done"],
  failed: ["failed", "cancelled"],
};

/** Whether a filter shows a job. */
export const matchesFilter = ({ status }: Pick<Job, "status">, filter: Filter): boolean =>
  filter === "all" || FILTER_STATUSES[filter].includes(status);

/** Artifact kinds that can serve as thumbnail, best first. */
const THUMBNAIL_KINDS: readonly ResultKind[] = ["poster", "moment", "sheet", "chart"];

/** The artifact for the thumbnail; undefined if there is none yet. */
export function thumbnailOf(job: Pick<Job, "artifacts">): Job["artifacts"][number] | undefined {
  for (const kind of THUMBNAIL_KINDS) {
    const artifact = job.artifacts.find(
      (candidate) => candidate.kind === kind && candidate.content_type.startsWith("image/"),
    );
    if (artifact) return artifact;
  }
  return undefined;
}
