/** The order of the list of jobs. No DOM. */
import { statusLabel } from "../job/labels.ts";
import { recipeLabel } from "../labels.ts";
import type { ListedJob } from "./listed-job.ts";

export type SortKey = "title" | "recipe" | "state" | "duration" | "size" | "cost" | "age";

export interface Sort {
  key: SortKey;
  descending: boolean;
}

/** The order in which jobs are read: only this one needs no more than the rows that are shown. */
export const NEWEST_FIRST: Sort = { key: "age", descending: false };

interface SortColumn {
  label: string;
  /** Whether the first click puts the largest first. */
  largestFirst: boolean;
  valueOf: (job: ListedJob) => string | number;
}

export const SORT_COLUMNS: Readonly<Record<SortKey, SortColumn>> = {
  title: { label: "Title", largestFirst: false, valueOf: (job) => job.title },
  recipe: { label: "Recipe", largestFirst: false, valueOf: (job) => recipeLabel(job.recipe) },
  state: { label: "State", largestFirst: false, valueOf: (job) => statusLabel(job.status) },
  duration: { label: "Duration", largestFirst: true, valueOf: (job) => job.durationS ?? 0 },
  size: { label: "Size", largestFirst: true, valueOf: (job) => job.sizeBytes },
  cost: { label: "Cost", largestFirst: true, valueOf: (job) => job.costUsd },
  age: { label: "Age", largestFirst: false, valueOf: (job) => -job.created_at },
};

export const SORT_KEYS = Object.keys(SORT_COLUMNS) as SortKey[];

/** Reads the parameter `sort` of the address: a column, with `-` before it for descending. */
export function sortOf(text: string | null): Sort {
  const descending = text?.startsWith("-") ?? false;
  const key = SORT_KEYS.find((name) => name === (descending ? text?.slice(1) : text));
  return key ? { key, descending } : NEWEST_FIRST;
}

/** The parameter `sort` of the address; empty for the usual order. */
export const sortParam = ({ key, descending }: Sort): string =>
  isNewestFirst({ key, descending }) ? "" : `${descending ? "-" : ""}${key}`;

export const isNewestFirst = ({ key, descending }: Sort): boolean => key === "age" && !descending;

/** The order after a click on the head of a column. */
export const nextSort = (sort: Sort, key: SortKey): Sort => ({
  key,
  descending: sort.key === key ? !sort.descending : SORT_COLUMNS[key].largestFirst,
});

export function sortJobs(jobs: readonly ListedJob[], { key, descending }: Sort): ListedJob[] {
  const { valueOf } = SORT_COLUMNS[key];
  const collator = new Intl.Collator(undefined, { numeric: true, sensitivity: "base" });
  const compare = (a: ListedJob, b: ListedJob): number => {
    const [x, y] = [valueOf(a), valueOf(b)];
    return typeof x === "number" && typeof y === "number" ? x - y : collator.compare(String(x), String(y));
  };
  // Equal ones stay newest first.
  return [...jobs].sort((a, b) => (descending ? -1 : 1) * compare(a, b) || b.created_at - a.created_at);
}
