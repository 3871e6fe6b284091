/** Notifies the user of the end of a job while the page is in the background, if the user wants it. */
import { useEffect, useRef, useState } from "preact/hooks";
import { Button } from "../../ui/button.tsx";
import { type Job, TERMINAL } from "../model.ts";
import { statusLabel } from "../labels.ts";

const isSupported = "Notification" in globalThis;

/** A button until the user has decided; nothing afterwards. */
export function EndNotification({ job }: { job: Job }) {
  const [permission, setPermission] = useState(isSupported ? Notification.permission : "denied");
  const lastStatus = useRef(job.status);
  useEffect(() => {
    const before = lastStatus.current;
    lastStatus.current = job.status;
    const isNews = before !== job.status && (TERMINAL.includes(job.status) || job.status === "awaiting_review");
    if (isNews && permission === "granted" && document.hidden)
      new Notification(`${statusLabel(job.status)}: ${job.title}`, { tag: job.id });
  }, [job.status]);
  if (permission !== "default" || TERMINAL.includes(job.status)) return null;
  return (
    <Button kind="quiet" onClick={() => void Notification.requestPermission().then(setPermission)}>
      Notify me when it is done
    </Button>
  );
}
