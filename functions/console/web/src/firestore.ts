/** Firestore listeners. Firestore's library loads with the first one. */
import { useEffect, useState } from "preact/hooks";
import type { DocumentData, Firestore, QuerySnapshot, Unsubscribe } from "firebase/firestore";
import { app, sessionExpired } from "./session.ts";
import { useStore } from "./store.ts";
import { settings } from "./settings.ts";

type Library = typeof import("firebase/firestore");

let firestore: Promise<[Library, Firestore]> | undefined;

const importLibrary = (): Promise<Library> => import("firebase/firestore");

/** Loads the library while the session is restored. Called by the modules of pages that begin with a listener. */
export function preloadFirestore(): void {
  // The first listener reports a failure.
  importLibrary().catch(() => undefined);
}

function openFirestore(): Promise<[Library, Firestore]> {
  firestore ??= importLibrary().then((library) => {
    const db = library.getFirestore(app);
    if (settings.emulators) {
      const [host = "", port = ""] = settings.emulators.firestore.split(":");
      library.connectFirestoreEmulator(db, host, Number(port));
    }
    return [library, db];
  });
  // A failed load is retried by the next listener.
  firestore.catch(() => {
    firestore = undefined;
  });
  return firestore;
}

export interface LiveDocument {
  id: string;
  data: DocumentData;
}

/** Latest value of a listener; `errorCode` is set when it fails. */
export interface LiveResult<T> {
  value: T | undefined;
  errorCode: string;
}

/**
 * Offline, Firestore reports a missing document or an empty list from its cache, which must not be taken for
 * the server's answer. Metadata changes make the server's answer arrive even if it is equal.
 */
const INCLUDE_METADATA = { includeMetadataChanges: true } as const;
const OFFLINE = "offline";

/** A document; null if it does not exist or is not readable. */
export function useDocument(path: string | null): LiveResult<LiveDocument | null> {
  return useListener<LiveDocument | null>(path ?? "", async (onValue, onError) => {
    if (path === null) return () => undefined;
    const [{ doc, onSnapshot }, db] = await openFirestore();
    return onSnapshot(
      doc(db, path),
      INCLUDE_METADATA,
      (snapshot) => {
        if (snapshot.exists()) onValue({ id: snapshot.id, data: snapshot.data() });
        else if (snapshot.metadata.fromCache) onError(OFFLINE);
        else onValue(null);
      },
      (error) => (error.code === "permission-denied" ? onValue(null) : onError(error.code)),
    );
  });
}

/** The documents of a collection, such as `jobs/{id}/stages`. */
export function useCollection(path: string | null): LiveResult<LiveDocument[]> {
  return useListener<LiveDocument[]>(path ?? "", async (onValue, onError) => {
    if (path === null) return () => undefined;
    const [{ collection, onSnapshot }, db] = await openFirestore();
    return onSnapshot(
      collection(db, path),
      INCLUDE_METADATA,
      (snapshot) => (isOffline(snapshot) ? onError(OFFLINE) : onValue(toDocuments(snapshot))),
      (error) => onError(error.code),
    );
  });
}

/** The newest `count` jobs of a user with one of these statuses; all of them by default. */
export function useNewestJobs(uid: string, statuses: readonly string[], count: number): LiveResult<LiveDocument[]> {
  return useListener<LiveDocument[]>(`${uid} ${statuses.join()} ${count}`, async (onValue, onError) => {
    const [{ collection, limit, onSnapshot, orderBy, query, where }, db] = await openFirestore();
    const newestJobs = query(
      collection(db, "jobs"),
      where("owner", "==", uid),
      ...(statuses.length ? [where("status", "in", statuses)] : []),
      orderBy("created_at", "desc"),
      limit(count),
    );
    return onSnapshot(
      newestJobs,
      INCLUDE_METADATA,
      (snapshot) => (isOffline(snapshot) ? onError(OFFLINE) : onValue(toDocuments(snapshot))),
      (error) => onError(error.code),
    );
  });
}

/** All documents of a user in a collection such as `cameras`. */
export function useOwnedDocuments(name: string, uid: string): LiveResult<LiveDocument[]> {
  return useListener<LiveDocument[]>(`${name} ${uid}`, async (onValue, onError) => {
    const [{ collection, onSnapshot, query, where }, db] = await openFirestore();
    return onSnapshot(
      query(collection(db, name), where("owner", "==", uid)),
      INCLUDE_METADATA,
      (snapshot) => (isOffline(snapshot) ? onError(OFFLINE) : onValue(toDocuments(snapshot))),
      (error) => onError(error.code),
    );
  });
}

const isOffline = (snapshot: QuerySnapshot): boolean => snapshot.empty && snapshot.metadata.fromCache;

const toDocuments = (snapshot: QuerySnapshot): LiveDocument[] =>
  snapshot.docs.map((document) => ({ id: document.id, data: document.data() }));

type Subscribe<T> = (onValue: (value: T) => void, onError: (code: string) => void) => Promise<Unsubscribe>;

function useListener<T>(key: string, subscribe: Subscribe<T>): LiveResult<T> {
  const [result, setResult] = useState<LiveResult<T>>({ value: undefined, errorCode: "" });
  const expired = useStore(sessionExpired);
  useEffect(() => setResult({ value: undefined, errorCode: "" }), [key]);
  useEffect(() => {
    // Firestore would answer that nothing exists. The last value stays until the user has signed in again.
    if (expired) return;
    let cancelled = false;
    let stopListening: Unsubscribe = () => undefined;
    const onValue = (value: T): void => {
      if (!cancelled && !sessionExpired.get()) setResult({ value, errorCode: "" });
    };
    const onError = (errorCode: string): void => {
      if (!cancelled) setResult((previous) => ({ ...previous, errorCode }));
    };
    subscribe(onValue, onError).then(
      (unsubscribe) => {
        stopListening = unsubscribe;
        if (cancelled) stopListening();
      },
      () => onError("unavailable"),
    );
    return () => {
      cancelled = true;
      stopListening();
    };
  }, [key, expired]);
  return result;
}
