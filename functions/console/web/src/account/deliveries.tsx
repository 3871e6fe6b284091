import { useEffect, useState } from "preact/hooks";
import { post } from "../api.ts";
import { Button } from "../ui/button.tsx";
import { Loading } from "../ui/progress.tsx";
import { toast } from "../ui/toast.tsx";
import { LoadError } from "../ui/load-error.tsx";
import { errorMessage, formatTimeAgo } from "../format.ts";
import { LoadMore } from "../ui/load-more.tsx";
import type { Delivery, Webhook } from "./model.ts";
import { type PageInfo, usePages } from "../ui/use-query.ts";
import { attemptLabel, deliveryState, eventLabel, pluralize } from "./format.ts";

/** A delivery that is due later than this is not polled for. */
const POLL_AHEAD_S = 30;
const POLL_MS = 1_500;

/** The delivery log of a webhook. It polls while a delivery runs or is due soon. */
export function Deliveries({ webhook, testCount }: { webhook: Webhook; testCount: number }) {
  const { rows, hasMore, error, loadMore, refetch } = usePages<Delivery, PageInfo & { deliveries: Delivery[] }>(
    `/v1/webhooks/${webhook.id}/deliveries`,
    (page) => page.deliveries,
  );
  useEffect(() => {
    if (testCount) void refetch();
  }, [testCount]);
  const inProgress = rows?.some((delivery) => !delivery.finished_at && isDueSoon(delivery)) ?? false;
  useEffect(() => {
    if (!inProgress) return;
    const timer = setTimeout(() => void refetch(), POLL_MS);
    return () => clearTimeout(timer);
  }, [inProgress, rows]);
  if (!rows) return error ? <LoadError error={error} onRetry={refetch} /> : <Loading text="Getting the log …" />;
  if (!rows.length)
    return (
      <p class="empty">
        Nothing was sent yet. Send a test, or wait for a job to end: each call stands here with its answer.
      </p>
    );
  return (
    <>
      <ul class="deliveries">
        {rows.map((delivery) => (
          <DeliveryRow key={delivery.id} delivery={delivery} webhook={webhook} refetch={refetch} />
        ))}
      </ul>
      <LoadMore hasMore={hasMore} loadMore={loadMore} error={error} label="Older calls" />
    </>
  );
}

function DeliveryRow({
  delivery,
  webhook,
  refetch,
}: {
  delivery: Delivery;
  webhook: Webhook;
  refetch: () => Promise<void>;
}) {
  const [busyLabel, setBusyLabel] = useState("");
  const now = new Date();
  const { label, tone } = deliveryState(delivery, now.getTime());
  const replay = async (): Promise<void> => {
    setBusyLabel("Sending …");
    try {
      await post(`/v1/webhooks/${webhook.id}/deliveries/${delivery.id}/replay`);
      await refetch();
    } catch (error) {
      toast(errorMessage(error), true);
    }
    setBusyLabel("");
  };
  return (
    <li>
      <details>
        <summary>
          <span class="dot" data-state={tone} />
          <span>{eventLabel(delivery.event)}</span>
          <span class="hint">
            {label} · {pluralize(delivery.tries.length, "try", "tries")} ·{" "}
            {formatTimeAgo(new Date(delivery.created_at), now)}
          </span>
        </summary>
        <div class="delivery-details">
          {delivery.error_message && <p class="error-text">{delivery.error_message}</p>}
          {delivery.tries.length > 0 && (
            <ol class="tries">
              {delivery.tries.map((attempt) => (
                <li key={attempt.at}>
                  <time dateTime={attempt.at}>{new Date(attempt.at).toLocaleString()}</time> {attemptLabel(attempt)}
                </li>
              ))}
            </ol>
          )}
          <p class="hint">
            webhook-id <span class="code">{delivery.event_id}</span>
            {delivery.job_id && (
              <>
                {" · "}
                <a href={`/jobs/${delivery.job_id}`}>its job</a>
              </>
            )}
          </p>
          <pre tabIndex={0} aria-label="The body of the call">
            {JSON.stringify(delivery.body, null, 2)}
          </pre>
          {delivery.finished_at && !webhook.disabled && (
            <p>
              <Button busyLabel={busyLabel} onClick={() => void replay()}>
                Send it once more
              </Button>
            </p>
          )}
        </div>
      </details>
    </li>
  );
}

const isDueSoon = (delivery: Delivery): boolean =>
  delivery.state === "leased" ||
  !delivery.next_try_at ||
  Date.parse(delivery.next_try_at) - Date.now() < POLL_AHEAD_S * 1000;
