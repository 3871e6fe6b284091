/** An erasure and its signed receipt, for whoever has the address: nobody is signed in any more. */
import { useEffect, useState } from "preact/hooks";
import { Problem, get } from "../api.ts";
import { keptReceipts } from "../account/kept-receipts.ts";
import type { Erasure } from "../account/model.ts";
import { type Receipt, type Verdict, claims, leftOver, steps, verdict } from "../account/receipt.ts";
import { count } from "../account/words.ts";
import { navigate } from "../location.ts";
import type { PageProps } from "../routes.ts";
import { useTitle } from "../ui/use-title.ts";
import { Button } from "../ui/button.tsx";
import { Copyable } from "../ui/copy.tsx";
import { Waiting } from "../ui/progress.tsx";
import { Unread } from "../ui/load-error.tsx";
import { bytes } from "../words.ts";

const AGAIN_MS = 3_000;
const MOMENT = { dateStyle: "long", timeStyle: "short" } as const;

export default function ReceiptPage({ params }: PageProps) {
  const id = params.id ?? "";
  return <Known key={id} id={id} />;
}

function Known({ id }: { id: string }) {
  const { erasure, wrong, again } = useErasure(id);
  useTitle(erasure?.receipt ? "Receipt" : "Removing your data");
  if (wrong instanceof Problem && wrong.status === 404) return <NoReceipt id={id} />;
  if (!erasure) return wrong ? <Unread fault={wrong} again={again} /> : <Waiting words="Looking for the receipt …" />;
  return (
    <article class="room receipt">
      <header>
        <h1>{erasure.receipt ? "Everything is gone" : "Your data is being removed"}</h1>
        <p class="hint">
          Asked for on {new Date(erasure.requested_at).toLocaleString(undefined, MOMENT)}
          {erasure.account ? ", with the account." : "; the account stays."}
        </p>
      </header>
      <ol class="steps" aria-label="How far it is">
        {steps(erasure).map((one) => (
          <li key={one.words} class={one.state} aria-current={one.state === "now" ? "step" : undefined}>
            {one.words}
            {one.state === "now" && erasure.next_step_at && erasure.phase === "checking" && (
              <span class="hint"> at {new Date(erasure.next_step_at).toLocaleTimeString(undefined, { timeStyle: "short" })}</span>
            )}
          </li>
        ))}
      </ol>
      {erasure.error_message && (
        <div class="note bad" role="alert">
          <p>{erasure.error_message}</p>
          <p>Whoever runs Moodreel here was told. The receipt comes when nothing is left.</p>
        </div>
      )}
      {erasure.receipt ? <Signed jws={erasure.receipt} erasure={erasure} /> : null}
      <section aria-labelledby="address">
        <h2 id="address">Keep this address</h2>
        <p>It needs no sign-in, and nothing else leads here. {erasure.receipt ? "" : "The receipt will be here."}</p>
        <Copyable text={`${location.origin}/receipt/${erasure.id}`} label="The address of this page" />
      </section>
    </article>
  );
}

function Signed({ jws, erasure }: { jws: string; erasure: Erasure }) {
  const told = claims(jws);
  const judged = useVerdict(jws, erasure);
  if (!told) return <p class="wrong">The receipt cannot be read.</p>;
  return (
    <section aria-labelledby="receipt">
      <h2 id="receipt">The receipt</h2>
      <p class={judged === "forged" ? "wrong" : "hint"} role="status">
        {VERDICTS[judged ?? "looking"]}
      </p>
      <Facts told={told} />
      <div class="row">
        <Button kind="primary" onClick={() => save(jws, erasure)}>
          Download the receipt
        </Button>
        {erasure.inventory_url && (
          <a class="button" href={erasure.inventory_url} target="_blank" rel="noreferrer">
            The list of all that went
          </a>
        )}
      </div>
    </section>
  );
}

const VERDICTS: Readonly<Record<Verdict | "looking", string>> = {
  looking: "Its signature is being checked …",
  genuine: "Its signature was checked in this browser, with the published keys: it is genuine.",
  forged: "Its signature is wrong. Do not trust it.",
  "unknown-key": "It is signed with a key that is not published here.",
  cannot: "This browser cannot check its signature (Ed25519). The downloaded file says how others can.",
};

