/** Matches paths to pages. No DOM; router.tsx loads and renders them. */
export type Params = Readonly<Record<string, string>>;

/** Props of every page. */
export interface PageProps {
  params: Params;
}

export interface RouteMatch<T> {
  page: T;
  params: Params;
}

/** The first pattern that matches, such as `/jobs/{id}`, with its parameters. */
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

/**
 * The path to return to after the sign-in: a path of this origin other than the sign-in page. Parsed as
 * browsers do, which skip tabs and treat `\` as `/`.
 */
export function safeRedirect(target: string | null, origin: string): string {
  if (!target?.startsWith("/") || !URL.canParse(target, origin)) return "/";
  const { origin: targetOrigin, pathname, search, hash } = new URL(target, origin);
  const allowed = targetOrigin === origin && !pathname.startsWith("//") && pathname !== "/sign-in";
  return allowed ? pathname + search + hash : "/";
}
