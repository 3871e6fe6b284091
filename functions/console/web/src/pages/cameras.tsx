/** Cameras far away: looked at, recorded, and what they recorded. */
import { useState } from "preact/hooks";
import { Adding } from "../cameras/adding.tsx";
import { Camera } from "../cameras/camera.tsx";
import { Recordings } from "../cameras/recordings.tsx";
import { useCameras } from "../cameras/use-cameras.ts";
import type { PageProps } from "../routes.ts";
import { session } from "../session.ts";
import { useTitle } from "../ui/use-title.ts";
import { useStore } from "../store.ts";
import { Button } from "../ui/button.tsx";
import { Waiting } from "../ui/progress.tsx";
import { Unread } from "../ui/load-error.tsx";

export default function CamerasPage(_: PageProps) {
  const who = useStore(session);
  useTitle("Cameras");
  return typeof who === "object" ? <Cameras key={who.uid} uid={who.uid} /> : null;
}

function Cameras({ uid }: { uid: string }) {
  const { cameras, recordings } = useCameras(uid);
  const [adding, setAdding] = useState(false);
  const all = [...(cameras.data?.cameras ?? [])].sort((a, b) => a.created_at.localeCompare(b.created_at));
  const again = async (): Promise<void> => {
    await Promise.all([cameras.again(), recordings.again()]);
  };
  const made = async (): Promise<void> => {
    await cameras.again();
    setAdding(false);
  };
  return (
    <article class="room cameras">
      <header class="row between">
        <h1>Cameras</h1>
        {all.length > 0 && <Button onClick={() => setAdding(true)}>Add a camera</Button>}
      </header>
      {!cameras.data ? (
        cameras.wrong ? (
          <Unread fault={cameras.wrong} again={cameras.again} />
        ) : (
          <Waiting words="Getting your cameras …" />
        )
      ) : all.length === 0 ? (
        <div class="empty stack">
          <p>
            No camera yet. Give the address of one that speaks RTSP, or shows MJPEG over http: here you look at it live, and
            record it for as long as you like. For the camera of the device in your hand, begin a{" "}
            <a href="/new">new job</a>.
          </p>
          <p>
            <Button kind="primary" onClick={() => setAdding(true)}>
              Add a camera
            </Button>
          </p>
        </div>
      ) : (
        all.map((one) => <Camera key={one.id} one={one} again={again} />)
      )}
      <section aria-labelledby="recordings">
        <h2 id="recordings">Recordings</h2>
        <Recordings list={recordings} names={new Map(all.map((one) => [one.id, one.name]))} />
      </section>
      {adding && <Adding onMade={made} onClose={() => setAdding(false)} />}
    </article>
  );
}
