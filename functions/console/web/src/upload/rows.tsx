/** Uploads that people can look at, stop and take up again. */
import { useRef, useState } from "preact/hooks";
import { useStore } from "../store.ts";
import { Button } from "../ui/button.tsx";
import { Progress } from "../ui/progress.tsx";
import { bytes, duration } from "../words.ts";
import { secondsLeft } from "./plan.ts";
import { type Shown, forget, keyOf, pause, resume, uploads } from "./uploads.ts";

/** The uploads of one job, or of all. Nothing when there is none. */
export function Uploads({ job }: { job?: string }) {
  const shown = useStore(uploads).filter((one) => !job || one.job === job);
  if (!shown.length) return null;
  return (
    <section class="uploads" aria-labelledby="uploads">
      <h2 id="uploads">Uploading</h2>
      <ul>
        {shown.map((one) => (
          <Row key={keyOf(one)} one={one} named={!job} />
        ))}
      </ul>
    </section>
  );
}

function Row({ one, named }: { one: Shown; named: boolean }) {
  const key = keyOf(one);
  const chooser = useRef<HTMLInputElement>(null);
  const [wrong, setWrong] = useState("");
  return (
    <li class="upload">
      <div class="upload-name">
        <strong>{one.filename}</strong>
        {named && (
          <a href={`/jobs/${one.job}`} class="hint">
            {one.title === one.filename ? "its job" : one.title}
          </a>
        )}
      </div>
      <Progress part={one.sent / one.size} words={wordsOf(one)} label={`Upload of ${one.filename}`} />
      {(wrong || one.why) && (
        <p class="wrong" role="alert">
          {wrong || one.why}
        </p>
      )}
      <div class="row">
        {one.state === "sending" || one.state === "lost" || one.state === "waiting" ? (
          <Button onClick={() => pause(key)}>Pause</Button>
        ) : one.state === "file" ? (
          <>
            <input
              ref={chooser}
              type="file"
              hidden
              onChange={(event) => {
                const file = event.currentTarget.files?.[0];
                if (file) setWrong(resume(key, file));
                event.currentTarget.value = "";
              }}
            />
            <Button kind="primary" onClick={() => chooser.current?.click()}>
              Choose {one.filename} again
            </Button>
          </>
        ) : (
          <Button kind="primary" onClick={() => setWrong(resume(key))}>
            {one.state === "paused" ? "Resume" : "Try again"}
          </Button>
        )}
        {one.state !== "sending" && one.state !== "waiting" && (
          <Button kind="quiet" onClick={() => forget(key)}>
            Give up
          </Button>
        )}
      </div>
    </li>
  );
}

function wordsOf({ state, sent, size, bytesPerS }: Shown): string {
  const much = `${bytes(sent)} of ${bytes(size)}`;
  const left = secondsLeft(sent, size, bytesPerS);
  switch (state) {
    case "waiting":
      return `${bytes(size)}, next in line`;
    case "sending":
      return left === null ? much : `${much} · ${bytes(bytesPerS)} a second · ${duration(Math.ceil(left))} left`;
    case "paused":
      return `Paused at ${much}`;
    case "lost":
      return `${much} · the connection is gone; it goes on by itself when it is back`;
    case "file":
      return "The page was loaded anew: choose the same file, and it goes on where it stopped.";
    case "failed":
      return `Stopped at ${much}`;
  }
}
