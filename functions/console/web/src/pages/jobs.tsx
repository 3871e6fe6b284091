/** The user's jobs, newest first, live. */
import { useState } from "preact/hooks";
import { JobRow } from "../jobs/job-row.tsx";
import { type Filter, FILTERS, filterOf, matchesFilter } from "../jobs/filters.ts";
import { jobFromDocuments } from "../job/model.ts";
import { useNewestJobs } from "../firestore.ts";
import { RecipePicture } from "../new/recipe-pictures.tsx";
import { RECIPES } from "../new/recipes.ts";
import { address } from "../location.ts";
import { useStore } from "../store.ts";
import { Button } from "../ui/button.tsx";
import { Uploads } from "../upload/upload-list.tsx";

const PAGE_SIZE = 30;
/** The limit that firestore.rules sets for a listener. */
const MAX_JOBS = 300;

export function Jobs({ uid }: { uid: string }) {
  const [limit, setLimit] = useState(PAGE_SIZE);
  const filter = filterOf(new URL(useStore(address), location.origin).searchParams.get("show"));
  const { value: rows, errorCode } = useNewestJobs(uid, limit);
  const jobs = (rows ?? []).map((row) => jobFromDocuments(row.id, row.data, [])).filter((job) => job !== null);
  const visibleJobs = jobs.filter((job) => matchesFilter(job, filter));
  const hasMore = rows !== undefined && rows.length === limit && limit < MAX_JOBS;

  if (rows !== undefined && !jobs.length && !hasMore) return <Empty />;
  return (
    <section class="jobs">
      <div class="row between">
        <h1>Jobs</h1>
        <a class="button primary" href="/new">
          New job
        </a>
      </div>
      <Uploads />
      <nav class="filters" aria-label="Which jobs">
        {FILTERS.map(([name, label]) => (
          <a href={name === "all" ? "/" : `/?show=${name}`} aria-current={name === filter ? "true" : undefined}>
            {label}
          </a>
        ))}
      </nav>
      {errorCode && (
        <p class="error-text" role="alert">
          Nothing new is heard of just now ({errorCode}). Look at your connection, then load the page again.
        </p>
      )}
      {rows === undefined && !errorCode ? (
        <Skeleton />
      ) : visibleJobs.length ? (
        <ul class="job-list">
          {visibleJobs.map((job) => (
            <JobRow key={job.id} job={job} />
          ))}
        </ul>
      ) : (
        rows !== undefined && (
          <p class="no-jobs">
            {hasMore ? `None of your newest ${limit} jobs is among these. Older ones may be.` : emptyText(filter)}
          </p>
        )
      )}
      {hasMore && (
        <p>
          <Button onClick={() => setLimit(Math.min(MAX_JOBS, limit * 2))}>Show older jobs</Button>
        </p>
      )}
    </section>
  );
}

const EMPTY_TEXT: Readonly<Record<Filter, string>> = {
  all: "There is nothing here yet.",
  running: "Nothing is under way. What you begin shows up here and moves by itself.",
  "action-required": "Nothing waits for you. Decks that you wanted to edit, and jobs without their file, show up here.",
  done: "Nothing is done yet.",
  failed: "Nothing failed.",
};

const emptyText = (filter: Filter): string => EMPTY_TEXT[filter];

/** Placeholder rows while loading, with text for screen readers. */
function Skeleton() {
  return (
    <div role="status">
      <span class="visually-hidden">Getting your jobs …</span>
      <ul class="job-list" aria-hidden="true">
        {[1, 2, 3, 4].map((number) => (
          <li key={number} class="job-row skeleton">
            <span class="thumbnail" />
            <span class="job-summary">Getting your jobs …</span>
          </li>
        ))}
      </ul>
    </div>
  );
}

function Empty() {
  return (
    <section class="recipe-choice">
      <h1>Make your first job</h1>
      <p class="intro">A job is one thing made out of one upload. Choose what shall become of it.</p>
      <ul class="recipes">
        {RECIPES.map((recipe) => (
          <li key={recipe.name}>
            <a href={`/new/${recipe.name}`}>
              <RecipePicture recipe={recipe.name} />
              <strong>{recipe.title}</strong>
              <span>{recipe.summary}</span>
            </a>
          </li>
        ))}
      </ul>
    </section>
  );
}
