/** Signed URLs of objects, fetched on demand and cached until they expire. */
import { get } from "../api.ts";
import { session } from "../session.ts";
import type { Artifact, Input } from "./model.ts";

/** The response of `…/link`. */
export interface SignedLink {
  url: string;
  expires_at: string;
  filename: string;
  content_type: string;
  size_bytes: number;
}

/** Links that expire sooner than this are renewed. */
const MIN_VALID_MS = 60_000;

const cache = new Map<string, Promise<SignedLink>>();
// Signed URLs need no sign-in: the next user of this browser must not get them.
session.subscribe(() => cache.clear());

/** Link to an artifact, for display. `refresh` after the last one failed. */
export function resultLink(job: string, artifact: Artifact, refresh = false): Promise<SignedLink> {
  const path = `/v1/jobs/${job}/artifacts/${encodeURIComponent(artifact.name)}/link`;
  return cachedLink(path, `${path} ${artifact.generation}`, refresh);
}

/** Link to the upload of an input. */
export function inputLink(job: string, input: string, refresh = false): Promise<SignedLink> {
  const path = `/v1/jobs/${job}/uploads/${input}/link`;
  return cachedLink(path, path, refresh);
}

/** Downloads an artifact. Throws Problem. */
export function downloadResult(job: string, name: string): Promise<void> {
  return download(`/v1/jobs/${job}/artifacts/${encodeURIComponent(name)}/link`, name);
}

/** Downloads the upload of an input. Throws Problem. */
export function downloadInput(job: string, input: Input): Promise<void> {
  return download(`/v1/jobs/${job}/uploads/${input.name}/link`, input.filename);
}

async function download(path: string, name: string): Promise<void> {
  const { data } = await get<SignedLink>(`${path}?disposition=attachment`);
  const anchor = document.createElement("a");
  anchor.href = data.url;
  anchor.download = name;
  anchor.click();
}

/** Returns the text of a small artifact. Throws Problem. */
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
