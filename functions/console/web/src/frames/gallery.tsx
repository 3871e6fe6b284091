/** All frames of a job with their times: thousands, of which only those in sight are there. */
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { type Artefact, type Job, artefact } from "../job/model.ts";
import { shapeOfVideo } from "../job/video.ts";
import { Box } from "../ui/panel.tsx";
import { sentence } from "../words.ts";
import { type Grid, grid } from "./grid.ts";
import { type Archive, useArchive, usePicture } from "./use-archive.ts";
import { exactClock } from "./words.ts";
import type { Entry } from "./zip.ts";

const CAPTION_PX = 28;
const GAP_PX = 12;
const LEAST_PX = 150;
/** Before somebody asks for all of them: what follows on the page stays near. */
const FIRST_ROWS = 4;

export function Gallery({ job }: { job: Job }) {
  const one = artefact(job, "frames.zip") as Artefact;
  const { archive, wrong } = useArchive(job.id, one);
  if (wrong)
    return (
      <p class="wrong" role="alert">
        {sentence(wrong)}
      </p>
    );
  return <Frames job={job} archive={archive} />;
}

/** Before the archive was looked into there is room for as many as the job says. */
function Frames({ job, archive }: { job: Job; archive: Archive | null }) {
  const box = useRef<HTMLDivElement>(null);
  const [open, setOpen] = useState(-1);
  const [all, setAll] = useState(false);
  const entries = archive?.entries ?? [];
  const count = archive ? entries.length : Number(job.facts.frame_extraction?.frames ?? 0);
  const shape = archive ? shapeOf(entries[0]) : usual(1 / shapeOfVideo(job));
  const seen = useGrid(box, count, shape, all ? Number.POSITIVE_INFINITY : FIRST_ROWS);
  const last = entries.at(-1)?.stamp?.timeS ?? 0;
  const many = count === 1 ? "1 frame" : `${count.toLocaleString()} frames`;

  const go = (index: number): void => {
    const top = (box.current?.getBoundingClientRect().top ?? 0) + scrollY;
    if (seen) scrollTo({ top: top + Math.floor(index / seen.columns) * seen.rowPx - 80 });
  };
  return (
    <>
      <div class="row between">
        <p class="hint" role="status">
          {archive ? `${many} up to ${exactClock(last)}` : `Looking for ${many} …`}
        </p>
        {all && <Jump entries={entries} onJump={go} />}
      </div>
      <div ref={box} class="gallery" style={{ blockSize: `${seen?.totalPx ?? 0}px` }}>
        {archive && seen && (
          <ul
            style={{
              gridTemplateColumns: `repeat(${seen.columns}, 1fr)`,
              transform: `translateY(${seen.abovePx}px)`,
            }}
          >
            {entries.slice(seen.first, seen.last).map((entry, n) => (
              <li key={entry.name}>
                <Frame archive={archive} entry={entry} shape={shape} onOpen={() => setOpen(seen.first + n)} />
              </li>
            ))}
          </ul>
        )}
      </div>
      {seen && !all && count > seen.columns * FIRST_ROWS && (
        <p>
          <button type="button" disabled={!archive} onClick={() => setAll(true)}>
            Show all {many}
          </button>
        </p>
      )}
      {archive && open >= 0 && (
        <Large archive={archive} index={open} onMove={setOpen} onClose={() => setOpen(-1)} />
      )}
    </>
  );
}

interface FrameProps {
  archive: Archive;
  entry: Entry;
  shape: number;
  onOpen: () => void;
}

function Frame({ archive, entry, shape, onOpen }: FrameProps) {
  const { url, wrong } = usePicture(archive, entry);
  return (
    <button type="button" class="frame" aria-label={`Frame at ${timeOf(entry)}`} onClick={onOpen}>
      <span class="picture" style={{ aspectRatio: String(1 / shape) }}>
        {url && <img src={url} alt="" />}
        {wrong && <span class="hint">Not loaded</span>}
      </span>
      <span class="time">{timeOf(entry)}</span>
    </button>
  );
}

