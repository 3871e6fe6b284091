import assert from "node:assert/strict";
import { test } from "node:test";

import { KEY_RESOURCES, chosenScopes, scopeAccess, shownScopes } from "../src/account/key-scopes.ts";
import type { Delivery, ShareLink } from "../src/account/model.ts";
import { parseClaims, remainingCount, steps, verifyReceipt } from "../src/account/receipt.ts";
import { erasureToken, receiptPath } from "../src/account/stored-receipts.ts";
import {
  attemptLabel,
  deliveryState,
  formatDollars,
  linkState,
  openJobsMeter,
  rateMeter,
  storageMeter,
  usesLabel,
} from "../src/account/format.ts";

const NOW = Date.parse("2026-11-26T12:00:00Z");
const timestamp = (seconds: number) => new Date(NOW + seconds * 1000).toISOString();

test("a storage or job limit warns only when it is nearly or fully used", () => {
  assert.deepEqual(storageMeter({ used: 0, quota: 50e9 }), { fraction: 0, label: "0 B of 50 GB", warning: "" });
  assert.equal(storageMeter({ used: 48e9, quota: 50e9 }).warning, "Only 2 GB left.");
  assert.equal(storageMeter({ used: 60e9, quota: 50e9 }).fraction, 1);
  assert.match(storageMeter({ used: 60e9, quota: 50e9 }).warning, /^Full/);
  assert.equal(openJobsMeter({ used: 19, quota: 20 }).warning, "");
  assert.match(openJobsMeter({ used: 20, quota: 20 }).warning, /wait/);
});

test("a rate limit shows its use and when it resets", () => {
  const rate = { quota: 5, window_s: 60, remaining: 2, reset_s: 30 };
  assert.deepEqual(rateMeter(rate), { fraction: 0.6, label: "3 of 5 in a minute", warning: "" });
  assert.equal(rateMeter({ ...rate, remaining: 0 }).warning, "More in 30 s.");
  assert.equal(rateMeter({ ...rate, remaining: 0, reset_s: 0 }).warning, "More in 1 s.");
});

test("a quota of zero counts as full", () => {
  assert.equal(openJobsMeter({ used: 0, quota: 0 }).fraction, 1);
});

test("a cost below a cent is not rounded to zero", () => {
  assert.deepEqual([0, 0.00042, 0.5, 12].map(formatDollars), ["$0", "$0.00042", "$0.50", "$12.00"]);
});

const DELIVERY: Delivery = {
  id: "d", webhook_id: "w", event: "job.done", event_id: "e", job_id: "j", state: "open", attempts: 1,
  next_try_at: timestamp(300), error_code: null, error_message: null, tries: [], body: {}, created_at: timestamp(-9),
  finished_at: null,
};

test("a delivery is shown as delivered, due again, calling or given up", () => {
  assert.deepEqual(deliveryState(DELIVERY, NOW), { label: "Again in 5 min", tone: "waiting" });
  assert.equal(deliveryState({ ...DELIVERY, next_try_at: timestamp(-1) }, NOW).label, "Calling");
  assert.equal(deliveryState({ ...DELIVERY, state: "leased" }, NOW).label, "Calling");
  assert.equal(deliveryState({ ...DELIVERY, state: "done" }, NOW).label, "Delivered");
  assert.equal(deliveryState({ ...DELIVERY, state: "failed" }, NOW).tone, "failed");
});

test("an attempt shows the status code, or the reason why there was no response", () => {
  const attempt = { at: timestamp(0), attempt: 1, status: 500, fault: null, duration_ms: 12 };
  assert.equal(attemptLabel(attempt), "Answered 500 after 12 ms");
  assert.equal(attemptLabel({ ...attempt, status: null, fault: "timeout", duration_ms: 20_000 }), "No answer in time after 20 s");
  assert.equal(attemptLabel({ ...attempt, status: null, fault: "new-fault" }), "new-fault after 12 ms");
});

test("a share link is closed when it expires or is revoked", () => {
  const share: ShareLink = {
    id: "s", job: "j", artifact: "film.mp4", created_at: timestamp(-9), expires_at: timestamp(9), revoked: false,
    uses: 0, last_used_at: null,
  };
  assert.equal(linkState(share, NOW), "open");
  assert.equal(linkState(share, NOW + 9000), "ended");
  assert.equal(linkState({ ...share, revoked: true }, NOW + 9000), "revoked");
  assert.deepEqual([0, 1, 2000].map((uses) => usesLabel({ ...share, uses })), [
    "Not opened yet", "Opened once", "Opened 2,000 times",
  ]);
});

test("the address of a receipt has the token in its fragment, which no server gets", () => {
  const token = erasureToken("https://moodreel.example/v1/erasures/0123-abcd");
  assert.equal(new URL(receiptPath(token), "https://moodreel.example").pathname, "/receipt");
  assert.equal(receiptPath(token), "/receipt#0123-abcd");
});

test("an erasure without the account has no locking step, and a finished one has all steps done", () => {
  assert.deepEqual(steps({ phase: "checking", account: true }).map((step) => step.state), [
    "done", "done", "current", "upcoming", "upcoming",
  ]);
  assert.equal(steps({ phase: "removing", account: false }).length, 4);
  assert.ok(steps({ phase: "erased", account: true }).every((step) => step.state === "done"));
});

const base64Url = (data: Uint8Array | string): string =>
  Buffer.from(data as string).toString("base64").replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");

async function signed(kid: string) {
  const pair = (await crypto.subtle.generateKey({ name: "Ed25519" }, true, ["sign", "verify"])) as CryptoKeyPair;
  const body = `${base64Url(JSON.stringify({ alg: "EdDSA", kid }))}.${base64Url(JSON.stringify({ jti: "ü", left: { jobs: 0, mails: 2 } }))}`;
  const signature = await crypto.subtle.sign({ name: "Ed25519" }, pair.privateKey, new TextEncoder().encode(body));
  const key = { ...(await crypto.subtle.exportKey("jwk", pair.publicKey)), kid };
  return { jws: `${body}.${base64Url(new Uint8Array(signature))}`, key };
}

test("a receipt is genuine only with its own key, and forged after any change", async () => {
  const [first, second] = [await signed("a"), await signed("b")];
  assert.equal(await verifyReceipt(first.jws, [second.key, first.key]), "genuine");
  assert.equal(await verifyReceipt(first.jws, [second.key]), "unknown-key");
  assert.equal(await verifyReceipt(first.jws, [{ ...second.key, kid: "a" }]), "forged");
  const [header, , signature] = first.jws.split(".");
  assert.equal(await verifyReceipt(`${header}.${base64Url('{"jti":"x"}')}.${signature}`, [first.key]), "forged");
  assert.equal(await verifyReceipt("no receipt", [first.key]), "forged");
});

test("the claims of a receipt are parsed, and malformed input gives null", async () => {
  const claims = parseClaims((await signed("a")).jws);
  assert.equal(claims?.jti, "ü");
  assert.equal(claims && remainingCount(claims), 2);
  assert.equal(parseClaims("no receipt"), null);
});

test("scopes are shown per resource, and chosen in the form", () => {
  assert.deepEqual(shownScopes(["jobs:read", "cameras:write", "cameras:read", "later:read"]), [
    "Jobs: read", "Cameras: read and change",
  ]);
  assert.deepEqual(chosenScopes({ jobs: "write", cameras: "", account: "read", other: "read" }), ["jobs:write", "account:read"]);
  assert.deepEqual(KEY_RESOURCES.flatMap(({ resource }) => scopeAccess(resource)), Array(4).fill(["read", "write"]).flat());
});
