/** The head of a job's page: title, facts and actions. */
import { useState } from "preact/hooks";
import { setFragmentParam } from "../../location.ts";
import { recipeLabel } from "../../labels.ts";
import { formatClock, formatTimeAgo } from "../../format.ts";
import { durationOf } from "../files/file-facts.ts";
import { statusLabel } from "../labels.ts";
import type { Job } from "../model.ts";
import { JobActions } from "./actions.tsx";
import { EndNotification } from "./end-notification.tsx";
import { JobTitle } from "./title.tsx";

export function JobHeader({ job }: { job: Job }) {
  const [isRenaming, setIsRenaming] = useState(false);
  const rename = (): void => setIsRenaming(true);
  const durationS = durationOf(job);
  const createdAt = new Date(job.created_at);
  return (
    <header class="job-head">
      <nav class="hint" aria-label="Path">
        <a href="/">Jobs</a> / {recipeLabel(job.recipe)}
      </nav>
      <JobTitle job={job} renaming={isRenaming} onRename={rename} onDone={() => setIsRenaming(false)} />
      <p class="job-facts">
        <span class={`badge ${job.status}`} role="status">
          {statusLabel(job.status)}
        </span>
        <span class="hint">
          {durationS !== null && <>{formatClock(durationS)} · </>}
          <time dateTime={createdAt.toISOString()} title={createdAt.toLocaleString()}>
            {formatTimeAgo(createdAt, new Date())}
          </time>
        </span>
        {job.warnings.length > 0 && (
          <button type="button" class="link" onClick={() => setFragmentParam("tab", "run", true)}>
            {job.warnings.length === 1 ? "1 warning" : `${job.warnings.length} warnings`}
          </button>
        )}
        <EndNotification job={job} />
      </p>
      <JobActions job={job} onRename={rename} />
    </header>
  );
}
