import { useState } from "preact/hooks";
import { get, post, request } from "../api.ts";
import { navigate } from "../location.ts";
import { session, signOut } from "../session.ts";
import { useStore } from "../store.ts";
import { Button } from "../ui/button.tsx";
import { Panel } from "../ui/panel.tsx";
import { Field } from "../ui/field.tsx";
import { Loading, Progress } from "../ui/progress.tsx";
import { toast } from "../ui/toast.tsx";
import { LoadError } from "../ui/load-error.tsx";
import { signOutAndDiscard } from "../upload/uploads.ts";
import { errorMessage, formatBytes, formatTimeAgo } from "../format.ts";
import { erasureToken, receiptPath, storeReceipt, storedReceipts } from "./stored-receipts.ts";
import type { DataExport, Erasure } from "./model.ts";
import { useQuery } from "../ui/use-query.ts";

const POLL_MS = 2_000;
const DATE_FORMAT = { dateStyle: "medium" } as const;

export function MyData() {
  const receipts = storedReceipts();
  return (
    <>
      <section aria-labelledby="copy">
        <h2 id="copy">Take it with you</h2>
        <p>
          One ZIP with your jobs and their history, letters, links, webhooks and choices, as JSON. Results come as links
          that need your sign-in. It takes some seconds, or minutes for thousands of jobs, and is kept for a week.
        </p>
        <DataExports />
      </section>
      <section aria-labelledby="end">
        <h2 id="end">Have it removed</h2>
        <p>
          Everything goes at once and is looked for again a quarter of an hour later. What you get is a signed receipt
          that says what was removed, which anybody can verify.
        </p>
        <RequestErasure />
      </section>
      {receipts.length > 0 && (
        <section aria-labelledby="receipts">
          <h2 id="receipts">Receipts asked for in this browser</h2>
          <ul class="rows">
            {receipts.map((receipt) => (
              <li key={receipt.id}>
                <a href={receiptPath(receipt.id)}>
                  {receipt.account ? "The end of an account" : "Everything but the account"}
                </a>
                <p class="hint row-end">{new Date(receipt.at).toLocaleDateString(undefined, DATE_FORMAT)}</p>
              </li>
            ))}
          </ul>
        </section>
      )}
    </>
  );
}

function DataExports() {
  const pollInterval = (response: { exports: DataExport[] } | undefined): number =>
    response?.exports.some((dataExport) => dataExport.phase === "making" && !dataExport.error_message) ? POLL_MS : 0;
  const { data, error, refetch } = useQuery<{ exports: DataExport[] }>("/v1/me/exports", pollInterval);
  const [busyLabel, setBusyLabel] = useState("");
  const request = async (): Promise<void> => {
    setBusyLabel("Asking …");
    try {
      await post("/v1/me/exports");
      await refetch();
    } catch (error) {
      toast(errorMessage(error), true);
    }
    setBusyLabel("");
  };
  if (!data) return error ? <LoadError error={error} onRetry={refetch} /> : <Loading text="Looking for copies …" />;
  const newest = [...data.exports]
    .filter((dataExport) => dataExport.phase !== "expired")
    .sort((a, b) => b.requested_at.localeCompare(a.requested_at));
  return (
    <>
      {newest.length > 0 && (
        <ul class="rows">
          {newest.map((dataExport) => (
            <DataExportRow key={dataExport.id} dataExport={dataExport} />
          ))}
        </ul>
      )}
      <p>
        <Button busyLabel={busyLabel} disabled={pollInterval(data) > 0} onClick={() => void request()}>
          {newest.length ? "Have a newer copy made" : "Have a copy made"}
        </Button>
      </p>
    </>
  );
}

