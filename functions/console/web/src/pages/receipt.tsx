/** Progress of an erasure and its signed receipt. Needs no sign-in: the account may be deleted. */
import { useEffect, useState } from "preact/hooks";
import { Problem, get } from "../api.ts";
import { receiptPath, storedReceipts } from "../account/stored-receipts.ts";
import type { Erasure } from "../account/model.ts";
import {
  type Receipt,
  type Verification,
  parseClaims,
  remainingCount,
  steps,
  verifyReceipt,
} from "../account/receipt.ts";
import { formatCount } from "../account/format.ts";
import { navigate } from "../location.ts";
import type { PageProps } from "../routes.ts";
import { useTitle } from "../ui/use-title.ts";
import { Button } from "../ui/button.tsx";
import { CopyableText } from "../ui/copyable-text.tsx";
import { Loading } from "../ui/progress.tsx";
import { LoadError } from "../ui/load-error.tsx";
import { formatBytes } from "../format.ts";

const POLL_MS = 3_000;
const DATE_TIME_FORMAT = { dateStyle: "long", timeStyle: "short" } as const;

export default function ReceiptPage({ params }: PageProps) {
  const [token, setToken] = useState(params.id ?? tokenInAddress());
  useEffect(() => {
    if (params.id) navigate(receiptPath(params.id), true);
    // A fragment may also be a place on the page.
    const update = (): void => setToken((current) => tokenInAddress() || current);
    addEventListener("hashchange", update);
    return () => removeEventListener("hashchange", update);
  }, [params.id]);
  return <ReceiptLoader key={token} token={token} />;
}

const tokenInAddress = (): string => /^#([0-9a-f-]{20,})$/.exec(location.hash)?.[1] ?? "";

function ReceiptLoader({ token }: { token: string }) {
  const { erasure, error, refetch } = useErasure(token);
  useTitle(erasure?.receipt ? "Receipt" : "Removing your data");
  if (error instanceof Problem && error.status === 404) return <ReceiptNotFound token={token} />;
  if (!erasure)
    return error ? <LoadError error={error} onRetry={refetch} /> : <Loading text="Looking for the receipt …" />;
  return (
    <article class="page-sections receipt">
      <header>
        <h1>{erasure.receipt ? "Everything is gone" : "Your data is being removed"}</h1>
        <p class="hint">
          Asked for on {new Date(erasure.requested_at).toLocaleString(undefined, DATE_TIME_FORMAT)}
          {erasure.account ? ", with the account." : "; the account stays."}
        </p>
      </header>
      <ol class="steps" aria-label="How far it is">
        {steps(erasure).map((step) => (
          <li key={step.label} class={step.state} aria-current={step.state === "current" ? "step" : undefined}>
            {step.label}
            {step.state === "current" && erasure.next_step_at && erasure.phase === "checking" && (
              <span class="hint">
                {" "}
                at {new Date(erasure.next_step_at).toLocaleTimeString(undefined, { timeStyle: "short" })}
              </span>
            )}
          </li>
        ))}
      </ol>
      {erasure.error_message && (
        <div class="note danger" role="alert">
          <p>{erasure.error_message}</p>
          <p>Whoever runs Moodreel here was told. The receipt comes when nothing is left.</p>
        </div>
      )}
      {erasure.receipt ? <SignedReceipt jws={erasure.receipt} erasure={erasure} /> : null}
      <section aria-labelledby="address">
        <h2 id="address">Keep this address</h2>
        <p>It needs no sign-in, and nothing else leads here. {erasure.receipt ? "" : "The receipt will be here."}</p>
        <CopyableText text={`${location.origin}${receiptPath(token)}`} label="The address of this page" />
      </section>
    </article>
  );
}

