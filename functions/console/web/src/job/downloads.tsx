/** Artifacts with download buttons, and their share links. */
import { useEffect, useState } from "preact/hooks";
import { get, newIdempotencyKey, request } from "../api.ts";
import { Panel } from "../ui/panel.tsx";
import { Button } from "../ui/button.tsx";
import { Loading } from "../ui/progress.tsx";
import { useAction } from "../ui/use-submit.ts";
import { toast } from "../ui/toast.tsx";
import { errorMessage, formatBytes, formatTimeAgo } from "../format.ts";
import { downloadResult } from "./links.ts";
import { NewLink } from "./new-link.tsx";
import type { Artifact, Job } from "./model.ts";
import type { NewShareLink, ShareLink } from "../account/model.ts";
import { groupResults, resultLabel } from "./labels.ts";

export function Downloads({ job }: { job: Job }) {
  const [sharing, setSharing] = useState<Artifact | null>(null);
  const { primary, secondary } = groupResults(job.artifacts);
  const list = (results: Artifact[]) => (
    <ul class="downloads">
      {results.map((artifact) => (
        <ResultRow key={artifact.name} job={job.id} artifact={artifact} onShare={() => setSharing(artifact)} />
      ))}
    </ul>
  );
  return (
    <>
      {list(primary)}
      {secondary.length > 0 && (
        <details open={!primary.length}>
          <summary>{secondary.length === 1 ? "One more file" : `${secondary.length} more files`}</summary>
          {list(secondary)}
        </details>
      )}
      {sharing && <SharePanel job={job.id} title={job.title} artifact={sharing} onClose={() => setSharing(null)} />}
    </>
  );
}

function ResultRow({ job, artifact, onShare }: { job: string; artifact: Artifact; onShare: () => void }) {
  const { busyLabel, run } = useAction();
  const download = (): Promise<void> => run("Starting …", () => downloadResult(job, artifact.name));
  return (
    <li>
      <div class="description">
        <strong>{resultLabel(artifact)}</strong>
        <span class="hint">
          {artifact.name} · {formatBytes(artifact.size_bytes)}
        </span>
      </div>
      <div class="row">
        <Button kind="quiet" busyLabel={busyLabel} onClick={() => void download()}>
          Download<span class="visually-hidden"> {artifact.name}</span>
        </Button>
        <Button kind="quiet" onClick={onShare}>
          Share<span class="visually-hidden"> {artifact.name}</span>
        </Button>
      </div>
    </li>
  );
}

const VALIDITY_OPTIONS = [
  [24, "a day"],
  [24 * 7, "a week"],
  [24 * 30, "30 days"],
] as const;
const DEFAULT_HOURS = String(VALIDITY_OPTIONS[1][0]);

interface SharePanelProps {
  job: string;
  /** The title of the job, which the user can show with the link. */
  title: string;
  artifact: Artifact;
  onClose: () => void;
}

function SharePanel({ job, title, artifact, onClose }: SharePanelProps) {
  const [links, setLinks] = useState<ShareLink[] | null>(null);
  const [newLink, setNewLink] = useState<NewShareLink | null>(null);
  const [hours, setHours] = useState(DEFAULT_HOURS);
  const [shownTitle, setShownTitle] = useState(title);
  const { busyLabel, run } = useAction();

  useEffect(() => {
    listShares(job, artifact.name).then(setLinks, (error) => {
      toast(errorMessage(error), true);
      setLinks([]);
    });
  }, [job, artifact.name]);

  const updateLinks = (label: string, action: () => Promise<ShareLink[]>): Promise<void> =>
    run(label, async () => setLinks(await action()));
  const createLink = async (): Promise<ShareLink[]> => {
    const body = { artifact: artifact.name, valid_hours: Number(hours), title: shownTitle.trim() };
    const { data } = await request<NewShareLink>("POST", `/v1/jobs/${job}/shares`, {
      body,
      idempotencyKey: newIdempotencyKey(),
    });
    setNewLink(data);
    return [data, ...(links ?? [])];
  };
  const revokeLink = async (link: ShareLink): Promise<ShareLink[]> => {
    await request("DELETE", `/v1/shares/${link.id}`);
    if (newLink?.id === link.id) setNewLink(null);
    return (links ?? []).filter((other) => other.id !== link.id);
  };

  return (
    <Panel title={`Share ${artifact.name}`} onClose={onClose}>
      <p class="hint">
        Whoever has a link sees this one file on a page, without signing in, until it ends. A film comes with its
        captions and chapters.
      </p>
      <label>
        Title on the page
        <input
          value={shownTitle}
          maxLength={200}
          placeholder="None: the page shows what kind of file it is"
          onInput={(event) => setShownTitle(event.currentTarget.value)}
        />
      </label>
      <div class="row">
        <label class="row">
          Valid for
          <select value={hours} onChange={(event) => setHours(event.currentTarget.value)}>
            {VALIDITY_OPTIONS.map(([value, label]) => (
              <option value={value}>{label}</option>
            ))}
          </select>
        </label>
        <Button kind="primary" busyLabel={busyLabel} onClick={() => void updateLinks("Making …", createLink)}>
          Make a link
        </Button>
      </div>
      {newLink && <NewLink link={newLink} />}
      {links === null && <Loading text="Looking for links …" />}
      {links?.length === 0 && <p class="hint">Nobody else has a link to this file.</p>}
      <ul class="links">
        {links?.map((share) => (
          <li key={share.id}>
            <span class="hint">
              {share.uses === 1 ? "Opened once" : `Opened ${share.uses} times`} · made{" "}
              {formatTimeAgo(new Date(share.created_at), new Date())} · ends{" "}
              {new Date(share.expires_at).toLocaleString()}
            </span>
            <div class="row">
              <Button kind="quiet" onClick={() => void updateLinks("", () => revokeLink(share))}>
                Withdraw
              </Button>
            </div>
          </li>
        ))}
      </ul>
    </Panel>
  );
}

/** The active share links of one artifact. The API returns a user's links in pages of 100. */
async function listShares(job: string, name: string): Promise<ShareLink[]> {
  const shares: ShareLink[] = [];
  let cursor: string | null = "";
  while (cursor !== null) {
    const cursorParam: string = cursor ? `&cursor=${encodeURIComponent(cursor)}` : "";
    const { data } = await get<{ shares: ShareLink[]; next_cursor: string | null }>(
      `/v1/shares?limit=100${cursorParam}`,
    );
    shares.push(...data.shares.filter((share) => share.job === job && share.artifact === name));
    cursor = data.next_cursor;
  }
  const now = Date.now();
  return shares.filter((share) => !share.revoked && Date.parse(share.expires_at) > now);
}
