import { useEffect, useState } from "preact/hooks";
import { resultLink } from "../job/links.ts";
import type { Artefact } from "../job/model.ts";
import { ArchiveSource } from "./source.ts";
import type { Entry } from "./zip.ts";

const TYPES: Record<string, string> = { png: "image/png", jpg: "image/jpeg" };

export interface Archive {
  source: ArchiveSource;
  /** In the order of the directory, which is that of time. */
  entries: Entry[];
}

export interface Opened {
  archive: Archive | null;
  wrong: unknown;
}

/** A ZIP among the results, of which only what is looked at is read. */
export function useArchive(job: string, one: Artefact | null): Opened {
  const [opened, setOpened] = useState<Opened>({ archive: null, wrong: null });
  useEffect(() => {
    setOpened({ archive: null, wrong: null });
    if (!one) return;
    let over = false;
    const source = new ArchiveSource((fresh) => resultLink(job, one, fresh), typeOf);
    source.entries().then(
      (entries) => over || setOpened({ archive: { source, entries }, wrong: null }),
      (wrong) => over || setOpened({ archive: null, wrong }),
    );
    return () => {
      over = true;
      source.close();
    };
  }, [job, one?.name, one?.generation]);
  return opened;
}

/** The URL of a picture of an archive, "" until it is here. */
export function usePicture(archive: Archive | null, entry: Entry | undefined): { url: string; wrong: boolean } {
  const [seen, setSeen] = useState({ url: "", wrong: false });
  useEffect(() => {
    if (!archive || !entry) return setSeen({ url: "", wrong: false });
    const here = archive.source.atHand(entry) ?? "";
    setSeen({ url: here, wrong: false });
    if (here) return;
    const over = new AbortController();
    archive.source.picture(entry, over.signal).then(
      (url) => over.signal.aborted || setSeen({ url, wrong: false }),
      () => over.signal.aborted || setSeen({ url: "", wrong: true }),
    );
    return () => over.abort();
  }, [archive, entry]);
  return seen;
}

function typeOf(entry: Entry): string {
  return TYPES[entry.name.split(".").at(-1) ?? ""] ?? "application/octet-stream";
}
