/** The jobs whose title contains a text, from the API: Firestore cannot search. */
import { useEffect, useRef, useState } from "preact/hooks";
import { get } from "../api.ts";
import type { PageInfo } from "../ui/use-query.ts";
import { type Filter, matchesFilter } from "./filters.ts";
import { type JobSummary, type ListedJob, listedJobFromApi } from "./listed-job.ts";

const DELAY_MS = 300;
const MAX_FOUND = 100;
/** A page of a search may be empty although older jobs are found. */
const MAX_PAGES = 10;

export interface FoundJobs {
  /** Undefined while searching; null without a text. */
  jobs: ListedJob[] | null | undefined;
  error: unknown;
}

export interface FoundJobsQuery extends FoundJobs {
  /** Searches again, after a change. The found jobs stay until then. */
  refetch: () => void;
}

export function useFoundJobs(text: string, filter: Filter): FoundJobsQuery {
  const [found, setFound] = useState<FoundJobs>({ jobs: null, error: null });
  const [version, setVersion] = useState(0);
  const lastText = useRef("");
  useEffect(() => {
    const isSameText = text === lastText.current;
    lastText.current = text;
    if (!text) return setFound({ jobs: null, error: null });
    if (!isSameText) setFound({ jobs: undefined, error: null });
    const controller = new AbortController();
    const timer = setTimeout(() => {
      searchJobs(text, controller.signal).then(
        (jobs) => setFound({ jobs, error: null }),
        (error: unknown) => controller.signal.aborted || setFound({ jobs: [], error }),
      );
    }, DELAY_MS);
    return () => {
      clearTimeout(timer);
      controller.abort();
    };
  }, [text, version]);
  return {
    jobs: found.jobs?.filter((job) => matchesFilter(job, filter)) ?? found.jobs,
    error: found.error,
    refetch: () => setVersion((before) => before + 1),
  };
}

async function searchJobs(text: string, signal: AbortSignal): Promise<ListedJob[]> {
  const jobs: ListedJob[] = [];
  const query = new URLSearchParams({ q: text, limit: String(MAX_FOUND) });
  for (let page = 0; page < MAX_PAGES && jobs.length < MAX_FOUND; page += 1) {
    const { data } = await get<PageInfo & { jobs: JobSummary[] }>(`/v1/jobs?${query}`, { signal });
    jobs.push(...data.jobs.map(listedJobFromApi));
    if (data.next_cursor === null) break;
    query.set("cursor", data.next_cursor);
  }
  return jobs;
}
