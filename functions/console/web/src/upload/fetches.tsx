/** The files of a job that the service fetches from links, and how far they are. */
import { useQuery } from "../ui/use-query.ts";
import { Progress } from "../ui/progress.tsx";
import { type Fetch, fetchProgress, fetchText } from "./fetch-state.ts";

const POLL_MS = 2_000;

interface WaitingJob {
  id: string;
  status: string;
  inputs: readonly { fetch?: string }[];
}

/** Renders nothing for a job that does not wait for a fetch. Browsers cannot read the documents of fetches. */
export function Fetches({ job }: { job: WaitingJob }) {
  const isWaiting = job.status === "awaiting_upload" && job.inputs.some((input) => input.fetch);
  return isWaiting ? <FetchList job={job.id} /> : null;
}

function FetchList({ job }: { job: string }) {
  const { data } = useQuery<{ fetches: Fetch[] }>(`/v1/jobs/${job}`, () => POLL_MS);
  const open = (data?.fetches ?? []).filter((fetch) => fetch.state !== "stopped");
  if (!open.length) return null;
  return (
    <section class="uploads" aria-labelledby="fetches">
      <h2 id="fetches">Fetching</h2>
      <ul>
        {open.map((fetch) => (
          <li class="upload" key={fetch.input}>
            <div class="upload-name">
              <strong>{fetch.filename}</strong>
              <span class="hint">from {fetch.host}</span>
            </div>
            <Progress value={fetchProgress(fetch)} text={fetchText(fetch)} label={`Fetch of ${fetch.filename}`} />
          </li>
        ))}
      </ul>
    </section>
  );
}
