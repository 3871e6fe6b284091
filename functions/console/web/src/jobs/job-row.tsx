/** A row of the list of jobs. */
import { useEffect, useRef, useState } from "preact/hooks";
import { resultLink } from "../job/links.ts";
import { type Job, jobFromDocuments, progressOf } from "../job/model.ts";
import { stageLabel, statusLabel } from "../job/labels.ts";
import { recipeLabel } from "../labels.ts";
import { useCollection } from "../firestore.ts";
import { RecipePicture } from "../new/recipe-pictures.tsx";
import { Progress } from "../ui/progress.tsx";
import { formatTimeAgo } from "../format.ts";
import { thumbnailOf } from "./filters.ts";

export function JobRow({ job }: { job: Job }) {
  return (
    <li class="job-row">
      <Thumbnail job={job} />
      <div class="job-summary">
        <a href={`/jobs/${job.id}`}>{job.title}</a>
        <span class="hint">
          {recipeLabel(job.recipe)} · {formatTimeAgo(new Date(job.created_at), new Date())}
        </span>
        {job.status === "failed" && job.error && <span class="error-text">{job.error.message}</span>}
      </div>
      <div class="job-state">
        {job.status === "running" ? (
          <JobProgress job={job} />
        ) : (
          <span class={`badge ${job.status}`}>{statusLabel(job.status)}</span>
        )}
      </div>
    </li>
  );
}

/** Live progress: listens to the stages while the job runs. */
function JobProgress({ job }: { job: Job }) {
  const { value: stages } = useCollection(`jobs/${job.id}/stages`);
  const current = stages
    ? withStages(
        job,
        stages.map((row) => row.data),
      )
    : job;
  const stage =
    current.stages.find((stage) => stage.state === "running") ??
    current.stages.find((stage) => stage.state === "queued");
  const fraction = progressOf(current);
  const label = `${stage ? stageLabel(stage.name) : "Working"} · ${Math.floor(fraction * 100)} %`;
  return <Progress value={fraction} text={label} label={`Progress of ${job.title}`} />;
}

function withStages(job: Job, docs: Parameters<typeof jobFromDocuments>[2]): Job {
  const states = Object.fromEntries(job.stages.map((stage) => [stage.name, stage.state]));
  const updated = jobFromDocuments(job.id, { status: job.status, revision: job.revision, stages: states }, docs);
  return updated ? { ...job, stages: updated.stages } : job;
}

/** Thumbnail of a job, loaded when visible; the recipe's drawing until then. */
function Thumbnail({ job }: { job: Job }) {
  const artifact = thumbnailOf(job);
  const thumbnailRef = useRef<HTMLSpanElement>(null);
  const [url, setUrl] = useState("");
  const version = artifact ? `${artifact.name} ${artifact.generation}` : "";
  useEffect(() => {
    setUrl("");
    const element = thumbnailRef.current;
    if (!artifact || !element) return;
    let cancelled = false;
    const observer = new IntersectionObserver((entries) => {
      if (!entries.some((entry) => entry.isIntersecting)) return;
      observer.disconnect();
      resultLink(job.id, artifact).then(
        (link) => {
          if (!cancelled) setUrl(link.url);
        },
        // The drawing remains.
        () => undefined,
      );
    });
    observer.observe(element);
    return () => {
      cancelled = true;
      observer.disconnect();
    };
  }, [job.id, version]);
  return (
    <span class="thumbnail" ref={thumbnailRef}>
      {url ? <img src={url} alt="" onError={() => setUrl("")} /> : <RecipePicture recipe={job.recipe} />}
    </span>
  );
}
