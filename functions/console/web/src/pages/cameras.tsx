/** Network cameras and their recordings. */
import { useState } from "preact/hooks";
import { AddCamera } from "../cameras/add-camera.tsx";
import { CameraCard } from "../cameras/camera-card.tsx";
import { Recordings } from "../cameras/recordings.tsx";
import { useCameras } from "../cameras/use-cameras.ts";
import type { PageProps } from "../routes.ts";
import { session } from "../session.ts";
import { useTitle } from "../ui/use-title.ts";
import { useStore } from "../store.ts";
import { Button } from "../ui/button.tsx";
import { Loading } from "../ui/progress.tsx";
import { LoadError } from "../ui/load-error.tsx";

export default function CamerasPage(_: PageProps) {
  const currentSession = useStore(session);
  useTitle("Cameras");
  return typeof currentSession === "object" ? <Cameras key={currentSession.uid} uid={currentSession.uid} /> : null;
}

function Cameras({ uid }: { uid: string }) {
  const { cameras, recordings } = useCameras(uid);
  const [isAdding, setIsAdding] = useState(false);
  const sorted = [...(cameras.data?.cameras ?? [])].sort((a, b) => a.created_at.localeCompare(b.created_at));
  const refetchAll = async (): Promise<void> => {
    await Promise.all([cameras.refetch(), recordings.refetch()]);
  };
  const onCreated = async (): Promise<void> => {
    await cameras.refetch();
    setIsAdding(false);
  };
  return (
    <article class="page-sections cameras">
      <header class="row between">
        <h1>Cameras</h1>
        {sorted.length > 0 && <Button onClick={() => setIsAdding(true)}>Add a camera</Button>}
      </header>
      {!cameras.data ? (
        cameras.error ? (
          <LoadError error={cameras.error} onRetry={cameras.refetch} />
        ) : (
          <Loading text="Getting your cameras …" />
        )
      ) : sorted.length === 0 ? (
        <div class="empty stack">
          <p>
            No camera yet. Give the address of one that speaks RTSP, or shows MJPEG over http: here you look at it live, and
            record it for as long as you like. For the camera of the device in your hand, begin a{" "}
            <a href="/new">new job</a>.
          </p>
          <p>
            <Button kind="primary" onClick={() => setIsAdding(true)}>
              Add a camera
            </Button>
          </p>
        </div>
      ) : (
        sorted.map((camera) => <CameraCard key={camera.id} camera={camera} refetch={refetchAll} />)
      )}
      <section aria-labelledby="recordings">
        <h2 id="recordings">Recordings</h2>
        <Recordings recordings={recordings} names={new Map(sorted.map((camera) => [camera.id, camera.name]))} />
      </section>
      {isAdding && <AddCamera onCreated={onCreated} onClose={() => setIsAdding(false)} />}
    </article>
  );
}
