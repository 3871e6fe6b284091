/** The numbers of erasures that were asked for in this browser: once an account is gone, nothing else
 * leads to its receipt. A number names nobody. */
const STORAGE_KEY = "moodreel.receipts";
const MAX_RECEIPTS = 20;

export interface StoredReceipt {
  id: string;
  at: string;
  account: boolean;
}

/** Newest first. A browser that keeps nothing has none. */
export function storedReceipts(): StoredReceipt[] {
  try {
    const parsed: unknown = JSON.parse(localStorage.getItem(STORAGE_KEY) ?? "[]");
    return Array.isArray(parsed) ? parsed.filter(isStoredReceipt) : [];
  } catch {
    return [];
  }
}

export function storeReceipt(receipt: StoredReceipt): void {
  const otherReceipts = storedReceipts().filter((stored) => stored.id !== receipt.id);
  try {
    localStorage.setItem(STORAGE_KEY, JSON.stringify([receipt, ...otherReceipts].slice(0, MAX_RECEIPTS)));
  } catch {
    // A full or closed store: the page's address leads there as well.
  }
}

const isStoredReceipt = (receipt: unknown): receipt is StoredReceipt =>
  typeof receipt === "object" && receipt !== null && typeof (receipt as StoredReceipt).id === "string" && typeof (receipt as StoredReceipt).at === "string";
