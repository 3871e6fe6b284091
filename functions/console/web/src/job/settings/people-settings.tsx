/** The names that the user gave people in the video, with what happens to them. */
import { useState } from "preact/hooks";
import { NameDialog } from "../../emotions/name-dialog.tsx";
import { personLabel } from "../../emotions/people.ts";
import type { Job } from "../model.ts";

export function PeopleSettings({ job }: { job: Job }) {
  const [naming, setNaming] = useState<number | null>(null);
  const ids = Object.keys(job.people).map(Number).sort((a, b) => a - b);
  return (
    <>
      {ids.length > 0 && (
        <ul class="share-list">
          {ids.map((id) => (
            <li key={id}>
              <div>
                <strong>{personLabel(job.people, id)}</strong>
                <span class="hint">Person {id}</span>
              </div>
              <button type="button" class="quiet" onClick={() => setNaming(id)}>
                Change<span class="visually-hidden"> the name of person {id}</span>
              </button>
            </li>
          ))}
        </ul>
      )}
      <p class="hint">
        {ids.length === 0 && "Name people in the result. "}
        Names are visible to you only. They are in exports of your data, never in downloads, share links, emails or
        webhooks, and are deleted with the job.
      </p>
      {naming !== null && <NameDialog job={job} faceId={naming} onClose={() => setNaming(null)} />}
    </>
  );
}
