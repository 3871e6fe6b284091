/** The signed receipt of an erasure: read, and verified with the keys that the API serves. Pure. */
import type { Erasure, Phase } from "./model.ts";

/** What functions/personal_data/receipt.py signs. */
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

/** The claims of a JWS in its compact form (RFC 7515); null for what is none. Nothing is verified. */
export function parseClaims(jws: string): Receipt | null {
  try {
    return JSON.parse(new TextDecoder().decode(decodeBase64Url(jws.split(".")[1] ?? ""))) as Receipt;
  } catch {
    return null;
  }
}

export type Verification = "genuine" | "forged" | "unknown-key" | "unsupported";

/** Whether one of these keys signed it: EdDSA over Ed25519 (RFC 8037). `unsupported`: not in this browser. */
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

const STEPS: readonly (readonly [Phase, string])[] = [
  ["locking", "The account takes nobody in any more"],
  ["removing", "Jobs, files, links, letters and webhooks are removed"],
  ["checking", "A quarter of an hour later everything is looked for once more"],
  ["closing", "The account goes, and the receipt is signed"],
  ["erased", "Everything is gone"],
];

/** An erasure as a row of steps. Without the account nothing is locked. */
export function steps({ phase, account }: Pick<Erasure, "phase" | "account">): Step[] {
  const visibleSteps = STEPS.filter(([name]) => account || name !== "locking");
  const current = visibleSteps.findIndex(([name]) => name === phase);
  return visibleSteps.map(([name, label], index) => ({
    label: name === "closing" && !account ? "The receipt is signed" : label,
    state: index < current || phase === "erased" ? "done" : index === current ? "current" : "upcoming",
  }));
}

/** How many things the last look still found; a signed receipt has zero. */
export const remainingCount = ({ left }: Receipt): number =>
  Object.values(left).reduce((sum, value) => sum + value, 0);
