/** One job: results, progress and actions. */
import { useState } from "preact/hooks";
import { Emotions } from "../emotions/emotions.tsx";
import { Film } from "../film/film.tsx";
import { Gallery } from "../frames/gallery.tsx";
import { JobActions, JobTitle } from "../job/actions.tsx";
import { Downloads } from "../job/downloads.tsx";
import { History } from "../job/stages/history.tsx";
import { type Job, TERMINAL, findArtifact, progressOf } from "../job/model.ts";
import { MissingFiles } from "../job/missing-files.tsx";
import { JobNotFound } from "../job/job-not-found.tsx";
import { DeckReview } from "../job/deck-review.tsx";
import { Stages } from "../job/stages/stages.tsx";
import { EndNotification } from "../job/end-notification.tsx";
import { useTimeLeft } from "../job/use-time-left.ts";
import { JobFailure } from "../job/job-failure.tsx";
import { useJob } from "../job/use-job.ts";
import { stageLabel, statusLabel } from "../job/labels.ts";
import { recipeLabel } from "../labels.ts";
import type { PageProps } from "../routes.ts";
import { useTitle } from "../ui/use-title.ts";
import { Loading, Progress } from "../ui/progress.tsx";
import { Transcript, hasTranscript } from "../transcript/transcript.tsx";
import { Fetches } from "../upload/fetches.tsx";
import { Uploads } from "../upload/upload-list.tsx";
import { formatDuration, formatTimeAgo } from "../format.ts";

export default function JobPage({ params }: PageProps) {
  const id = params.id ?? "";
  // The key resets the state when the id changes.
  return <JobLoader key={id} id={id} />;
}

function JobLoader({ id }: { id: string }) {
  const { job, isLive } = useJob(id);
  useTitle(job ? tabTitle(job) : job === null ? "No such job" : "Job");
  if (job === undefined) return <Loading text="Opening the job …" />;
  if (job === null) return <JobNotFound />;
  return <JobDetails job={job} isLive={isLive} />;
}

/** The title begins with what changes, for a tab in the background. */
function tabTitle(job: Job): string {
  return job.status === "running"
    ? `${Math.floor(progressOf(job) * 100)} % · ${job.title}`
    : `${statusLabel(job.status)} · ${job.title}`;
}

/**
 * A finished job shows its results first. For a job that was running when the page was opened, results appear
 * below the stages in the order of completion, so that nothing moves.
 */
