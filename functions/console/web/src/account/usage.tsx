import { Waiting } from "../ui/progress.tsx";
import { Unread } from "../ui/load-error.tsx";
import { bytes } from "../words.ts";
import type { Usage as Told } from "./model.ts";
import { useAsked } from "./use-query.ts";
import {
  type Meter,
  count,
  dollars,
  kindWords,
  minutes,
  openMeter,
  rateMeter,
  several,
  storageMeter,
} from "./words.ts";

const AGAIN_MS = 15_000;

export function Usage() {
  const { data, wrong, again } = useAsked<Told>("/v1/usage", () => AGAIN_MS);
  if (!data) return wrong ? <Unread fault={wrong} again={again} /> : <Waiting words="Summing up your jobs …" />;
  const { jobs, limits } = data;
  return (
    <>
      <section aria-labelledby="limits">
        <h2 id="limits">Limits</h2>
        <Gauge
          name="Storage"
          meter={storageMeter(limits.storage_bytes)}
          about="Uploads and results of all jobs that are kept. What you delete is free again at once; what expires, on its day."
        />
        <Gauge
          name="Jobs under way"
          meter={openMeter(limits.jobs_at_once)}
          about="Jobs that have not ended, those that wait for an upload or for you among them."
        />
        <Gauge
          name="New jobs"
          meter={rateMeter(limits.job_creations)}
          about="How fast jobs can be begun. It fills up again by itself."
        />
        <dl class="facts-row">
          {Object.entries(limits.upload_bytes).map(([kind, most]) => (
            <div key={kind}>
              <dt>{kindWords(kind)}, at most</dt>
              <dd>{bytes(most)}</dd>
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
          <dl class="facts-row">
            <Fact name="Jobs done" value={count(jobs.done)} />
            <Fact name="Under way" value={count(jobs.open)} />
            <Fact name="Failed or cancelled" value={count(jobs.failed + jobs.cancelled)} />
            <Fact name="Files made" value={count(data.files_made)} />
            <Fact name="Video and sound in" value={minutes(data.minutes_in)} />
            <Fact name="Film made" value={minutes(data.minutes_made)} />
            <Fact name="Cost of computing" value={dollars(data.cost_usd)} />
          </dl>
        )}
        <p class="hint">
          Of the jobs that are kept: a deleted one counts no more. The cost is {several(Math.round(data.worked_s), "second")} of
          work at list prices; storage and what models ask for are not in it.
        </p>
      </section>
    </>
  );
}

function Gauge({ name, meter, about }: { name: string; meter: Meter; about: string }) {
  const level = meter.part >= 1 ? "full" : meter.part >= 0.9 ? "high" : "";
  return (
    <div class={`gauge ${level}`}>
      <div class="row between">
        <h3>{name}</h3>
        <span class="number">{meter.words}</span>
      </div>
      <meter value={meter.part} min={0} max={1} aria-label={`${name}: ${meter.words}`} />
      <p class="hint">
        {meter.warning && <strong>{meter.warning} </strong>}
        {about}
      </p>
    </div>
  );
}

function Fact({ name, value }: { name: string; value: string }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{value}</dd>
    </div>
  );
}
