/** Documents of the ledger that an owner may listen to; Firestore's library comes with the first. */
import { useEffect, useState } from "preact/hooks";
import type { DocumentData, Firestore, QuerySnapshot, Unsubscribe } from "firebase/firestore";
import { app } from "./session.ts";
import { settings } from "./settings.ts";

type Library = typeof import("firebase/firestore");

let firestore: Promise<[Library, Firestore]> | undefined;

function openFirestore(): Promise<[Library, Firestore]> {
  firestore ??= import("firebase/firestore").then((library) => {
    const db = library.getFirestore(app);
    if (settings.emulators) {
      const [host = "", port = ""] = settings.emulators.firestore.split(":");
      library.connectFirestoreEmulator(db, host, Number(port));
    }
    return [library, db];
  });
  // What could not be loaded once is asked for by the next page.
  firestore.catch(() => {
    firestore = undefined;
  });
  return firestore;
}

export interface LiveDocument {
  id: string;
  data: DocumentData;
}

/** What is listened to: `lost` holds why nothing comes any more. */
export interface LiveResult<T> {
  value: T | undefined;
  errorCode: string;
}

/**
 * What is not known here is no news of what there is: a listener that reaches nobody is told of an
 * absent document and of empty lists all the same. With changes of metadata the server's word comes
 * too when it is the same.
 */
const INCLUDE_METADATA = { includeMetadataChanges: true } as const;
const OFFLINE = "unheard";

/** A document; null when there is none, or it is not ours to read. */
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

/** The newest `most` jobs of a person. */
export function useNewestJobs(uid: string, count: number): LiveResult<LiveDocument[]> {
  return useListener<LiveDocument[]>(`${uid} ${count}`, async (onValue, onError) => {
    const [{ collection, limit, onSnapshot, orderBy, query, where }, db] = await openFirestore();
    const newestJobs = query(
      collection(db, "jobs"),
      where("owner", "==", uid),
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

/** All documents of a person in a collection such as `cameras`. */
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

const toDocuments = (snapshot: QuerySnapshot): LiveDocument[] => snapshot.docs.map((document) => ({ id: document.id, data: document.data() }));

type Subscribe<T> = (onValue: (value: T) => void, onError: (code: string) => void) => Promise<Unsubscribe>;

function useListener<T>(key: string, subscribe: Subscribe<T>): LiveResult<T> {
  const [result, setResult] = useState<LiveResult<T>>({ value: undefined, errorCode: "" });
  useEffect(() => {
    let cancelled = false;
    let stopListening: Unsubscribe = () => undefined;
    setResult({ value: undefined, errorCode: "" });
    const onValue = (value: T): void => {
      if (!cancelled) setResult({ value, errorCode: "" });
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
  }, [key]);
  return result;
}
