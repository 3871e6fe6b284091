import { useEffect, useState } from "preact/hooks";
import { get } from "../../api.ts";
import { Waiting } from "../../ui/progress.tsx";
import { sentence } from "../../words.ts";
import type { Job } from "../model.ts";
import { type Happening, eventName } from "../words.ts";

/** What happened to a job, newest first; read anew whenever the job has changed. */
export function History({ job }: { job: Job }) {
  const [events, setEvents] = useState<Happening[] | null>(null);
  const [wrong, setWrong] = useState("");
  useEffect(() => {
    const over = new AbortController();
    get<{ events: Happening[] }>(`/v1/jobs/${job.id}/events`, { signal: over.signal }).then(
      ({ data }) => {
        setEvents(data.events.reverse());
        setWrong("");
      },
      (fault) => over.signal.aborted || setWrong(sentence(fault)),
    );
    return () => over.abort();
  }, [job.id, job.updated_at]);
  if (wrong) return <p class="wrong">{wrong}</p>;
  if (!events) return <Waiting words="Reading the history …" />;
  return (
    <ol class="history">
      {events.map((one) => (
        <li key={`${one.at} ${one.what} ${JSON.stringify(one.details)}`}>
          <time dateTime={one.at}>{new Date(one.at).toLocaleString()}</time>
          <span>{eventName(one)}</span>
        </li>
      ))}
    </ol>
  );
}
