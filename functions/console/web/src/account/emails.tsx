import { useState } from "preact/hooks";
import { Problem, request } from "../api.ts";
import { Button } from "../ui/button.tsx";
import { Loading } from "../ui/progress.tsx";
import { toast } from "../ui/toast.tsx";
import { LoadError } from "../ui/load-error.tsx";
import { errorMessage, formatTimeAgo } from "../format.ts";
import { LoadMore } from "../ui/load-more.tsx";
import type { Email, EmailKind, Preferences } from "./model.ts";
import { type PageInfo, usePages, useQuery } from "../ui/use-query.ts";
import { emailState } from "./format.ts";

/** Title and description by kind. */
const KINDS: Readonly<Record<EmailKind, readonly [string, string]>> = {
  done: ["A job is done", "With a link to what came of it."],
  failed: ["A job failed", "With the reason, and what can be done."],
  cancelled: ["A job was cancelled", "By you, here or by the API."],
  awaiting_review: ["Slides wait for review", "With a link to them."],
  export_ready: ["An export of your data is ready", "With a link to it."],
};
const KIND_NAMES = Object.keys(KINDS) as EmailKind[];

export function Emails() {
  return (
    <>
      <section aria-labelledby="wanted">
        <h2 id="wanted">Write to me when</h2>
        <EmailPreferences />
      </section>
      <section aria-labelledby="log">
        <h2 id="log">Letters so far</h2>
        <EmailLog />
      </section>
    </>
  );
}

function EmailPreferences() {
  const { data, etag, error, refetch } = useQuery<Preferences>("/v1/me/preferences");
  // Shown at once; reverted when it cannot be saved.
  const [pending, setPending] = useState<Preferences["mail"] | null>(null);
  if (!data) return error ? <LoadError error={error} onRetry={refetch} /> : <Loading text="Getting your choice …" />;
  const mail = pending ?? data.mail;
  const update = async (name: EmailKind, enabled: boolean): Promise<void> => {
    if (pending) return;
    const next = { ...data.mail, [name]: enabled };
    setPending(next);
    try {
      await request("PUT", "/v1/me/preferences", { body: { mail: next }, ifMatch: etag });
      toast("Saved.");
    } catch (error) {
      const elsewhere = error instanceof Problem && error.status === 412;
      toast(elsewhere ? "It was changed elsewhere meanwhile; this is how it is now." : errorMessage(error), true);
    }
    await refetch();
    setPending(null);
  };
  return (
    <fieldset class="choices" aria-busy={pending !== null}>
      <legend class="visually-hidden">What letters are written of</legend>
      {KIND_NAMES.map((name) => (
        <label key={name}>
          <input
            type="checkbox"
            checked={mail[name]}
            onChange={(event) => void update(name, event.currentTarget.checked)}
          />
          <span>
            {KINDS[name][0]}
            <span class="hint">{KINDS[name][1]}</span>
          </span>
        </label>
      ))}
    </fieldset>
  );
}

function EmailLog() {
  const { rows, hasMore, error, loadMore, refetch } = usePages<Email, PageInfo & { mails: Email[] }>(
    "/v1/mails",
    (page) => page.mails,
  );
  const now = new Date();
  if (!rows) return error ? <LoadError error={error} onRetry={refetch} /> : <Loading text="Getting your letters …" />;
  if (!rows.length)
    return (
      <p class="empty">
        No letter yet. When a job ends you get one, with a link that works for anybody you pass it on to. A letter
        stands here as long as its job is kept, and one about your account for 90 days.
      </p>
    );
  return (
    <>
      <ul class="rows">
        {rows.map((email) => {
          const { label, isError } = emailState(email);
          return (
            <li key={email.id}>
              <div>
                {email.job ? <a href={`/jobs/${email.job}`}>{email.subject}</a> : email.subject}
                <p class="hint">To {email.to}</p>
              </div>
              <p class="hint row-end">
                <span class={isError ? "error-text" : ""}>{label}</span>{" "}
                <time dateTime={email.sent_at ?? email.created_at}>
                  {formatTimeAgo(new Date(email.sent_at ?? email.created_at), now)}
                </time>
              </p>
            </li>
          );
        })}
      </ul>
      <LoadMore hasMore={hasMore} loadMore={loadMore} error={error} label="Older letters" />
      <p>
        <Button kind="quiet" onClick={() => void refetch()}>
          Look for new ones
        </Button>
      </p>
    </>
  );
}
