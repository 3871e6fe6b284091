import { useState } from "preact/hooks";
import { ask, get, post } from "../api.ts";
import { navigate } from "../location.ts";
import { session, signOut } from "../session.ts";
import { useStore } from "../store.ts";
import { Button } from "../ui/button.tsx";
import { Box } from "../ui/panel.tsx";
import { Field } from "../ui/field.tsx";
import { Progress, Waiting } from "../ui/progress.tsx";
import { toast } from "../ui/toast.tsx";
import { Unread } from "../ui/load-error.tsx";
import { leave } from "../upload/uploads.ts";
import { ago, bytes, sentence } from "../words.ts";
import { keepReceipt, keptReceipts } from "./kept-receipts.ts";
import type { Copy, Erasure } from "./model.ts";
import { useAsked } from "./use-query.ts";

const AGAIN_MS = 2_000;
const DAY = { dateStyle: "medium" } as const;

export function MyData() {
  const kept = keptReceipts();
  return (
    <>
      <section aria-labelledby="copy">
        <h2 id="copy">Take it with you</h2>
        <p>
          One ZIP with your jobs and their history, letters, links, webhooks and choices, as JSON. Results come as links that
          need your sign-in. It takes some seconds, or minutes for thousands of jobs, and is kept for a week.
        </p>
        <Copies />
      </section>
      <section aria-labelledby="end">
        <h2 id="end">Have it removed</h2>
        <p>
          Everything goes at once and is looked for again a quarter of an hour later. What you get is a signed receipt that
          says what was removed, which anybody can verify.
        </p>
        <Erasing />
      </section>
      {kept.length > 0 && (
        <section aria-labelledby="receipts">
          <h2 id="receipts">Receipts asked for in this browser</h2>
          <ul class="rows">
            {kept.map((one) => (
              <li key={one.id}>
                <a href={`/receipt/${one.id}`}>{one.account ? "The end of an account" : "Everything but the account"}</a>
                <p class="hint end">{new Date(one.at).toLocaleDateString(undefined, DAY)}</p>
              </li>
            ))}
          </ul>
        </section>
      )}
    </>
  );
}

function Copies() {
  const making = (told: { exports: Copy[] } | undefined): number =>
    told?.exports.some((one) => one.phase === "making" && !one.error_message) ? AGAIN_MS : 0;
  const { data, wrong, again } = useAsked<{ exports: Copy[] }>("/v1/me/exports", making);
  const [busy, setBusy] = useState("");
  const request = async (): Promise<void> => {
    setBusy("Asking …");
    try {
      await post("/v1/me/exports");
      await again();
    } catch (fault) {
      toast(sentence(fault), true);
    }
    setBusy("");
  };
  if (!data) return wrong ? <Unread fault={wrong} again={again} /> : <Waiting words="Looking for copies …" />;
  const newest = [...data.exports]
    .filter((one) => one.phase !== "expired")
    .sort((a, b) => b.requested_at.localeCompare(a.requested_at));
  return (
    <>
      {newest.length > 0 && (
        <ul class="rows">
          {newest.map((one) => (
            <CopyRow key={one.id} one={one} />
          ))}
        </ul>
      )}
      <p>
        <Button busy={busy} disabled={making(data) > 0} onClick={() => void request()}>
          {newest.length ? "Have a newer copy made" : "Have a copy made"}
        </Button>
      </p>
    </>
  );
}

function CopyRow({ one }: { one: Copy }) {
  const [busy, setBusy] = useState("");
  const asked = `Asked for ${ago(new Date(one.requested_at), new Date())}`;
  const save = async (part: Copy["parts"][number]): Promise<void> => {
    setBusy(part.name);
    try {
      const { data } = await get<{ url: string }>(`${part.url}/link?disposition=attachment`);
      saveAs(data.url, part.name);
    } catch (fault) {
      toast(sentence(fault), true);
    }
    setBusy("");
  };
  if (one.error_message)
    return (
      <li>
        <p class="wrong">{one.error_message}</p>
        <p class="hint end">{asked}</p>
      </li>
    );
  if (one.phase === "making")
    return (
      <li class="tall">
        <Progress part={null} words={`${asked}. It is being put together …`} label="The copy" />
      </li>
    );
  return (
    <>
      {one.parts.map((part) => (
        <li key={part.name}>
          <div>
            <strong>{part.name}</strong>
            <p class="hint">
              {asked}
              {one.kept_until && `, kept until ${new Date(one.kept_until).toLocaleDateString(undefined, DAY)}`}
            </p>
          </div>
          <Button busy={busy === part.name ? "Getting it …" : ""} onClick={() => void save(part)}>
            Download, {bytes(part.size_bytes)}
          </Button>
        </li>
      ))}
    </>
  );
}

type Wish = "" | "data" | "account";

function Erasing() {
  const who = useStore(session);
  const email = typeof who === "object" ? who.email : "";
  const [wish, setWish] = useState<Wish>("");
  const [typed, setTyped] = useState("");
  const [busy, setBusy] = useState("");
  const begin = async (event: Event): Promise<void> => {
    event.preventDefault();
    if (busy || !certain) return;
    const account = wish === "account";
    setBusy("Asking for it …");
    try {
      const { data } = account
        ? await ask<Erasure>("DELETE", "/v1/me")
        : await post<Erasure>("/v1/me/erasures", { account: false });
      keepReceipt({ id: data.id, at: data.requested_at, account: data.account });
      navigate(`/receipt/${data.id}`);
      // Its tokens are taken back anyway: the page would only find out later.
      if (account) await leave(signOut);
    } catch (fault) {
      toast(sentence(fault), true);
      setBusy("");
    }
  };
  const open = (what: Wish): void => {
    setTyped("");
    setBusy("");
    setWish(what);
  };
  const certain = typed.trim().toLowerCase() === email.toLowerCase();
  return (
    <>
      <div class="row">
        <Button kind="danger" onClick={() => open("data")}>
          Remove my data
        </Button>
        <Button kind="danger" onClick={() => open("account")}>
          Remove my data and my account
        </Button>
      </div>
      {wish && (
        <Box title={wish === "account" ? "End the account?" : "Remove everything of yours?"} onClose={() => open("")}>
          <form class="stack" onSubmit={(event) => void begin(event)}>
            <p>What goes, and cannot be brought back:</p>
            <ul class="bullets">
              <li>every job, also those that run: uploads, frames, timelines, decks, films</li>
              <li>every link that you gave away, every letter in the log</li>
              <li>webhooks with their logs, cameras with their recordings, your choices, copies that were made</li>
              {wish === "account" && <li>the account itself: you are signed out everywhere, for good</li>}
            </ul>
            <p class="hint">
              {wish === "account"
                ? "Nobody can take it back once it has begun."
                : "The account stays, and what you make from now on stays with it. Nobody can take it back once it has begun."}
            </p>
            <Field label={`Type ${email} to go on`}>
              {(ids) => (
                <input
                  {...ids}
                  autocomplete="off"
                  autocapitalize="off"
                  spellcheck={false}
                  value={typed}
                  onInput={(event) => setTyped(event.currentTarget.value)}
                />
              )}
            </Field>
            <div class="row">
              <Button kind="danger" type="submit" busy={busy} disabled={!certain}>
                {wish === "account" ? "End the account" : "Remove everything"}
              </Button>
              <Button kind="quiet" onClick={() => open("")}>
                Keep everything
              </Button>
            </div>
          </form>
        </Box>
      )}
    </>
  );
}

function saveAs(url: string, name: string): void {
  const anchor = document.createElement("a");
  anchor.href = url;
  anchor.download = name;
  anchor.click();
}
