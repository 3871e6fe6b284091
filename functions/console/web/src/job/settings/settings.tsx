/** What the user notes about a job, its share links, how long it is kept, and its deletion. */
import { useState } from "preact/hooks";
import { formatDuration } from "../../format.ts";
import { DeleteDialog } from "../header/actions.tsx";
import { type Job, findArtifact } from "../model.ts";
import { JobShareLinks } from "./job-share-links.tsx";
import { NotesForm } from "./notes-form.tsx";
import { PeopleSettings } from "./people-settings.tsx";

export function Settings({ job, isShown }: { job: Job; isShown: boolean }) {
  const [isDeleting, setIsDeleting] = useState(false);
  return (
    <div class="job-columns">
      <section aria-labelledby="notes">
        <h2 id="notes">Details</h2>
        <NotesForm job={job} />
      </section>
      <div class="stack">
        {findArtifact(job, "emotions.json") && (
          <section aria-labelledby="people">
            <h2 id="people">People</h2>
            <PeopleSettings job={job} />
          </section>
        )}
        <section aria-labelledby="links">
          <h2 id="links">Share links</h2>
          {/* Read again each time: links are also created and revoked in the other tabs. */}
          {isShown && <JobShareLinks job={job} />}
        </section>
        <section aria-labelledby="retention">
          <h2 id="retention">Retention</h2>
          <p>{retentionText(job)}</p>
          <p class="hint">
            Job id <span class="code">{job.id}</span>
          </p>
          <p>
            <button type="button" class="danger" onClick={() => setIsDeleting(true)}>
              Delete this job
            </button>
          </p>
        </section>
      </div>
      {isDeleting && <DeleteDialog job={job} onClose={() => setIsDeleting(false)} />}
    </div>
  );
}

function retentionText({ expires_at }: Job): string {
  const leftS = (expires_at - Date.now()) / 1000;
  const date = new Date(expires_at).toLocaleString(undefined, { dateStyle: "medium", timeStyle: "short" });
  if (leftS <= 0) return `Expired on ${date}. The job is about to be deleted.`;
  const days = Math.floor(leftS / 86_400);
  const left = days > 1 ? `${days} days` : formatDuration(leftS);
  return `The job with its uploads and results is deleted on ${date}, in ${left}.`;
}
