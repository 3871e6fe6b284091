/** What can be taken away, with sizes, and the links by which others may have it. */
import { useEffect, useState } from "preact/hooks";
import { ask, get, newKey } from "../api.ts";
import { Box } from "../ui/panel.tsx";
import { Button } from "../ui/button.tsx";
import { Copyable } from "../ui/copy.tsx";
import { Waiting } from "../ui/progress.tsx";
import { useDeed } from "../ui/use-submit.ts";
import { toast } from "../ui/toast.tsx";
import { ago, bytes, sentence } from "../words.ts";
import { save } from "./links.ts";
import type { Artefact, Job } from "./model.ts";
import { resultName, sorted } from "./words.ts";

export function Downloads({ job }: { job: Job }) {
  const [shared, setShared] = useState<Artefact | null>(null);
  const { wanted, more } = sorted(job.artefacts);
  const list = (results: Artefact[]) => (
    <ul class="downloads">
      {results.map((one) => (
        <Result key={one.name} job={job.id} one={one} onShare={() => setShared(one)} />
      ))}
    </ul>
  );
  return (
    <>
      {list(wanted)}
      {more.length > 0 && (
        <details open={!wanted.length}>
          <summary>{more.length === 1 ? "One more file" : `${more.length} more files`}</summary>
          {list(more)}
        </details>
      )}
      {shared && <Sharing job={job.id} one={shared} onClose={() => setShared(null)} />}
    </>
  );
}

function Result({ job, one, onShare }: { job: string; one: Artefact; onShare: () => void }) {
  const { busy, send } = useDeed();
  const take = (): Promise<void> => send("Starting …", () => save(job, one.name));
  return (
    <li>
      <div class="what">
        <strong>{resultName(one)}</strong>
        <span class="hint">
          {one.name} · {bytes(one.size_bytes)}
        </span>
      </div>
      <div class="row">
        <Button kind="quiet" busy={busy} onClick={() => void take()}>
          Download<span class="unseen"> {one.name}</span>
        </Button>
        <Button kind="quiet" onClick={onShare}>
          Share<span class="unseen"> {one.name}</span>
        </Button>
      </div>
    </li>
  );
}

/** A link, as the API tells it. */
interface Share {
  token: string;
  url: string;
  job: string;
  artefact: string;
  created_at: string;
  expires_at: string;
  revoked: boolean;
  uses: number;
}

const SPANS = [
  [24, "a day"],
  [24 * 7, "a week"],
  [24 * 30, "30 days"],
] as const;
const WEEK = String(SPANS[1][0]);

function Sharing({ job, one, onClose }: { job: string; one: Artefact; onClose: () => void }) {
  const [links, setLinks] = useState<Share[] | null>(null);
  const [hours, setHours] = useState(WEEK);
  const { busy, send } = useDeed();

  useEffect(() => {
    sharesOf(job, one.name).then(setLinks, (fault) => {
      toast(sentence(fault), true);
      setLinks([]);
    });
  }, [job, one.name]);

  const act = (words: string, work: () => Promise<Share[]>): Promise<void> =>
    send(words, async () => setLinks(await work()));
  const make = async (): Promise<Share[]> => {
    const body = { artefact: one.name, valid_hours: Number(hours) };
    const { data } = await ask<Share>("POST", `/v1/jobs/${job}/shares`, { body, key: newKey() });
    return [data, ...(links ?? [])];
  };
  const withdraw = async (share: Share): Promise<Share[]> => {
    await ask("DELETE", `/v1/share/${share.token}`);
    return (links ?? []).filter((other) => other.token !== share.token);
  };

  return (
    <Box title={`Share ${one.name}`} onClose={onClose}>
      <p class="hint">Whoever has a link gets this one file, without signing in, until it ends.</p>
      <div class="row">
        <label class="row">
          Valid for
          <select value={hours} onChange={(event) => setHours(event.currentTarget.value)}>
            {SPANS.map(([value, words]) => (
              <option value={value}>{words}</option>
            ))}
          </select>
        </label>
        <Button kind="primary" busy={busy} onClick={() => void act("Making …", make)}>
          Make a link
        </Button>
      </div>
      {links === null && <Waiting words="Looking for links …" />}
      {links?.length === 0 && <p class="hint">Nobody else has a link to this file.</p>}
      <ul class="links">
        {links?.map((share) => (
          <li key={share.token}>
            <Copyable text={share.url} label="The link" />
            <span class="hint">
              {share.uses === 1 ? "Opened once" : `Opened ${share.uses} times`} · made{" "}
              {ago(new Date(share.created_at), new Date())} · ends{" "}
              {new Date(share.expires_at).toLocaleString()}
            </span>
            <div class="row">
              <Button kind="quiet" onClick={() => void act("", () => withdraw(share))}>
                Withdraw
              </Button>
            </div>
          </li>
        ))}
      </ul>
    </Box>
  );
}

/** The links to one result that still hold. A person's links come a hundred at a time. */
async function sharesOf(job: string, name: string): Promise<Share[]> {
  const found: Share[] = [];
  let cursor: string | null = "";
  while (cursor !== null) {
    const more: string = cursor ? `&cursor=${encodeURIComponent(cursor)}` : "";
    const { data } = await get<{ shares: Share[]; next_cursor: string | null }>(
      `/v1/shares?limit=100${more}`,
    );
    found.push(...data.shares.filter((one) => one.job === job && one.artefact === name));
    cursor = data.next_cursor;
  }
  const now = Date.now();
  return found.filter((one) => !one.revoked && Date.parse(one.expires_at) > now);
}
