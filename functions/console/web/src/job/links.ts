/** Links to bytes in the bucket: asked for when they are needed, kept as long as they hold. */
import { get } from "../api.ts";
import { session } from "../session.ts";
import type { Artifact } from "./model.ts";

/** What the API answers for `…/link`. */
export interface SignedLink {
  url: string;
  expires_at: string;
  filename: string;
  content_type: string;
  size_bytes: number;
}

/** A link is not handed out when it ends before something can be done with it. */
const MIN_VALID_MS = 60_000;

const cache = new Map<string, Promise<SignedLink>>();
// A link opens by itself: the next person at this browser finds none.
session.subscribe(() => cache.clear());

/** To a result, to be shown by the page. `fresh`: the last one did not do. */
export function resultLink(job: string, artifact: Artifact, refresh = false): Promise<SignedLink> {
  const path = `/v1/jobs/${job}/artifacts/${encodeURIComponent(artifact.name)}/link`;
  return cachedLink(path, `${path} ${artifact.generation}`, refresh);
}

/** To what was uploaded under the name of an input. */
export function inputLink(job: string, input: string, refresh = false): Promise<SignedLink> {
  const path = `/v1/jobs/${job}/uploads/${input}/link`;
  return cachedLink(path, path, refresh);
}

/** Let the browser save a result. Throws Problem. */
export async function downloadResult(job: string, name: string): Promise<void> {
  const path = `/v1/jobs/${job}/artifacts/${encodeURIComponent(name)}/link`;
  const { data } = await get<SignedLink>(`${path}?disposition=attachment`);
  const anchor = document.createElement("a");
  anchor.href = data.url;
  anchor.download = name;
  anchor.click();
}

/** A small text among the results. Throws Problem. */
export async function resultText(job: string, artifact: Artifact): Promise<string> {
  for (const refresh of [false, true]) {
    const { url } = await resultLink(job, artifact, refresh);
    const response = await fetch(url).catch(() => null);
    if (response?.ok) return response.text();
  }
  throw new Error(`${artifact.name} could not be loaded. Look at your connection, then load the page again.`);
}

async function cachedLink(path: string, key: string, refresh: boolean): Promise<SignedLink> {
  const cached = refresh ? undefined : await cache.get(key)?.catch(() => undefined);
  if (cached && Date.parse(cached.expires_at) - MIN_VALID_MS > Date.now()) return cached;
  const pending = get<SignedLink>(path).then(({ data }) => data);
  cache.set(key, pending);
  return pending;
}
