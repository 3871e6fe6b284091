/** The first tab of a job's page: what the recipe gives, or how far the job is, or why it failed. */
import { useState } from "preact/hooks";
import { Emotions } from "../../emotions/emotions.tsx";
import { Film } from "../../film/film.tsx";
import { Gallery } from "../../frames/gallery.tsx";
import { Transcript, hasTranscript } from "../../transcript/transcript.tsx";
import { Fetches } from "../../upload/fetches.tsx";
import { Uploads } from "../../upload/upload-list.tsx";
import { type Job, TERMINAL, findArtifact } from "../model.ts";
import { DeckReview } from "./deck-review.tsx";
import { JobFailure } from "./job-failure.tsx";
import { JobProgress } from "./job-progress.tsx";
import { MissingFiles } from "./missing-files.tsx";
import { SlidesPreview } from "./slides-preview.tsx";

/**
 * Results of a job that was running when the page was opened appear below its progress in the order of completion,
 * so that nothing moves.
 */
export function Result({ job }: { job: Job }) {
  const [openedRunning] = useState(!TERMINAL.includes(job.status));
  const hasEnded = TERMINAL.includes(job.status);
  return (
    <>
      {job.status === "failed" && job.error && <JobFailure job={job} error={job.error} />}
      {job.status === "awaiting_review" && (
        <>
          <DeckReview job={job} />
          <SlidesPreview job={job} />
        </>
      )}
      {job.status === "cancelled" && !job.artifacts.length && <Cancelled />}
      <Uploads job={job.id} />
      <Fetches job={job} />
      <MissingFiles job={job} />
      {(openedRunning || !hasEnded) && !["failed", "awaiting_review"].includes(job.status) && <JobProgress job={job} />}
      <ResultSections job={job} openedRunning={openedRunning} />
    </>
  );
}

function Cancelled() {
  return <p class="hint">You cancelled this job before it had a result.</p>;
}

function ResultSections({ job, openedRunning }: { job: Job; openedRunning: boolean }) {
  const emotions = findArtifact(job, "emotions.json");
  const withTranscript = hasTranscript(job);
  const frames = findArtifact(job, "frames.zip");
  const sections = [
    findArtifact(job, "film.mp4") && (
      <section key="film" aria-label="Film">
        <Film job={job} />
      </section>
    ),
    // The emotion workspace shows the transcript beside its own player.
    withTranscript && !emotions && (
      <section key="transcript" aria-label="Transcript">
        <Transcript job={job} />
      </section>
    ),
    emotions && (
      <section key="emotions" aria-label="Emotions">
        <Emotions job={job} />
      </section>
    ),
  ];
  return (
    <>
      {openedRunning ? sections.reverse() : sections}
      {frames && job.recipe === "frames" && (
        <section aria-label="Frames">
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
      <summary>Extracted frames</summary>
      {isOpen && <Gallery job={job} />}
    </details>
  );
}
