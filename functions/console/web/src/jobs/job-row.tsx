/** A row of the list of jobs. */
import { Ban, CopyPlus, Ellipsis, ExternalLink, RotateCcw, Trash, Video } from "lucide";
import { type Job, TERMINAL, jobFromDocuments, progressOf } from "../job/model.ts";
import { runAgainLink } from "../job/header/reuse.ts";
import { stageLabel, statusLabel } from "../job/labels.ts";
import { recipeLabel } from "../labels.ts";
import { useCollection } from "../firestore.ts";
import { formatDollars } from "../account/format.ts";
import { Icon } from "../ui/icon.tsx";
import { type MenuGroup, type MenuItem, MenuButton } from "../ui/menu.tsx";
import { Progress } from "../ui/progress.tsx";
import { formatBytes, formatDuration, formatTimeAgo } from "../format.ts";
import { type BulkAction, canDo } from "./bulk.ts";
import type { ListedJob } from "./listed-job.ts";
import { Thumbnail } from "./thumbnail.tsx";

interface JobRowProps {
  job: ListedJob;
  isSelected: boolean;
  onToggle: (extend: boolean) => void;
  onAction: (action: BulkAction) => void;
}

/** On small screens the cells are two lines: the explicit roles keep it a table. */
export function JobRow({ job, isSelected, onToggle, onAction }: JobRowProps) {
  const age = formatTimeAgo(new Date(job.created_at), new Date(), undefined, "short");
  const duration = job.durationS === null ? "" : formatDuration(job.durationS);
  return (
    <tr role="row" class={isSelected ? "job-row selected" : "job-row"}>
      <td role="cell" class="select-cell">
        <label>
          <input
            type="checkbox"
            aria-label={`Select ${job.title}`}
            checked={isSelected}
            // A click also comes from the space bar, with the state of the Shift key.
            onClick={(event) => onToggle(event.shiftKey)}
          />
        </label>
      </td>
      <td role="cell" class="thumbnail-cell">
        <Thumbnail job={job} />
      </td>
      <td role="cell" class="title-cell">
        <a href={`/jobs/${job.id}`}>{job.title}</a>
        {job.status === "failed" && job.error && (
          <span class="error-text" title={job.error.message}>
            {job.error.message}
          </span>
        )}
      </td>
      <td role="cell" class="recipe-cell">
        {recipeLabel(job.recipe)}
      </td>
      <td role="cell" class="state-cell">
        {job.status === "running" ? (
          <JobProgress job={job} />
        ) : (
          <span class={`badge ${job.status}`}>{statusLabel(job.status)}</span>
        )}
      </td>
      <td role="cell" class="number duration-cell">
        {duration}
      </td>
      <td role="cell" class="number size-cell">
        {job.sizeBytes ? formatBytes(job.sizeBytes) : ""}
      </td>
      <td role="cell" class="number cost-cell">
        {job.costUsd ? formatDollars(job.costUsd) : ""}
      </td>
      <td role="cell" class="age-cell">
        <time dateTime={new Date(job.created_at).toISOString()} title={new Date(job.created_at).toLocaleString()}>
          {age}
        </time>
        <span class="narrow-only">
          {" "}
          · {recipeLabel(job.recipe)}
          {duration && ` · ${duration}`}
        </span>
      </td>
      <td role="cell" class="menu-cell">
        <MenuButton label={`Actions on ${job.title}`} items={menuItems(job, onAction)} class="row-menu">
          <Icon icon={Ellipsis} />
        </MenuButton>
      </td>
    </tr>
  );
}

function menuItems(job: ListedJob, onAction: (action: BulkAction) => void): (MenuItem | MenuGroup)[] {
  const hasEnded = TERMINAL.includes(job.status);
  const items: MenuItem[] = [
    { label: "Open", icon: ExternalLink, href: `/jobs/${job.id}` },
    ...(hasEnded ? [{ label: "Run again with changes", icon: CopyPlus, href: runAgainLink(job) }] : []),
    ...(job.hasVideo ? [{ label: "Use this video for …", icon: Video, href: `/new?source=${job.id}` }] : []),
    ...(canDo("redrive", job) ? [{ label: "Try again", icon: RotateCcw, onSelect: () => onAction("redrive") }] : []),
    ...(canDo("cancel", job) ? [{ label: "Cancel", icon: Ban, onSelect: () => onAction("cancel") }] : []),
  ];
  return [{ items }, { label: "Delete", icon: Trash, onSelect: () => onAction("delete"), danger: true }];
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
