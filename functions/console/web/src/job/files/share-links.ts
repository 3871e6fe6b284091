/** The share links of a job. */
import { get, newIdempotencyKey, request } from "../../api.ts";
import type { NewShareLink, ShareLink } from "../../account/model.ts";

/** The active share links of a job. The API returns a user's links in pages of 100. */
export async function listShares(job: string): Promise<ShareLink[]> {
  const shares: ShareLink[] = [];
  let cursor: string | null = "";
  while (cursor !== null) {
    const cursorParam: string = cursor ? `&cursor=${encodeURIComponent(cursor)}` : "";
    const { data } = await get<{ shares: ShareLink[]; next_cursor: string | null }>(`/v1/shares?limit=100${cursorParam}`);
    shares.push(...data.shares.filter((share) => share.job === job));
    cursor = data.next_cursor;
  }
  const now = Date.now();
  return shares.filter((share) => !share.revoked && Date.parse(share.expires_at) > now);
}

/** The links of both lists, each once, without those that were revoked. The newer ones come first. */
export function mergeLinks(
  newer: readonly ShareLink[],
  older: readonly ShareLink[],
  revoked: ReadonlySet<string>,
): ShareLink[] {
  const links = new Map([...newer, ...older].map((link) => [link.id, link]));
  return [...links.values()].filter((link) => !revoked.has(link.id));
}

/** Creates a link to an artifact, whose page shows `title` ("" for none). No later response contains its URL. */
export async function createShare(job: string, artifact: string, validHours: number, title: string): Promise<NewShareLink> {
  const body = { artifact, valid_hours: validHours, title };
  const options = { body, idempotencyKey: newIdempotencyKey() };
  return (await request<NewShareLink>("POST", `/v1/jobs/${job}/shares`, options)).data;
}

export async function revokeShare(id: string): Promise<void> {
  await request("DELETE", `/v1/shares/${id}`);
}
