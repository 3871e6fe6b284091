import { useState } from "preact/hooks";
import { ask, post } from "../api.ts";
import { Button } from "../ui/button.tsx";
import { Box } from "../ui/panel.tsx";
import { Copyable } from "../ui/copy.tsx";
import { Confirm } from "../ui/confirm.tsx";
import { Field } from "../ui/field.tsx";
import { FormEnd } from "../ui/form-end.tsx";
import { Waiting } from "../ui/progress.tsx";
import { useDeed, useSending } from "../ui/use-submit.ts";
import { toast } from "../ui/toast.tsx";
import { Unread } from "../ui/load-error.tsx";
import { ago } from "../words.ts";
import { Deliveries } from "./deliveries.tsx";
import type { Delivery, Webhook, WithSecret } from "./model.ts";
import { useAsked } from "./use-query.ts";
import { EVENT_NAMES, eventWords } from "./words.ts";

export function Webhooks() {
  const { data, wrong, again } = useAsked<{ webhooks: Webhook[] }>("/v1/webhooks");
  const [told, setTold] = useState<WithSecret | null>(null);
  const [adding, setAdding] = useState(false);
  if (!data) return wrong ? <Unread fault={wrong} again={again} /> : <Waiting words="Getting your webhooks …" />;
  const hooks = [...data.webhooks].sort((a, b) => a.created_at.localeCompare(b.created_at));
  const made = async (answer: WithSecret): Promise<void> => {
    setAdding(false);
    setTold(answer);
    await again();
  };
  return (
    <>
      {hooks.length === 0 && (
        <p class="empty">
          No server is called yet. Give the address of one that takes a POST: it is told when a job of yours is done, failed or
          cancelled, signed after{" "}
          <a href="https://www.standardwebhooks.com" target="_blank" rel="noreferrer">
            Standard Webhooks
          </a>
          , and called again for three days while it does not answer.
        </p>
      )}
      {hooks.map((one) => (
        <Hook key={one.id} hook={one} again={again} onSecret={setTold} />
      ))}
      <p>
        <Button kind={hooks.length ? "" : "primary"} onClick={() => setAdding(true)}>
          Add a server
        </Button>
      </p>
      {adding && <Adding onMade={made} onClose={() => setAdding(false)} />}
      {told && <Secret told={told} onClose={() => setTold(null)} />}
    </>
  );
}

function Adding({ onMade, onClose }: { onMade: (told: WithSecret) => Promise<void>; onClose: () => void }) {
  const [url, setUrl] = useState("");
  const [events, setEvents] = useState<readonly string[]>(EVENT_NAMES);
  const sending = useSending();
  const add = (event: Event): void => {
    event.preventDefault();
    void sending.send("Adding it …", async () => {
      const { data } = await post<WithSecret>("/v1/webhooks", { url: url.trim(), events });
      await onMade(data);
    });
  };
  const { fields } = sending;
  return (
    <Box title="Add a server" onClose={onClose}>
      <form class="stack" onSubmit={add}>
        <Field label="URL" hint="https, at a public address." wrong={fields.url}>
          {(ids) => (
            <input
              {...ids}
              type="url"
              required
              maxLength={500}
              placeholder="https://example.org/moodreel"
              value={url}
              onInput={(event) => setUrl(event.currentTarget.value)}
            />
          )}
        </Field>
        <fieldset class="choices">
          <legend>It is called when</legend>
          {EVENT_NAMES.map((name) => (
            <label key={name}>
              <input
                type="checkbox"
                checked={events.includes(name)}
                onChange={(event) =>
                  setEvents(
                    EVENT_NAMES.filter((one) => (one === name ? event.currentTarget.checked : events.includes(one))),
                  )
                }
              />
              <span>{eventWords(name)}</span>
            </label>
          ))}
        </fieldset>
        <FormEnd
          deed="Add it"
          sending={sending}
          told={Boolean(fields.url)}
          disabled={events.length === 0}
          onClose={onClose}
        />
      </form>
    </Box>
  );
}

