/** How far the service is with a file that it fetches. No DOM. */
import { formatBytes } from "../format.ts";

/** An input that comes from a URL, as `GET /v1/jobs/{job_id}` returns it. */
export interface Fetch {
  input: string;
  host: string;
  filename: string;
  state: string;
  fetched_bytes: number;
  /** Null while the size is not known. */
  total_bytes: number | null;
}

/** From 0 to 1; null while it is not known. */
export function fetchProgress({ state, fetched_bytes, total_bytes }: Fetch): number | null {
  if (state === "done") return 1;
  return total_bytes ? Math.min(1, fetched_bytes / total_bytes) : null;
}

export function fetchText({ state, fetched_bytes, total_bytes, host }: Fetch): string {
  if (state === "failed") return "It could not be fetched.";
  const amount = total_bytes === null ? formatBytes(fetched_bytes) : `${formatBytes(fetched_bytes)} of ${formatBytes(total_bytes)}`;
  if (state === "done") return `${formatBytes(fetched_bytes)}, complete`;
  if (state === "fetching") return amount;
  return fetched_bytes ? `${amount} · waiting for ${host}` : "Next in line";
}
