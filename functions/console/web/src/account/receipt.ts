/** Parses and verifies the signed receipt of an erasure. No DOM. */
import type { Erasure, Phase } from "./model.ts";

/** The claims that functions/personal_data/receipt.py signs. */
export interface Receipt {
  jti: string;
  finished_at: string;
  account: "removed" | "kept";
  documents_removed: number;
  objects_removed: number;
  bytes_removed: number;
  inventory_sha256: string;
  left: Record<string, number>;
  kept: { tombstones: number; until: string; why: string };
  copies_vanish_at: string;
}

/** Returns the claims of a compact JWS (RFC 7515), or null if it is malformed. Does not verify it. */
export function parseClaims(jws: string): Receipt | null {
  try {
    return JSON.parse(new TextDecoder().decode(decodeBase64Url(jws.split(".")[1] ?? ""))) as Receipt;
  } catch {
    return null;
  }
}

export type Verification = "genuine" | "forged" | "unknown-key" | "unsupported";

/**
 * Verifies the signature (EdDSA over Ed25519, RFC 8037) with the published keys. Returns `unsupported` where
 * the browser lacks Ed25519.
 */
export async function verifyReceipt(jws: string, keys: readonly (JsonWebKey & { kid?: string })[]): Promise<Verification> {
  const [header = "", body = "", signature = ""] = jws.split(".");
  let kid: unknown;
  try {
    kid = (JSON.parse(new TextDecoder().decode(decodeBase64Url(header))) as { kid?: unknown }).kid;
  } catch {
    return "forged";
  }
  const jwk = keys.find((key) => key.kid === kid);
  if (!jwk) return "unknown-key";
  const { kty, crv, x } = jwk;
  if (!kty || !crv || !x) return "unknown-key";
  let key: CryptoKey;
  try {
    key = await crypto.subtle.importKey("jwk", { kty, crv, x }, { name: "Ed25519" }, false, ["verify"]);
  } catch {
    return "unsupported";
  }
  const signed = new TextEncoder().encode(`${header}.${body}`);
  const valid = await crypto.subtle.verify({ name: "Ed25519" }, key, decodeBase64Url(signature), signed);
  return valid ? "genuine" : "forged";
}

function decodeBase64Url(text: string): Uint8Array<ArrayBuffer> {
  const raw = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
  return Uint8Array.from(raw, (text) => text.charCodeAt(0));
}

export interface Step {
  label: string;
  state: "done" | "current" | "upcoming";
}

/** Labels by phase, in order. */
const STEPS: Readonly<Record<Phase, string>> = {
  locking: "The account takes nobody in any more",
  removing: "Jobs, files, links, letters and webhooks are removed",
  checking: "A quarter of an hour later everything is looked for once more",
  closing: "The account goes, and the receipt is signed",
  erased: "Everything is gone",
};

/** The steps of an erasure. Without the account there is no locking step. */
export function steps({ phase, account }: Pick<Erasure, "phase" | "account">): Step[] {
  const visibleSteps = (Object.entries(STEPS) as [Phase, string][]).filter(([name]) => account || name !== "locking");
  const current = visibleSteps.findIndex(([name]) => name === phase);
  return visibleSteps.map(([name, label], index) => ({
    label: name === "closing" && !account ? "The receipt is signed" : label,
    state: index < current || phase === "erased" ? "done" : index === current ? "current" : "upcoming",
  }));
}

/** The number of items that the final check still found; 0 in a signed receipt. */
export const remainingCount = ({ left }: Receipt): number =>
  Object.values(left).reduce((sum, value) => sum + value, 0);
