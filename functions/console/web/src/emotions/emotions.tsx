/** The emotion workspace: video, read-out, strongest moments, chart and table, and the transcript if there is one. */
import { useMemo, useState } from "preact/hooks";
import { Shortcuts } from "../film/shortcuts.tsx";
import type { Playhead } from "../film/playhead.ts";
import { usePlayhead } from "../film/use-playhead.ts";
import { type Artifact, type Job, findArtifact } from "../job/model.ts";
import { videoAspectRatio } from "../job/aspect-ratio.ts";
import { type EditedTranscript, TranscriptWords, hasTranscript, useTranscript } from "../transcript/transcript.tsx";
import { Progress } from "../ui/progress.tsx";
import { TabPanel, Tabs } from "../ui/tabs.tsx";
import { errorMessage } from "../format.ts";
import { Chart, plotHeight } from "./chart/chart.tsx";
import { Moments } from "./moments.tsx";
import { NameDialog } from "./name-dialog.tsx";
import { Readout } from "./readout.tsx";
import { createSelection } from "./selection.ts";
import { Table } from "./table.tsx";
import { type Timeline, frameAt } from "./timeline.ts";
import { useTimeline } from "./use-timeline.ts";
import { Video } from "./video.tsx";

export function Emotions({ job }: { job: Job }) {
  return hasTranscript(job) ? <EmotionsWithTranscript job={job} /> : <Workspace job={job} transcript={null} />;
}

function EmotionsWithTranscript({ job }: { job: Job }) {
  return <Workspace job={job} transcript={useTranscript(job)} />;
}

function Workspace({ job, transcript }: { job: Job; transcript: EditedTranscript | null }) {
  const timelineFile = findArtifact(job, "emotions.json") as Artifact;
  const { timeline, fraction, error } = useTimeline(job.id, timelineFile);
  const playhead = usePlayhead(timelineFile.generation);
  const selection = useMemo(createSelection, [timelineFile.generation]);
  const [naming, setNaming] = useState<number | null>(null);
  if (error)
    return (
      <p class="error-text" role="alert">
        {errorMessage(error)}
      </p>
    );
  const faceCount = timeline?.faces.length ?? Number(job.facts.emotion_scoring?.faces ?? 1);
  const style = {
    "--aspect-ratio": String(videoAspectRatio(job)),
    "--plot-height": `${plotHeight(faceCount)}px`,
  };
  return (
    <div class="emotions" data-shortcuts style={style}>
      <div class="screen">
        <Video job={job} timeline={timeline} transcript={transcript} playhead={playhead} />
        <div class="readout-column">
          {timeline && <Readout timeline={timeline} people={job.people} playhead={playhead} selection={selection} />}
        </div>
        <SideColumn job={job} timeline={timeline} transcript={transcript} playhead={playhead} />
      </div>
      <div class="chart-area">
        {timeline ? (
          <Chart
            timeline={timeline}
            people={job.people}
            playhead={playhead}
            selection={selection}
            onName={setNaming}
          />
        ) : (
          <Progress value={fraction} label="Timeline" text={`Loading the timeline … ${Math.floor(fraction * 100)} %`} />
        )}
      </div>
      {timeline && (
        <div class="below-chart">
          <div class="row between">
            <p class="hint">{timeline.note}</p>
            <WorkspaceShortcuts timeline={timeline} playhead={playhead} />
          </div>
          <Table timeline={timeline} people={job.people} title={job.title} playhead={playhead} />
        </div>
      )}
      {naming !== null && <NameDialog job={job} faceId={naming} onClose={() => setNaming(null)} />}
    </div>
  );
}

interface SideColumnProps {
  job: Job;
  timeline: Timeline | null;
  transcript: EditedTranscript | null;
  playhead: Playhead;
}

const SIDE_ID = "beside";
const SIDE_TABS = [
  { name: "moments", label: "Moments" },
  { name: "words", label: "Transcript" },
] as const;

/** The strongest moments, and the transcript in a tab of its own. */
function SideColumn({ job, timeline, transcript, playhead }: SideColumnProps) {
  const [selected, setSelected] = useState<"moments" | "words">("moments");
  const moments = timeline && <Moments job={job} moments={timeline.moments} playhead={playhead} />;
  if (!transcript) return <div class="side-column">{moments}</div>;
  return (
    <div class="side-column">
      <Tabs id={SIDE_ID} label="Beside the video" tabs={SIDE_TABS} selected={selected} onSelect={setSelected} />
      <TabPanel id={SIDE_ID} name="moments" hidden={selected !== "moments"}>
        {moments}
      </TabPanel>
      <TabPanel id={SIDE_ID} name="words" hidden={selected !== "words"}>
        <TranscriptWords job={job} transcript={transcript} playhead={playhead} />
      </TabPanel>
    </div>
  );
}

function WorkspaceShortcuts({ timeline, playhead }: { timeline: Timeline; playhead: Playhead }) {
  const stopsS = useMemo(() => timeline.moments.map((moment) => moment.time_s), [timeline]);
  const step = (direction: -1 | 1): void => {
    const frame = Math.max(0, frameAt(timeline.timesS, playhead.timeS)) + direction;
    const timeS = timeline.timesS[Math.min(timeline.timesS.length - 1, Math.max(0, frame))];
    if (timeS !== undefined) playhead.seek(timeS);
  };
  return <Shortcuts playhead={playhead} step={step} stepName="one frame" stopsS={stopsS} stopName="peak" />;
}

