/** Text of the account pages: limits, e-mails, webhook deliveries and share links. No DOM. */
import type { InputKind, WebhookError, WebhookEvent } from "../contract.ts";
import { formatBytes, formatDuration } from "../format.ts";
import { findLabel } from "../labels.ts";
import type { Delivery, DeliveryAttempt, Email, Quota, Rate, ShareLink } from "./model.ts";

/** Use of a limit. `fraction` is between 0 and 1. */
export interface MeterValue {
  fraction: number;
  label: string;
  /** Empty when no action is needed. */
  warning: string;
}

const WARN_ABOVE = 0.9;

export function storageMeter({ used, quota }: Quota): MeterValue {
  const fraction = fractionOf(used, quota);
  const bytesLeft = Math.max(0, quota - used);
  return {
    fraction,
    label: `${formatBytes(used)} of ${formatBytes(quota)}`,
    warning:
      bytesLeft === 0
        ? "Full: delete a job to make room."
        : fraction >= WARN_ABOVE
          ? `Only ${formatBytes(bytesLeft)} left.`
          : "",
  };
}

export function openJobsMeter({ used, quota }: Quota): MeterValue {
  const fraction = fractionOf(used, quota);
  return {
    fraction,
    label: `${formatCount(used)} of ${formatCount(quota)}`,
    warning: used >= quota ? "A new job has to wait until one of these ends." : "",
  };
}

export function rateMeter({ quota, window_s, remaining, reset_s }: Rate): MeterValue {
  const used = Math.max(0, quota - remaining);
  return {
    fraction: fractionOf(used, quota),
    label: `${formatCount(used)} of ${formatCount(quota)} in ${window_s === 60 ? "a minute" : formatDuration(window_s)}`,
    warning: remaining > 0 ? "" : `More in ${formatDuration(Math.max(1, reset_s))}.`,
  };
}

const fractionOf = (used: number, quota: number): number => (quota > 0 ? Math.min(1, Math.max(0, used / quota)) : 1);

export const formatCount = (value: number): string => new Intl.NumberFormat("en").format(value);

/** `1 link`, `2 links`. */
export const pluralize = (value: number, singular: string, plural = `${singular}s`): string =>
  `${formatCount(value)} ${value === 1 ? singular : plural}`;

/** Keeps two significant digits of amounts below a cent. */
export function formatDollars(usd: number): string {
  if (usd === 0) return "$0";
  if (usd < 0.01) return `$${usd.toPrecision(2)}`;
  return `$${usd.toFixed(2)}`;
}

/** `40 s`, `12 min`, `3 h 5 min` of media. */
export const formatMinutes = (value: number): string => formatDuration(value * 60);

export function emailState({ state }: Email): { label: string; isError: boolean } {
  if (state === "sent") return { label: "Sent", isError: false };
  if (state === "refused") return { label: "Refused by the mail server", isError: true };
  return { label: "On its way", isError: false };
}

const EVENT_LABELS: Readonly<Record<WebhookEvent | "ping", string>> = {
  "job.done": "A job is done",
  "job.failed": "A job failed",
  "job.cancelled": "A job was cancelled",
  "job.started": "A job starts to run",
  "job.awaiting_review": "Slides wait for review",
  "job.delivered": "Results were delivered",
  "job.delivery_failed": "Results could not be delivered",
  "recording.done": "A recording has its clip",
  "recording.failed": "A recording failed",
  "export.ready": "An export of your data is ready",
  ping: "Test",
};

export const eventLabel = (event: string): string => findLabel(EVENT_LABELS, event) ?? event;

export function deliveryState(delivery: Delivery, now: number): { label: string; tone: string } {
  if (delivery.state === "done") return { label: "Delivered", tone: "done" };
  if (delivery.state === "failed") return { label: "Given up", tone: "failed" };
  const due = delivery.next_try_at ? Math.round((Date.parse(delivery.next_try_at) - now) / 1000) : 0;
  if (delivery.state === "leased" || due <= 0) return { label: "Calling", tone: "running" };
  return { label: `Again in ${formatDuration(due)}`, tone: "waiting" };
}

const ERROR_LABELS: Readonly<Record<WebhookError, string>> = {
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

/** The outcome of one delivery attempt. */
export function attemptLabel({ status, fault, duration_ms }: DeliveryAttempt): string {
  const outcome = status === null ? (findLabel(ERROR_LABELS, fault ?? "") ?? fault ?? "No answer") : `Answered ${status}`;
  return `${outcome} after ${duration_ms < 1000 ? `${duration_ms} ms` : formatDuration(duration_ms / 1000)}`;
}

export type LinkState = "open" | "ended" | "revoked";

export function linkState(share: ShareLink, now: number): LinkState {
  if (share.revoked) return "revoked";
  return Date.parse(share.expires_at) > now ? "open" : "ended";
}

export function usesLabel({ uses }: ShareLink): string {
  return uses === 0 ? "Not opened yet" : uses === 1 ? "Opened once" : `Opened ${formatCount(uses)} times`;
}

const KIND_LABELS: Readonly<Record<Exclude<InputKind, "text">, string>> = { image: "Picture", audio: "Sound", video: "Video" };

export const kindLabel = (kind: string): string => findLabel(KIND_LABELS, kind) ?? kind;
