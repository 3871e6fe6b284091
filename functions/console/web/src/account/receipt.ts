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
export function claims(jws: string): Receipt | null {
  try {
    return JSON.parse(new TextDecoder().decode(decoded(jws.split(".")[1] ?? ""))) as Receipt;
  } catch {
    return null;
  }
}

export type Verdict = "genuine" | "forged" | "unknown-key" | "cannot";

/** Whether one of these keys signed it: EdDSA over Ed25519 (RFC 8037). `cannot`: not in this browser. */
export async function verdict(jws: string, keys: readonly (JsonWebKey & { kid?: string })[]): Promise<Verdict> {
  const [head = "", body = "", signature = ""] = jws.split(".");
  let kid: unknown;
  try {
    kid = (JSON.parse(new TextDecoder().decode(decoded(head))) as { kid?: unknown }).kid;
  } catch {
    return "forged";
  }
  const known = keys.find((one) => one.kid === kid);
  if (!known) return "unknown-key";
  const { kty, crv, x } = known;
  if (!kty || !crv || !x) return "unknown-key";
  let key: CryptoKey;
  try {
    key = await crypto.subtle.importKey("jwk", { kty, crv, x }, { name: "Ed25519" }, false, ["verify"]);
  } catch {
    return "cannot";
  }
  const signed = new TextEncoder().encode(`${head}.${body}`);
  const good = await crypto.subtle.verify({ name: "Ed25519" }, key, decoded(signature), signed);
  return good ? "genuine" : "forged";
}

function decoded(text: string): Uint8Array<ArrayBuffer> {
  const raw = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
  return Uint8Array.from(raw, (one) => one.charCodeAt(0));
}

export interface Step {
  words: string;
  state: "done" | "now" | "later";
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
  const wanted = STEPS.filter(([name]) => account || name !== "locking");
  const at = wanted.findIndex(([name]) => name === phase);
  return wanted.map(([name, words], index) => ({
    words: name === "closing" && !account ? "The receipt is signed" : words,
    state: index < at || phase === "erased" ? "done" : index === at ? "now" : "later",
  }));
}

/** How many things the last look still found; a signed receipt has zero. */
export const leftOver = ({ left }: Receipt): number =>
  Object.values(left).reduce((sum, one) => sum + one, 0);
