/** Actions on the selected jobs, and the outcome for each. */
import { Ban, CircleAlert, Check, RotateCcw, Trash, X } from "lucide";
import { useEffect, useRef, useState } from "preact/hooks";
import { post, request } from "../api.ts";
import { errorMessage } from "../format.ts";
import { Button } from "../ui/button.tsx";
import { Icon } from "../ui/icon.tsx";
import { Panel } from "../ui/panel.tsx";
import { toast } from "../ui/toast.tsx";
import { type BulkAction, type Outcome, canDo, runBulk } from "./bulk.ts";
import type { ListedJob } from "./listed-job.ts";

const countJobs = (count: number): string => (count === 1 ? "1 job" : `${count} jobs`);

const ACTIONS: Readonly<
  Record<BulkAction, { verb: string; past: string; icon: typeof Ban; act: (id: string) => Promise<unknown>; warning: string }>
> = {
  redrive: {
    verb: "Try again",
    past: "tried again",
    icon: RotateCcw,
    act: (id) => post(`/v1/jobs/${id}/redrive`),
    warning: "What is finished is kept. Each goes on where it failed.",
  },
  cancel: {
    verb: "Cancel",
    past: "cancelled",
    icon: Ban,
    act: (id) => post(`/v1/jobs/${id}/cancel`),
    warning: "They stop where they are. What is finished stays; a cancelled job cannot go on later.",
  },
  delete: {
    verb: "Delete",
    past: "deleted",
    icon: Trash,
    act: (id) => request("DELETE", `/v1/jobs/${id}`),
    warning: "The jobs, their uploads, results, emails and share links are deleted. This cannot be undone.",
  },
};

/** One action, and the jobs that it is for. */
interface Begun {
  action: BulkAction;
  jobs: readonly ListedJob[];
}

export function BulkActions({
  selected,
  total,
  onClear,
  onRunEnd,
}: {
  selected: readonly ListedJob[];
  total: number;
  onClear: () => void;
  onRunEnd: () => void;
}) {
  const [begun, setBegun] = useState<Begun | null>(null);
  return (
    <>
      {selected.length > 0 && (
        <div class="bulk-bar" role="region" aria-label="Selected jobs">
          <span role="status">
            <strong>{selected.length}</strong> of {total} selected
          </span>
          {(Object.keys(ACTIONS) as BulkAction[]).map((action) => {
            const jobs = selected.filter((job) => canDo(action, job));
            if (!jobs.length) return null;
            const { verb, icon } = ACTIONS[action];
            return (
              <button
                key={action}
                type="button"
                class={action === "delete" ? "danger" : ""}
                onClick={() => setBegun({ action, jobs })}
              >
                <Icon icon={icon} size={16} />
                {verb} {jobs.length < selected.length && <span class="count">{jobs.length}</span>}
              </button>
            );
          })}
          <button type="button" class="quiet icon-button" aria-label="Clear the selection" onClick={onClear}>
            <Icon icon={X} />
          </button>
        </div>
      )}
      {begun && <BulkPanel {...begun} onClose={() => setBegun(null)} onAllDone={onClear} onRunEnd={onRunEnd} />}
    </>
  );
}

interface BulkPanelProps extends Begun {
  onClose: () => void;
  /** The action is done on all jobs. Not called once the panel is closed. */
  onAllDone: () => void;
  /** A run has ended: done, failed or stopped. Also called when the panel was closed meanwhile. */
  onRunEnd: () => void;
}

/** Asks, then shows the outcome of each job. Failures stay until the panel is closed. */
export function BulkPanel({ action, jobs, onClose, onAllDone, onRunEnd }: BulkPanelProps) {
  const { verb, past, act, warning } = ACTIONS[action];
  const [outcomes, setOutcomes] = useState<ReadonlyMap<string, Outcome> | null>(null);
  const [isRunning, setIsRunning] = useState(false);
  const controller = useRef(new AbortController());
  useEffect(() => () => controller.current.abort(), []);
  const run = async (ids: readonly string[]): Promise<void> => {
    const latest = new Map<string, Outcome>(outcomes ?? []);
    const onOutcome = (id: string, outcome: Outcome): void => {
      latest.set(id, outcome);
      setOutcomes(new Map(latest));
    };
    const { signal } = (controller.current = new AbortController());
    for (const id of ids) onOutcome(id, { state: "waiting" });
    setIsRunning(true);
    await runBulk(ids, { act, onOutcome, signal });
    onRunEnd();
    const isAllDone = jobs.every((job) => latest.get(job.id)?.state === "done");
    if (isAllDone) toast(`${countJobs(jobs.length)} ${jobs.length === 1 ? "is" : "are"} ${past}.`);
    // The panel was closed: `onClose` would close the next one.
    if (signal.aborted) return;
    setIsRunning(false);
    if (!isAllDone) return;
    onAllDone();
    onClose();
  };
  const withState = (...states: Outcome["state"][]): ListedJob[] =>
    jobs.filter((job) => states.includes(outcomes?.get(job.id)?.state ?? "waiting"));
  const failed = withState("failed");
  const left = withState("failed", "waiting");
  const stop = (): void => {
    controller.current.abort();
    onClose();
  };
  if (!outcomes)
    return (
      <Panel title={`${verb}: ${countJobs(jobs.length)}?`} onClose={onClose}>
        <p>{warning}</p>
        <ul class="bulk-titles">
          {jobs.map((job) => (
            <li key={job.id}>{job.title}</li>
          ))}
        </ul>
        <div class="row">
          <Button kind={action === "redrive" ? "primary" : "danger"} onClick={() => void run(jobs.map((job) => job.id))}>
            {verb}: {countJobs(jobs.length)}
          </Button>
          <Button kind="quiet" onClick={onClose}>
            Keep {jobs.length === 1 ? "it" : "them"} as {jobs.length === 1 ? "it is" : "they are"}
          </Button>
        </div>
      </Panel>
    );
  return (
    <Panel title={`${verb}: ${countJobs(jobs.length)}`} onClose={stop}>
      <p role="status">
        {withState("done").length} of {jobs.length} {past}
        {failed.length > 0 && `, ${failed.length} refused`}.
      </p>
      <progress value={withState("done", "failed").length} max={jobs.length} aria-label={`${verb}: progress`} />
      <ul class="bulk-titles">
        {jobs.map((job) => (
          <OutcomeRow key={job.id} job={job} outcome={outcomes.get(job.id)} />
        ))}
      </ul>
      <div class="row">
        {!isRunning && left.length > 0 && (
          <Button kind="primary" onClick={() => void run(left.map((job) => job.id))}>
            Try the {left.length} again
          </Button>
        )}
        <Button kind="quiet" onClick={stop}>
          {isRunning ? "Stop" : "Close"}
        </Button>
      </div>
    </Panel>
  );
}

function OutcomeRow({ job, outcome }: { job: ListedJob; outcome: Outcome | undefined }) {
  const error = outcome?.state === "failed" ? errorMessage(outcome.error) : "";
  return (
    <li class={outcome?.state}>
      {outcome?.state === "done" && <Icon icon={Check} size={16} />}
      {error && <Icon icon={CircleAlert} size={16} />}
      <span>
        {job.title}
        {outcome?.state === "done" && <span class="visually-hidden"> done</span>}
        {error && <span class="error-text">{error}</span>}
      </span>
    </li>
  );
}
