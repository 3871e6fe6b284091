/** Table of the stages with a waterfall: state, waiting time, working time, cost. */
import { formatClock, formatDuration } from "../../format.ts";
import { type Job, type Stage, computeCostUsd } from "../model.ts";
import { useNow } from "../use-job.ts";
import { type Bar, isMoving, waterfall } from "./waterfall.ts";
import { stageDescription, stageLabel, stateLabel, waitLabel } from "../labels.ts";

export function Stages({ job }: { job: Job }) {
  const now = useNow(isMoving(job.stages));
  const { rows, totalS, pausedS } = waterfall(job.stages, now);
  return (
    <>
      <table class="stages">
        <caption class="visually-hidden">The stages of this job, in the order in which they run</caption>
        <thead>
          <tr>
            <th scope="col">Stage</th>
            <th scope="col">State</th>
            <th scope="col" class="when">
              <span class="visually-hidden">When: </span>
              <span class="axis" aria-hidden="true">
                {[0, 0.5, 1].map((fraction) => (
                  <span key={fraction}>{axisLabel(fraction * totalS, totalS)}</span>
                ))}
              </span>
            </th>
            <th scope="col" class="number">
              Waited
            </th>
            <th scope="col" class="number">
              Took
            </th>
            <th scope="col" class="number">
              Cost
            </th>
          </tr>
        </thead>
        <tbody>
          {rows.map(({ stage, waited, worked, waitedS, workedS }) => (
            <tr key={stage.name} data-state={stage.state}>
              <th scope="row" title={stageDescription(stage.name)}>
                {stageLabel(stage.name)}
              </th>
              <td class="state">
                <span class="dot" data-state={stage.state} aria-hidden="true" />
                {stateText(stage)}
              </td>
              <td class="when" aria-hidden="true">
                <span class="lane">
                  {waited && <span class="bar" data-state="waited" style={barStyle(waited)} />}
                  {worked && <span class="bar" data-state={stage.state} style={barStyle(worked)} />}
                </span>
              </td>
              <td class="number" data-name="Waited">
                {formatShortDuration(waitedS)}
              </td>
              <td class="number" data-name="Took">
                {formatShortDuration(workedS)}
              </td>
              <td class="number" data-name="Cost">
                {formatCost(computeCostUsd(stage.name, stage.workedS))}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      {pausedS > 0 && (
        <p class="hint">Not shown: {formatDuration(pausedS)} in which the job waited for your review.</p>
      )}
      {job.costUsd > 0 && (
        <p class="hint">Cost of computing so far, at list prices: {formatCost(job.costUsd)}.</p>
      )}
    </>
  );
}

function stateText(stage: Stage): string {
  if (stage.waiting) return waitLabel(stage.waiting);
  const parts = [stateLabel(stage.state)];
  if (stage.state === "running" && stage.total) {
    parts.push(`${Math.floor(stage.progress * 100)} %`);
    if (stage.total > 1) parts.push(`${stage.done} of ${stage.total}`);
  }
  if (stage.attempts > 1) parts.push(`attempt ${stage.attempts}`);
  return parts.join(" · ");
}

/** Label of a time on the axis; short axes have decimals. */
function axisLabel(seconds: number, totalS: number): string {
  return totalS < 20 ? `${seconds.toFixed(seconds && totalS < 10 ? 1 : 0)} s` : formatClock(seconds);
}

const barStyle = (bar: Bar) => ({
  insetInlineStart: `${bar.start * 100}%`,
  inlineSize: `${bar.length * 100}%`,
});

function formatShortDuration(seconds: number | null): string {
  if (seconds === null) return "–";
  return seconds < 10 ? `${seconds.toFixed(1)} s` : formatDuration(seconds);
}

function formatCost(usd: number): string {
  if (usd === 0) return "–";
  return usd < 0.0001 ? "< $0.0001" : `$${usd.toFixed(4)}`;
}
