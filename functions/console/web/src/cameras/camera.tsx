import { useState } from "preact/hooks";
import { ask, post } from "../api.ts";
import { useNow } from "../job/use-job.ts";
import { Button } from "../ui/button.tsx";
import { Confirm } from "../ui/confirm.tsx";
import { useDeed } from "../ui/use-submit.ts";
import { ago, bytes, clock } from "../words.ts";
import type { Camera as One, Recording } from "./model.ts";
import { Preview } from "./preview.tsx";
import { Starting } from "./starting.tsx";
import { cameraSaid, elapsedNow, pictureWords } from "./words.ts";

type Wish = "" | "record" | "delete";

/** One camera: what it shows, how it is, and the button that records it. */
export function Camera({ one, again }: { one: One; again: () => Promise<void> }) {
  const [wish, setWish] = useState<Wish>("");
  const { busy, send } = useDeed();
  const [looks, setLooks] = useState(false);
  const { status, source } = one;
  const { words, tone } = cameraSaid(one);
  const act = (says: string, what: () => Promise<unknown>): Promise<void> =>
    send(says, async () => {
      await what();
      await again();
      setWish("");
    });
  const stop = (): Promise<void> =>
    act("Stopping …", () => Promise.all(status.recordings.map((id) => post(`/v1/recordings/${id}/stop`))));
  const remove = (): Promise<void> => act("Removing it …", () => ask("DELETE", `/v1/cameras/${one.id}`));
  const begun = async (_: Recording): Promise<void> => {
    await again();
    setWish("");
  };
  return (
    <section class="camera" aria-label={one.name}>
      <Preview camera={one.id} name={one.name} onLook={setLooks} />
      <div class="about">
        <div class="row between">
          <h2>{one.name}</h2>
          <span class={`badge ${tone}`} role="status">
            {words}
          </span>
        </div>
        <p class="hint address">
          {source.address}
          {source.credentials && " · with a password"}
        </p>
        {status.recording ? <Rolling one={one} /> : <p class="hint figures">{pictureWords(status) || "Its picture is not known yet."}</p>}
        {status.last_error && status.state !== "connected" && (
          <p class="wrong">
            {status.last_error.message}{" "}
            {status.last_error.at && <span class="hint">{ago(new Date(status.last_error.at), new Date())}</span>}
          </p>
        )}
        <div class="row">
          {status.recording ? (
            <Button kind="primary" busy={busy} onClick={() => void stop()}>
              Stop recording
            </Button>
          ) : (
            <button type="button" class="primary" onClick={() => setWish("record")}>
              Record<span class="unseen"> {one.name}</span>
            </button>
          )}
          <button type="button" class="quiet" disabled={status.recording} onClick={() => setWish("delete")}>
            Remove<span class="unseen"> {one.name}</span>
          </button>
        </div>
      </div>
      {wish === "record" && <Starting camera={one} looks={looks} onMade={begun} onClose={() => setWish("")} />}
      {wish === "delete" && (
        <Confirm title={`Remove ${one.name}?`} deed="Remove it" busy={busy} onDeed={remove} onClose={() => setWish("")}>
          Its address and password go. What it recorded stays.
        </Confirm>
      )}
    </section>
  );
}

/** The red light: it says in words what it is. */
function Rolling({ one: { status } }: { one: One }) {
  const live = status.state === "connected" && status.elapsed_s > 0;
  const now = useNow(live);
  const elapsed = elapsedNow(status.elapsed_s, status.updated_at, now, live);
  const dropped = status.dropped_frames;
  return (
    <div class="rolling">
      <p class="rec">
        <span class="light" aria-hidden="true" />
        <strong>REC</strong>
        <span class="time">{clock(elapsed)}</span>
      </p>
      <p class="hint figures">
        {[
          pictureWords(status),
          status.size_bytes ? bytes(status.size_bytes) : "",
          dropped ? `${dropped} dropped` : "nothing dropped",
          status.recordings.length > 1 ? `${status.recordings.length} recordings` : "",
        ]
          .filter(Boolean)
          .join(" · ")}
      </p>
    </div>
  );
}
