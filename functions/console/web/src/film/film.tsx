/** Film player with subtitles and chapters. */
import { useEffect, useMemo, useState } from "preact/hooks";
import { resultLink, resultText } from "../job/links.ts";
import { type Artifact, type Job, findArtifact } from "../job/model.ts";
import { type Chapter, parseChapters } from "./chapters.ts";
import { Chapters, Player } from "./player.tsx";
import { Shortcuts } from "./shortcuts.tsx";
import { usePlayhead } from "./use-playhead.ts";

/** How far the arrow keys seek. */
const STEP_S = 5;

export function Film({ job }: { job: Job }) {
  const film = findArtifact(job, "film.mp4") as Artifact;
  const playhead = usePlayhead(film.generation);
  const subtitles = useResultText(job, "subtitles.vtt");
  const chaptersText = useResultText(job, "chapters.vtt");
  const chapters = useMemo<Chapter[]>(() => (chaptersText ? parseChapters(chaptersText) : []), [chaptersText]);
  const poster = usePoster(job);
  const { width = 16, height = 9, slides = 0 } = (job.facts.stitching ?? {}) as FilmFacts;
  // Reserves their space, so that the player does not move when they load.
  const hasChapters = findArtifact(job, "chapters.vtt") !== null;
  const voice = String(job.facts.text_to_speech?.voice ?? "");
  const hasDeck = job.artifacts.some((artifact) => artifact.kind === "deck");
  return (
    <div
      class={hasChapters ? "film with-chapters" : "film"}
      data-shortcuts
      style={{ "--slide-count": String(slides), "--aspect-ratio": String(width / height) }}
    >
      <Player
        key={film.generation}
        playhead={playhead}
        label={job.title}
        getLink={(refresh) => resultLink(job.id, film, refresh)}
        aspectRatio={width / height}
        poster={poster}
        // Burned-in subtitles would appear twice.
        subtitles={job.options.subtitles === "burned" ? undefined : subtitles}
        language={String(job.options.language || "en")}
      />
      {hasChapters && <Chapters chapters={chapters} playhead={playhead} />}
      <div class="row between film-actions">
        {hasDeck ? (
          <a class="button" href={`/jobs/${job.id}/deck`}>
            Edit slides
          </a>
        ) : (
          <span />
        )}
        {voice && <p class="hint">The voice is {voice}.</p>}
        <Shortcuts
          playhead={playhead}
          step={(direction) => playhead.seek(Math.max(0, playhead.timeS + direction * STEP_S))}
          stepName={`${STEP_S} seconds`}
          stopsS={chapters.map((chapter) => chapter.startS)}
          stopName="chapter"
        />
      </div>
    </div>
  );
}

/** Facts of the stitching stage; `slides` is the number of slides. */
interface FilmFacts {
  width?: number;
  height?: number;
  slides?: number;
}

/** The text of an artifact; undefined while loading, and if there is none. */
function useResultText(job: Job, name: string): string | undefined {
  const artifact = findArtifact(job, name);
  const [text, setText] = useState<string>();
  useEffect(() => {
    let cancelled = false;
    setText(undefined);
    if (artifact) {
      // The film plays without it.
      resultText(job.id, artifact).then((content) => cancelled || setText(content), () => undefined);
    }
    return () => {
      cancelled = true;
    };
  }, [job.id, artifact?.generation]);
  return text;
}

function usePoster(job: Job): string | undefined {
  const artifact = findArtifact(job, "poster.jpg");
  const [url, setUrl] = useState<string>();
  useEffect(() => {
    let cancelled = false;
    if (artifact) resultLink(job.id, artifact).then((link) => cancelled || setUrl(link.url), () => undefined);
    return () => {
      cancelled = true;
    };
  }, [job.id, artifact?.generation]);
  return url;
}
