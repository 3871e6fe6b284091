/** What people read: of errors, of times and of sizes. Pure. */

const FIREBASE: Readonly<Record<string, string>> = {
  "auth/invalid-credential": "Address and password do not belong together, or the address is not confirmed yet.",
  "auth/unconfirmed": "Address and password do not belong together, or the address is not confirmed yet.",
  "auth/user-disabled": "Address and password do not belong together, or the address is not confirmed yet.",
  "auth/too-many-requests": "That were too many attempts. Wait some minutes, or choose a new password.",
  "auth/network-request-failed": "Moodreel cannot be reached. Look at your connection, then try again.",
  "auth/expired-action-code": "This link is too old. Ask for a new letter.",
  "auth/invalid-action-code": "This link was used already, or a newer letter has taken its place.",
  "auth/weak-password": "Choose a longer password: at least eight characters.",
};
const SAME: Readonly<Record<string, string>> = {
  "auth/wrong-password": "auth/invalid-credential",
  "auth/user-not-found": "auth/invalid-credential",
  "auth/invalid-login-credentials": "auth/invalid-credential",
  "auth/invalid-email": "auth/invalid-credential",
};

/** A sentence for whatever was thrown. */
export function sentence(fault: unknown): string {
  const code = (fault as { code?: unknown } | null)?.code;
  if (typeof code === "string" && code.startsWith("auth/")) {
    return FIREBASE[SAME[code] ?? code] ?? "The sign-in service refuses. Try again in a moment.";
  }
  const words = fault instanceof Error ? fault.message : "";
  return words || "Something went wrong on this page. Load it again.";
}

const UNITS = ["B", "kB", "MB", "GB", "TB"] as const;

/** `1.4 GB`: powers of a thousand, as the limits are. */
export function bytes(count: number): string {
  let value = count;
  let unit = 0;
  while (value >= 999.5 && unit < UNITS.length - 1) {
    value /= 1000;
    unit += 1;
  }
  const text = unit === 0 || value >= 99.95 ? value.toFixed(0) : value.toFixed(1).replace(/\.0$/, "");
  return `${text} ${UNITS[unit]}`;
}

/** `8 s`, `3 min 20 s`, `1 h 5 min`. */
export function duration(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 60) return `${whole} s`;
  const minutes = Math.floor(whole / 60);
  const rest = whole % 60;
  if (minutes < 60) return rest ? `${minutes} min ${rest} s` : `${minutes} min`;
  const left = minutes % 60;
  return left ? `${Math.floor(minutes / 60)} h ${left} min` : `${Math.floor(minutes / 60)} h`;
}

/** `0:07`, `12:05`, `1:02:03`. */
export function clock(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds));
  const two = (value: number): string => String(value).padStart(2, "0");
  const hours = Math.floor(whole / 3600);
  const minutes = Math.floor(whole / 60) % 60;
  return hours ? `${hours}:${two(minutes)}:${two(whole % 60)}` : `${minutes}:${two(whole % 60)}`;
}

/** `just now`, `5 minutes ago`, `yesterday`; a date when it is longer ago than a week. */
export function ago(then: Date, now: Date, locale?: string): string {
  const seconds = (now.getTime() - then.getTime()) / 1000;
  if (seconds < 45) return "just now";
  const relative = new Intl.RelativeTimeFormat(locale, { numeric: "auto" });
  if (seconds < 3570) return relative.format(-Math.max(1, Math.round(seconds / 60)), "minute");
  if (seconds < 84600) return relative.format(-Math.round(seconds / 3600), "hour");
  if (seconds < 7 * 86400) return relative.format(-Math.round(seconds / 86400), "day");
  return new Intl.DateTimeFormat(locale, { dateStyle: "medium" }).format(then);
}