function SignedReceipt({ jws, erasure }: { jws: string; erasure: Erasure }) {
  const receipt = parseClaims(jws);
  const verification = useVerification(jws, erasure);
  if (!receipt) return <p class="error-text">The receipt cannot be read.</p>;
  return (
    <section aria-labelledby="receipt">
      <h2 id="receipt">The receipt</h2>
      <p class={verification === "forged" ? "error-text" : "hint"} role="status">
        {VERIFICATION_TEXT[verification ?? "verifying"]}
      </p>
      <ReceiptDetails receipt={receipt} />
      <div class="row">
        <Button kind="primary" onClick={() => downloadReceipt(jws, erasure)}>
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

const VERIFICATION_TEXT: Readonly<Record<Verification | "verifying", string>> = {
  verifying: "Its signature is being checked …",
  genuine: "Its signature was checked in this browser, with the published keys: it is genuine.",
  forged: "Its signature is wrong. Do not trust it.",
  "unknown-key": "It is signed with a key that is not published here.",
  unsupported: "This browser cannot check its signature (Ed25519). The downloaded file says how others can.",
};

function ReceiptDetails({ receipt }: { receipt: Receipt }) {
  const remaining = remainingCount(receipt);
  const rows: readonly (readonly [string, string])[] = [
    ["Finished", new Date(receipt.finished_at).toLocaleString(undefined, DATE_TIME_FORMAT)],
    ["Documents removed", formatCount(receipt.documents_removed)],
    ["Files removed", `${formatCount(receipt.objects_removed)}, ${formatBytes(receipt.bytes_removed)}`],
    ["The account", receipt.account === "removed" ? "Removed" : "Kept"],
    ["Found by the last look", remaining === 0 ? "Nothing" : formatCount(remaining)],
    [
      "Still kept",
      receipt.kept.tombstones
        ? `${formatCount(receipt.kept.tombstones)} bare numbers of jobs, until ${formatDate(receipt.kept.until)}: so that what arrives late goes too`
        : "Nothing",
    ],
    ["Copies in backups vanish", formatDate(receipt.copies_vanish_at)],
  ];
  return (
    <dl class="details-list">
      {rows.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}

function ReceiptNotFound({ token }: { token: string }) {
  const storedElsewhere = storedReceipts().filter((receipt) => receipt.id !== token);
  return (
    <section class="single-column">
      <h1>There is no such receipt</h1>
      <p>The address may have been cut short. Receipts are kept for ever; what leads to one is its address alone.</p>
      {storedElsewhere.map((receipt) => (
        <p key={receipt.id}>
          <a href={receiptPath(receipt.id)}>The one that was asked for here on {formatDate(receipt.at)}</a>
        </p>
      ))}
      <p>
        <Button onClick={() => navigate("/")}>Go to the beginning</Button>
      </p>
    </section>
  );
}

function useErasure(token: string) {
  const [state, setState] = useState<{ erasure: Erasure | undefined; error: unknown }>({
    erasure: undefined,
    error: null,
  });
  const refetch = async (): Promise<void> => {
    try {
      const { data } = await get<Erasure>(`/v1/erasures/${encodeURIComponent(token)}`, { anonymous: true });
      setState({ erasure: data, error: null });
    } catch (error) {
      setState((previous) => ({ ...previous, error }));
    }
  };
  const finished = Boolean(state.erasure?.receipt) || (state.error instanceof Problem && state.error.status === 404);
  useEffect(() => {
    if (finished) return;
    void refetch();
    const timer = setInterval(() => {
      if (!document.hidden) void refetch();
    }, POLL_MS);
    return () => clearInterval(timer);
  }, [token, finished]);
  return { ...state, refetch };
}

function useVerification(jws: string, erasure: Erasure): Verification | null {
  const [verification, setVerification] = useState<Verification | null>(null);
  useEffect(() => {
    let cancelled = false;
    const verify = async (): Promise<Verification> => {
      const { data } = await get<{ keys: (JsonWebKey & { kid?: string })[] }>("/v1/receipt-keys", { anonymous: true });
      return verifyReceipt(jws, data.keys);
    };
    verify().then(
      (verified) => !cancelled && setVerification(verified),
      () => !cancelled && setVerification("unknown-key"),
    );
    return () => {
      cancelled = true;
    };
  }, [jws, erasure.id]);
  return verification;
}

/** Downloads the receipt with the URL of its keys, so that it can be verified independently. */
function downloadReceipt(jws: string, erasure: Erasure): void {
  const content = {
    receipt: jws,
    claims: parseClaims(jws),
    how_to_verify: `The receipt is a JWS (RFC 7515) over Ed25519; its key is the one of its "kid" at ${erasure.keys_url}.`,
    url: erasure.url,
    keys_url: erasure.keys_url,
    inventory_url: erasure.inventory_url,
  };
  const blob = new Blob([JSON.stringify(content, null, 2)], { type: "application/json" });
  const anchor = document.createElement("a");
  anchor.href = URL.createObjectURL(blob);
  anchor.download = `moodreel-receipt-${erasure.id}.json`;
  anchor.click();
  setTimeout(() => URL.revokeObjectURL(anchor.href), 0);
}

const formatDate = (at: string): string => new Date(at).toLocaleDateString(undefined, { dateStyle: "long" });
