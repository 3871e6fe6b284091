/** All values of one person at the time under the pointer, or else at the playhead, and the others' strongest ones. */
import type { Playhead } from "../film/playhead.ts";
import { useStore } from "../store.ts";
import type { People } from "../job/model.ts";
import { stackOrder } from "./chart/chart-geometry.ts";
import { emotionClass, formatTenths, readingLabel } from "./labels.ts";
import { personLabel } from "./people.ts";
import { type Selection, shownFace } from "./selection.ts";
import { type Reading, type Timeline, frameAt, readingsAt } from "./timeline.ts";
import { useFrame } from "./use-frame.ts";

export interface ReadoutProps {
  timeline: Timeline;
  people: People;
  playhead: Playhead;
  selection: Selection;
}

export function Readout({ timeline, people, playhead, selection }: ReadoutProps) {
  const hovered = useStore(selection.hovered);
  const chosen = useStore(selection.faceId);
  const playedFrame = useFrame(timeline, playhead);
  const frame = hovered ? frameAt(timeline.timesS, hovered.timeS) : playedFrame;
  const faceId = shownFace(timeline, frame, hovered?.faceId ?? chosen);
  const readings = readingsAt(timeline, frame);
  const reading = readings.find((row) => row.face_id === faceId);
  if (faceId === null) return <p class="hint">No faces were found.</p>;
  return (
    <section class="readout" aria-label="Values at this time">
      <p class="readout-head">
        <strong class="time">{formatTenths(timeline.timesS[Math.max(0, frame)] ?? 0)}</strong>
        <span class="name">{personLabel(people, faceId)}</span>
      </p>
      <p class="hint">{reading ? readingLabel(reading) : "Not seen at this time"}</p>
      <Values timeline={timeline} reading={reading} />
      {timeline.faces.length > 1 && (
        <Others readings={readings} people={people} shownId={faceId} onSelect={(id) => selection.faceId.set(id)} />
      )}
    </section>
  );
}

function Values({ timeline, reading }: { timeline: Timeline; reading: Reading | undefined }) {
  return (
    <dl class="values">
      {stackOrder(timeline.classes).map((name) => {
        const value = reading?.values[timeline.classes.indexOf(name)] ?? Number.NaN;
        const isKnown = !Number.isNaN(value);
        return (
          <div key={name}>
            <dt>{name}</dt>
            <dd>
              <span class="track" aria-hidden="true">
                <span class={`fill ${emotionClass(name)}`} style={{ inlineSize: `${isKnown ? value * 100 : 0}%` }} />
              </span>
              <span class="number">{isKnown ? `${Math.round(value * 100)} %` : "–"}</span>
            </dd>
          </div>
        );
      })}
    </dl>
  );
}

interface OthersProps {
  readings: readonly Reading[];
  people: People;
  shownId: number;
  onSelect: (faceId: number) => void;
}

/** One line for any number of people, so that nothing moves during playback. */
function Others({ readings, people, shownId, onSelect }: OthersProps) {
  const others = readings.filter((row) => row.face_id !== shownId);
  return (
    <div class="others" role="group" aria-label="Others at this time">
      {others.map((reading) => (
        <button key={reading.face_id} type="button" class="quiet" onClick={() => onSelect(reading.face_id)}>
          <span class={`swatch ${emotionClass(reading.dominant ?? "")}`} aria-hidden="true" />
          {personLabel(people, reading.face_id)}
        </button>
      ))}
    </div>
  );
}
