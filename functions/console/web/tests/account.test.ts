import assert from "node:assert/strict";
import { test } from "node:test";

import type { Delivery, Share } from "../src/account/model.ts";
import { claims, leftOver, steps, verdict } from "../src/account/receipt.ts";
import {
  deliveryState,
  dollars,
  linkState,
  openMeter,
  rateMeter,
  storageMeter,
  tryWords,
  usesWords,
} from "../src/account/words.ts";

const NOW = Date.parse("2026-11-26T12:00:00Z");
const at = (seconds: number) => new Date(NOW + seconds * 1000).toISOString();

test("a limit that is reached says what to do, and one that is far away says nothing", () => {
  assert.deepEqual(storageMeter({ used: 0, quota: 50e9 }), { part: 0, words: "0 B of 50 GB", warning: "" });
  assert.equal(storageMeter({ used: 48e9, quota: 50e9 }).warning, "Only 2 GB left.");
  assert.equal(storageMeter({ used: 60e9, quota: 50e9 }).part, 1);
  assert.match(storageMeter({ used: 60e9, quota: 50e9 }).warning, /^Full/);
  assert.equal(openMeter({ used: 19, quota: 20 }).warning, "");
  assert.match(openMeter({ used: 20, quota: 20 }).warning, /wait/);
});

test("a rate says how much of it is used and when there is more", () => {
  const rate = { quota: 5, window_s: 60, remaining: 2, reset_s: 30 };
  assert.deepEqual(rateMeter(rate), { part: 0.6, words: "3 of 5 in a minute", warning: "" });
  assert.equal(rateMeter({ ...rate, remaining: 0 }).warning, "More in 30 s.");
  assert.equal(rateMeter({ ...rate, remaining: 0, reset_s: 0 }).warning, "More in 1 s.");
});

test("a quota of nothing is full, not a division by nothing", () => {
  assert.equal(openMeter({ used: 0, quota: 0 }).part, 1);
});

test("a cost far below a cent is not shown as nothing", () => {
  assert.deepEqual([0, 0.00042, 0.5, 12].map(dollars), ["$0", "$0.00042", "$0.50", "$12.00"]);
});

const DELIVERY: Delivery = {
  id: "d", webhook_id: "w", event: "job.done", event_id: "e", job_id: "j", state: "open", attempts: 1,
  next_try_at: at(300), error_code: null, error_message: null, tries: [], body: {}, created_at: at(-9),
  finished_at: null,
};

test("a delivery says whether it came through, is tried again, or is given up", () => {
  assert.deepEqual(deliveryState(DELIVERY, NOW), { words: "Again in 5 min", tone: "waiting" });
  assert.equal(deliveryState({ ...DELIVERY, next_try_at: at(-1) }, NOW).words, "Calling");
  assert.equal(deliveryState({ ...DELIVERY, state: "leased" }, NOW).words, "Calling");
  assert.equal(deliveryState({ ...DELIVERY, state: "done" }, NOW).words, "Delivered");
  assert.equal(deliveryState({ ...DELIVERY, state: "failed" }, NOW).tone, "failed");
});

test("a try says what was answered, or in plain words why nothing was", () => {
  const tried = { at: at(0), attempt: 1, status: 500, fault: null, duration_ms: 12 };
  assert.equal(tryWords(tried), "Answered 500 after 12 ms");
  assert.equal(tryWords({ ...tried, status: null, fault: "timeout", duration_ms: 20_000 }), "No answer in time after 20 s");
  assert.equal(tryWords({ ...tried, status: null, fault: "new-fault" }), "new-fault after 12 ms");
});

test("a link is over when its time is, and when it was withdrawn before", () => {
  const share: Share = {
    token: "t", url: "u", job: "j", artefact: "film.mp4", created_at: at(-9), expires_at: at(9), revoked: false,
    uses: 0, last_used_at: null,
  };
  assert.equal(linkState(share, NOW), "open");
  assert.equal(linkState(share, NOW + 9000), "ended");
  assert.equal(linkState({ ...share, revoked: true }, NOW + 9000), "withdrawn");
  assert.deepEqual([0, 1, 2000].map((uses) => usesWords({ ...share, uses })), [
    "Not opened yet", "Opened once", "Opened 2,000 times",
  ]);
});

test("an erasure without the account locks nobody out, and one that is over is done in all steps", () => {
  assert.deepEqual(steps({ phase: "checking", account: true }).map((one) => one.state), [
    "done", "done", "now", "later", "later",
  ]);
  assert.equal(steps({ phase: "removing", account: false }).length, 4);
  assert.ok(steps({ phase: "erased", account: true }).every((one) => one.state === "done"));
});

const coded = (data: Uint8Array | string): string =>
  Buffer.from(data as string).toString("base64").replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");

async function signed(kid: string) {
  const pair = (await crypto.subtle.generateKey({ name: "Ed25519" }, true, ["sign", "verify"])) as CryptoKeyPair;
  const body = `${coded(JSON.stringify({ alg: "EdDSA", kid }))}.${coded(JSON.stringify({ jti: "ü", left: { jobs: 0, mails: 2 } }))}`;
  const mark = await crypto.subtle.sign({ name: "Ed25519" }, pair.privateKey, new TextEncoder().encode(body));
  const key = { ...(await crypto.subtle.exportKey("jwk", pair.publicKey)), kid };
  return { jws: `${body}.${coded(new Uint8Array(mark))}`, key };
}

test("a receipt is genuine with its own key alone, and forged when a letter of it was changed", async () => {
  const [one, other] = [await signed("a"), await signed("b")];
  assert.equal(await verdict(one.jws, [other.key, one.key]), "genuine");
  assert.equal(await verdict(one.jws, [other.key]), "unknown-key");
  assert.equal(await verdict(one.jws, [{ ...other.key, kid: "a" }]), "forged");
  const [head, , mark] = one.jws.split(".");
  assert.equal(await verdict(`${head}.${coded('{"jti":"x"}')}.${mark}`, [one.key]), "forged");
  assert.equal(await verdict("no receipt", [one.key]), "forged");
});

test("what a receipt says is read, and what is none is told", async () => {
  const told = claims((await signed("a")).jws);
  assert.equal(told?.jti, "ü");
  assert.equal(told && leftOver(told), 2);
  assert.equal(claims("no receipt"), null);
});
