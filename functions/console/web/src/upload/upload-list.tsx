/** List of uploads with buttons to pause and resume. */
import { useRef, useState } from "preact/hooks";
import { useStore } from "../store.ts";
import { Button } from "../ui/button.tsx";
import { Progress } from "../ui/progress.tsx";
import { formatBytes, formatDuration } from "../format.ts";
import { secondsLeft } from "./protocol.ts";
import { type ActiveUpload, discardUpload, pauseUpload, resumeUpload, uploadKey, uploads } from "./uploads.ts";

/** The uploads of one job, or all. Renders nothing if there are none. */
export function Uploads({ job }: { job?: string }) {
  const visible = useStore(uploads).filter((upload) => !job || upload.job === job);
  if (!visible.length) return null;
  return (
    <section class="uploads" aria-labelledby="uploads">
      <h2 id="uploads">Uploading</h2>
      <ul>
        {visible.map((upload) => (
          <UploadRow key={uploadKey(upload)} upload={upload} showJob={!job} />
        ))}
      </ul>
    </section>
  );
}

function UploadRow({ upload, showJob }: { upload: ActiveUpload; showJob: boolean }) {
  const key = uploadKey(upload);
  const fileInput = useRef<HTMLInputElement>(null);
  const [error, setError] = useState("");
  return (
    <li class="upload">
      <div class="upload-name">
        <strong>{upload.filename}</strong>
        {showJob && (
          <a href={`/jobs/${upload.job}`} class="hint">
            {upload.title === upload.filename ? "its job" : upload.title}
          </a>
        )}
      </div>
      <Progress value={upload.sent / upload.size} text={progressText(upload)} label={`Upload of ${upload.filename}`} />
      {(error || upload.reason) && (
        <p class="error-text" role="alert">
          {error || upload.reason}
        </p>
      )}
      <div class="row" hidden={upload.state === "other-tab"}>
        {upload.state === "sending" || upload.state === "offline" || upload.state === "waiting" ? (
          <Button onClick={() => pauseUpload(key)}>Pause</Button>
        ) : upload.state === "needs-file" ? (
          <>
            <input
              ref={fileInput}
              type="file"
              hidden
              onChange={(event) => {
                const file = event.currentTarget.files?.[0];
                if (file) setError(resumeUpload(key, file));
                event.currentTarget.value = "";
              }}
            />
            <Button kind="primary" onClick={() => fileInput.current?.click()}>
              Choose {upload.filename} again
            </Button>
          </>
        ) : (
          <Button kind="primary" onClick={() => setError(resumeUpload(key))}>
            {upload.state === "paused" ? "Resume" : "Try again"}
          </Button>
        )}
        {upload.state !== "sending" && upload.state !== "waiting" && (
          <Button kind="quiet" onClick={() => discardUpload(key)}>
            Give up
          </Button>
        )}
      </div>
    </li>
  );
}

function progressText({ state, sent, size, bytesPerS }: ActiveUpload): string {
  const amount = `${formatBytes(sent)} of ${formatBytes(size)}`;
  const left = secondsLeft(sent, size, bytesPerS);
  switch (state) {
    case "waiting":
      return `${formatBytes(size)}, next in line`;
    case "sending":
      return left === null
        ? amount
        : `${amount} · ${formatBytes(bytesPerS)} a second · ${formatDuration(Math.ceil(left))} left`;
    case "paused":
      return `Paused at ${amount}`;
    case "offline":
      return `${amount} · the connection is gone; it goes on by itself when it is back`;
    case "needs-file":
      return "The page was loaded anew: choose the same file, and it goes on where it stopped.";
    case "other-tab":
      return "Another tab of this browser uploads this file. Keep that tab open.";
    case "failed":
      return `Stopped at ${amount}`;
  }
}
