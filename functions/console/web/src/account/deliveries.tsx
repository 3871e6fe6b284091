import { useEffect, useState } from "preact/hooks";
import { post } from "../api.ts";
import { Button } from "../ui/button.tsx";
import { Waiting } from "../ui/progress.tsx";
import { toast } from "../ui/toast.tsx";
import { Unread } from "../ui/load-error.tsx";
import { ago, sentence } from "../words.ts";
import { More } from "./more.tsx";
import type { Delivery, Page, Webhook } from "./model.ts";
import { usePages } from "./use-query.ts";
import { deliveryState, eventWords, several, tryWords } from "./words.ts";

/** A call takes seconds; one that failed may be tried again in hours. */
const SOON_S = 30;
const AGAIN_MS = 1_500;

/** The log of a webhook. While a call is on its way, or soon will be, it is looked at again. */
export function Deliveries({ hook, tested }: { hook: Webhook; tested: number }) {
  const { rows, more, wrong, next, again } = usePages<Delivery, Page & { deliveries: Delivery[] }>(
    `/v1/webhooks/${hook.id}/deliveries`,
    (told) => told.deliveries,
  );
  useEffect(() => {
    if (tested) void again();
  }, [tested]);
  const moving = rows?.some((one) => !one.finished_at && soon(one)) ?? false;
  useEffect(() => {
    if (!moving) return;
    const timer = setTimeout(() => void again(), AGAIN_MS);
    return () => clearTimeout(timer);
  }, [moving, rows]);
  if (!rows) return wrong ? <Unread fault={wrong} again={again} /> : <Waiting words="Getting the log …" />;
  if (!rows.length)
    return <p class="empty">Nothing was sent yet. Send a test, or wait for a job to end: each call stands here with its answer.</p>;
  return (
    <>
      <ul class="deliveries">
        {rows.map((one) => (
          <Row key={one.id} one={one} hook={hook} again={again} />
        ))}
      </ul>
      <More more={more} next={next} wrong={wrong} words="Older calls" />
    </>
  );
}

function Row({ one, hook, again }: { one: Delivery; hook: Webhook; again: () => Promise<void> }) {
  const [busy, setBusy] = useState("");
  const now = new Date();
  const { words, tone } = deliveryState(one, now.getTime());
  const replay = async (): Promise<void> => {
    setBusy("Sending …");
    try {
      await post(`/v1/webhooks/${hook.id}/deliveries/${one.id}/replay`);
      await again();
    } catch (fault) {
      toast(sentence(fault), true);
    }
    setBusy("");
  };
  return (
    <li>
      <details>
        <summary>
          <span class="dot" data-state={tone} />
          <span>{eventWords(one.event)}</span>
          <span class="hint">
            {words} · {several(one.tries.length, "try", "tries")} · {ago(new Date(one.created_at), now)}
          </span>
        </summary>
        <div class="inside">
          {one.error_message && <p class="wrong">{one.error_message}</p>}
          {one.tries.length > 0 && (
            <ol class="tries">
              {one.tries.map((tried) => (
                <li key={tried.at}>
                  <time dateTime={tried.at}>{new Date(tried.at).toLocaleString()}</time> {tryWords(tried)}
                </li>
              ))}
            </ol>
          )}
          <p class="hint">
            webhook-id <span class="code">{one.event_id}</span>
            {one.job_id && (
              <>
                {" · "}
                <a href={`/jobs/${one.job_id}`}>its job</a>
              </>
            )}
          </p>
          <pre tabIndex={0} aria-label="The body of the call">
            {JSON.stringify(one.body, null, 2)}
          </pre>
          {one.finished_at && !hook.disabled && (
            <p>
              <Button busy={busy} onClick={() => void replay()}>
                Send it once more
              </Button>
            </p>
          )}
        </div>
      </details>
    </li>
  );
}

const soon = (one: Delivery): boolean =>
  one.state === "leased" || !one.next_try_at || Date.parse(one.next_try_at) - Date.now() < SOON_S * 1000;
