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

/** Whether the session ended without a sign-out: the page stays, and asks for the password over it. */
export const sessionExpired = createStore(false);

/** The user who signed out last, in whichever tab. It distinguishes a sign-out from an expired session. */
const SIGNED_OUT_KEY = "moodreel.signed-out";

function markSignedOut(uid: string): void {
  try {
    localStorage.setItem(SIGNED_OUT_KEY, uid);
  } catch {
    // Where storage is blocked, every end of a session counts as a sign-out.
  }
}

function hasSignedOut(uid: string): boolean {
  try {
    return localStorage.getItem(SIGNED_OUT_KEY) === uid;
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
  const current = session.get();
  // Accounts with an unconfirmed address cannot sign in.
  if (!user?.emailVerified) {
    const expired = typeof current === "object" && !hasSignedOut(current.uid);
    sessionExpired.set(expired);
    if (!expired) session.set("signed-out");
    return;
  }
  markSignedOut("");
  const next = { uid: user.uid, email: user.email ?? "", name: user.displayName ?? "" };
  if (JSON.stringify(current) !== JSON.stringify(next)) session.set(next);
  sessionExpired.set(false);
});

// A sign-out in another tab. Firebase reports none where the session had expired before.
addEventListener("storage", ({ key, newValue }) => {
  const current = session.get();
  if (key !== SIGNED_OUT_KEY || typeof current !== "object" || newValue !== current.uid) return;
  sessionExpired.set(false);
  session.set("signed-out");
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

/** Signs the user out in all tabs of this browser. */
export async function signOut(): Promise<void> {
  const current = session.get();
  if (typeof current === "object") markSignedOut(current.uid);
  if (sessionExpired.get()) {
    // Firebase has no user any more, and reports no change.
    sessionExpired.set(false);
    session.set("signed-out");
  }
  await firebaseSignOut(auth);
}

/** Ends a session that the API refuses. The page asks for the password and keeps what was entered. */
export const expireSession = (): Promise<void> => firebaseSignOut(auth);

/** The address that an e-mail's code sets a password for. Throws Firebase's error. */
export async function emailOfCode(code: string): Promise<string> {
  const { data, operation } = await checkActionCode(auth, code);
  if (operation !== ActionCodeOperation.PASSWORD_RESET) {
    // Links of earlier versions confirmed an address and kept the password of whoever had registered it.
    throw Object.assign(new Error("outdated"), { code: "auth/expired-action-code" });
  }
  return data.email ?? "";
}
