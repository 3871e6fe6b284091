import { useEffect, useState } from "preact/hooks";
import { resultLink } from "../job/links.ts";
import type { Artifact } from "../job/model.ts";
import { ArchiveReader } from "./archive-reader.ts";
import type { Entry } from "./zip.ts";

const TYPES: Record<string, string> = { png: "image/png", jpg: "image/jpeg" };

export interface Archive {
  reader: ArchiveReader;
  /** In directory order, which is by time. */
  entries: Entry[];
}

export interface ArchiveState {
  archive: Archive | null;
  error: unknown;
}

/** Opens a ZIP artifact; entries are read on demand. */
export function useArchive(job: string, artifact: Artifact | null): ArchiveState {
  const [state, setState] = useState<ArchiveState>({ archive: null, error: null });
  useEffect(() => {
    setState({ archive: null, error: null });
    if (!artifact) return;
    let cancelled = false;
    const reader = new ArchiveReader((refresh) => resultLink(job, artifact, refresh), contentTypeOf);
    reader.entries().then(
      (entries) => cancelled || setState({ archive: { reader, entries }, error: null }),
      (error) => cancelled || setState({ archive: null, error }),
    );
    return () => {
      cancelled = true;
      reader.close();
    };
  }, [job, artifact?.name, artifact?.generation]);
  return state;
}

/** Object URL of an entry; empty until it has loaded. */
export function usePicture(archive: Archive | null, entry: Entry | undefined): { url: string; error: boolean } {
  const [state, setState] = useState({ url: "", error: false });
  useEffect(() => {
    if (!archive || !entry) return setState({ url: "", error: false });
    const cachedUrl = archive.reader.cachedUrl(entry) ?? "";
    setState({ url: cachedUrl, error: false });
    if (cachedUrl) return;
    const controller = new AbortController();
    archive.reader.getPicture(entry, controller.signal).then(
      (url) => controller.signal.aborted || setState({ url, error: false }),
      () => controller.signal.aborted || setState({ url: "", error: true }),
    );
    return () => controller.abort();
  }, [archive, entry]);
  return state;
}

function contentTypeOf(entry: Entry): string {
  return TYPES[entry.name.split(".").at(-1) ?? ""] ?? "application/octet-stream";
}
