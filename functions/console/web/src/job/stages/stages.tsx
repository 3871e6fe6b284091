/** The stages as a waterfall: what waited, what works, how often, how long and for how much. */
import { clock, duration } from "../../words.ts";
import { type Job, type Stage, costOf } from "../model.ts";
import { useNow } from "../use-job.ts";
import { type Bar, moves, waterfall } from "./waterfall.ts";
import { stageAbout, stageName, stateName } from "../words.ts";

export function Stages({ job }: { job: Job }) {
  const now = useNow(moves(job.stages));
  const { rows, totalS } = waterfall(job.stages, now);
  return (
    <>
      <table class="stages">
        <caption class="unseen">The stages of this job, in the order in which they run</caption>
        <thead>
          <tr>
            <th scope="col">Stage</th>
            <th scope="col">State</th>
            <th scope="col" class="when">
              <span class="unseen">When: </span>
              <span class="axis" aria-hidden="true">
                {[0, 0.5, 1].map((part) => (
                  <span key={part}>{along(part * totalS, totalS)}</span>
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
              <th scope="row" title={stageAbout(stage.name)}>
                {stageName(stage.name)}
              </th>
              <td class="state">
                <span class="dot" data-state={stage.state} aria-hidden="true" />
                {told(stage)}
              </td>
              <td class="when" aria-hidden="true">
                <span class="lane">
                  {waited && <span class="bar" data-state="waited" style={place(waited)} />}
                  {worked && <span class="bar" data-state={stage.state} style={place(worked)} />}
                </span>
              </td>
              <td class="number" data-name="Waited">
                {short(waitedS)}
              </td>
              <td class="number" data-name="Took">
                {short(workedS)}
              </td>
              <td class="number" data-name="Cost">
                {money(costOf(stage.name, stage.workedS))}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      {job.costUsd > 0 && (
        <p class="hint">Computing has cost {money(job.costUsd)} so far, at list prices, for what is finished.</p>
      )}
    </>
  );
}

function told(stage: Stage): string {
  const words = [stateName(stage.state)];
  if (stage.state === "running" && stage.total) {
    words.push(`${Math.floor(stage.progress * 100)} %`);
    if (stage.total > 1) words.push(`${stage.done} of ${stage.total}`);
  }
  if (stage.attempts > 1) words.push(`try ${stage.attempts}`);
  return words.join(" · ");
}

/** A time on the axis, as exact as the axis is short. */
function along(seconds: number, totalS: number): string {
  return totalS < 20 ? `${seconds.toFixed(seconds && totalS < 10 ? 1 : 0)} s` : clock(seconds);
}

const place = (bar: Bar) => ({
  insetInlineStart: `${bar.from * 100}%`,
  inlineSize: `${bar.long * 100}%`,
});

function short(seconds: number | null): string {
  if (seconds === null) return "–";
  return seconds < 10 ? `${seconds.toFixed(1)} s` : duration(seconds);
}

function money(usd: number): string {
  if (usd === 0) return "–";
  return usd < 0.0001 ? "< $0.0001" : `$${usd.toFixed(4)}`;
}
