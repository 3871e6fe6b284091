import { useState } from "preact/hooks";
import { request } from "../api.ts";
import { Button } from "../ui/button.tsx";
import { Confirm } from "../ui/confirm.tsx";
import { Loading } from "../ui/progress.tsx";
import { useAction } from "../ui/use-submit.ts";
import { toast } from "../ui/toast.tsx";
import { LoadError } from "../ui/load-error.tsx";
import { formatTimeAgo } from "../format.ts";
import { LoadMore } from "../ui/load-more.tsx";
import type { ShareLink } from "./model.ts";
import { type PageInfo, usePages } from "../ui/use-query.ts";
import { linkState, usesLabel } from "./format.ts";

const DATE_FORMAT = { dateStyle: "medium" } as const;

export function ShareLinks() {
  const { rows, hasMore, error, loadMore, refetch } = usePages<ShareLink, PageInfo & { shares: ShareLink[] }>(
    "/v1/shares",
    (page) => page.shares,
  );
  const [selected, setSelected] = useState<ShareLink | null>(null);
  const { busyLabel, run } = useAction();
  const now = new Date();
  const revoke = (share: ShareLink): Promise<void> =>
    run("Revoking …", async () => {
      await request("DELETE", `/v1/shares/${share.id}`);
      await refetch();
      setSelected(null);
      toast("The link is revoked.");
    });
  if (!rows) return error ? <LoadError error={error} onRetry={refetch} /> : <Loading text="Getting your links …" />;
  if (!rows.length)
    return (
      <p class="empty">
        Nobody has a link of yours. On a job’s page every result can be shared; the links in your letters stand here
        too. How often one was opened is counted, by whom is not. A link itself is shown only when it is made.
      </p>
    );
  const openLinks = rows.filter((link) => linkState(link, now.getTime()) === "open");
  const closed = rows.filter((link) => linkState(link, now.getTime()) !== "open");
  return (
    <>
      <section aria-labelledby="open">
        <h2 id="open">Links that work</h2>
        {openLinks.length ? (
          <ul class="rows">
            {openLinks.map((link) => (
              <li key={link.id} class="stacked">
                <div>
                  <strong>{link.artifact}</strong>
                  <p class="hint">
                    {usesLabel(link)} · made {formatTimeAgo(new Date(link.created_at), now)} · ends{" "}
                    {new Date(link.expires_at).toLocaleDateString(undefined, DATE_FORMAT)} ·{" "}
                    <a href={`/jobs/${link.job}`}>its job</a>
                  </p>
                </div>
                <Button kind="quiet" onClick={() => setSelected(link)}>
                  Revoke<span class="visually-hidden"> the link to {link.artifact}</span>
                </Button>
              </li>
            ))}
          </ul>
        ) : (
          <p class="hint">None at the moment.</p>
        )}
      </section>
      {closed.length > 0 && (
        <section aria-labelledby="over">
          <h2 id="over">Links that are over</h2>
          <ul class="rows">
            {closed.map((link) => (
              <li key={link.id}>
                <div>
                  {link.artifact}
                  <p class="hint">
                    {usesLabel(link)} · made {formatTimeAgo(new Date(link.created_at), now)}
                  </p>
                </div>
                <p class="hint row-end">{link.revoked ? "Revoked" : "Expired"}</p>
              </li>
            ))}
          </ul>
        </section>
      )}
      <LoadMore hasMore={hasMore} loadMore={loadMore} error={error} label="Older links" />
      {selected && (
        <Confirm
          title="Revoke this link?"
          confirmLabel="Revoke it"
          busyLabel={busyLabel}
          onConfirm={() => revoke(selected)}
          onClose={() => setSelected(null)}
        >
          Whoever has the link to <strong>{selected.artifact}</strong> is refused from now on. This cannot be
          undone; you can create another link.
        </Confirm>
      )}
    </>
  );
}
