/** The progress of a job in the place of its result: the current stage, percentage, time left, and all stages. */
import { formatDuration } from "../../format.ts";
import { stageLabel, stateLabel, statusLabel, waitLabel } from "../labels.ts";
import { type Job, type Stage, progressOf } from "../model.ts";
import { useTimeLeft } from "../use-time-left.ts";

export function JobProgress({ job }: { job: Job }) {
  const timeLeftS = useTimeLeft(job);
  const fraction = progressOf(job);
  const current =
    job.stages.find((stage) => stage.state === "running") ?? job.stages.find((stage) => stage.state === "queued");
  const title = job.status === "running" && current ? stageLabel(current.name) : statusLabel(job.status);
  return (
    <section class="job-progress" aria-labelledby="job-progress">
      <div class="row between">
        <h2 id="job-progress">{title}</h2>
        <span class="percentage">{Math.floor(fraction * 100)} %</span>
      </div>
      <progress aria-label="Progress of the job" value={fraction} max={1} />
      {/* Always one line high, so that nothing moves. */}
      <p class="hint">{hintOf(job, current, timeLeftS)}</p>
      <ol class="job-steps">
        {job.stages.map((stage) => (
          <li key={stage.name} data-state={stage.state}>
            <span class="dot" data-state={stage.state} aria-hidden="true" />
            <span>{stageLabel(stage.name)}</span>
            <span class="hint">{stepText(stage)}</span>
          </li>
        ))}
      </ol>
    </section>
  );
}

function hintOf(job: Job, current: Stage | undefined, timeLeftS: number | null): string {
  if (job.status === "queued")
    return "Only a few of your jobs run at the same time. This one starts by itself when another one ends.";
  if (job.status === "awaiting_upload") return "The job starts when its files have arrived.";
  if (current?.waiting) return waitLabel(current.waiting);
  if (job.status !== "running") return " ";
  return timeLeftS === null
    ? "You can leave this page: the job continues."
    : `About ${formatDuration(timeLeftS)} left. You can leave this page: the job continues.`;
}

function stepText(stage: Stage): string {
  if (stage.state !== "running") return stateLabel(stage.state);
  if (stage.waiting) return "Waiting";
  return stage.total ? `${Math.floor(stage.progress * 100)} %` : stateLabel(stage.state);
}
