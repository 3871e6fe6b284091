/** Video player that shares its time through a playhead, and the list of chapters. */
import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { formatClock } from "../format.ts";
import { type Chapter, chapterAt } from "./chapters.ts";
import type { Playhead } from "./playhead.ts";

interface MediaLink {
  url: string;
}

export interface PlayerProps {
  playhead: Playhead;
  label: string;
  /** Returns a signed URL; `refresh` after the last one failed. */
  getLink: (refresh: boolean) => Promise<MediaLink>;
  /** Width over height; reserves the space before the video loads. */
  aspectRatio: number;
  poster?: string | undefined;
  /** Content of a WebVTT file. */
  subtitles?: string | undefined;
  /** Shows the subtitles before the user selects them. */
  showSubtitles?: boolean;
  language?: string | undefined;
  /** Drawn over the video. */
  children?: ComponentChildren;
}

/** Signed URLs expire after 15 minutes: an older one is renewed after an error. */
const LINK_MAX_AGE_MS = 5 * 60_000;

export function Player({
  playhead, label, getLink, aspectRatio, poster, subtitles, showSubtitles = false, language, children,
}: PlayerProps) {
  const video = useRef<HTMLVideoElement>(null);
  const [src, setSrc] = useState("");
  const [failure, setFailure] = useState("");
  const [videoAspectRatio, setVideoAspectRatio] = useState(aspectRatio);
  const linkedAt = useRef(0);
  const track = useTextUrl(subtitles);

  const load = async (refresh: boolean): Promise<void> => {
    try {
      const { url } = await getLink(refresh);
      linkedAt.current = Date.now();
      setSrc(url);
      setFailure("");
    } catch {
      setFailure("The video could not be loaded. Check your connection, then reload the page.");
    }
  };
  useEffect(() => void load(false), []);
  useEffect(() => (video.current ? playhead.attach(video.current) : undefined), [playhead]);

  const onPlayerError = (): void => {
    const player = video.current;
    if (!player?.error) return;
    if (Date.now() - linkedAt.current > LINK_MAX_AGE_MS) {
      const position = player.currentTime;
      const playing = !player.paused;
      player.addEventListener(
        "loadedmetadata",
        () => {
          player.currentTime = position;
          if (playing) void player.play();
        },
        { once: true },
      );
      void load(true);
      return;
    }
    setFailure("This browser cannot play the file. Everything else on this page works without it.");
  };

  return (
    <div class="player" style={{ "--aspect-ratio": String(videoAspectRatio) }}>
      <video
        ref={video}
        controls
        playsInline
        preload="metadata"
        aria-label={label}
        {...(src ? { src } : {})}
        {...(poster ? { poster } : {})}
        onLoadedMetadata={({ currentTarget: { videoWidth, videoHeight } }) => {
          if (videoWidth && videoHeight) setVideoAspectRatio(videoWidth / videoHeight);
        }}
        onError={onPlayerError}
      >
        {track && <track kind="subtitles" src={track} srcLang={language ?? "en"} label="Subtitles" default={showSubtitles} />}
      </video>
      {children}
      {failure && (
        <p class="broken" role="status">
          {failure}
        </p>
      )}
    </div>
  );
}

/** Object URL of a text, for <track>. */
function useTextUrl(text: string | undefined): string | undefined {
  const [url, setUrl] = useState<string>();
  useEffect(() => {
    if (!text) return setUrl(undefined);
    const objectUrl = URL.createObjectURL(new Blob([text], { type: "text/vtt" }));
    setUrl(objectUrl);
    return () => URL.revokeObjectURL(objectUrl);
  }, [text]);
  return url;
}

export function Chapters({ chapters, playhead }: { chapters: Chapter[]; playhead: Playhead }) {
  const [current, setCurrent] = useState(-1);
  useEffect(() => playhead.listen((timeS) => setCurrent(chapterAt(chapters, timeS))), [chapters, playhead]);
  return (
    <ol class="chapters" aria-label="Chapters">
      {chapters.map((chapter, index) => (
        <li key={chapter.startS}>
          <button
            type="button"
            class="quiet"
            aria-current={index === current ? "true" : undefined}
            onClick={() => playhead.seek(chapter.startS)}
          >
            <span class="time">{formatClock(chapter.startS)}</span>
            <span>{chapter.title}</span>
          </button>
        </li>
      ))}
    </ol>
  );
}
