/** Results of an emotions job: video, chart, strongest moments and table, and its transcript if it has one. */
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { formatVtt } from "../film/cues.ts";
import { Player } from "../film/player.tsx";
import type { Playhead } from "../film/playhead.ts";
import { usePlayhead } from "../film/use-playhead.ts";
import { inputLink, resultLink } from "../job/links.ts";
import { type Artifact, type Job, findArtifact } from "../job/model.ts";
import { videoAspectRatio } from "../job/aspect-ratio.ts";
import { type EditedTranscript, TranscriptWords, hasTranscript, useTranscript } from "../transcript/transcript.tsx";
import { Progress } from "../ui/progress.tsx";
import { errorMessage, formatClock } from "../format.ts";
import { Chart } from "./chart.tsx";
import { type StrongestMoment, type Timeline, frameAt, readingsAt } from "./timeline.ts";
import { useTimeline } from "./use-timeline.ts";
import { emotionClass, episodes, listedReadings, readingLabel } from "./labels.ts";

export function Emotions({ job }: { job: Job }) {
  return hasTranscript(job) ? <EmotionsWithTranscript job={job} /> : <EmotionsOf job={job} transcript={null} />;
}

function EmotionsWithTranscript({ job }: { job: Job }) {
  return <EmotionsOf job={job} transcript={useTranscript(job)} />;
}

function EmotionsOf({ job, transcript }: { job: Job; transcript: EditedTranscript | null }) {
  const timelineFile = findArtifact(job, "emotions.json") as Artifact;
  const { timeline, fraction, error } = useTimeline(job.id, timelineFile);
  const playhead = usePlayhead(timelineFile.generation);
  const momentCount = job.artifacts.filter((artifact) => artifact.kind === "moment").length;
  if (error)
    return (
      <p class="error-text" role="alert">
        {errorMessage(error)}
      </p>
    );
  const moments = (
    <div class="moments-column" style={{ "--moment-count": String(momentCount) }}>
      {timeline && <Moments job={job} moments={timeline.moments} playhead={playhead} />}
    </div>
  );
  return (
    <div class="emotions">
      <div class={transcript ? "screen transcript" : "screen"}>
        <Video job={job} timeline={timeline} transcript={transcript} playhead={playhead} />
        {transcript ? <TranscriptWords job={job} transcript={transcript} playhead={playhead} /> : moments}
      </div>
      {transcript && moments}
      {timeline ? (
        <>
          <CurrentReadings timeline={timeline} playhead={playhead} />
          <Chart timeline={timeline} playhead={playhead} />
          <Table timeline={timeline} playhead={playhead} />
          <p class="hint">{timeline.note}</p>
        </>
      ) : (
        <div class="chart-placeholder">
          <Progress value={fraction} label="Timeline" text={`Reading the timeline … ${Math.floor(fraction * 100)} %`} />
        </div>
      )}
    </div>
  );
}

interface VideoProps {
  job: Job;
  timeline: Timeline | null;
  transcript: EditedTranscript | null;
  playhead: Playhead;
}

function Video({ job, timeline, transcript, playhead }: VideoProps) {
  const annotated = findArtifact(job, "annotated.mp4");
  const [showBoxes, setShowBoxes] = useState(true);
  const lines = transcript?.language != null ? transcript.lines : null;
  const track = useMemo(() => (lines ? formatVtt(lines) : undefined), [lines]);
  return (
    <div>
      <Player
        playhead={playhead}
        label={job.title}
        getLink={(refresh) =>
          annotated ? resultLink(job.id, annotated, refresh) : inputLink(job.id, "video", refresh)
        }
        aspectRatio={videoAspectRatio(job)}
        subtitles={track}
        showSubtitles
        language={transcript?.language || "en"}
      >
        {!annotated && showBoxes && timeline && <FaceBoxes timeline={timeline} playhead={playhead} />}
      </Player>
      {!annotated && (
        <label class="row checkbox-label">
          <input
            type="checkbox"
            checked={showBoxes}
            disabled={!timeline?.faces.length}
            onChange={(event) => setShowBoxes(event.currentTarget.checked)}
          />
          Show faces in the picture
        </label>
      )}
    </div>
  );
}

/** Draws a box around every face in the current frame. */
function FaceBoxes({ timeline, playhead }: { timeline: Timeline; playhead: Playhead }) {
  const frame = useFrame(timeline, playhead);
  return (
    <div class="face-boxes" aria-hidden="true">
      {readingsAt(timeline, frame).map((reading) => {
        const [x = 0, y = 0, width = 0, height = 0] = reading.box.map((fraction) => fraction * 100);
        return (
          <div
            key={reading.face_id}
            class={`face ${emotionClass(reading.dominant ?? "")}${reading.uncertain ? " uncertain" : ""}`}
            style={{ left: `${x}%`, top: `${y}%`, width: `${width}%`, height: `${height}%` }}
          >
            <span>{reading.face_id}</span>
          </div>
        );
      })}
    </div>
  );
}

