/** One job: what came of it, how far it is, and what can be done. */
import { useState } from "preact/hooks";
import { Emotions } from "../emotions/emotions.tsx";
import { Film } from "../film/film.tsx";
import { Gallery } from "../frames/gallery.tsx";
import { Actions, Title } from "../job/actions.tsx";
import { Downloads } from "../job/downloads.tsx";
import { History } from "../job/stages/history.tsx";
import { type Job, TERMINAL, artefact, share } from "../job/model.ts";
import { Missing } from "../job/missing.tsx";
import { NoJob } from "../job/no-job.tsx";
import { Review } from "../job/review.tsx";
import { Stages } from "../job/stages/stages.tsx";
import { Trouble } from "../job/trouble.tsx";
import { useJob } from "../job/use-job.ts";
import { recipeName, stageName, statusName } from "../job/words.ts";
import type { PageProps } from "../routes.ts";
import { useTitle } from "../ui/use-title.ts";
import { Progress, Waiting } from "../ui/progress.tsx";
import { Uploads } from "../upload/rows.tsx";
import { ago } from "../words.ts";

export default function JobPage({ params }: PageProps) {
  const id = params.id ?? "";
  // Another job is another page: nothing of the one before stays.
  return <Known key={id} id={id} />;
}

function Known({ id }: { id: string }) {
  const { job, live } = useJob(id);
  useTitle(job ? job.title : job === null ? "No such job" : "Job");
  if (job === undefined) return <Waiting words="Opening the job …" />;
  if (job === null) return <NoJob />;
  return <Whole job={job} live={live} />;
}

/**
 * Whoever opens a job that is done wants its results; whoever watches it work sees them come below,
 * in the order in which they are made: nothing that is looked at is pushed away.
 */
function Whole({ job, live }: { job: Job; live: boolean }) {
  const [watched] = useState(!TERMINAL.includes(job.status));
  const stages = (
    <section key="stages" aria-labelledby="progress">
      <h2 id="progress">{TERMINAL.includes(job.status) ? "How it went" : "How it goes"}</h2>
      <Stages job={job} />
    </section>
  );
  return (
    <article class="job">
      <Head job={job} live={live} watched={watched} />
      {job.status === "failed" && job.error && <Trouble job={job} error={job.error} />}
      {job.status === "awaiting_review" && <Review job={job} />}
      <Uploads job={job.id} />
      <Missing job={job} />
      <Warnings job={job} />
      {watched && stages}
      <Results job={job} watched={watched} />
      {!watched && stages}
      {job.artefacts.length > 0 && (
        <section aria-labelledby="downloads">
          <h2 id="downloads">Take away</h2>
          <Downloads job={job} />
        </section>
      )}
      <section aria-labelledby="history">
        <h2 id="history">History</h2>
        <History job={job} />
      </section>
    </article>
  );
}

interface HeadProps {
  job: Job;
  live: boolean;
  watched: boolean;
}

function Head({ job, live, watched }: HeadProps) {
  const [renaming, setRenaming] = useState(false);
  const now = job.stages.find((one) => one.state === "running");
  const words = now ? `${stageName(now.name)} · ${Math.floor(share(job) * 100)} %` : statusName(job.status);
  return (
    <header class="job-head">
      <p class="hint">
        <a href="/">Jobs</a> / {recipeName(job.recipe)}
      </p>
      <Title job={job} renaming={renaming} onDone={() => setRenaming(false)} />
      <div class="row between">
        <p class="facts">
          <span class={`badge ${job.status}`} role="status">
            {statusName(job.status)}
          </span>
          <span class="hint">
            Made {ago(new Date(job.created_at), new Date())} · kept until{" "}
            {new Date(job.expires_at).toLocaleDateString()}
          </span>
        </p>
        <Actions job={job} onRename={() => setRenaming(true)} />
      </div>
      {(watched || !TERMINAL.includes(job.status)) && <Progress part={share(job)} words={words} label="The whole job" />}
      {!live && <p class="hint">Changes are not heard of at once here; the page asks every few seconds.</p>}
    </header>
  );
}

function Warnings({ job }: { job: Job }) {
  if (!job.warnings.length) return null;
  return (
    <section class="note warn" aria-labelledby="warnings">
      <h2 id="warnings">Worth knowing</h2>
      <ul>
        {job.warnings.map((one) => (
          <li key={one}>{one}</li>
        ))}
      </ul>
    </section>
  );
}

function Results({ job, watched }: { job: Job; watched: boolean }) {
  const film = artefact(job, "film.mp4");
  const emotions = artefact(job, "emotions.json");
  const frames = artefact(job, "frames.zip");
  const deck = job.artefacts.some((one) => one.kind === "deck");
  const shown = [
    film && (
      <section key="film" aria-labelledby="film">
        <div class="row between">
          <h2 id="film">The film</h2>
          {deck && (
            <a class="button" href={`/jobs/${job.id}/deck`}>
              Edit the slides
            </a>
          )}
        </div>
        <Film job={job} />
      </section>
    ),
    emotions && (
      <section key="emotions" aria-labelledby="emotions">
        <h2 id="emotions">What faces express</h2>
        <Emotions job={job} />
      </section>
    ),
  ];
  return (
    <>
      {watched ? shown.reverse() : shown}
      {frames && job.recipe === "frames" && (
        <section aria-labelledby="frames">
          <h2 id="frames">Frames</h2>
          <Gallery job={job} />
        </section>
      )}
      {frames && job.recipe !== "frames" && <Looked job={job} />}
    </>
  );
}

/** Where frames are a means: they are there for whoever wants to see them. */
function Looked({ job }: { job: Job }) {
  const [open, setOpen] = useState(false);
  return (
    <details onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>The frames that were looked at</summary>
      {open && <Gallery job={job} />}
    </details>
  );
}
