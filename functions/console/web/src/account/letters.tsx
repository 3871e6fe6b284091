import { useState } from "preact/hooks";
import { Problem, ask } from "../api.ts";
import { Button } from "../ui/button.tsx";
import { Waiting } from "../ui/progress.tsx";
import { toast } from "../ui/toast.tsx";
import { Unread } from "../ui/load-error.tsx";
import { ago, sentence } from "../words.ts";
import { More } from "./more.tsx";
import type { Mail, Page, Preferences } from "./model.ts";
import { useAsked, usePages } from "./use-query.ts";
import { mailState } from "./words.ts";

const CHOICES = [
  ["done", "A job is done", "With a link to what came of it."],
  ["failed", "A job failed", "With the reason, and what can be done."],
  ["cancelled", "A job was cancelled", "By you, here or by the API."],
] as const;

export function Letters() {
  return (
    <>
      <section aria-labelledby="wanted">
        <h2 id="wanted">Write to me when</h2>
        <Choices />
      </section>
      <section aria-labelledby="log">
        <h2 id="log">Letters so far</h2>
        <Log />
      </section>
    </>
  );
}

function Choices() {
  const { data, etag, wrong, again } = useAsked<Preferences>("/v1/me/preferences");
  // What was just chosen stands there at once; it goes back when it cannot be saved.
  const [chosen, setChosen] = useState<Preferences["mail"] | null>(null);
  if (!data)
    return wrong ? <Unread fault={wrong} again={again} /> : <Waiting words="Getting your choice …" />;
  const mail = chosen ?? data.mail;
  const choose = async (name: keyof Preferences["mail"], yes: boolean): Promise<void> => {
    if (chosen) return;
    const wanted = { ...data.mail, [name]: yes };
    setChosen(wanted);
    try {
      await ask("PUT", "/v1/me/preferences", { body: { mail: wanted }, match: etag });
      toast("Saved.");
    } catch (fault) {
      const elsewhere = fault instanceof Problem && fault.status === 412;
      toast(elsewhere ? "It was changed elsewhere meanwhile; this is how it is now." : sentence(fault), true);
    }
    await again();
    setChosen(null);
  };
  return (
    <fieldset class="choices" aria-busy={chosen !== null}>
      <legend class="unseen">Outcomes that letters are written of</legend>
      {CHOICES.map(([name, title, about]) => (
        <label key={name}>
          <input
            type="checkbox"
            checked={mail[name]}
            onChange={(event) => void choose(name, event.currentTarget.checked)}
          />
          <span>
            {title}
            <span class="hint">{about}</span>
          </span>
        </label>
      ))}
    </fieldset>
  );
}

function Log() {
  const { rows, more, wrong, next, again } = usePages<Mail, Page & { mails: Mail[] }>(
    "/v1/mails",
    (told) => told.mails,
  );
  const now = new Date();
  if (!rows) return wrong ? <Unread fault={wrong} again={again} /> : <Waiting words="Getting your letters …" />;
  if (!rows.length)
    return (
      <p class="empty">
        No letter yet. When a job ends you get one, with a link that works for anybody you pass it on to. A letter stands
        here as long as its job is kept.
      </p>
    );
  return (
    <>
      <ul class="rows">
        {rows.map((one) => {
          const { words, bad } = mailState(one);
          return (
            <li key={one.id}>
              <div>
                <a href={`/jobs/${one.job}`}>{one.subject}</a>
                <p class="hint">To {one.to}</p>
              </div>
              <p class="hint end">
                <span class={bad ? "wrong" : ""}>{words}</span>{" "}
                <time dateTime={one.sent_at ?? one.created_at}>{ago(new Date(one.sent_at ?? one.created_at), now)}</time>
              </p>
            </li>
          );
        })}
      </ul>
      <More more={more} next={next} wrong={wrong} words="Older letters" />
      <p>
        <Button kind="quiet" onClick={() => void again()}>
          Look for new ones
        </Button>
      </p>
    </>
  );
}
