/** What the API says, for pages that show it: asked for once, again on demand, or every few seconds. */
import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import { get } from "../api.ts";
import type { Page } from "./model.ts";

export interface Asked<T> {
  /** The newest answer; it stays while the next one is waited for. */
  data: T | undefined;
  etag: string;
  /** Why there is none, or no newer one; null when all is well. */
  wrong: unknown;
  again: () => Promise<void>;
}

/** One answer. It is asked for again every `everyMs`, while that is more than 0. */
export function useAsked<T>(path: string, everyMs: (data: T | undefined) => number = () => 0): Asked<T> {
  const [state, setState] = useState<Omit<Asked<T>, "again">>({ data: undefined, etag: "", wrong: null });
  const now = useRef(path);
  now.current = path;
  const again = useCallback(async (): Promise<void> => {
    try {
      const { data, etag } = await get<T>(path);
      // The page may show something else by now.
      if (now.current === path) setState({ data, etag, wrong: null });
    } catch (wrong) {
      if (now.current === path) setState((before) => ({ ...before, wrong }));
    }
  }, [path]);
  useEffect(() => {
    setState({ data: undefined, etag: "", wrong: null });
    void again();
    return () => {
      now.current = "";
    };
  }, [again]);
  const pause = everyMs(state.data);
  useEffect(() => {
    if (!pause) return;
    const timer = setInterval(() => {
      if (!document.hidden) void again();
    }, pause);
    return () => clearInterval(timer);
  }, [again, pause]);
  return { ...state, again };
}

export interface Pages<Row> {
  rows: Row[] | undefined;
  /** Whether there are older ones. */
  more: boolean;
  wrong: unknown;
  next: () => Promise<void>;
  again: () => Promise<void>;
}

const PAGE = 25;

/** A list in pages, newest first; `of` finds the rows in an answer. */
export function usePages<Row, Told extends Page>(path: string, of: (told: Told) => Row[]): Pages<Row> {
  const [state, setState] = useState<{ rows: Row[] | undefined; cursor: string | null; wrong: unknown }>({
    rows: undefined,
    cursor: null,
    wrong: null,
  });
  const fetched = useCallback(
    async (cursor: string | null, before: Row[], limit: number): Promise<void> => {
      try {
        const behind = cursor ? `&cursor=${encodeURIComponent(cursor)}` : "";
        const { data } = await get<Told>(`${path}?limit=${limit}${behind}`);
        setState({ rows: [...before, ...of(data)], cursor: data.next_cursor, wrong: null });
      } catch (wrong) {
        setState((known) => ({ ...known, wrong }));
      }
    },
    [path],
  );
  useEffect(() => {
    setState({ rows: undefined, cursor: null, wrong: null });
    void fetched(null, [], PAGE);
  }, [fetched]);
  const { rows, cursor, wrong } = state;
  return {
    rows,
    more: cursor !== null,
    wrong,
    next: () => fetched(cursor, rows ?? [], PAGE),
    // As many as are shown, so that nothing that was opened goes away; a page has a hundred at most.
    again: () => fetched(null, [], Math.min(100, Math.max(PAGE, rows?.length ?? 0))),
  };
}
