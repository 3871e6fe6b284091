/**
 * The erasures requested in this browser. Once the account is deleted, nothing else links to its receipt. The
 * token of an erasure identifies no person.
 */
const STORAGE_KEY = "moodreel.receipts";
const MAX_RECEIPTS = 20;

export interface StoredReceipt {
  /** The token of the erasure. */
  id: string;
  at: string;
  account: boolean;
}

/** The token of an erasure: the last part of its URL in the API. */
export const erasureToken = (url: string): string => url.slice(url.lastIndexOf("/") + 1);

/** The page of a receipt. The token is in the fragment: browsers do not send it, so no server logs it. */
export const receiptPath = (token: string): string => `/receipt#${token}`;

/** Newest first. Empty where the browser blocks storage. */
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
    // Storage is full or blocked: the address of the receipt page still works.
  }
}

const isStoredReceipt = (receipt: unknown): receipt is StoredReceipt =>
  typeof receipt === "object" &&
  receipt !== null &&
  typeof (receipt as StoredReceipt).id === "string" &&
  typeof (receipt as StoredReceipt).at === "string";
