/** The strongest moments by time; a click seeks. */
import { useEffect, useRef, useState } from "preact/hooks";
import type { Playhead } from "../film/playhead.ts";
import { resultLink } from "../job/links.ts";
import { type Job, findArtifact } from "../job/model.ts";
import { formatClock } from "../format.ts";
import { emotionClass } from "./labels.ts";
import { personLabel } from "./people.ts";
import type { StrongestMoment } from "./timeline.ts";

export interface MomentsProps {
  job: Job;
  moments: StrongestMoment[];
  playhead: Playhead;
}

export function Moments({ job, moments, playhead }: MomentsProps) {
  if (!moments.length)
    return (
      <p class="hint">
        No moment stood out: faces were neutral, uncertain or too small. A shorter interval may find more.
      </p>
    );
  return (
    <ul class="moments" aria-label="Strongest moments">
      {moments.map((moment) => (
        <li key={moment.thumbnail}>
          <button type="button" class="quiet" onClick={() => playhead.seek(moment.time_s)}>
            <Thumbnail job={job} name={moment.thumbnail} />
            <span class="words">
              <span>
                <span class="time">{formatClock(moment.time_s)}</span>{" "}
                <span class={`swatch ${emotionClass(moment.emotion)}`} aria-hidden="true" /> {moment.emotion}{" "}
                {Math.round(moment.confidence * 100)} %
              </span>
              <span class="hint">{personLabel(job.people, moment.face_id)}</span>
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
