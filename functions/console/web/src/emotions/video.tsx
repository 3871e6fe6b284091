/** The video of the emotion workspace, with a box around every face. */
import { useMemo, useState } from "preact/hooks";
import { formatVtt } from "../film/cues.ts";
import { Player } from "../film/player.tsx";
import type { Playhead } from "../film/playhead.ts";
import { inputLink, resultLink } from "../job/links.ts";
import { type Job, type People, findArtifact } from "../job/model.ts";
import { videoAspectRatio } from "../job/aspect-ratio.ts";
import type { EditedTranscript } from "../transcript/transcript.tsx";
import { emotionClass } from "./labels.ts";
import { type Timeline, readingsAt } from "./timeline.ts";
import { useFrame } from "./use-frame.ts";

export interface VideoProps {
  job: Job;
  timeline: Timeline | null;
  transcript: EditedTranscript | null;
  playhead: Playhead;
}

export function Video({ job, timeline, transcript, playhead }: VideoProps) {
  const annotated = findArtifact(job, "annotated.mp4");
  const [showBoxes, setShowBoxes] = useState(true);
  const lines = transcript?.language != null ? transcript.lines : null;
  const track = useMemo(() => (lines ? formatVtt(lines) : undefined), [lines]);
  return (
    <div class="video-column">
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
        {!annotated && showBoxes && timeline && (
          <FaceBoxes timeline={timeline} people={job.people} playhead={playhead} />
        )}
      </Player>
      {!annotated && (
        <label class="row checkbox-label">
          <input
            type="checkbox"
            checked={showBoxes}
            disabled={!timeline?.faces.length}
            onChange={(event) => setShowBoxes(event.currentTarget.checked)}
          />
          Show faces
        </label>
      )}
    </div>
  );
}

interface FaceBoxesProps {
  timeline: Timeline;
  people: People;
  playhead: Playhead;
}

/** A box around every face in the current frame. */
function FaceBoxes({ timeline, people, playhead }: FaceBoxesProps) {
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
            <span>{people[String(reading.face_id)] ?? reading.face_id}</span>
          </div>
        );
      })}
    </div>
  );
}
