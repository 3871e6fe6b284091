import { useEffect, useRef, useState } from "preact/hooks";
import { watchPreview } from "./watch-preview.ts";

/** An unreachable camera sends neither pictures nor an end of stream. */
const STALLED_MS = 5_000;

/** Live preview of a camera. It connects on demand and disconnects while the page is hidden. */
export function Preview({
  camera,
  name,
  onWatchingChange,
}: {
  camera: string;
  name: string;
  onWatchingChange: (watching: boolean) => void;
}) {
  const [watching, setWatching] = useState(false);
  const [problem, setProblem] = useState("");
  const [hasPicture, setHasPicture] = useState(false);
  const [stalled, setStalled] = useState(false);
  const image = useRef<HTMLImageElement>(null);
  const visible = useVisible();
  useEffect(() => {
    if (!watching || !visible) return;
    const controller = new AbortController();
    let lastPictureAt = Date.now();
    let currentUrl = "";
    const show = (jpeg: Blob): void => {
      lastPictureAt = Date.now();
      setHasPicture(true);
      const nextUrl = URL.createObjectURL(jpeg);
      if (image.current) image.current.src = nextUrl;
      if (currentUrl) URL.revokeObjectURL(currentUrl);
      currentUrl = nextUrl;
    };
    const timer = setInterval(() => setStalled(Date.now() - lastPictureAt > STALLED_MS), 1000);
    void watchPreview(camera, { onPicture: show, onProblem: setProblem }, controller.signal);
    return () => {
      controller.abort();
      clearInterval(timer);
    };
  }, [camera, watching, visible]);
  const setPreview = (enabled: boolean): void => {
    setWatching(enabled);
    onWatchingChange(enabled);
    setHasPicture(false);
    setStalled(false);
    setProblem("");
  };
  const statusText =
    problem || (!hasPicture ? "Waiting for the first picture …" : stalled ? "No new picture for some seconds …" : "");
  return (
    <div class="preview">
      {watching && <img ref={image} alt={`What ${name} shows now`} class={hasPicture ? "" : "visually-hidden"} />}
      {watching ? (
        <>
          {statusText && (
            <p class="preview-status" role="status">
              {statusText}
            </p>
          )}
          <button type="button" class="stop-preview" onClick={() => setPreview(false)}>
            Stop looking
          </button>
        </>
      ) : (
        <button type="button" onClick={() => setPreview(true)}>
          Look<span class="visually-hidden"> at {name}</span>
        </button>
      )}
    </div>
  );
}

function useVisible(): boolean {
  const [visible, setVisible] = useState(!document.hidden);
  useEffect(() => {
    const update = (): void => setVisible(!document.hidden);
    document.addEventListener("visibilitychange", update);
    return () => document.removeEventListener("visibilitychange", update);
  }, []);
  return visible;
}
