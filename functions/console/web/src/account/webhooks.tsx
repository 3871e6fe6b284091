import { useState } from "preact/hooks";
import { post, request } from "../api.ts";
import { Button } from "../ui/button.tsx";
import { Panel } from "../ui/panel.tsx";
import { CopyableText } from "../ui/copyable-text.tsx";
import { Confirm } from "../ui/confirm.tsx";
import { Field } from "../ui/field.tsx";
import { FormFooter } from "../ui/form-footer.tsx";
import { Loading } from "../ui/progress.tsx";
import { useAction, useSubmit } from "../ui/use-submit.ts";
import { toast } from "../ui/toast.tsx";
import { LoadError } from "../ui/load-error.tsx";
import { formatTimeAgo } from "../format.ts";
import { Deliveries } from "./deliveries.tsx";
import type { Delivery, Webhook, WebhookSecret } from "./model.ts";
import { useQuery } from "../ui/use-query.ts";
import { LIMITS, WEBHOOK_EVENTS } from "../contract.ts";
import { eventLabel } from "./format.ts";
import { WebhookState } from "./webhook-state.tsx";

export function WebhooksSection() {
  const { data, error, refetch } = useQuery<{ webhooks: Webhook[] }>("/v1/webhooks");
  const [newSecret, setNewSecret] = useState<WebhookSecret | null>(null);
  const [isAdding, setIsAdding] = useState(false);
  if (!data) return error ? <LoadError error={error} onRetry={refetch} /> : <Loading text="Getting your webhooks …" />;
  const webhooks = [...data.webhooks].sort((a, b) => a.created_at.localeCompare(b.created_at));
  const onCreated = async (created: WebhookSecret): Promise<void> => {
    setIsAdding(false);
    setNewSecret(created);
    await refetch();
  };
  return (
    <>
      {webhooks.length === 0 && (
        <p class="empty">
          No server is called yet. Give the address of one that takes a POST: it is told when a job of yours is done,
          failed or cancelled, signed after{" "}
          <a href="https://www.standardwebhooks.com" target="_blank" rel="noreferrer">
            Standard Webhooks
          </a>
          , and called again for three days while it does not answer.
        </p>
      )}
      {webhooks.map((webhook) => (
        <WebhookCard key={webhook.id} webhook={webhook} refetch={refetch} onSecret={setNewSecret} />
      ))}
      <p>
        <Button kind={webhooks.length ? "" : "primary"} onClick={() => setIsAdding(true)}>
          Add a server
        </Button>
      </p>
      {isAdding && <AddWebhook onCreated={onCreated} onClose={() => setIsAdding(false)} />}
      {newSecret && <SecretPanel newSecret={newSecret} onClose={() => setNewSecret(null)} />}
    </>
  );
}

/** Chosen at first, as by the API. */
const OUTCOME_EVENTS = ["job.done", "job.failed", "job.cancelled"];

function AddWebhook({
  onCreated,
  onClose,
}: {
  onCreated: (newSecret: WebhookSecret) => Promise<void>;
  onClose: () => void;
}) {
  const [url, setUrl] = useState("");
  const [events, setEvents] = useState<readonly string[]>(OUTCOME_EVENTS);
  const submission = useSubmit();
  const submit = (event: Event): void => {
    event.preventDefault();
    void submission.run("Adding it …", async () => {
      const { data } = await post<WebhookSecret>("/v1/webhooks", { url: url.trim(), events });
      await onCreated(data);
    });
  };
  const { fieldErrors } = submission;
  return (
    <Panel title="Add a server" onClose={onClose}>
      <form class="stack" onSubmit={submit}>
        <Field label="URL" hint="https, at a public address." error={fieldErrors.url}>
          {(ids) => (
            <input
              {...ids}
              type="url"
              required
              maxLength={LIMITS.maxWebhookUrlChars}
              placeholder="https://example.org/moodreel"
              value={url}
              onInput={(event) => setUrl(event.currentTarget.value)}
            />
          )}
        </Field>
        <fieldset class="choices">
          <legend>It is called when</legend>
          {WEBHOOK_EVENTS.map((name) => (
            <label key={name}>
              <input
                type="checkbox"
                checked={events.includes(name)}
                onChange={(event) =>
                  setEvents(WEBHOOK_EVENTS.filter((b) => (b === name ? event.currentTarget.checked : events.includes(b))))
                }
              />
              <span>{eventLabel(name)}</span>
            </label>
          ))}
        </fieldset>
        <FormFooter
          submitLabel="Add it"
          submission={submission}
          errorShown={Boolean(fieldErrors.url)}
          disabled={events.length === 0}
          onClose={onClose}
        />
      </form>
    </Panel>
  );
}

