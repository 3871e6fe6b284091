/** Actions on a job: download, share, run again, use its video, and in a menu those that end it. */
import { useState } from "preact/hooks";
import { post, request } from "../../api.ts";
import { navigate } from "../../location.ts";
import { recipeLabel } from "../../labels.ts";
import { Confirm } from "../../ui/confirm.tsx";
import { type MenuGroup, type MenuItem, MenuButton } from "../../ui/menu.tsx";
import { useAction } from "../../ui/use-submit.ts";
import { toast } from "../../ui/toast.tsx";
import { ShareDialog } from "../files/share-dialog.tsx";
import { groupResults } from "../labels.ts";
import { type Job, TERMINAL } from "../model.ts";
import { DownloadMenu } from "./download-menu.tsx";
import { recipesForVideo, reuseLink, runAgainLink } from "./reuse.ts";

type Dialog = "" | "share" | "cancel" | "delete";

const REUSE_LABEL = "Use this video for …";

export function JobActions({ job, onRename }: { job: Job; onRename: () => void }) {
  const [dialog, setDialog] = useState<Dialog>("");
  const close = (): void => setDialog("");
  const hasEnded = TERMINAL.includes(job.status);
  const { primary, secondary } = groupResults(job.artifacts);
  const firstResult = primary[0] ?? secondary[0];
  const reuseItems = recipesForVideo(job).map((recipe) => ({ label: recipeLabel(recipe), href: reuseLink(job, recipe) }));
  // What stands beside the menu on wide screens.
  const narrowGroups: MenuGroup[] = [
    ...(hasEnded && firstResult
      ? [{ class: "narrow-only", items: [{ label: "Run again with changes", href: runAgainLink(job) }] }]
      : []),
    ...(reuseItems.length ? [{ class: "narrow-only", label: REUSE_LABEL, items: reuseItems }] : []),
  ];
  const endItems: MenuItem[] = [
    { label: "Rename", onSelect: onRename },
    ...(hasEnded ? [] : [{ label: "Cancel the job", danger: true, onSelect: () => setDialog("cancel") }]),
    { label: "Delete", danger: true, onSelect: () => setDialog("delete") },
  ];
  const runAgainClass = firstResult ? "wide-only" : "";
  return (
    <div class={firstResult || hasEnded ? "job-actions" : "job-actions bare"}>
      <DownloadMenu job={job} />
      {firstResult && (
        <button type="button" onClick={() => setDialog("share")}>
          Share
        </button>
      )}
      {hasEnded && (
        <a class={`button ${runAgainClass}`} href={runAgainLink(job)}>
          Run again with changes
        </a>
      )}
      {reuseItems.length > 0 && (
        <MenuButton class="wide-only" label={REUSE_LABEL} items={reuseItems} kind="">
          <span class="with-caret">{REUSE_LABEL}</span>
        </MenuButton>
      )}
      <MenuButton class="more-actions" label="More actions" items={[...narrowGroups, ...endItems]} kind="">
        ⋯
      </MenuButton>
      {dialog === "share" && firstResult && <ShareDialog job={job} artifact={firstResult} onClose={close} />}
      {dialog === "cancel" && <CancelDialog job={job} onClose={close} />}
      {dialog === "delete" && <DeleteDialog job={job} onClose={close} />}
    </div>
  );
}

function CancelDialog({ job, onClose }: { job: Job; onClose: () => void }) {
  const { busyLabel, run } = useAction();
  const cancel = (): Promise<void> =>
    run("Cancelling …", async () => {
      await post(`/v1/jobs/${job.id}/cancel`);
      onClose();
    });
  return (
    <Confirm title="Cancel this job?" confirmLabel="Cancel the job" busyLabel={busyLabel} onConfirm={cancel} onClose={onClose}>
      The job stops. Finished results stay here; a cancelled job cannot be resumed.
    </Confirm>
  );
}

export function DeleteDialog({ job, onClose }: { job: Job; onClose: () => void }) {
  const { busyLabel, run } = useAction();
  const deleteJob = (): Promise<void> =>
    run("Deleting …", async () => {
      await request("DELETE", `/v1/jobs/${job.id}`);
      toast(`“${job.title}” is deleted.`);
      navigate("/", true);
    });
  return (
    <Confirm title="Delete this job?" confirmLabel="Delete it" busyLabel={busyLabel} onConfirm={deleteJob} onClose={onClose}>
      The job is deleted with its uploads, results, emails and share links. This cannot be undone.
    </Confirm>
  );
}
