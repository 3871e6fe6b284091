/** The timeline as a table of stretches in which a person shows one emotion, and its export with names. */
import { useMemo, useState } from "preact/hooks";
import type { Playhead } from "../film/playhead.ts";
import type { People } from "../job/model.ts";
import { fileName, saveText } from "../transcript/save-text.ts";
import { formatClock } from "../format.ts";
import { emotionClass, episodes } from "./labels.ts";
import { formatCsv, personLabel } from "./people.ts";
import type { Timeline } from "./timeline.ts";

/** The table shows no more rows; emotions.csv has all. */
const MAX_ROWS = 300;

export interface TableProps {
  timeline: Timeline;
  people: People;
  title: string;
  playhead: Playhead;
}

export function Table({ timeline, people, title, playhead }: TableProps) {
  const [isOpen, setIsOpen] = useState(false);
  const rows = useMemo(() => (isOpen ? episodes(timeline) : []), [isOpen, timeline]);
  return (
    <details onToggle={(event) => setIsOpen(event.currentTarget.open)}>
      <summary>Timeline as a table</summary>
      <div class="scroll" tabIndex={0} role="region" aria-label="Timeline as a table">
        <table class="episodes">
          <thead>
            <tr>
              <th scope="col">Start</th>
              <th scope="col">End</th>
              <th scope="col">Person</th>
              <th scope="col">Emotion</th>
              <th scope="col" class="number">
                Average
              </th>
            </tr>
          </thead>
          <tbody>
            {rows.slice(0, MAX_ROWS).map((episode) => (
              <tr key={`${episode.faceId} ${episode.beginS}`}>
                <td>
                  <button type="button" class="link" onClick={() => playhead.seek(episode.beginS)}>
                    {formatClock(episode.beginS)}
                  </button>
                </td>
                <td>{formatClock(episode.endS)}</td>
                <td>{personLabel(people, episode.faceId)}</td>
                <td>
                  <span class={`swatch ${emotionClass(episode.emotion)}`} aria-hidden="true" /> {episode.emotion}
                </td>
                <td class="number">{Math.round(episode.mean * 100)} %</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {rows.length > MAX_ROWS && (
        <p class="hint">
          The first {MAX_ROWS} of {rows.length} rows. The export has all of them.
        </p>
      )}
      <p>
        <button type="button" onClick={() => saveText(`${fileName(title)}.csv`, formatCsv(timeline, people))}>
          Export as CSV{Object.keys(people).length > 0 && " with names"}
        </button>
      </p>
    </details>
  );
}
