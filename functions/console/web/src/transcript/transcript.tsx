/** A transcript beside its player: seek by word, search, edit, and export. */
import { useEffect, useMemo, useState } from "preact/hooks";
import { type Cue, formatSrt, formatVtt } from "../film/cues.ts";
import { Player } from "../film/player.tsx";
import type { Playhead } from "../film/playhead.ts";
import { usePlayhead } from "../film/use-playhead.ts";
import { inputLink, resultLink } from "../job/links.ts";
import { type Artifact, type Job, findArtifact } from "../job/model.ts";
import { isSound, videoAspectRatio } from "../job/aspect-ratio.ts";
import { session } from "../session.ts";
import { useStore } from "../store.ts";
import { Button } from "../ui/button.tsx";
import { Field } from "../ui/field.tsx";
import { Loading } from "../ui/progress.tsx";
import { errorMessage } from "../format.ts";
import { CaptionList } from "./caption-list.tsx";
import { fileName, saveText } from "./save-text.ts";
import { editsKey, loadEdits, saveEdits } from "./stored-edits.ts";
import { type CaptionLine, captionLines, findLines, formatText } from "./transcript.ts";
import { useCaptions } from "./use-captions.ts";

/** The captions of a job with the user's edits. */
export interface EditedTranscript {
  lines: CaptionLine[];
  /** Null until it is loaded. */
  language: string | null;
  error: unknown;
  isEdited: boolean;
  areEditsStored: boolean;
  edit: (index: number, text: string) => void;
}

/** Whether a job has a transcript to show. */
export const hasTranscript = (job: Job): boolean =>
  findArtifact(job, "transcript.json") !== null && findArtifact(job, "captions.vtt") !== null;

/** The transcript of a job that has one. */
export function useTranscript(job: Job): EditedTranscript {
  const captionsFile = findArtifact(job, "captions.vtt") as Artifact;
  const transcriptFile = findArtifact(job, "transcript.json") as Artifact;
  const { cues, transcript, error } = useCaptions(job.id, captionsFile, transcriptFile);
  const { edits, areStored, edit } = useEdits(job.id, captionsFile.generation, cues);
  const lines = useMemo(() => captionLines(cues, transcript?.words ?? [], edits), [cues, transcript, edits]);
  const language = transcript ? transcript.language : null;
  return { lines, language, error, isEdited: edits.size > 0, areEditsStored: areStored, edit };
}

export function Transcript({ job }: { job: Job }) {
  const transcript = useTranscript(job);
  const playhead = usePlayhead((findArtifact(job, "captions.vtt") as Artifact).generation);
  const { lines, language, error } = transcript;
  if (error || language === null) return <TranscriptWords job={job} transcript={transcript} playhead={playhead} />;
  return (
    <div class="transcript">
      <Source job={job} playhead={playhead} lines={lines} language={language} />
      <TranscriptWords job={job} transcript={transcript} playhead={playhead} />
    </div>
  );
}

export interface TranscriptWordsProps {
  job: Job;
  transcript: EditedTranscript;
  playhead: Playhead;
}

/** The lines of a transcript with search and export, to be placed beside a player. */
export function TranscriptWords({ job, transcript, playhead }: TranscriptWordsProps) {
  const { lines, language, error, edit, isEdited, areEditsStored } = transcript;
  const [search, setSearch] = useState("");
  const shown = useMemo(() => findLines(lines, search), [lines, search]);
  if (error)
    return (
      <p class="error-text" role="alert">
        {errorMessage(error)}
      </p>
    );
  if (language === null) return <Loading text="Loading the transcript …" />;
  if (lines.length === 0) return <p class="hint">No words were recognized.</p>;
  return (
    <div class="words">
      <Field label="Search" hint={search && resultCount(shown.length)}>
        {(ids) => (
          <input {...ids} type="search" value={search} onInput={(event) => setSearch(event.currentTarget.value)} />
        )}
      </Field>
      <CaptionList lines={lines} shown={shown} language={language} playhead={playhead} onEdit={edit} />
      <Export lines={lines} title={job.title} isEdited={isEdited} areStored={areEditsStored} />
    </div>
  );
}

const resultCount = (count: number): string => (count === 1 ? "1 line" : `${count} lines`);

const SOUND_ASPECT_RATIO = 4;

interface SourceProps {
  job: Job;
  playhead: Playhead;
  lines: CaptionLine[];
  language: string;
}

/** The captioned video, or the upload with the captions as a track. */
function Source({ job, playhead, lines, language }: SourceProps) {
  const soft = findArtifact(job, "captioned.mp4");
  const captioned = soft ?? findArtifact(job, "burned.mp4");
  const input = job.inputs[0]?.name ?? "video";
  const isBurned = captioned !== null && soft === null;
  const track = useMemo(() => formatVtt(lines), [lines]);
  return (
    <Player
      playhead={playhead}
      label={job.title}
      getLink={(refresh) => (captioned ? resultLink(job.id, captioned, refresh) : inputLink(job.id, input, refresh))}
      // The captions of a sound are shown in an empty picture.
      aspectRatio={isSound(job, input) ? SOUND_ASPECT_RATIO : videoAspectRatio(job, input)}
      // Burned-in captions would appear twice.
      subtitles={isBurned ? undefined : track}
      showSubtitles
      language={language || "en"}
    />
  );
}

/** The user's edits, which stay in this browser. */
function useEdits(job: string, generation: number, cues: readonly Cue[]) {
  const user = useStore(session);
  const key = typeof user === "object" ? editsKey(user.uid, job, generation) : "";
  const [edits, setEdits] = useState<ReadonlyMap<number, string>>(new Map());
  const [areStored, setAreStored] = useState(true);
  useEffect(() => setEdits(key ? loadEdits(key, localStorage) : new Map()), [key]);
  const edit = (index: number, text: string): void => {
    const changed = new Map(edits);
    if (text.trim() === cues[index]?.lines.join("\n")) changed.delete(index);
    else changed.set(index, text.trim());
    setEdits(changed);
    setAreStored(Boolean(key) && saveEdits(key, changed, localStorage));
  };
  return { edits, areStored, edit };
}

interface ExportProps {
  lines: CaptionLine[];
  title: string;
  isEdited: boolean;
  areStored: boolean;
}

function Export({ lines, title, isEdited, areStored }: ExportProps) {
  const formats: [string, string, () => string][] = [
    ["WebVTT", "vtt", () => formatVtt(lines)],
    ["SubRip", "srt", () => formatSrt(lines)],
    ["Text", "txt", () => formatText(lines)],
  ];
  return (
    <div>
      <div class="row">
        <span class="hint">Export as</span>
        {formats.map(([label, extension, format]) => (
          <Button key={extension} kind="quiet" onClick={() => saveText(`${fileName(title)}.${extension}`, format())}>
            <span class="visually-hidden">Export </span>
            {label}
          </Button>
        ))}
      </div>
      {isEdited && (
        <p class="hint">
          {areStored
            ? "Your changes are in these exports. They stay in this browser until you sign out."
            : "Your changes are in these exports. This browser does not store them: export before you leave the page."}
        </p>
      )}
    </div>
  );
}
