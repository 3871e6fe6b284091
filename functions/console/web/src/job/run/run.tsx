/** How a job ran: warnings, stages with times and cost, settings, history. */
import type { Job } from "../model.ts";
import { History } from "./history.tsx";
import { Options } from "./options.tsx";
import { Stages } from "./stages.tsx";

export function Run({ job, isLive }: { job: Job; isLive: boolean }) {
  return (
    <>
      {job.warnings.length > 0 && (
        <section class="note warning" aria-labelledby="warnings">
          <h2 id="warnings">Warnings</h2>
          <ul>
            {job.warnings.map((warning) => (
              <li key={warning}>{warning}</li>
            ))}
          </ul>
        </section>
      )}
      <section aria-labelledby="stages">
        <h2 id="stages">Stages</h2>
        <Stages job={job} />
        {!isLive && <p class="hint">Firestore cannot be reached: this page is updated every few seconds.</p>}
      </section>
      <div class="job-columns">
        <section aria-labelledby="options">
          <h2 id="options">Settings</h2>
          <Options job={job} />
        </section>
        <section aria-labelledby="history">
          <h2 id="history">History</h2>
          <History job={job} />
        </section>
      </div>
    </>
  );
}