function SecretPanel({ newSecret, onClose }: { newSecret: WebhookSecret; onClose: () => void }) {
  return (
    <Panel title="The secret, this once" onClose={onClose} persistent>
      <p>
        Calls to <strong>{newSecret.webhook.url}</strong> are signed with it. Put it where your server reads its
        secrets: it is shown nowhere again.
      </p>
      <CopyableText text={newSecret.secret} label="The webhook’s secret" />
      {newSecret.old_secret_until && (
        <p class="hint">
          The old one signs as well until {new Date(newSecret.old_secret_until).toLocaleString()}, so that you have time
          to change it.
        </p>
      )}
      <div class="row">
        <Button kind="primary" onClick={onClose}>
          I have kept it
        </Button>
      </div>
    </Panel>
  );
}

type Dialog = "" | "rotate" | "delete";

function WebhookCard({
  webhook,
  refetch,
  onSecret,
}: {
  webhook: Webhook;
  refetch: () => Promise<void>;
  onSecret: (newSecret: WebhookSecret) => void;
}) {
  const path = `/v1/webhooks/${webhook.id}`;
  const [dialog, setDialog] = useState<Dialog>("");
  const { busyLabel, run } = useAction();
  const [logOpen, setLogOpen] = useState(false);
  // Incremented by each test call: the delivery log then refetches.
  const [testCount, setTestCount] = useState(0);
  const runAction = (label: string, action: () => Promise<void>): Promise<void> =>
    run(label, async () => {
      await action();
      setDialog("");
    });
  const sendTest = (): Promise<void> =>
    runAction("Sending …", async () => {
      await post<Delivery>(`${path}/test`);
      setLogOpen(true);
      setTestCount((count) => count + 1);
    });
  const enable = (): Promise<void> =>
    runAction("Enabling …", async () => {
      await post(`${path}/enable`);
      await refetch();
    });
  const rotate = (): Promise<void> =>
    runAction("Changing it …", async () => {
      const { data } = await post<WebhookSecret>(`${path}/secret`);
      onSecret(data);
      await refetch();
    });
  const deleteWebhook = (): Promise<void> =>
    runAction("Deleting it …", async () => {
      await request("DELETE", path);
      toast("It is called no more.");
      await refetch();
    });
  return (
    <section class="webhook" aria-label={webhook.url}>
      <div class="row between">
        <h2>{webhook.url}</h2>
        <span class={`badge ${webhook.disabled ? "failed" : "done"}`}>{webhook.disabled ? "Disabled" : "Active"}</span>
      </div>
      <p class="hint">
        {webhook.events.map(eventLabel).join(" · ")} · added {formatTimeAgo(new Date(webhook.created_at), new Date())}
        {webhook.secrets > 1 && " · two secrets sign until tomorrow"}
      </p>
      <WebhookState webhook={webhook}>
        <Button busyLabel={busyLabel} onClick={() => void enable()}>
          Enable it
        </Button>
      </WebhookState>
      <div class="row">
        {!webhook.disabled && (
          <Button busyLabel={dialog ? "" : busyLabel} onClick={() => void sendTest()}>
            Send a test
          </Button>
        )}
        <button type="button" class="quiet" aria-expanded={logOpen} onClick={() => setLogOpen(!logOpen)}>
          {logOpen ? "Hide the log" : "Show the log"}
        </button>
        <Button kind="quiet" onClick={() => setDialog("rotate")}>
          Change the secret
        </Button>
        <Button kind="quiet" onClick={() => setDialog("delete")}>
          Delete
        </Button>
      </div>
      {logOpen && <Deliveries webhook={webhook} testCount={testCount} />}
      {dialog === "rotate" && (
        <Confirm
          title="Change the secret?"
          confirmLabel="Change it"
          kind="primary"
          busyLabel={busyLabel}
          onConfirm={rotate}
          onClose={() => setDialog("")}
        >
          A new one is shown once. For a day both sign every call, so that your server misses none.
        </Confirm>
      )}
      {dialog === "delete" && (
        <Confirm
          title="Delete this webhook?"
          confirmLabel="Delete it"
          busyLabel={busyLabel}
          onConfirm={deleteWebhook}
          onClose={() => setDialog("")}
        >
          <strong>{webhook.url}</strong> is called no more, and its log goes. What is still being tried is given up.
        </Confirm>
      )}
    </section>
  );
}
