/** The session. Firebase Auth stores it in IndexedDB and renews its tokens. */
import { initializeApp } from "firebase/app";
import {
  ActionCodeOperation,
  browserLocalPersistence,
  checkActionCode,
  connectAuthEmulator,
  indexedDBLocalPersistence,
  initializeAuth,
  onIdTokenChanged,
  signInWithEmailAndPassword,
  signOut as firebaseSignOut,
} from "firebase/auth";
import { settings } from "./settings.ts";
import { createStore } from "./store.ts";

export interface User {
  uid: string;
  email: string;
  name: string;
}

/** "loading" until Firebase has restored the session. */
export type Session = "loading" | "signed-out" | User;

export const app = initializeApp(settings.firebase);
const auth = initializeAuth(app, {
  persistence: [indexedDBLocalPersistence, browserLocalPersistence],
});
if (settings.emulators) {
  connectAuthEmulator(auth, settings.emulators.auth, { disableWarnings: true });
}

/** Set while a user is signed in. Without it the page does not wait for Firebase. */
const HINT_KEY = "moodreel.signed-in";

export const session = createStore<Session>(hasHint() ? "loading" : "signed-out");

function hasHint(): boolean {
  try {
    return localStorage.getItem(HINT_KEY) !== null;
  } catch {
    return true;
  }
}

function storeHint(signedIn: boolean): void {
  try {
    if (signedIn) localStorage.setItem(HINT_KEY, "1");
    else localStorage.removeItem(HINT_KEY);
  } catch {
    // Where storage is blocked, every visit waits for Firebase.
  }
}

onIdTokenChanged(auth, (user) => {
  storeHint(Boolean(user?.emailVerified));
  // Accounts with an unconfirmed address cannot sign in.
  if (!user?.emailVerified) {
    session.set("signed-out");
    return;
  }
  const current = session.get();
  const next = { uid: user.uid, email: user.email ?? "", name: user.displayName ?? "" };
  if (typeof current === "object" && JSON.stringify(current) === JSON.stringify(next)) return;
  session.set(next);
});

/** The ID token for `Authorization: Bearer`, renewed when needed; null if signed out. */
export async function getIdToken(forceRefresh = false): Promise<string | null> {
  await auth.authStateReady();
  return auth.currentUser?.emailVerified ? auth.currentUser.getIdToken(forceRefresh) : null;
}

/** Throws Firebase's error; `errorMessage` in format.ts has its text. */
export async function signIn(email: string, password: string): Promise<void> {
  const { user } = await signInWithEmailAndPassword(auth, email, password);
  if (user.emailVerified) return;
  await firebaseSignOut(auth);
  throw Object.assign(new Error("unconfirmed"), { code: "auth/unconfirmed" });
}

export const signOut = (): Promise<void> => firebaseSignOut(auth);

/** The address that an e-mail's code sets a password for. Throws Firebase's error. */
export async function emailOfCode(code: string): Promise<string> {
  const { data, operation } = await checkActionCode(auth, code);
  if (operation !== ActionCodeOperation.PASSWORD_RESET) {
    // Links of earlier versions confirmed an address and kept the password of whoever had registered it.
    throw Object.assign(new Error("outdated"), { code: "auth/expired-action-code" });
  }
  return data.email ?? "";
}
