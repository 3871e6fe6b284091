/** The user's jobs, newest first, live. */
import { Plus } from "lucide";
import { useEffect, useRef, useState } from "preact/hooks";
import { FirstJob } from "../jobs/first-job.tsx";
import { type Filter, FILTERS, FILTER_STATUSES, filterOf } from "../jobs/filters.ts";
import { JobTable, TableSkeleton } from "../jobs/job-table.tsx";
import { listedJobFromDocument } from "../jobs/listed-job.ts";
import { type Sort, SORT_COLUMNS, SORT_KEYS, isNewestFirst, sortJobs, sortOf, sortParam } from "../jobs/sort.ts";
import { useFoundJobs } from "../jobs/use-found-jobs.ts";
import { useRestoredList } from "../jobs/use-restored-list.ts";
import { useNewestJobs } from "../firestore.ts";
import { address } from "../location.ts";
import { useStore } from "../store.ts";
import { errorMessage } from "../format.ts";
import { Icon } from "../ui/icon.tsx";
import { Uploads } from "../upload/upload-list.tsx";

const PAGE_SIZE = 30;
/** The limit that firestore.rules sets for a listener. */
const MAX_JOBS = 300;

export function Jobs({ uid }: { uid: string }) {
  const params = new URL(useStore(address), location.origin).searchParams;
  const filter = filterOf(params.get("show"));
  // The key starts each filter with its own list.
  return <JobList key={filter} uid={uid} filter={filter} sort={sortOf(params.get("sort"))} />;
}

/** The address of the list. */
function listPath(filter: Filter, sort: Sort): string {
  const params = new URLSearchParams();
  if (filter !== "all") params.set("show", filter);
  if (sortParam(sort)) params.set("sort", sortParam(sort));
  return params.size ? `/?${params}` : "/";
}

function JobList({ uid, filter, sort }: { uid: string; filter: Filter; sort: Sort }) {
  const [search, setSearch] = useState("");
  const { limit: shownLimit, setLimit, restorePosition } = useRestoredList(PAGE_SIZE);
  // Another order needs all jobs that can be read, not only the newest ones.
  const limit = isNewestFirst(sort) ? shownLimit : MAX_JOBS;
  const { value: rows, errorCode } = useNewestJobs(uid, FILTER_STATUSES[filter], limit);
  const lastRows = useRef(rows);
  // The shown rows stay while more are loaded.
  if (rows !== undefined) lastRows.current = rows;
  const isLoaded = lastRows.current !== undefined;
  useEffect(() => {
    if (isLoaded) restorePosition();
  }, [isLoaded]);
  const newest = (lastRows.current ?? [])
    .map((row) => listedJobFromDocument(row.id, row.data))
    .filter((job) => job !== null);
  const found = useFoundJobs(search.trim(), filter);
  const jobs = found.jobs === null ? newest : found.jobs;
  const hasMore = found.jobs === null && rows !== undefined && rows.length === limit && limit < MAX_JOBS;
  const onSort = (next: Sort): void => {
    history.replaceState(history.state, "", listPath(filter, next));
    address.set(location.pathname + location.search);
  };

  const isEmpty = !jobs?.length;
  // The rows of deleted jobs count: older jobs may come after a full list of them.
  const hasAllRows = rows !== undefined && rows.length < limit;
  if (hasAllRows && !newest.length && filter === "all") return <FirstJob />;
  const isLoadingMore = found.jobs === null && !errorCode && (rows === undefined || hasMore);
  return (
    <section class="jobs wide">
      <div class="row between">
        <h1>Jobs</h1>
        <a class="button primary" href="/new">
          <Icon icon={Plus} /> New job
        </a>
      </div>
      <Uploads />
      <div class="list-controls">
        <nav class="filters" aria-label="Which jobs">
          {FILTERS.map(([name, label]) => (
            <a key={name} href={listPath(name, sort)} aria-current={name === filter ? "true" : undefined}>
              {label}
            </a>
          ))}
        </nav>
        <select
          class="sort-select"
          aria-label="Order"
          value={sortParam(sort)}
          onChange={(event) => onSort(sortOf(event.currentTarget.value))}
        >
          {SORT_KEYS.flatMap((key) =>
            [false, true].map((descending) => (
              <option key={`${key} ${descending}`} value={sortParam({ key, descending })}>
                {orderLabel({ key, descending })}
              </option>
            )),
          )}
        </select>
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
            ? `Changes are not shown just now (${errorCode}). Check your connection, then load the page again.`
            : errorMessage(found.error)}
        </p>
      )}
      {jobs === undefined || (isEmpty && isLoadingMore) ? (
        <TableSkeleton />
      ) : jobs.length ? (
        <JobTable jobs={sortJobs(jobs, sort)} sort={sort} onSort={onSort} onActed={found.refetch} />
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

function orderLabel({ key, descending }: Sort): string {
  if (key === "age") return descending ? "Oldest first" : "Newest first";
  const { label, largestFirst } = SORT_COLUMNS[key];
  if (largestFirst) return `${label}: ${descending ? "largest" : "smallest"} first`;
  return `${label}: ${descending ? "Z to A" : "A to Z"}`;
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
  running: "Nothing is in progress. New jobs are shown here with their progress.",
  "action-required": "Nothing needs review. Decks to edit, and jobs without their file, are shown here.",
  done: "Nothing is done yet.",
  failed: "Nothing failed.",
};