function Secret({ told, onClose }: { told: WithSecret; onClose: () => void }) {
  return (
    <Box title="The secret, this once" onClose={onClose} firm>
      <p>
        Calls to <strong>{told.webhook.url}</strong> are signed with it. Put it where your server reads its secrets: it is
        shown nowhere again.
      </p>
      <Copyable text={told.secret} label="The webhook’s secret" />
      {told.old_secret_until && (
        <p class="hint">
          The old one signs as well until {new Date(told.old_secret_until).toLocaleString()}, so that you have time to
          change it.
        </p>
      )}
      <div class="row">
        <Button kind="primary" onClick={onClose}>
          I have kept it
        </Button>
      </div>
    </Box>
  );
}

type Wish = "" | "rotate" | "delete";

function Hook({
  hook,
  again,
  onSecret,
}: {
  hook: Webhook;
  again: () => Promise<void>;
  onSecret: (told: WithSecret) => void;
}) {
  const path = `/v1/webhooks/${hook.id}`;
  const [wish, setWish] = useState<Wish>("");
  const { busy, send } = useDeed();
  const [open, setOpen] = useState(false);
  // Counts tests: the log is asked for anew after each.
  const [tested, setTested] = useState(0);
  const act = (words: string, what: () => Promise<void>): Promise<void> =>
    send(words, async () => {
      await what();
      setWish("");
    });
  const test = (): Promise<void> =>
    act("Sending …", async () => {
      await post<Delivery>(`${path}/test`);
      setOpen(true);
      setTested((before) => before + 1);
    });
  const enable = (): Promise<void> =>
    act("Enabling …", async () => {
      await post(`${path}/enable`);
      await again();
    });
  const rotate = (): Promise<void> =>
    act("Changing it …", async () => {
      const { data } = await post<WithSecret>(`${path}/secret`);
      onSecret(data);
      await again();
    });
  const remove = (): Promise<void> =>
    act("Deleting it …", async () => {
      await ask("DELETE", path);
      toast("It is called no more.");
      await again();
    });
  return (
    <section class="hook" aria-label={hook.url}>
      <div class="row between">
        <h2>{hook.url}</h2>
        <span class={`badge ${hook.disabled ? "failed" : "done"}`}>{hook.disabled ? "Disabled" : "Active"}</span>
      </div>
      <p class="hint">
        {hook.events.map(eventWords).join(" · ")} · added {ago(new Date(hook.created_at), new Date())}
        {hook.secrets > 1 && " · two secrets sign until tomorrow"}
      </p>
      {hook.disabled && (
        <div class="note warn">
          <p>
            The server answered 410: there is nothing at this address any more. So it is not called. Enable it once it is
            back; what was missed can be replayed from the log.
          </p>
          <p>
            <Button busy={busy} onClick={() => void enable()}>
              Enable it
            </Button>
          </p>
        </div>
      )}
      <div class="row">
        {!hook.disabled && (
          <Button busy={wish ? "" : busy} onClick={() => void test()}>
            Send a test
          </Button>
        )}
        <button type="button" class="quiet" aria-expanded={open} onClick={() => setOpen(!open)}>
          {open ? "Hide the log" : "Show the log"}
        </button>
        <Button kind="quiet" onClick={() => setWish("rotate")}>
          Change the secret
        </Button>
        <Button kind="quiet" onClick={() => setWish("delete")}>
          Delete
        </Button>
      </div>
      {open && <Deliveries hook={hook} tested={tested} />}
      {wish === "rotate" && (
        <Confirm
          title="Change the secret?"
          deed="Change it"
          kind="primary"
          busy={busy}
          onDeed={rotate}
          onClose={() => setWish("")}
        >
          A new one is shown once. For a day both sign every call, so that your server misses none.
        </Confirm>
      )}
      {wish === "delete" && (
        <Confirm title="Delete this webhook?" deed="Delete it" busy={busy} onDeed={remove} onClose={() => setWish("")}>
          <strong>{hook.url}</strong> is called no more, and its log goes. What is still being tried is given up.
        </Confirm>
      )}
    </section>
  );
}
