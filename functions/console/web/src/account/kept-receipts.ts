/** The numbers of erasures that were asked for in this browser: once an account is gone, nothing else
 * leads to its receipt. A number names nobody. */
const KEY = "moodreel.receipts";
const MOST = 20;

export interface Kept {
  id: string;
  at: string;
  account: boolean;
}

/** Newest first. A browser that keeps nothing has none. */
export function keptReceipts(): Kept[] {
  try {
    const found: unknown = JSON.parse(localStorage.getItem(KEY) ?? "[]");
    return Array.isArray(found) ? found.filter(fits) : [];
  } catch {
    return [];
  }
}

export function keepReceipt(one: Kept): void {
  const others = keptReceipts().filter((known) => known.id !== one.id);
  try {
    localStorage.setItem(KEY, JSON.stringify([one, ...others].slice(0, MOST)));
  } catch {
    // A full or closed store: the page's address leads there as well.
  }
}

const fits = (one: unknown): one is Kept =>
  typeof one === "object" && one !== null && typeof (one as Kept).id === "string" && typeof (one as Kept).at === "string";
