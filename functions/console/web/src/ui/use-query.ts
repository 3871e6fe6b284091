/** Queries of the API: fetched once, refetched on demand or at an interval. */
import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import { get } from "../api.ts";

/** Common to all responses that are one page of a list. */
export interface PageInfo {
  next_cursor: string | null;
}

export interface Query<T> {
  /** The latest response; kept while the next one loads. */
  data: T | undefined;
  etag: string;
  /** Why there is no response, or no newer one; null on success. */
  error: unknown;
  refetch: () => Promise<void>;
}

/** One resource. It is refetched at `refetchIntervalMs` if that is above 0. */
export function useQuery<T>(path: string, refetchIntervalMs: (data: T | undefined) => number = () => 0): Query<T> {
  const [state, setState] = useState<Omit<Query<T>, "refetch">>({ data: undefined, etag: "", error: null });
  const currentPath = useRef(path);
  currentPath.current = path;
  const refetch = useCallback(async (): Promise<void> => {
    try {
      const { data, etag } = await get<T>(path);
      // The path may have changed in the meantime.
      if (currentPath.current === path) setState({ data, etag, error: null });
    } catch (error) {
      if (currentPath.current === path) setState((previous) => ({ ...previous, error }));
    }
  }, [path]);
  useEffect(() => {
    setState({ data: undefined, etag: "", error: null });
    void refetch();
    return () => {
      currentPath.current = "";
    };
  }, [refetch]);
  const intervalMs = refetchIntervalMs(state.data);
  useEffect(() => {
    if (!intervalMs) return;
    const timer = setInterval(() => {
      if (!document.hidden) void refetch();
    }, intervalMs);
    return () => clearInterval(timer);
  }, [refetch, intervalMs]);
  return { ...state, refetch };
}

export interface PagedQuery<Row> {
  rows: Row[] | undefined;
  /** Whether there are older rows. */
  hasMore: boolean;
  error: unknown;
  loadMore: () => Promise<void>;
  refetch: () => Promise<void>;
}

const PAGE_SIZE = 25;

/** A paginated list, newest first; `rowsOf` returns the rows of a response. */
export function usePages<Row, Response extends PageInfo>(
  path: string,
  rowsOf: (response: Response) => Row[],
): PagedQuery<Row> {
  const [state, setState] = useState<{ rows: Row[] | undefined; cursor: string | null; error: unknown }>({
    rows: undefined,
    cursor: null,
    error: null,
  });
  const fetchPage = useCallback(
    async (cursor: string | null, previousRows: Row[], limit: number): Promise<void> => {
      try {
        const cursorParam = cursor ? `&cursor=${encodeURIComponent(cursor)}` : "";
        const { data } = await get<Response>(`${path}?limit=${limit}${cursorParam}`);
        setState({ rows: [...previousRows, ...rowsOf(data)], cursor: data.next_cursor, error: null });
      } catch (error) {
        setState((previous) => ({ ...previous, error }));
      }
    },
    [path],
  );
  useEffect(() => {
    setState({ rows: undefined, cursor: null, error: null });
    void fetchPage(null, [], PAGE_SIZE);
  }, [fetchPage]);
  const { rows, cursor, error } = state;
  return {
    rows,
    hasMore: cursor !== null,
    error,
    loadMore: () => fetchPage(cursor, rows ?? [], PAGE_SIZE),
    // As many rows as are shown, so that open details stay; the API's limit is 100.
    refetch: () => fetchPage(null, [], Math.min(100, Math.max(PAGE_SIZE, rows?.length ?? 0))),
  };
}
