/** A player whose time others share, with chapters beside it. */
import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { clock } from "../words.ts";
import { type Chapter, chapterAt } from "./chapters.ts";
import type { Playhead } from "./playhead.ts";

interface Linked {
  url: string;
}

export interface PlayerProps {
  playhead: Playhead;
  label: string;
  /** Asks where the film is; `fresh` when the last link did not do. */
  link: (fresh: boolean) => Promise<Linked>;
  /** Width over height, so that nothing moves when the film comes. */
  shape: number;
  poster?: string | undefined;
  /** The text of a WebVTT file. */
  subtitles?: string | undefined;
  language?: string | undefined;
  /** Drawn over the picture. */
  children?: ComponentChildren;
}

/** A link holds for fifteen minutes: an error after this is no fault of the film. */
const LINK_AGED_MS = 5 * 60_000;

export function Player({
  playhead, label, link, shape, poster, subtitles, language, children,
}: PlayerProps) {
  const video = useRef<HTMLVideoElement>(null);
  const [src, setSrc] = useState("");
  const [broken, setBroken] = useState("");
  const [seen, setSeen] = useState(shape);
  const linkedAt = useRef(0);
  const track = useText(subtitles);

  const load = async (fresh: boolean): Promise<void> => {
    try {
      const { url } = await link(fresh);
      linkedAt.current = Date.now();
      setSrc(url);
      setBroken("");
    } catch {
      setBroken("The film could not be loaded. Look at your connection, then load the page again.");
    }
  };
  useEffect(() => void load(false), []);
  useEffect(() => (video.current ? playhead.attach(video.current) : undefined), [playhead]);

  const failed = (): void => {
    const player = video.current;
    if (!player?.error) return;
    if (Date.now() - linkedAt.current > LINK_AGED_MS) {
      const at = player.currentTime;
      const playing = !player.paused;
      player.addEventListener(
        "loadedmetadata",
        () => {
          player.currentTime = at;
          if (playing) void player.play();
        },
        { once: true },
      );
      void load(true);
      return;
    }
    setBroken("This browser cannot play the file. Everything else on this page works without it.");
  };

  return (
    <div class="player" style={{ "--shape": String(seen) }}>
      <video
        ref={video}
        controls
        playsInline
        preload="metadata"
        aria-label={label}
        {...(src ? { src } : {})}
        {...(poster ? { poster } : {})}
        onLoadedMetadata={({ currentTarget: { videoWidth, videoHeight } }) => {
          if (videoWidth && videoHeight) setSeen(videoWidth / videoHeight);
        }}
        onError={failed}
      >
        {track && <track kind="subtitles" src={track} srcLang={language ?? "en"} label="Subtitles" />}
      </video>
      {children}
      {broken && (
        <p class="broken" role="status">
          {broken}
        </p>
      )}
    </div>
  );
}

/** A text as something that <track> can load. */
function useText(text: string | undefined): string | undefined {
  const [url, setUrl] = useState<string>();
  useEffect(() => {
    if (!text) return setUrl(undefined);
    const made = URL.createObjectURL(new Blob([text], { type: "text/vtt" }));
    setUrl(made);
    return () => URL.revokeObjectURL(made);
  }, [text]);
  return url;
}

export function Chapters({ chapters, playhead }: { chapters: Chapter[]; playhead: Playhead }) {
  const [here, setHere] = useState(-1);
  useEffect(() => playhead.listen((timeS) => setHere(chapterAt(chapters, timeS))), [chapters, playhead]);
  return (
    <ol class="chapters" aria-label="Chapters">
      {chapters.map((one, n) => (
        <li key={one.startS}>
          <button
            type="button"
            class="quiet"
            aria-current={n === here ? "true" : undefined}
            onClick={() => playhead.seek(one.startS)}
          >
            <span class="time">{clock(one.startS)}</span>
            <span>{one.title}</span>
          </button>
        </li>
      ))}
    </ol>
  );
}
