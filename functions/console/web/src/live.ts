/** Documents of the ledger that an owner may listen to; Firestore's library comes with the first. */
import { useEffect, useState } from "preact/hooks";
import type { DocumentData, Firestore, QuerySnapshot, Unsubscribe } from "firebase/firestore";
import { app } from "./session.ts";
import { settings } from "./settings.ts";

type Library = typeof import("firebase/firestore");

let opened: Promise<[Library, Firestore]> | undefined;

function open(): Promise<[Library, Firestore]> {
  opened ??= import("firebase/firestore").then((library) => {
    const db = library.getFirestore(app);
    if (settings.emulators) {
      const [host = "", port = ""] = settings.emulators.firestore.split(":");
      library.connectFirestoreEmulator(db, host, Number(port));
    }
    return [library, db];
  });
  // What could not be loaded once is asked for by the next page.
  opened.catch(() => {
    opened = undefined;
  });
  return opened;
}

export interface Row {
  id: string;
  data: DocumentData;
}

/** What is listened to: `lost` holds why nothing comes any more. */
export interface Live<T> {
  value: T | undefined;
  lost: string;
}

/**
 * What is not known here is no news of what there is: a listener that reaches nobody is told of an
 * absent document and of empty lists all the same. With changes of metadata the server's word comes
 * too when it is the same.
 */
const ANSWERED = { includeMetadataChanges: true } as const;
const UNHEARD = "unheard";

/** A document; null when there is none, or it is not ours to read. */
export function useDocument(path: string | null): Live<Row | null> {
  return useLive<Row | null>(path ?? "", async (tell, fail) => {
    if (path === null) return () => undefined;
    const [{ doc, onSnapshot }, db] = await open();
    return onSnapshot(
      doc(db, path),
      ANSWERED,
      (seen) => {
        if (seen.exists()) tell({ id: seen.id, data: seen.data() });
        else if (seen.metadata.fromCache) fail(UNHEARD);
        else tell(null);
      },
      (fault) => (fault.code === "permission-denied" ? tell(null) : fail(fault.code)),
    );
  });
}

/** The documents of a collection, such as `jobs/{id}/stages`. */
export function useCollection(path: string | null): Live<Row[]> {
  return useLive<Row[]>(path ?? "", async (tell, fail) => {
    if (path === null) return () => undefined;
    const [{ collection, onSnapshot }, db] = await open();
    return onSnapshot(
      collection(db, path),
      ANSWERED,
      (seen) => (unheard(seen) ? fail(UNHEARD) : tell(rows(seen))),
      (fault) => fail(fault.code),
    );
  });
}

/** The newest `most` jobs of a person. */
export function useNewest(uid: string, most: number): Live<Row[]> {
  return useLive<Row[]>(`${uid} ${most}`, async (tell, fail) => {
    const [{ collection, limit, onSnapshot, orderBy, query, where }, db] = await open();
    const wanted = query(
      collection(db, "jobs"),
      where("owner", "==", uid),
      orderBy("created_at", "desc"),
      limit(most),
    );
    return onSnapshot(
      wanted,
      ANSWERED,
      (seen) => (unheard(seen) ? fail(UNHEARD) : tell(rows(seen))),
      (fault) => fail(fault.code),
    );
  });
}

/** All documents of a person in a collection such as `cameras`. */
export function useOwned(name: string, uid: string): Live<Row[]> {
  return useLive<Row[]>(`${name} ${uid}`, async (tell, fail) => {
    const [{ collection, onSnapshot, query, where }, db] = await open();
    return onSnapshot(
      query(collection(db, name), where("owner", "==", uid)),
      ANSWERED,
      (seen) => (unheard(seen) ? fail(UNHEARD) : tell(rows(seen))),
      (fault) => fail(fault.code),
    );
  });
}

const unheard = (seen: QuerySnapshot): boolean => seen.empty && seen.metadata.fromCache;

const rows = (seen: QuerySnapshot): Row[] => seen.docs.map((one) => ({ id: one.id, data: one.data() }));

type Listen<T> = (tell: (value: T) => void, fail: (why: string) => void) => Promise<Unsubscribe>;

function useLive<T>(key: string, listen: Listen<T>): Live<T> {
  const [live, setLive] = useState<Live<T>>({ value: undefined, lost: "" });
  useEffect(() => {
    let over = false;
    let stop: Unsubscribe = () => undefined;
    setLive({ value: undefined, lost: "" });
    const tell = (value: T): void => {
      if (!over) setLive({ value, lost: "" });
    };
    const fail = (lost: string): void => {
      if (!over) setLive((before) => ({ ...before, lost }));
    };
    listen(tell, fail).then(
      (unsubscribe) => {
        stop = unsubscribe;
        if (over) stop();
      },
      () => fail("unavailable"),
    );
    return () => {
      over = true;
      stop();
    };
  }, [key]);
  return live;
}