function DataExportRow({ dataExport }: { dataExport: DataExport }) {
  const [busyLabel, setBusyLabel] = useState("");
  const requestedText = `Asked for ${formatTimeAgo(new Date(dataExport.requested_at), new Date())}`;
  const save = async (part: DataExport["parts"][number]): Promise<void> => {
    setBusyLabel(part.name);
    try {
      const { data } = await get<{ url: string }>(`${part.url}/link?disposition=attachment`);
      download(data.url, part.name);
    } catch (error) {
      toast(errorMessage(error), true);
    }
    setBusyLabel("");
  };
  if (dataExport.error_message)
    return (
      <li>
        <p class="error-text">{dataExport.error_message}</p>
        <p class="hint row-end">{requestedText}</p>
      </li>
    );
  if (dataExport.phase === "making")
    return (
      <li class="stacked">
        <Progress value={null} text={`${requestedText}. It is being put together …`} label="The copy" />
      </li>
    );
  return (
    <>
      {dataExport.parts.map((part) => (
        <li key={part.name}>
          <div>
            <strong>{part.name}</strong>
            <p class="hint">
              {requestedText}
              {dataExport.kept_until &&
                `, kept until ${new Date(dataExport.kept_until).toLocaleDateString(undefined, DATE_FORMAT)}`}
            </p>
          </div>
          <Button busyLabel={busyLabel === part.name ? "Getting it …" : ""} onClick={() => void save(part)}>
            Download, {formatBytes(part.size_bytes)}
          </Button>
        </li>
      ))}
    </>
  );
}

type Scope = "" | "data" | "account";

function RequestErasure() {
  const currentSession = useStore(session);
  const email = typeof currentSession === "object" ? currentSession.email : "";
  const [scope, setScope] = useState<Scope>("");
  const [typedEmail, setTypedEmail] = useState("");
  const [busyLabel, setBusyLabel] = useState("");
  const submit = async (event: Event): Promise<void> => {
    event.preventDefault();
    if (busyLabel || !confirmed) return;
    const account = scope === "account";
    setBusyLabel("Asking for it …");
    try {
      const { data } = account
        ? await request<Erasure>("DELETE", "/v1/me")
        : await post<Erasure>("/v1/me/erasures", { account: false });
      const token = erasureToken(data.url);
      storeReceipt({ id: token, at: data.requested_at, account: data.account });
      navigate(receiptPath(token));
      // The API has revoked the tokens: sign out now instead of at the next request.
      if (account) await signOutAndDiscard(signOut);
    } catch (error) {
      toast(errorMessage(error), true);
      setBusyLabel("");
    }
  };
  const open = (next: Scope): void => {
    setTypedEmail("");
    setBusyLabel("");
    setScope(next);
  };
  const confirmed = typedEmail.trim().toLowerCase() === email.toLowerCase();
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
      {scope && (
        <Panel
          title={scope === "account" ? "End the account?" : "Remove everything of yours?"}
          onClose={() => open("")}
        >
          <form class="stack" onSubmit={(event) => void submit(event)}>
            <p>What goes, and cannot be brought back:</p>
            <ul class="bullets">
              <li>every job, also those that run: uploads, frames, timelines, decks, films</li>
              <li>every link that you gave away, every letter in the log</li>
              <li>webhooks with their logs, cameras with their recordings, your choices, copies that were made</li>
              {scope === "account" && <li>the account itself: you are signed out everywhere, for good</li>}
            </ul>
            <p class="hint">
              {scope === "account"
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
                  value={typedEmail}
                  onInput={(event) => setTypedEmail(event.currentTarget.value)}
                />
              )}
            </Field>
            <div class="row">
              <Button kind="danger" type="submit" busyLabel={busyLabel} disabled={!confirmed}>
                {scope === "account" ? "End the account" : "Remove everything"}
              </Button>
              <Button kind="quiet" onClick={() => open("")}>
                Keep everything
              </Button>
            </div>
          </form>
        </Panel>
      )}
    </>
  );
}

function download(url: string, name: string): void {
  const anchor = document.createElement("a");
  anchor.href = url;
  anchor.download = name;
  anchor.click();
}
