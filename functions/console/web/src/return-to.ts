/** Where a visitor was going before creating an account. The link in the email does not carry it. */

const KEY = "moodreel.return-to";

export function storeReturnPath(path: string): void {
  try {
    localStorage.setItem(KEY, path);
  } catch {
    // Where storage is blocked, the list of jobs opens instead.
  }
}

/** Returns the stored path and removes it; "" if there is none. */
export function takeReturnPath(): string {
  try {
    const path = localStorage.getItem(KEY) ?? "";
    localStorage.removeItem(KEY);
    return path;
  } catch {
    return "";
  }
}
