/** A film that was made: played, read along, and sought by its chapters. */
import { useEffect, useMemo, useState } from "preact/hooks";
import { resultLink, resultText } from "../job/links.ts";
import { type Artefact, type Job, artefact } from "../job/model.ts";
import { type Chapter, parseChapters } from "./chapters.ts";
import { Chapters, Player } from "./player.tsx";
import { Playhead } from "./playhead.ts";

export function Film({ job }: { job: Job }) {
  const film = artefact(job, "film.mp4") as Artefact;
  const playhead = useMemo(() => new Playhead(), [film.generation]);
  const subtitles = useResult(job, "subtitles.vtt");
  const told = useResult(job, "chapters.vtt");
  const chapters = useMemo<Chapter[]>(() => (told ? parseChapters(told) : []), [told]);
  const poster = usePoster(job);
  const { width = 16, height = 9, slides = 0 } = (job.facts.stitching ?? {}) as Made;
  // Their room is there before they are: the film does not move when they come.
  const divided = artefact(job, "chapters.vtt") !== null;
  return (
    <div class={divided ? "film with-chapters" : "film"} style={{ "--slides": String(slides) }}>
      <Player
        key={film.generation}
        playhead={playhead}
        label={job.title}
        link={(fresh) => resultLink(job.id, film, fresh)}
        shape={width / height}
        poster={poster}
        // A film with burned-in lines would say each of them twice.
        subtitles={job.options.subtitles === "burned" ? undefined : subtitles}
        language={String(job.options.language || "en")}
      />
      {divided && <Chapters chapters={chapters} playhead={playhead} />}
    </div>
  );
}

/** What is known of a film; slides are those of a deck. */
interface Made {
  width?: number;
  height?: number;
  slides?: number;
}

/** The text of a result; undefined until it is there, or where there is none. */
function useResult(job: Job, name: string): string | undefined {
  const one = artefact(job, name);
  const [text, setText] = useState<string>();
  useEffect(() => {
    let over = false;
    setText(undefined);
    if (one) {
      // A film plays without them as well.
      resultText(job.id, one).then((told) => over || setText(told), () => undefined);
    }
    return () => {
      over = true;
    };
  }, [job.id, one?.generation]);
  return text;
}

function usePoster(job: Job): string | undefined {
  const one = artefact(job, "poster.jpg");
  const [url, setUrl] = useState<string>();
  useEffect(() => {
    let over = false;
    if (one) resultLink(job.id, one).then((link) => over || setUrl(link.url), () => undefined);
    return () => {
      over = true;
    };
  }, [job.id, one?.generation]);
  return url;
}