/** Index of the current frame; -1 before the first. */
function useFrame(timeline: Timeline, playhead: Playhead): number {
  const [frame, setFrame] = useState(-1);
  useEffect(() => playhead.listen((timeS) => setFrame(frameAt(timeline.timesS, timeS))), [timeline, playhead]);
  return frame;
}

/** The readings at the current time, as text. */
function CurrentReadings({ timeline, playhead }: { timeline: Timeline; playhead: Playhead }) {
  const frame = useFrame(timeline, playhead);
  const readings = readingsAt(timeline, frame);
  const { listed, others } = listedReadings(readings);
  return (
    <p class="current-readings">
      <span class="time">{formatClock(timeline.timesS[Math.max(0, frame)] ?? 0)}</span>
      {readings.length === 0 && <span class="hint">Nobody is seen</span>}
      {listed.map((reading) => (
        <span key={reading.face_id}>
          <span class={`swatch ${emotionClass(reading.dominant ?? "")}`} aria-hidden="true" /> Person{" "}
          {reading.face_id}: {readingLabel(reading)}
        </span>
      ))}
      {others > 0 && <span class="hint">and {others} more</span>}
    </p>
  );
}

function Moments({ job, moments, playhead }: { job: Job; moments: StrongestMoment[]; playhead: Playhead }) {
  if (!moments.length)
    return (
      <p class="hint">
        No moment stood out: faces were neutral, uncertain, or too small. A shorter distance between frames may find
        more.
      </p>
    );
  return (
    <section aria-labelledby="moments">
      <h3 id="moments">Strongest moments</h3>
      <ul class="moments">
        {moments.map((moment) => (
          <li key={moment.thumbnail}>
            <button type="button" class="quiet" onClick={() => playhead.seek(moment.time_s)}>
              <Thumbnail job={job} name={moment.thumbnail} />
              <span class="words">
                <span class="time">{formatClock(moment.time_s)}</span>
                <span>
                  <span class={`swatch ${emotionClass(moment.emotion)}`} aria-hidden="true" /> {moment.emotion}{" "}
                  {Math.round(moment.confidence * 100)} %
                </span>
                <span class="hint">Person {moment.face_id}</span>
                {moment.sentence && (
                  <q class="sentence" dir="auto">
                    {moment.sentence.text}
                  </q>
                )}
              </span>
            </button>
          </li>
        ))}
      </ul>
    </section>
  );
}

function Thumbnail({ job, name }: { job: Job; name: string }) {
  const artifact = findArtifact(job, name);
  const [url, setUrl] = useState("");
  const retried = useRef(false);
  const load = (refresh: boolean): void => {
    if (artifact)
      resultLink(job.id, artifact, refresh).then(
        (link) => setUrl(link.url),
        () => undefined,
      );
  };
  useEffect(() => load(false), [artifact?.generation]);
  return (
    <span class="picture">
      {url && (
        <img
          src={url}
          alt=""
          onError={() => {
            if (retried.current) return;
            retried.current = true;
            load(true);
          }}
        />
      )}
    </span>
  );
}

/** The table shows no more rows; emotions.csv has all. */
const MAX_ROWS = 300;

function Table({ timeline, playhead }: { timeline: Timeline; playhead: Playhead }) {
  const [isOpen, setIsOpen] = useState(false);
  const rows = useMemo(() => (isOpen ? episodes(timeline) : []), [isOpen, timeline]);
  return (
    <details onToggle={(event) => setIsOpen(event.currentTarget.open)}>
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
            {rows.slice(0, MAX_ROWS).map((episode) => (
              <tr key={`${episode.faceId} ${episode.beginS}`}>
                <td>
                  <button type="button" class="link" onClick={() => playhead.seek(episode.beginS)}>
                    {formatClock(episode.beginS)}
                  </button>
                </td>
                <td>{formatClock(episode.endS)}</td>
                <td>Person {episode.faceId}</td>
                <td>{episode.emotion}</td>
                <td class="number">{Math.round(episode.mean * 100)} %</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {rows.length > MAX_ROWS && (
        <p class="hint">
          The first {MAX_ROWS} of {rows.length} stretches. All of them are in emotions.csv.
        </p>
      )}
    </details>
  );
}
