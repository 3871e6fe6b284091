/** Links to bytes in the bucket: asked for when they are needed, kept as long as they hold. */
import { get } from "../api.ts";
import { session } from "../session.ts";
import type { Artefact } from "./model.ts";

/** What the API answers for `…/link`. */
export interface Link {
  url: string;
  expires_at: string;
  filename: string;
  content_type: string;
  size_bytes: number;
}

/** A link is not handed out when it ends before something can be done with it. */
const SPARE_MS = 60_000;

const kept = new Map<string, Promise<Link>>();
// A link opens by itself: the next person at this browser finds none.
session.subscribe(() => kept.clear());

/** To a result, to be shown by the page. `fresh`: the last one did not do. */
export function resultLink(job: string, one: Artefact, fresh = false): Promise<Link> {
  const path = `/v1/jobs/${job}/artefacts/${encodeURIComponent(one.name)}/link`;
  return linked(path, `${path} ${one.generation}`, fresh);
}

/** To what was uploaded under the name of an input. */
export function inputLink(job: string, input: string, fresh = false): Promise<Link> {
  const path = `/v1/jobs/${job}/uploads/${input}/link`;
  return linked(path, path, fresh);
}

/** Let the browser save a result. Throws Problem. */
export async function save(job: string, name: string): Promise<void> {
  const path = `/v1/jobs/${job}/artefacts/${encodeURIComponent(name)}/link`;
  const { data } = await get<Link>(`${path}?disposition=attachment`);
  const anchor = document.createElement("a");
  anchor.href = data.url;
  anchor.download = name;
  anchor.click();
}

/** A small text among the results. Throws Problem. */
export async function resultText(job: string, one: Artefact): Promise<string> {
  for (const fresh of [false, true]) {
    const { url } = await resultLink(job, one, fresh);
    const answer = await fetch(url).catch(() => null);
    if (answer?.ok) return answer.text();
  }
  throw new Error(`${one.name} could not be loaded. Look at your connection, then load the page again.`);
}

async function linked(path: string, key: string, fresh: boolean): Promise<Link> {
  const known = fresh ? undefined : await kept.get(key)?.catch(() => undefined);
  if (known && Date.parse(known.expires_at) - SPARE_MS > Date.now()) return known;
  const asked = get<Link>(path).then(({ data }) => data);
  kept.set(key, asked);
  return asked;
}