function Facts({ told }: { told: Receipt }) {
  const left = leftOver(told);
  const rows: readonly (readonly [string, string])[] = [
    ["Finished", new Date(told.finished_at).toLocaleString(undefined, MOMENT)],
    ["Documents removed", count(told.documents_removed)],
    ["Files removed", `${count(told.objects_removed)}, ${bytes(told.bytes_removed)}`],
    ["The account", told.account === "removed" ? "Removed" : "Kept"],
    ["Found by the last look", left === 0 ? "Nothing" : count(left)],
    [
      "Still kept",
      told.kept.tombstones
        ? `${count(told.kept.tombstones)} bare numbers of jobs, until ${day(told.kept.until)}: so that what arrives late goes too`
        : "Nothing",
    ],
    ["Copies in backups vanish", day(told.copies_vanish_at)],
  ];
  return (
    <dl class="ledger">
      {rows.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

function NoReceipt({ id }: { id: string }) {
  const kept = keptReceipts().filter((one) => one.id !== id);
  return (
    <section class="narrow">
      <h1>There is no such receipt</h1>
      <p>The address may have been cut short. Receipts are kept for ever; what leads to one is its address alone.</p>
      {kept.map((one) => (
        <p key={one.id}>
          <a href={`/receipt/${one.id}`}>The one that was asked for here on {day(one.at)}</a>
        </p>
      ))}
      <p>
        <Button onClick={() => navigate("/")}>Go to the beginning</Button>
      </p>
    </section>
  );
}

function useErasure(id: string) {
  const [state, setState] = useState<{ erasure: Erasure | undefined; wrong: unknown }>({
    erasure: undefined,
    wrong: null,
  });
  const again = async (): Promise<void> => {
    try {
      const { data } = await get<Erasure>(`/v1/erasures/${encodeURIComponent(id)}`, { open: true });
      setState({ erasure: data, wrong: null });
    } catch (wrong) {
      setState((before) => ({ ...before, wrong }));
    }
  };
  const over = Boolean(state.erasure?.receipt) || (state.wrong instanceof Problem && state.wrong.status === 404);
  useEffect(() => {
    if (over) return;
    void again();
    const timer = setInterval(() => {
      if (!document.hidden) void again();
    }, AGAIN_MS);
    return () => clearInterval(timer);
  }, [id, over]);
  return { ...state, again };
}

function useVerdict(jws: string, erasure: Erasure): Verdict | null {
  const [judged, setJudged] = useState<Verdict | null>(null);
  useEffect(() => {
    let gone = false;
    const judge = async (): Promise<Verdict> => {
      const { data } = await get<{ keys: (JsonWebKey & { kid?: string })[] }>("/v1/receipt-keys", { open: true });
      return verdict(jws, data.keys);
    };
    judge().then(
      (found) => !gone && setJudged(found),
      () => !gone && setJudged("unknown-key"),
    );
    return () => {
      gone = true;
    };
  }, [jws, erasure.id]);
  return judged;
}

/** The signed line and where its keys are: enough to verify it without us. */
function save(jws: string, erasure: Erasure): void {
  const whole = {
    receipt: jws,
    claims: claims(jws),
    how_to_verify: `The receipt is a JWS (RFC 7515) over Ed25519; its key is the one of its "kid" at ${erasure.keys_url}.`,
    url: erasure.url,
    keys_url: erasure.keys_url,
    inventory_url: erasure.inventory_url,
  };
  const blob = new Blob([JSON.stringify(whole, null, 2)], { type: "application/json" });
  const anchor = document.createElement("a");
  anchor.href = URL.createObjectURL(blob);
  anchor.download = `moodreel-receipt-${erasure.id}.json`;
  anchor.click();
  setTimeout(() => URL.revokeObjectURL(anchor.href), 0);
}

const day = (at: string): string => new Date(at).toLocaleDateString(undefined, { dateStyle: "long" });
