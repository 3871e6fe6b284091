/** One job in the list. */
import { useEffect, useRef, useState } from "preact/hooks";
import { resultLink } from "../job/links.ts";
import { type Job, jobOf, share } from "../job/model.ts";
import { recipeName, stageName, statusName } from "../job/words.ts";
import { useCollection } from "../live.ts";
import { Picture } from "../new/pictures.tsx";
import { Progress } from "../ui/progress.tsx";
import { ago } from "../words.ts";
import { thumbnailOf } from "./filters.ts";

export function JobRow({ job }: { job: Job }) {
  return (
    <li class="job-row">
      <Thumbnail job={job} />
      <div class="job-what">
        <a href={`/jobs/${job.id}`}>{job.title}</a>
        <span class="hint">
          {recipeName(job.recipe)} · {ago(new Date(job.created_at), new Date())}
        </span>
        {job.status === "failed" && job.error && <span class="wrong">{job.error.message}</span>}
      </div>
      <div class="job-state">
        {job.status === "running" ? <Working job={job} /> : <span class={`badge ${job.status}`}>{statusName(job.status)}</span>}
      </div>
    </li>
  );
}

/** How far it is, live: its stages are listened to while it is under way. */
function Working({ job }: { job: Job }) {
  const { value: stages } = useCollection(`jobs/${job.id}/stages`);
  const now = stages ? withStages(job, stages.map((row) => row.data)) : job;
  const stage = now.stages.find((one) => one.state === "running") ?? now.stages.find((one) => one.state === "queued");
  const part = share(now);
  const words = `${stage ? stageName(stage.name) : "Working"} · ${Math.floor(part * 100)} %`;
  return <Progress part={part} words={words} label={`Progress of ${job.title}`} />;
}

function withStages(job: Job, docs: Parameters<typeof jobOf>[2]): Job {
  const states = Object.fromEntries(job.stages.map((one) => [one.name, one.state]));
  const told = jobOf(job.id, { status: job.status, revision: job.revision, stages: states }, docs);
  return told ? { ...job, stages: told.stages } : job;
}

/** A picture out of the results, asked for when it comes into view; until then the recipe's own. */
function Thumbnail({ job }: { job: Job }) {
  const one = thumbnailOf(job);
  const box = useRef<HTMLSpanElement>(null);
  const [url, setUrl] = useState("");
  const name = one ? `${one.name} ${one.generation}` : "";
  useEffect(() => {
    setUrl("");
    const seen = box.current;
    if (!one || !seen) return;
    let over = false;
    const watch = new IntersectionObserver((entries) => {
      if (!entries.some((entry) => entry.isIntersecting)) return;
      watch.disconnect();
      resultLink(job.id, one).then(
        (link) => {
          if (!over) setUrl(link.url);
        },
        // The drawing stays.
        () => undefined,
      );
    });
    watch.observe(seen);
    return () => {
      over = true;
      watch.disconnect();
    };
  }, [job.id, name]);
  return (
    <span class="thumb" ref={box}>
      {url ? <img src={url} alt="" onError={() => setUrl("")} /> : <Picture recipe={job.recipe} />}
    </span>
  );
}
