/** Filters of the list of jobs. No DOM. */
import type { ResultKind } from "../contract.ts";
import type { Job } from "../job/model.ts";

export type Filter = "all" | "running" | "action-required" | "done" | "failed";

export const FILTERS: readonly (readonly [Filter, string])[] = [
  ["all", "All"],
  ["running", "Under way"],
  ["action-required", "Your turn"],
  ["done", "Done"],
  ["failed", "Failed"],
];

export const filterOf = (text: string | null): Filter => FILTERS.find(([name]) => name === text)?.[0] ?? "all";

export function matchesFilter({ status }: Pick<Job, "status">, filter: Filter): boolean {
  switch (filter) {
    case "all":
      return true;
    case "running":
      return status === "queued" || status === "running";
    case "action-required":
      return status === "awaiting_review" || status === "awaiting_upload";
    case "done":
      return status === "done";
    case "failed":
      return status === "failed" || status === "cancelled";
  }
}

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
