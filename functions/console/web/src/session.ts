/** Who is signed in. Firebase Auth keeps the session in IndexedDB and renews its tokens. */
import { initializeApp } from "firebase/app";
import {
  applyActionCode,
  browserLocalPersistence,
  checkActionCode,
  confirmPasswordReset,
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

/** "loading" until it is known whether somebody is signed in. */
export type Session = "loading" | "signed-out" | User;

export const app = initializeApp(settings.firebase);
const auth = initializeAuth(app, {
  persistence: [indexedDBLocalPersistence, browserLocalPersistence],
});
if (settings.emulators) {
  connectAuthEmulator(auth, settings.emulators.auth, { disableWarnings: true });
}

/** Whether somebody was signed in here: if not, nobody has to wait until Firebase has looked. */
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
    // A browser that keeps nothing waits for Firebase each time.
  }
}

onIdTokenChanged(auth, (user) => {
  storeHint(Boolean(user?.emailVerified));
  // An account lets nobody in before its address is confirmed.
  if (!user?.emailVerified) {
    session.set("signed-out");
    return;
  }
  const current = session.get();
  const next = { uid: user.uid, email: user.email ?? "", name: user.displayName ?? "" };
  if (typeof current === "object" && JSON.stringify(current) === JSON.stringify(next)) return;
  session.set(next);
});

/** The ID token for `Authorization: Bearer`, renewed when it is due; null for nobody. */
export async function getIdToken(forceRefresh = false): Promise<string | null> {
  await auth.authStateReady();
  return auth.currentUser?.emailVerified ? auth.currentUser.getIdToken(forceRefresh) : null;
}

/** Throws Firebase's error; `sentence` in words.ts has words for it. */
export async function signIn(email: string, password: string): Promise<void> {
  const { user } = await signInWithEmailAndPassword(auth, email, password);
  if (user.emailVerified) return;
  await firebaseSignOut(auth);
  throw Object.assign(new Error("unconfirmed"), { code: "auth/unconfirmed" });
}

export const signOut = (): Promise<void> => firebaseSignOut(auth);

/** Whose address a letter's code is about. */
export async function emailOfCode(code: string): Promise<string> {
  return (await checkActionCode(auth, code)).data.email ?? "";
}

export const confirmEmail = (code: string): Promise<void> => applyActionCode(auth, code);

export const resetPassword = (code: string, password: string): Promise<void> =>
  confirmPasswordReset(auth, code, password);
