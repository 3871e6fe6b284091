import { useEffect, useState } from "preact/hooks";
import { get } from "../../api.ts";
import { Loading } from "../../ui/progress.tsx";
import { errorMessage } from "../../format.ts";
import type { Job } from "../model.ts";
import { type JobEvent, eventLabel } from "../labels.ts";

/** The events of a job, newest first; refetched when the job changes. */
export function History({ job }: { job: Job }) {
  const [events, setEvents] = useState<JobEvent[] | null>(null);
  const [error, setError] = useState("");
  useEffect(() => {
    const controller = new AbortController();
    get<{ events: JobEvent[] }>(`/v1/jobs/${job.id}/events`, { signal: controller.signal }).then(
      ({ data }) => {
        setEvents(data.events.reverse());
        setError("");
      },
      (error) => controller.signal.aborted || setError(errorMessage(error)),
    );
    return () => controller.abort();
  }, [job.id, job.updated_at]);
  if (error) return <p class="error-text">{error}</p>;
  if (!events) return <Loading text="Loading the history …" />;
  return (
    <ol class="history">
      {events.map((event) => (
        <li key={`${event.at} ${event.what} ${JSON.stringify(event.details)}`}>
          <time dateTime={event.at}>{new Date(event.at).toLocaleString()}</time>
          <span>{eventLabel(event)}</span>
        </li>
      ))}
    </ol>
  );
}
