/** What the account's pages say: of limits, letters, calls and links. Pure. */
import { bytes, duration } from "../words.ts";
import type { Amount, Delivery, Mail, Rate, Share, Try } from "./model.ts";

/** A limit as it is drawn: `part` of it is used, from 0 to 1. */
export interface Meter {
  part: number;
  words: string;
  /** "" when nothing is to be done about it. */
  warning: string;
}

const NEARLY = 0.9;

export function storageMeter({ used, quota }: Amount): Meter {
  const part = shareOf(used, quota);
  const left = Math.max(0, quota - used);
  return {
    part,
    words: `${bytes(used)} of ${bytes(quota)}`,
    warning: left === 0 ? "Full: delete a job to make room." : part >= NEARLY ? `Only ${bytes(left)} left.` : "",
  };
}

export function openMeter({ used, quota }: Amount): Meter {
  const part = shareOf(used, quota);
  return {
    part,
    words: `${count(used)} of ${count(quota)}`,
    warning: used >= quota ? "A new job has to wait until one of these ends." : "",
  };
}

export function rateMeter({ quota, window_s, remaining, reset_s }: Rate): Meter {
  const used = Math.max(0, quota - remaining);
  return {
    part: shareOf(used, quota),
    words: `${count(used)} of ${count(quota)} in ${window_s === 60 ? "a minute" : duration(window_s)}`,
    warning: remaining > 0 ? "" : `More in ${duration(Math.max(1, reset_s))}.`,
  };
}

const shareOf = (used: number, quota: number): number =>
  quota > 0 ? Math.min(1, Math.max(0, used / quota)) : 1;

export const count = (value: number): string => new Intl.NumberFormat("en").format(value);

/** `1 link`, `2 links`. */
export const several = (value: number, one: string, many = `${one}s`): string =>
  `${count(value)} ${value === 1 ? one : many}`;

/** Prices of a second's work are far below a cent: they are not rounded to nothing. */
export function dollars(usd: number): string {
  if (usd === 0) return "$0";
  if (usd < 0.01) return `$${usd.toPrecision(2)}`;
  return `$${usd.toFixed(2)}`;
}

/** `40 s`, `12 min`, `3 h 5 min` of media. */
export const minutes = (value: number): string => duration(value * 60);

export function mailState({ state }: Mail): { words: string; bad: boolean } {
  if (state === "sent") return { words: "Sent", bad: false };
  if (state === "refused") return { words: "Refused by the mail server", bad: true };
  return { words: "On its way", bad: false };
}

const EVENTS: Readonly<Record<string, string>> = {
  "job.done": "A job is done",
  "job.failed": "A job failed",
  "job.cancelled": "A job was cancelled",
  ping: "Test",
};

export const eventWords = (event: string): string => EVENTS[event] ?? event;

export const EVENT_NAMES = ["job.done", "job.failed", "job.cancelled"] as const;

export function deliveryState(one: Delivery, now: number): { words: string; tone: string } {
  if (one.state === "done") return { words: "Delivered", tone: "done" };
  if (one.state === "failed") return { words: "Given up", tone: "failed" };
  const due = one.next_try_at ? Math.round((Date.parse(one.next_try_at) - now) / 1000) : 0;
  if (one.state === "leased" || due <= 0) return { words: "Calling", tone: "running" };
  return { words: `Again in ${duration(due)}`, tone: "waiting" };
}

/** As functions/webhook/call.py names what kept an answer from coming. */
const FAULTS: Readonly<Record<string, string>> = {
  "unfit-url": "The URL cannot be called",
  "private-address": "The name leads to an address that is not public",
  "name-not-found": "The name has no address",
  timeout: "No answer in time",
  "connection-refused": "Nobody listens there",
  "connection-lost": "The connection broke off",
  certificate: "The certificate is not valid for the name",
  tls: "No TLS that we speak",
  "no-http": "The answer was no HTTP",
};

/** What one call came to. */
export function tryWords({ status, fault, duration_ms }: Try): string {
  const what = status === null ? (FAULTS[fault ?? ""] ?? fault ?? "No answer") : `Answered ${status}`;
  return `${what} after ${duration_ms < 1000 ? `${duration_ms} ms` : duration(duration_ms / 1000)}`;
}

export type LinkState = "open" | "ended" | "withdrawn";

export function linkState(share: Share, now: number): LinkState {
  if (share.revoked) return "withdrawn";
  return Date.parse(share.expires_at) > now ? "open" : "ended";
}

export function usesWords({ uses }: Share): string {
  return uses === 0 ? "Not opened yet" : uses === 1 ? "Opened once" : `Opened ${count(uses)} times`;
}

const KINDS: Readonly<Record<string, string>> = { image: "Picture", audio: "Sound", video: "Video" };

export const kindWords = (kind: string): string => KINDS[kind] ?? kind;
