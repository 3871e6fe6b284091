/** What faces express over time: the video, its chart, the strongest moments, and all as a table. */
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { Player } from "../film/player.tsx";
import { Playhead } from "../film/playhead.ts";
import { inputLink, resultLink } from "../job/links.ts";
import { type Artefact, type Job, artefact } from "../job/model.ts";
import { Progress } from "../ui/progress.tsx";
import { clock, sentence } from "../words.ts";
import { Chart } from "./chart.tsx";
import { type Strongest, type Timeline, frameAt, readingsAt } from "./timeline.ts";
import { useTimeline } from "./use-timeline.ts";
import { emotionClass, episodes, readingWords } from "./words.ts";

export function Emotions({ job }: { job: Job }) {
  const told = artefact(job, "emotions.json") as Artefact;
  const { timeline, part, wrong } = useTimeline(job.id, told);
  const playhead = useMemo(() => new Playhead(), [told.generation]);
  if (wrong)
    return (
      <p class="wrong" role="alert">
        {sentence(wrong)}
      </p>
    );
  return (
    <div class="emotions">
      <div class="screen">
        <Video job={job} timeline={timeline} playhead={playhead} />
        {timeline && <Moments job={job} moments={timeline.moments} playhead={playhead} />}
      </div>
      {timeline ? (
        <>
          <Now timeline={timeline} playhead={playhead} />
          <Chart timeline={timeline} playhead={playhead} />
          <Table timeline={timeline} playhead={playhead} />
          <p class="hint">{timeline.note}</p>
        </>
      ) : (
        <div class="chart-room">
          <Progress part={part} label="Timeline" words={`Reading the timeline … ${Math.floor(part * 100)} %`} />
        </div>
      )}
    </div>
  );
}

interface Shown {
  job: Job;
  timeline: Timeline | null;
  playhead: Playhead;
}

function Video({ job, timeline, playhead }: Shown) {
  const annotated = artefact(job, "annotated.mp4");
  const [boxes, setBoxes] = useState(true);
  return (
    <div>
      <Player
        playhead={playhead}
        label={job.title}
        link={(fresh) =>
          annotated ? resultLink(job.id, annotated, fresh) : inputLink(job.id, "video", fresh)
        }
        shape={shapeOf(job)}
      >
        {!annotated && boxes && timeline && <Boxes timeline={timeline} playhead={playhead} />}
      </Player>
      {!annotated && timeline && timeline.faces.length > 0 && (
        <label class="row check">
          <input type="checkbox" checked={boxes} onChange={(event) => setBoxes(event.currentTarget.checked)} />
          Show faces in the picture
        </label>
      )}
    </div>
  );
}

/** Of the video as it is shown; 16:9 where it is not known. */
function shapeOf(job: Job): number {
  const video = (job.facts.upload_trigger?.video ?? {}) as Passported;
  const { width, height, rotation = 0 } = video.passport?.video ?? {};
  if (!width || !height) return 16 / 9;
  return Math.abs(rotation) % 180 === 90 ? height / width : width / height;
}

interface Passported {
  passport?: { video?: { width?: number; height?: number; rotation?: number } };
}

/** A box around every face of the frame that is shown. */
function Boxes({ timeline, playhead }: { timeline: Timeline; playhead: Playhead }) {
  const frame = useFrame(timeline, playhead);
  return (
    <div class="boxes" aria-hidden="true">
      {readingsAt(timeline, frame).map((one) => {
        const [x = 0, y = 0, width = 0, height = 0] = one.box.map((share) => share * 100);
        return (
          <div
            key={one.face_id}
            class={`face ${emotionClass(one.dominant ?? "")}${one.uncertain ? " pale" : ""}`}
            style={{ left: `${x}%`, top: `${y}%`, width: `${width}%`, height: `${height}%` }}
          >
            <span>{one.face_id}</span>
          </div>
        );
      })}
    </div>
  );
}

