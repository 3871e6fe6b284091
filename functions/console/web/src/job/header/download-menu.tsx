/** The primary action of a job's page: downloads any of its artifacts. */
import { Button } from "../../ui/button.tsx";
import { type MenuItem, MenuButton } from "../../ui/menu.tsx";
import { useAction } from "../../ui/use-submit.ts";
import { formatBytes } from "../../format.ts";
import { groupResults, resultLabel } from "../labels.ts";
import { downloadResult } from "../links.ts";
import type { Artifact, Job } from "../model.ts";

export function DownloadMenu({ job }: { job: Job }) {
  const { busyLabel, run } = useAction();
  const download = ({ name }: Artifact): void => void run("Starting …", () => downloadResult(job.id, name));
  const { primary, secondary } = groupResults(job.artifacts);
  const [first, ...others] = [...primary, ...secondary];
  if (!first) return null;
  if (!others.length)
    return (
      <Button kind="primary" busyLabel={busyLabel} onClick={() => download(first)}>
        Download
      </Button>
    );
  const item = (artifact: Artifact): MenuItem => ({
    label: resultLabel(artifact),
    hint: `${artifact.name} · ${formatBytes(artifact.size_bytes)}`,
    onSelect: () => download(artifact),
  });
  const groups = [primary, secondary].filter((group) => group.length > 0);
  return (
    <MenuButton label="Download" items={groups.map((group) => ({ items: group.map(item) }))} kind="primary">
      <span class="with-caret">{busyLabel || "Download"}</span>
    </MenuButton>
  );
}
