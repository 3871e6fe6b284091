/**
 * Ids of erasures requested in this browser. Once the account is deleted, nothing else links to its receipt. An
 * id identifies no person.
 */
const STORAGE_KEY = "moodreel.receipts";
const MAX_RECEIPTS = 20;

export interface StoredReceipt {
  id: string;
  at: string;
  account: boolean;
}

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
