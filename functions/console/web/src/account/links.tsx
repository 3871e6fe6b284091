import { useState } from "preact/hooks";
import { ask } from "../api.ts";
import { Button } from "../ui/button.tsx";
import { Confirm } from "../ui/confirm.tsx";
import { Copyable } from "../ui/copy.tsx";
import { Waiting } from "../ui/progress.tsx";
import { useDeed } from "../ui/use-submit.ts";
import { toast } from "../ui/toast.tsx";
import { Unread } from "../ui/load-error.tsx";
import { ago } from "../words.ts";
import { More } from "./more.tsx";
import type { Page, Share } from "./model.ts";
import { usePages } from "./use-query.ts";
import { linkState, usesWords } from "./words.ts";

const DAY = { dateStyle: "medium" } as const;

export function Links() {
  const { rows, more, wrong, next, again } = usePages<Share, Page & { shares: Share[] }>(
    "/v1/shares",
    (told) => told.shares,
  );
  const [asked, setAsked] = useState<Share | null>(null);
  const { busy, send } = useDeed();
  const now = new Date();
  const withdraw = (share: Share): Promise<void> =>
    send("Withdrawing …", async () => {
      await ask("DELETE", `/v1/share/${share.token}`);
      await again();
      setAsked(null);
      toast("The link is withdrawn.");
    });
  if (!rows) return wrong ? <Unread fault={wrong} again={again} /> : <Waiting words="Getting your links …" />;
  if (!rows.length)
    return (
      <p class="empty">
        Nobody has a link of yours. On a job’s page every result can be shared; the links in your letters stand here too.
        How often one was opened is counted, by whom is not.
      </p>
    );
  const open = rows.filter((one) => linkState(one, now.getTime()) === "open");
  const over = rows.filter((one) => linkState(one, now.getTime()) !== "open");
  return (
    <>
      <section aria-labelledby="open">
        <h2 id="open">Links that work</h2>
        {open.length ? (
          <ul class="rows">
            {open.map((one) => (
              <li key={one.token} class="tall">
                <div>
                  <strong>{one.artefact}</strong>
                  <p class="hint">
                    {usesWords(one)} · made {ago(new Date(one.created_at), now)} · ends{" "}
                    {new Date(one.expires_at).toLocaleDateString(undefined, DAY)} · <a href={`/jobs/${one.job}`}>its job</a>
                  </p>
                </div>
                <Copyable text={one.url} label={`The link to ${one.artefact}`} />
                <Button kind="quiet" onClick={() => setAsked(one)}>
                  Withdraw
                </Button>
              </li>
            ))}
          </ul>
        ) : (
          <p class="hint">None at the moment.</p>
        )}
      </section>
      {over.length > 0 && (
        <section aria-labelledby="over">
          <h2 id="over">Links that are over</h2>
          <ul class="rows">
            {over.map((one) => (
              <li key={one.token}>
                <div>
                  {one.artefact}
                  <p class="hint">
                    {usesWords(one)} · made {ago(new Date(one.created_at), now)}
                  </p>
                </div>
                <p class="hint end">{one.revoked ? "Withdrawn" : "Ended by itself"}</p>
              </li>
            ))}
          </ul>
        </section>
      )}
      <More more={more} next={next} wrong={wrong} words="Older links" />
      {asked && (
        <Confirm
          title="Withdraw this link?"
          deed="Withdraw it"
          busy={busy}
          onDeed={() => withdraw(asked)}
          onClose={() => setAsked(null)}
        >
          Whoever has the link to <strong>{asked.artefact}</strong> is refused from now on. It cannot be given back; you can
          make another one.
        </Confirm>
      )}
    </>
  );
}