function JobDetails({ job, isLive }: { job: Job; isLive: boolean }) {
  const [openedRunning] = useState(!TERMINAL.includes(job.status));
  const stages = (
    <section key="stages" aria-labelledby="progress">
      <h2 id="progress">{TERMINAL.includes(job.status) ? "How it went" : "How it goes"}</h2>
      <Stages job={job} />
    </section>
  );
  return (
    <article class="job">
      <JobHeader job={job} isLive={isLive} openedRunning={openedRunning} />
      {job.status === "failed" && job.error && <JobFailure job={job} error={job.error} />}
      {job.status === "queued" && <Queued />}
      {job.status === "awaiting_review" && <DeckReview job={job} />}
      <Uploads job={job.id} />
      <Fetches job={job} />
      <MissingFiles job={job} />
      <Warnings job={job} />
      {openedRunning && stages}
      <Results job={job} openedRunning={openedRunning} />
      {!openedRunning && stages}
      {job.artifacts.length > 0 && (
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

interface JobHeaderProps {
  job: Job;
  isLive: boolean;
  openedRunning: boolean;
}

function JobHeader({ job, isLive, openedRunning }: JobHeaderProps) {
  const [isRenaming, setIsRenaming] = useState(false);
  const runningStage = job.stages.find((stage) => stage.state === "running");
  const timeLeftS = useTimeLeft(job);
  const timeLeft = timeLeftS === null ? "" : ` · about ${formatDuration(timeLeftS)} left`;
  const progressLabel = runningStage
    ? `${stageLabel(runningStage.name)} · ${Math.floor(progressOf(job) * 100)} %${timeLeft}`
    : statusLabel(job.status);
  return (
    <header class="job-header">
      <p class="hint">
        <a href="/">Jobs</a> / {recipeLabel(job.recipe)}
      </p>
      <JobTitle job={job} renaming={isRenaming} onDone={() => setIsRenaming(false)} />
      <div class="row between">
        <p class="job-facts">
          <span class={`badge ${job.status}`} role="status">
            {statusLabel(job.status)}
          </span>
          <span class="hint">
            Made {formatTimeAgo(new Date(job.created_at), new Date())} · kept until{" "}
            {new Date(job.expires_at).toLocaleDateString()}
          </span>
        </p>
        <div class="row">
          <EndNotification job={job} />
          <JobActions job={job} onRename={() => setIsRenaming(true)} />
        </div>
      </div>
      <Notes job={job} />
      {(openedRunning || !TERMINAL.includes(job.status)) && (
        <Progress value={progressOf(job)} text={progressLabel} label="The whole job" />
      )}
      {!isLive && <p class="hint">Changes are not heard of at once here; the page asks every few seconds.</p>}
    </header>
  );
}

/** What the user noted about the job. */
function Notes({ job }: { job: Job }) {
  return (
    <>
      {job.description && <p class="job-description">{job.description}</p>}
      {job.tags.length > 0 && (
        <ul class="tags" aria-label="Tags">
          {job.tags.map((tag) => (
            <li key={tag}>{tag}</li>
          ))}
        </ul>
      )}
    </>
  );
}

/** Why a job does not run yet. */
function Queued() {
  return (
    <section class="note" aria-labelledby="queued">
      <h2 id="queued">It waits for your other jobs</h2>
      <p>Only a few of your jobs run at once. This one starts by itself when one of them ends. Nothing is lost.</p>
    </section>
  );
}

function Warnings({ job }: { job: Job }) {
  if (!job.warnings.length) return null;
  return (
    <section class="note warning" aria-labelledby="warnings">
      <h2 id="warnings">Worth knowing</h2>
      <ul>
        {job.warnings.map((warning) => (
          <li key={warning}>{warning}</li>
        ))}
      </ul>
    </section>
  );
}

function Results({ job, openedRunning }: { job: Job; openedRunning: boolean }) {
  const film = findArtifact(job, "film.mp4");
  const emotions = findArtifact(job, "emotions.json");
  const withTranscript = hasTranscript(job);
  const frames = findArtifact(job, "frames.zip");
  const hasDeck = job.artifacts.some((artifact) => artifact.kind === "deck");
  const voice = String(job.facts.text_to_speech?.voice ?? "");
  const sections = [
    film && (
      <section key="film" aria-labelledby="film">
        <div class="row between">
          <h2 id="film">The film</h2>
          {hasDeck && (
            <a class="button" href={`/jobs/${job.id}/deck`}>
              Edit the slides
            </a>
          )}
        </div>
        <Film job={job} />
        {voice && <p class="hint">The voice is {voice}.</p>}
      </section>
    ),
    // The timeline of emotions shows the transcript beside its own player.
    withTranscript && !emotions && (
      <section key="transcript" aria-labelledby="transcript">
        <h2 id="transcript">What is said</h2>
        <Transcript job={job} />
      </section>
    ),
    emotions && (
      <section key="emotions" aria-labelledby="emotions">
        <h2 id="emotions">{withTranscript ? "What is said, and what faces express" : "What faces express"}</h2>
        <Emotions job={job} />
      </section>
    ),
  ];
  return (
    <>
      {openedRunning ? sections.reverse() : sections}
      {frames && job.recipe === "frames" && (
        <section aria-labelledby="frames">
          <h2 id="frames">Frames</h2>
          <Gallery job={job} />
        </section>
      )}
      {frames && job.recipe !== "frames" && <SourceFrames job={job} />}
    </>
  );
}

/** Frames that are an intermediate result, collapsed. */
function SourceFrames({ job }: { job: Job }) {
  const [isOpen, setIsOpen] = useState(false);
  return (
    <details onToggle={(event) => setIsOpen(event.currentTarget.open)}>
      <summary>The frames that were looked at</summary>
      {isOpen && <Gallery job={job} />}
    </details>
  );
}
