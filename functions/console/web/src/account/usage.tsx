import { Loading } from "../ui/progress.tsx";
import { LoadError } from "../ui/load-error.tsx";
import { formatBytes } from "../format.ts";
import type { Usage } from "./model.ts";
import { useQuery } from "../ui/use-query.ts";
import {
  type MeterValue,
  formatCount,
  formatDollars,
  formatMinutes,
  kindLabel,
  openJobsMeter,
  pluralize,
  rateMeter,
  storageMeter,
} from "./format.ts";

const REFETCH_MS = 15_000;

export function UsageSection() {
  const { data, error, refetch } = useQuery<Usage>("/v1/usage", () => REFETCH_MS);
  if (!data) return error ? <LoadError error={error} onRetry={refetch} /> : <Loading text="Summing up your jobs …" />;
  const { jobs, limits } = data;
  return (
    <>
      <section aria-labelledby="limits">
        <h2 id="limits">Limits</h2>
        <UsageMeter
          name="Storage"
          meter={storageMeter(limits.storage_bytes)}
          description="Uploads and results of all jobs that are kept. What you delete is free again at once; what expires, on its day."
        />
        <UsageMeter
          name="Jobs in progress"
          meter={openJobsMeter(limits.jobs_at_once)}
          description="Jobs that have not ended, those that wait for an upload or for you among them."
        />
        <UsageMeter
          name="New jobs"
          meter={rateMeter(limits.job_creations)}
          description="How fast jobs can be begun. It fills up again by itself."
        />
        <dl class="stats">
          {Object.entries(limits.upload_bytes).map(([kind, maxBytes]) => (
            <div key={kind}>
              <dt>{kindLabel(kind)}, at most</dt>
              <dd>{formatBytes(maxBytes)}</dd>
            </div>
          ))}
        </dl>
      </section>
      <section aria-labelledby="made">
        <h2 id="made">What was made</h2>
        {jobs.open + jobs.done + jobs.failed + jobs.cancelled === 0 ? (
          <p class="empty">
            Nothing yet. Once a job is done, this says how much came in, what came out and what it cost.{" "}
            <a href="/new">Begin a job</a>
          </p>
        ) : (
          <dl class="stats">
            <Stat name="Jobs done" value={formatCount(jobs.done)} />
            <Stat name="In progress" value={formatCount(jobs.open)} />
            <Stat name="Failed or cancelled" value={formatCount(jobs.failed + jobs.cancelled)} />
            <Stat name="Files made" value={formatCount(data.files_made)} />
            <Stat name="Video and sound in" value={formatMinutes(data.minutes_in)} />
            <Stat name="Film made" value={formatMinutes(data.minutes_made)} />
            <Stat name="Cost of computing" value={formatDollars(data.cost_usd)} />
          </dl>
        )}
        <p class="hint">
          Of the jobs that are kept: a deleted one counts no more. The cost is{" "}
          {pluralize(Math.round(data.worked_s), "second")} of work at list prices; storage and what models ask for are
          not in it.
        </p>
      </section>
    </>
  );
}

function UsageMeter({ name, meter, description }: { name: string; meter: MeterValue; description: string }) {
  const level = meter.fraction >= 1 ? "full" : meter.fraction >= 0.9 ? "high" : "";
  return (
    <div class={`usage-meter ${level}`}>
      <div class="row between">
        <h3>{name}</h3>
        <span class="number">{meter.label}</span>
      </div>
      <meter value={meter.fraction} min={0} max={1} aria-label={`${name}: ${meter.label}`} />
      <p class="hint">
        {meter.warning && <strong>{meter.warning} </strong>}
        {description}
      </p>
    </div>
  );
}

function Stat({ name, value }: { name: string; value: string }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{value}</dd>
    </div>
  );
}
