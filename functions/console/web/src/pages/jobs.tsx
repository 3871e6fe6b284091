/** The user's jobs, newest first, live. */
import { useEffect, useRef, useState } from "preact/hooks";
import { JobRow } from "../jobs/job-row.tsx";
import { type Filter, FILTERS, FILTER_STATUSES, filterOf } from "../jobs/filters.ts";
import { useFoundJobs } from "../jobs/use-found-jobs.ts";
import { useRestoredList } from "../jobs/use-restored-list.ts";
import { jobFromDocuments } from "../job/model.ts";
import { useNewestJobs } from "../firestore.ts";
import { RecipePicture } from "../new/recipe-pictures.tsx";
import { RECIPES } from "../new/recipes.ts";
import { address } from "../location.ts";
import { useStore } from "../store.ts";
import { errorMessage } from "../format.ts";
import { Uploads } from "../upload/upload-list.tsx";

const PAGE_SIZE = 30;
/** The limit that firestore.rules sets for a listener. */
const MAX_JOBS = 300;

export function Jobs({ uid }: { uid: string }) {
  const filter = filterOf(new URL(useStore(address), location.origin).searchParams.get("show"));
  // The key starts each filter with its own list.
  return <JobList key={filter} uid={uid} filter={filter} />;
}

function JobList({ uid, filter }: { uid: string; filter: Filter }) {
  const [search, setSearch] = useState("");
  const { limit, setLimit, restorePosition } = useRestoredList(PAGE_SIZE);
  const { value: rows, errorCode } = useNewestJobs(uid, FILTER_STATUSES[filter], limit);
  const lastRows = useRef(rows);
  // The shown rows stay while more are loaded.
  if (rows !== undefined) lastRows.current = rows;
  const isLoaded = lastRows.current !== undefined;
  useEffect(() => {
    if (isLoaded) restorePosition();
  }, [isLoaded]);
  const newest = (lastRows.current ?? [])
    .map((row) => jobFromDocuments(row.id, row.data, []))
    .filter((job) => job !== null);
  const found = useFoundJobs(search.trim(), filter);
  const jobs = found.jobs === null ? newest : found.jobs;
  const hasMore = found.jobs === null && rows !== undefined && rows.length === limit && limit < MAX_JOBS;

  if (rows !== undefined && !newest.length && filter === "all") return <Empty />;
  return (
    <section class="jobs">
      <div class="row between">
        <h1>Jobs</h1>
        <a class="button primary" href="/new">
          New job
        </a>
      </div>
      <Uploads />
      <div class="row between">
        <nav class="filters" aria-label="Which jobs">
          {FILTERS.map(([name, label]) => (
            <a
              key={name}
              href={name === "all" ? "/" : `/?show=${name}`}
              aria-current={name === filter ? "true" : undefined}
            >
              {label}
            </a>
          ))}
        </nav>
        <input
          type="search"
          class="job-search"
          aria-label="Search titles"
          placeholder="Search titles"
          value={search}
          onInput={(event) => setSearch(event.currentTarget.value)}
        />
      </div>
      {(errorCode || found.error !== null) && (
        <p class="error-text" role="alert">
          {found.error === null
            ? `Nothing new is heard of just now (${errorCode}). Look at your connection, then load the page again.`
            : errorMessage(found.error)}
        </p>
      )}
      {(!isLoaded && !errorCode) || jobs === undefined ? (
        <Skeleton />
      ) : jobs.length ? (
        <ul class="job-list">
          {jobs.map((job) => (
            <JobRow key={job.id} job={job} />
          ))}
        </ul>
      ) : (
        <p class="no-jobs">{found.jobs === null ? EMPTY_TEXT[filter] : `No title contains “${search.trim()}”.`}</p>
      )}
      {hasMore && <LoadOnScroll onVisible={() => setLimit(Math.min(MAX_JOBS, limit + PAGE_SIZE))} />}
      {limit >= MAX_JOBS && rows?.length === MAX_JOBS && (
        <p class="hint">These are your newest {MAX_JOBS} jobs. Search finds older ones.</p>
      )}
    </section>
  );
}

/** Loads more rows once the end of the list is near. */
function LoadOnScroll({ onVisible }: { onVisible: () => void }) {
  const end = useRef<HTMLParagraphElement>(null);
  const latest = useRef(onVisible);
  latest.current = onVisible;
  useEffect(() => {
    if (!end.current) return;
    const observer = new IntersectionObserver(
      (entries) => {
        if (entries.some((entry) => entry.isIntersecting)) latest.current();
      },
      { rootMargin: "600px" },
    );
    observer.observe(end.current);
    return () => observer.disconnect();
  }, []);
  return (
    <p ref={end} class="hint" role="status">
      Loading older jobs …
    </p>
  );
}

const EMPTY_TEXT: Readonly<Record<Filter, string>> = {
  all: "There is nothing here yet.",
  running: "Nothing is under way. What you begin shows up here and moves by itself.",
  "action-required": "Nothing waits for you. Decks that you wanted to edit, and jobs without their file, show up here.",
  done: "Nothing is done yet.",
  failed: "Nothing failed.",
};

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
