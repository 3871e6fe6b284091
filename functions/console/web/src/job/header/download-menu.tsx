/** The primary action of a job's page: downloads any of its artifacts. */
import { Button } from "../../ui/button.tsx";
import { Menu, MenuItem, MenuSeparator } from "../../ui/menu-button.tsx";
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
  const item = (artifact: Artifact) => (
    <MenuItem
      key={artifact.name}
      hint={`${artifact.name} · ${formatBytes(artifact.size_bytes)}`}
      onClick={() => download(artifact)}
    >
      {resultLabel(artifact)}
    </MenuItem>
  );
  return (
    <Menu label={<span class="with-caret">{busyLabel || "Download"}</span>} name="Download" kind="primary">
      {primary.map(item)}
      {primary.length > 0 && secondary.length > 0 && <MenuSeparator />}
      {secondary.map(item)}
    </Menu>
  );
}
