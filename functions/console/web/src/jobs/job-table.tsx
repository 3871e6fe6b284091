/** The table of jobs: sorting, selection and actions. */
import { ArrowDown, ArrowUp } from "lucide";
import { useEffect, useState } from "preact/hooks";
import { Icon } from "../ui/icon.tsx";
import { BulkActions, BulkPanel } from "./bulk-actions.tsx";
import type { BulkAction } from "./bulk.ts";
import { JobRow } from "./job-row.tsx";
import type { ListedJob } from "./listed-job.ts";
import { NOTHING, retain, toggle, toggleAll } from "./selection.ts";
import { type Sort, type SortKey, SORT_COLUMNS, SORT_KEYS, isNewestFirst, nextSort } from "./sort.ts";

interface JobTableProps {
  jobs: readonly ListedJob[];
  sort: Sort;
  onSort: (sort: Sort) => void;
  /** An action on jobs has ended. */
  onActed: () => void;
}

export function JobTable({ jobs, sort, onSort, onActed }: JobTableProps) {
  const [selection, setSelection] = useState(NOTHING);
  const [single, setSingle] = useState<{ action: BulkAction; job: ListedJob } | null>(null);
  const rows = jobs.map((job) => job.id);
  const shown = retain(selection, rows);
  useEffect(() => {
    if (shown !== selection) setSelection(shown);
  }, [rows.join()]);
  const selected = jobs.filter((job) => shown.ids.has(job.id));
  const isAll = selected.length === jobs.length;
  return (
    <div class="job-table">
      <table role="table" aria-label="Jobs">
        <thead role="rowgroup">
          <tr role="row">
            <th role="columnheader" scope="col" class="select-cell">
              <label>
                <input
                  type="checkbox"
                  aria-label="Select all jobs that are shown"
                  checked={isAll}
                  indeterminate={selected.length > 0 && !isAll}
                  onClick={() => setSelection(toggleAll(shown, rows))}
                />
              </label>
            </th>
            <th role="columnheader" scope="col" class="thumbnail-cell">
              <span class="visually-hidden">Picture</span>
            </th>
            {SORT_KEYS.map((key) => (
              <SortHeader key={key} column={key} sort={sort} onSort={onSort} />
            ))}
            <th role="columnheader" scope="col" class="menu-cell">
              <span class="visually-hidden">Actions</span>
            </th>
          </tr>
        </thead>
        <tbody role="rowgroup">
          {jobs.map((job) => (
            <JobRow
              key={job.id}
              job={job}
              isSelected={shown.ids.has(job.id)}
              onToggle={(extend) => setSelection(toggle(shown, rows, job.id, extend))}
              onAction={(action) => setSingle({ action, job })}
            />
          ))}
        </tbody>
      </table>
      <BulkActions
        selected={selected}
        total={jobs.length}
        onClear={() => setSelection(NOTHING)}
        onRunEnd={onActed}
      />
      {single && (
        <BulkPanel
          action={single.action}
          jobs={[single.job]}
          onClose={() => setSingle(null)}
          onAllDone={() => undefined}
          onRunEnd={onActed}
        />
      )}
    </div>
  );
}

function SortHeader({ column, sort, onSort }: { column: SortKey; sort: Sort; onSort: (sort: Sort) => void }) {
  const isSorted = sort.key === column;
  const direction = sort.descending ? "descending" : "ascending";
  return (
    <th
      role="columnheader"
      scope="col"
      class={`${column}-cell`}
      aria-sort={isSorted ? direction : undefined}
    >
      <button type="button" class="sort-button" onClick={() => onSort(nextSort(sort, column))}>
        {SORT_COLUMNS[column].label}
        {isSorted && !isNewestFirst(sort) && <Icon icon={sort.descending ? ArrowDown : ArrowUp} size={14} />}
      </button>
    </th>
  );
}

/** Placeholder rows while loading, as high as rows, with text for screen readers. */
export function TableSkeleton() {
  return (
    <div role="status" class="job-table">
      <span class="visually-hidden">Loading your jobs …</span>
      <table aria-hidden="true">
        <thead>
          <tr>
            <th class="select-cell" />
            <th class="thumbnail-cell" />
            {SORT_KEYS.map((key) => (
              <th key={key} class={`${key}-cell`}>
                <span class="sort-button">{SORT_COLUMNS[key].label}</span>
              </th>
            ))}
            <th class="menu-cell" />
          </tr>
        </thead>
        <tbody>
          {[1, 2, 3, 4, 5, 6].map((number) => (
            <tr key={number} class="job-row skeleton">
              <td class="select-cell" />
              <td class="thumbnail-cell">
                <span class="thumbnail" />
              </td>
              <td class="title-cell">
                <span class="bar" />
              </td>
              <td colSpan={7} class="recipe-cell" />
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
