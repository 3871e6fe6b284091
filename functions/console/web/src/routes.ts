/** Which page is at which path. Pure: what is loaded and drawn is router.tsx's. */
export type Params = Readonly<Record<string, string>>;

/** What every page is given. */
export interface PageProps {
  params: Params;
}

export interface RouteMatch<T> {
  page: T;
  params: Params;
}

/** The first pattern that fits a path, such as `/jobs/{id}`, with what the path names. */
export function matchRoute<T>(patterns: readonly (readonly [string, T])[], path: string): RouteMatch<T> | null {
  for (const [pattern, page] of patterns) {
    const params = matchPattern(pattern, path);
    if (params) return { page, params };
  }
  return null;
}

function matchPattern(pattern: string, path: string): Params | null {
  const patternParts = pattern.split("/");
  const pathParts = path.length > 1 ? path.replace(/\/$/, "").split("/") : path.split("/");
  if (patternParts.length !== pathParts.length) return null;
  const params: Record<string, string> = {};
  for (const [index, part] of patternParts.entries()) {
    const text = pathParts[index] ?? "";
    if (part.startsWith("{")) {
      const value = decodeSegment(text);
      if (!value) return null;
      params[part.slice(1, -1)] = value;
    } else if (part !== text) {
      return null;
    }
  }
  return params;
}

function decodeSegment(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return "";
  }
}

/** Where somebody was going before the sign-in; only a page of ours, and never the sign-in again.
 * Read as browsers read it: they skip tabs and take `\` for `/`. */
export function safeRedirect(target: string | null, origin: string): string {
  if (!target?.startsWith("/") || !URL.canParse(target, origin)) return "/";
  const { origin: targetOrigin, pathname, search, hash } = new URL(target, origin);
  const allowed = targetOrigin === origin && !pathname.startsWith("//") && pathname !== "/sign-in";
  return allowed ? pathname + search + hash : "/";
}
