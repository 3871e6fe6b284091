/** Which page is at which path. Pure: what is loaded and drawn is router.tsx's. */
export type Params = Readonly<Record<string, string>>;

/** What every page is given. */
export interface PageProps {
  params: Params;
}

export interface Found<T> {
  page: T;
  params: Params;
}

/** The first pattern that fits a path, such as `/jobs/{id}`, with what the path names. */
export function match<T>(patterns: readonly (readonly [string, T])[], path: string): Found<T> | null {
  for (const [pattern, page] of patterns) {
    const params = fit(pattern, path);
    if (params) return { page, params };
  }
  return null;
}

function fit(pattern: string, path: string): Params | null {
  const wanted = pattern.split("/");
  const given = path.length > 1 ? path.replace(/\/$/, "").split("/") : path.split("/");
  if (wanted.length !== given.length) return null;
  const params: Record<string, string> = {};
  for (const [index, part] of wanted.entries()) {
    const text = given[index] ?? "";
    if (part.startsWith("{")) {
      const named = decoded(text);
      if (!named) return null;
      params[part.slice(1, -1)] = named;
    } else if (part !== text) {
      return null;
    }
  }
  return params;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return "";
  }
}

/** Where somebody was going before the sign-in; only a page of ours, and never the sign-in again.
 * Read as browsers read it: they skip tabs and take `\` for `/`. */
export function inside(to: string | null, origin: string): string {
  if (!to?.startsWith("/") || !URL.canParse(to, origin)) return "/";
  const { origin: theirs, pathname, search, hash } = new URL(to, origin);
  const ours = theirs === origin && !pathname.startsWith("//") && pathname !== "/sign-in";
  return ours ? pathname + search + hash : "/";
}
