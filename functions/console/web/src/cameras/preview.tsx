import { useEffect, useRef, useState } from "preact/hooks";
import { watch } from "./watch.ts";

/** A camera that is away sends no pictures, and no end either. */
const STILL_MS = 5_000;

/** What is before a camera now. Nobody looks until it is asked for, nor while the page is hidden. */
export function Preview({ camera, name, onLook }: { camera: string; name: string; onLook: (looks: boolean) => void }) {
  const [on, setOn] = useState(false);
  const [trouble, setTrouble] = useState("");
  const [seen, setSeen] = useState(false);
  const [still, setStill] = useState(false);
  const picture = useRef<HTMLImageElement>(null);
  const visible = useVisible();
  useEffect(() => {
    if (!on || !visible) return;
    const stop = new AbortController();
    let last = Date.now();
    let shown = "";
    const show = (jpeg: Blob): void => {
      last = Date.now();
      setSeen(true);
      const next = URL.createObjectURL(jpeg);
      if (picture.current) picture.current.src = next;
      if (shown) URL.revokeObjectURL(shown);
      shown = next;
    };
    const timer = setInterval(() => setStill(Date.now() - last > STILL_MS), 1000);
    void watch(camera, { picture: show, trouble: setTrouble }, stop.signal);
    return () => {
      stop.abort();
      clearInterval(timer);
    };
  }, [camera, on, visible]);
  const look = (looks: boolean): void => {
    setOn(looks);
    onLook(looks);
    setSeen(false);
    setStill(false);
    setTrouble("");
  };
  const words = trouble || (!seen ? "Waiting for the first picture …" : still ? "No new picture for some seconds …" : "");
  return (
    <div class="viewfinder">
      {on && <img ref={picture} alt={`What ${name} shows now`} class={seen ? "" : "unseen"} />}
      {on ? (
        <>
          {words && (
            <p class="said" role="status">
              {words}
            </p>
          )}
          <button type="button" class="over" onClick={() => look(false)}>
            Stop looking
          </button>
        </>
      ) : (
        <button type="button" onClick={() => look(true)}>
          Look<span class="unseen"> at {name}</span>
        </button>
      )}
    </div>
  );
}

function useVisible(): boolean {
  const [visible, setVisible] = useState(!document.hidden);
  useEffect(() => {
    const changed = (): void => setVisible(!document.hidden);
    document.addEventListener("visibilitychange", changed);
    return () => document.removeEventListener("visibilitychange", changed);
  }, []);
  return visible;
}
