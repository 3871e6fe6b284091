/** Formats errors, times and sizes for display. No DOM. */
import { LIMITS } from "./contract.ts";

export const PASSWORD_HINT = `At least ${LIMITS.password.minChars} characters. A few words in a row are best.`;

/** One message for all, so that it does not reveal whether there is an account. */
const SIGN_IN_REFUSED =
  "Address and password do not belong together, or the address is not confirmed yet. " +
  "“Forgot the password?” sends a new letter for both.";
const AUTH_MESSAGES: Readonly<Record<string, string>> = {
  "auth/invalid-credential": SIGN_IN_REFUSED,
  "auth/unconfirmed": SIGN_IN_REFUSED,
  "auth/user-disabled": SIGN_IN_REFUSED,
  "auth/too-many-requests": "Those were too many attempts. Wait some minutes, or choose a new password.",
  "auth/network-request-failed": "Moodreel cannot be reached. Look at your connection, then try again.",
  "auth/expired-action-code": "This link is too old. Ask for a new letter.",
  "auth/invalid-action-code": "This link was used already, or a newer letter has taken its place.",
};
const AUTH_ALIASES: Readonly<Record<string, string>> = {
  "auth/wrong-password": "auth/invalid-credential",
  "auth/user-not-found": "auth/invalid-credential",
  "auth/invalid-login-credentials": "auth/invalid-credential",
  "auth/invalid-email": "auth/invalid-credential",
};

/** Message for any thrown value. */
export function errorMessage(error: unknown): string {
  const code = (error as { code?: unknown } | null)?.code;
  if (typeof code === "string" && code.startsWith("auth/")) {
    return AUTH_MESSAGES[AUTH_ALIASES[code] ?? code] ?? "The sign-in service refuses. Try again in a moment.";
  }
  const message = error instanceof Error ? error.message : "";
  return message || "Something went wrong on this page. Load it again.";
}

const UNITS = ["B", "kB", "MB", "GB", "TB"] as const;

/** `1.4 GB`, in powers of 1000. */
export function formatBytes(byteCount: number): string {
  let value = byteCount;
  let unit = 0;
  while (value >= 999.5 && unit < UNITS.length - 1) {
    value /= 1000;
    unit += 1;
  }
  const text = unit === 0 || value >= 99.95 ? value.toFixed(0) : value.toFixed(1).replace(/\.0$/, "");
  return `${text} ${UNITS[unit]}`;
}

/** `8 s`, `3 min 20 s`, `1 h 5 min`. */
export function formatDuration(seconds: number): string {
  const total = Math.max(0, Math.round(seconds));
  if (total < 60) return `${total} s`;
  const minutes = Math.floor(total / 60);
  const remainder = total % 60;
  if (minutes < 60) return remainder ? `${minutes} min ${remainder} s` : `${minutes} min`;
  const minutesLeft = minutes % 60;
  return minutesLeft ? `${Math.floor(minutes / 60)} h ${minutesLeft} min` : `${Math.floor(minutes / 60)} h`;
}

/** `0:07`, `12:05`, `1:02:03`. */
export function formatClock(seconds: number): string {
  const total = Math.max(0, Math.floor(seconds));
  const pad = (value: number): string => String(value).padStart(2, "0");
  const hours = Math.floor(total / 3600);
  const minutes = Math.floor(total / 60) % 60;
  return hours ? `${hours}:${pad(minutes)}:${pad(total % 60)}` : `${minutes}:${pad(total % 60)}`;
}

/** `just now`, `5 minutes ago`, `yesterday`; a date after a week. */
export function formatTimeAgo(
  then: Date,
  now: Date,
  locale?: string,
  style: Intl.RelativeTimeFormatStyle = "long",
): string {
  const seconds = (now.getTime() - then.getTime()) / 1000;
  if (seconds < 45) return "just now";
  const relative = new Intl.RelativeTimeFormat(locale, { numeric: "auto", style });
  if (seconds < 3570) return relative.format(-Math.max(1, Math.round(seconds / 60)), "minute");
  if (seconds < 84600) return relative.format(-Math.round(seconds / 3600), "hour");
  if (seconds < 7 * 86400) return relative.format(-Math.round(seconds / 86400), "day");
  return new Intl.DateTimeFormat(locale, { dateStyle: "medium" }).format(then);
}