/** The number of the frame that is shown; -1 before the first. */
function useFrame(timeline: Timeline, playhead: Playhead): number {
  const [frame, setFrame] = useState(-1);
  useEffect(
    () => playhead.listen((timeS) => setFrame(frameAt(timeline.timesS, timeS))),
    [timeline, playhead],
  );
  return frame;
}

/** Who shows what at this time, in words. */
function Now({ timeline, playhead }: { timeline: Timeline; playhead: Playhead }) {
  const frame = useFrame(timeline, playhead);
  const readings = readingsAt(timeline, frame);
  return (
    <p class="now">
      <span class="time">{clock(timeline.timesS[Math.max(0, frame)] ?? 0)}</span>
      {readings.length === 0 && <span class="hint">Nobody is seen</span>}
      {readings.map((one) => (
        <span key={one.face_id}>
          <span class={`swatch ${emotionClass(one.dominant ?? "")}`} aria-hidden="true" /> Person {one.face_id}:{" "}
          {readingWords(one)}
        </span>
      ))}
    </p>
  );
}

function Moments({ job, moments, playhead }: { job: Job; moments: Strongest[]; playhead: Playhead }) {
  if (!moments.length)
    return (
      <p class="hint">
        No moment stood out: faces were neutral, uncertain, or too small. A shorter distance between frames may
        find more.
      </p>
    );
  return (
    <section aria-labelledby="moments">
      <h3 id="moments">Strongest moments</h3>
      <ul class="moments">
        {moments.map((one) => (
          <li key={one.thumbnail}>
            <button type="button" class="quiet" onClick={() => playhead.seek(one.time_s)}>
              <Thumbnail job={job} name={one.thumbnail} />
              <span class="words">
                <span class="time">{clock(one.time_s)}</span>
                <span>
                  <span class={`swatch ${emotionClass(one.emotion)}`} aria-hidden="true" /> {one.emotion}{" "}
                  {Math.round(one.confidence * 100)} %
                </span>
                <span class="hint">Person {one.face_id}</span>
              </span>
            </button>
          </li>
        ))}
      </ul>
    </section>
  );
}

function Thumbnail({ job, name }: { job: Job; name: string }) {
  const one = artefact(job, name);
  const [url, setUrl] = useState("");
  const tried = useRef(false);
  const load = (fresh: boolean): void => {
    if (one) resultLink(job.id, one, fresh).then((link) => setUrl(link.url), () => undefined);
  };
  useEffect(() => load(false), [one?.generation]);
  return (
    <span class="picture">
      {url && (
        <img
          src={url}
          alt=""
          onError={() => {
            if (tried.current) return;
            tried.current = true;
            load(true);
          }}
        />
      )}
    </span>
  );
}

/** So many rows can be read; all of them are in emotions.csv. */
const ROWS = 300;

function Table({ timeline, playhead }: { timeline: Timeline; playhead: Playhead }) {
  const [open, setOpen] = useState(false);
  const rows = useMemo(() => (open ? episodes(timeline) : []), [open, timeline]);
  return (
    <details onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>The timeline as a table</summary>
      <div class="scroll" tabIndex={0} role="region" aria-label="The timeline as a table">
        <table class="episodes">
          <thead>
            <tr>
              <th scope="col">From</th>
              <th scope="col">To</th>
              <th scope="col">Who</th>
              <th scope="col">Strongest</th>
              <th scope="col" class="number">
                On average
              </th>
            </tr>
          </thead>
          <tbody>
            {rows.slice(0, ROWS).map((one) => (
              <tr key={`${one.faceId} ${one.beginS}`}>
                <td>
                  <button type="button" class="link" onClick={() => playhead.seek(one.beginS)}>
                    {clock(one.beginS)}
                  </button>
                </td>
                <td>{clock(one.endS)}</td>
                <td>Person {one.faceId}</td>
                <td>{one.emotion}</td>
                <td class="number">{Math.round(one.mean * 100)} %</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {rows.length > ROWS && (
        <p class="hint">
          The first {ROWS} of {rows.length} stretches. All of them are in emotions.csv.
        </p>
      )}
    </details>
  );
}