/** Go to a time without scrolling past everything before it. */
function Jump({ entries, onJump }: { entries: Entry[]; onJump: (index: number) => void }) {
  const [index, setIndex] = useState(0);
  return (
    <label class="jump">
      Go to {timeOf(entries[index] as Entry)}
      <input
        type="range"
        min={0}
        max={entries.length - 1}
        value={index}
        aria-valuetext={timeOf(entries[index] as Entry)}
        onInput={(event) => {
          const next = Number(event.currentTarget.value);
          setIndex(next);
          onJump(next);
        }}
      />
    </label>
  );
}

interface LargeProps {
  archive: Archive;
  index: number;
  onMove: (index: number) => void;
  onClose: () => void;
}

function Large({ archive, index, onMove, onClose }: LargeProps) {
  const entry = archive.entries[index] as Entry;
  const { url, wrong } = usePicture(archive, entry);
  const [shown, setShown] = useState("");
  // The frame of before stays until the next one is here.
  useEffect(() => {
    if (url) setShown(url);
  }, [url]);
  const move = (by: number): void =>
    onMove(Math.min(archive.entries.length - 1, Math.max(0, index + by)));
  return (
    <Box title={`Frame at ${timeOf(entry)}`} onClose={onClose} wide>
      <div
        class="large"
        onKeyDown={(event) => {
          if (event.key === "ArrowLeft") move(-1);
          if (event.key === "ArrowRight") move(1);
        }}
      >
        <span class="picture" style={{ aspectRatio: String(1 / shapeOf(entry)) }}>
          {shown && <img src={shown} alt={`The video at ${timeOf(entry)}`} />}
        </span>
        <div class="row between">
          <div class="row">
            <button type="button" disabled={index === 0} onClick={() => move(-1)}>
              ← Earlier
            </button>
            <button type="button" autofocus disabled={index === archive.entries.length - 1} onClick={() => move(1)}>
              Later →
            </button>
          </div>
          <span class="hint">
            {index + 1} of {archive.entries.length}
            {entry.stamp && ` · ${entry.stamp.width} × ${entry.stamp.height}`}
          </span>
          {url ? (
            <a class="button" href={url} download={entry.name}>
              Download this frame
            </a>
          ) : (
            <span class="hint">{wrong ? "It could not be loaded" : "Loading …"}</span>
          )}
        </div>
      </div>
    </Box>
  );
}

/** `rowsMost`: no more rows than this are shown at all. */
function useGrid(
  box: { current: HTMLElement | null }, count: number, shape: number, rowsMost: number,
): Grid | null {
  const [seen, setSeen] = useState<Grid | null>(null);
  // Before anything is painted: the room is there at once.
  useLayoutEffect(() => {
    let frame = 0;
    const look = (): void => {
      const place = box.current?.getBoundingClientRect();
      if (!place?.width) return;
      const cells = { count, shape, captionPx: CAPTION_PX, gapPx: GAP_PX, leastPx: LEAST_PX };
      const room = { widthPx: place.width, fromPx: -place.top, heightPx: innerHeight };
      const { columns } = grid(cells, room);
      const next = grid({ ...cells, count: Math.min(count, columns * rowsMost) }, room);
      setSeen((before) => (JSON.stringify(before) === JSON.stringify(next) ? before : next));
    };
    const soon = (): void => {
      cancelAnimationFrame(frame);
      frame = requestAnimationFrame(look);
    };
    look();
    const watch = new ResizeObserver(soon);
    if (box.current) watch.observe(box.current);
    addEventListener("scroll", soon, { passive: true });
    addEventListener("resize", soon);
    return () => {
      cancelAnimationFrame(frame);
      watch.disconnect();
      removeEventListener("scroll", soon);
      removeEventListener("resize", soon);
    };
  }, [count, shape, rowsMost]);
  return seen;
}

const timeOf = (entry: Entry): string => (entry.stamp ? exactClock(entry.stamp.timeS) : entry.name);

/** Height over width. */
function shapeOf(entry: Entry | undefined): number {
  const { width = 16, height = 9 } = entry?.stamp ?? {};
  return usual(height / width);
}

/** Extreme ones are shown within a usual shape. */
const usual = (shape: number): number => Math.min(1.8, Math.max(0.3, shape));
