/** Dialog that creates and revokes the share links of an artifact. */
import { useEffect, useRef, useState } from "preact/hooks";
import type { NewShareLink, ShareLink } from "../../account/model.ts";
import { Button } from "../../ui/button.tsx";
import { Panel } from "../../ui/panel.tsx";
import { Loading } from "../../ui/progress.tsx";
import { useAction } from "../../ui/use-submit.ts";
import { toast } from "../../ui/toast.tsx";
import { errorMessage, formatTimeAgo } from "../../format.ts";
import { groupResults, resultLabel } from "../labels.ts";
import type { Artifact, Job } from "../model.ts";
import { NewLink } from "./new-link.tsx";
import { createShare, listShares, mergeLinks, revokeShare } from "./share-links.ts";

const VALIDITY_OPTIONS = [
  [24, "1 day"],
  [24 * 7, "1 week"],
  [24 * 30, "30 days"],
] as const;
const DEFAULT_HOURS = String(VALIDITY_OPTIONS[1][0]);

export interface ShareDialogProps {
  job: Job;
  /** The artifact that is selected first. */
  artifact: Artifact;
  onClose: () => void;
}

export function ShareDialog({ job, artifact, onClose }: ShareDialogProps) {
  const [name, setName] = useState(artifact.name);
  const [links, setLinks] = useState<ShareLink[] | null>(null);
  const [newLink, setNewLink] = useState<NewShareLink | null>(null);
  const [hours, setHours] = useState(DEFAULT_HOURS);
  const [title, setTitle] = useState(job.title);
  const { busyLabel, run } = useAction();
  const revoked = useRef(new Set<string>());
  useEffect(() => {
    let cancelled = false;
    // Links may be created and revoked before the response.
    const merge = (loaded: readonly ShareLink[]): void => {
      if (!cancelled) setLinks((before) => mergeLinks(before ?? [], loaded, revoked.current));
    };
    listShares(job.id).then(merge, (error) => {
      toast(errorMessage(error), true);
      merge([]);
    });
    return () => {
      cancelled = true;
    };
  }, [job.id]);

  const { primary, secondary } = groupResults(job.artifacts);
  const ofFile = links?.filter((link) => link.artifact === name);
  const create = (): Promise<void> =>
    run("Creating …", async () => {
      const link = await createShare(job.id, name, Number(hours), title.trim());
      setNewLink(link);
      setLinks((before) => mergeLinks([link], before ?? [], revoked.current));
    });
  const revoke = (link: ShareLink): Promise<void> =>
    run("", async () => {
      await revokeShare(link.id);
      if (newLink?.id === link.id) setNewLink(null);
      revoked.current.add(link.id);
      setLinks((before) => before && before.filter((other) => other.id !== link.id));
    });

  return (
    <Panel title={`Share ${artifact.name}`} onClose={onClose}>
      <p class="hint">
        Whoever has the link sees this file on a page without signing in, until the link expires. A film comes with its
        captions and chapters.
      </p>
      <label>
        Title on the page
        <input
          value={title}
          maxLength={200}
          placeholder="None: the page shows what kind of file it is"
          onInput={(event) => setTitle(event.currentTarget.value)}
        />
      </label>
      <div class="share-form">
        <label>
          File
          <select
            value={name}
            onChange={(event) => {
              setName(event.currentTarget.value);
              setNewLink(null);
            }}
          >
            {[...primary, ...secondary].map((row) => (
              <option key={row.name} value={row.name}>
                {resultLabel(row)} ({row.name})
              </option>
            ))}
          </select>
        </label>
        <label>
          Valid for
          <select value={hours} onChange={(event) => setHours(event.currentTarget.value)}>
            {VALIDITY_OPTIONS.map(([value, label]) => (
              <option key={value} value={value}>
                {label}
              </option>
            ))}
          </select>
        </label>
        <Button kind="primary" busyLabel={busyLabel} onClick={() => void create()}>
          Create link
        </Button>
      </div>
      {newLink && <NewLink link={newLink} />}
      {ofFile === undefined && <Loading text="Loading links …" />}
      {ofFile?.length === 0 && <p class="hint">There are no links to this file.</p>}
      <ShareLinkList links={ofFile ?? []} onRevoke={(link) => void revoke(link)} />
    </Panel>
  );
}

export interface ShareLinkListProps {
  links: readonly ShareLink[];
  /** Shows the name of each link's file. */
  withNames?: boolean;
  onRevoke: (link: ShareLink) => void;
}

export function ShareLinkList({ links, withNames = false, onRevoke }: ShareLinkListProps) {
  if (!links.length) return null;
  return (
    <ul class="share-list">
      {links.map((share) => (
        <li key={share.id}>
          <div>
            {withNames && <strong>{share.artifact}</strong>}
            <span class="hint">
              {share.uses === 1 ? "Opened once" : `Opened ${share.uses} times`} · created{" "}
              {formatTimeAgo(new Date(share.created_at), new Date())} · expires{" "}
              {new Date(share.expires_at).toLocaleString(undefined, { dateStyle: "medium", timeStyle: "short" })}
            </span>
          </div>
          <Button kind="quiet" onClick={() => onRevoke(share)}>
            Revoke<span class="visually-hidden"> the link to {share.artifact}</span>
          </Button>
        </li>
      ))}
    </ul>
  );
}
