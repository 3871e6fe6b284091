/** Virtualized gallery of all frames with their times. */
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { type Artifact, type Job, findArtifact } from "../job/model.ts";
import { videoAspectRatio } from "../job/aspect-ratio.ts";
import { fragment, fragmentParam, removeFragmentParam, setFragmentParam } from "../location.ts";
import { useStore } from "../store.ts";
import { Panel } from "../ui/panel.tsx";
import { errorMessage } from "../format.ts";
import { type Grid, layoutGrid } from "./grid.ts";
import { type Archive, useArchive, usePicture } from "./use-archive.ts";
import { formatExactClock } from "./format.ts";
import type { Entry } from "./zip.ts";

const CAPTION_PX = 28;
const GAP_PX = 12;
const MIN_CELL_PX = 150;
/** Rows shown before "Show all", so that the rest of the page stays near. */
const COLLAPSED_ROWS = 4;

export function Gallery({ job }: { job: Job }) {
  const artifact = findArtifact(job, "frames.zip") as Artifact;
  const { archive, error } = useArchive(job.id, artifact);
  if (error)
    return (
      <p class="error-text" role="alert">
        {errorMessage(error)}
      </p>
    );
  return <Frames job={job} archive={archive} />;
}

/** Before the directory has loaded, space is reserved by the job's number of frames. */
function Frames({ job, archive }: { job: Job; archive: Archive | null }) {
  const gridRef = useRef<HTMLDivElement>(null);
  const [openIndex, setOpenIndex] = useOpenFrame();
  const [expanded, setExpanded] = useState(false);
  const entries = archive?.entries ?? [];
  const count = archive ? entries.length : Number(job.facts.frame_extraction?.frames ?? 0);
  const aspect = archive ? aspectOf(entries[0]) : clampAspect(1 / videoAspectRatio(job));
  const layout = useGrid(gridRef, count, aspect, expanded ? Number.POSITIVE_INFINITY : COLLAPSED_ROWS);
  const lastTimeS = entries.at(-1)?.stamp?.timeS ?? 0;
  const countText = count === 1 ? "1 frame" : `${count.toLocaleString()} frames`;

  const scrollToIndex = (index: number): void => {
    const top = (gridRef.current?.getBoundingClientRect().top ?? 0) + scrollY;
    if (layout) scrollTo({ top: top + Math.floor(index / layout.columns) * layout.rowPx - 80 });
  };
  return (
    <>
      <div class="row between gallery-header">
        <p class="hint" role="status">
          {archive ? `${countText} up to ${formatExactClock(lastTimeS)}` : `Looking for ${countText} …`}
        </p>
        {expanded && <FrameSeek entries={entries} onSeek={scrollToIndex} />}
      </div>
      <div ref={gridRef} class="gallery" style={{ blockSize: `${layout?.totalPx ?? 0}px` }}>
        {archive && layout && (
          <ul
            style={{
              gridTemplateColumns: `repeat(${layout.columns}, 1fr)`,
              transform: `translateY(${layout.abovePx}px)`,
            }}
          >
            {entries.slice(layout.first, layout.last).map((entry, offset) => (
              <li key={entry.name}>
                <Frame archive={archive} entry={entry} aspect={aspect} onOpen={() => setOpenIndex(layout.first + offset)} />
              </li>
            ))}
          </ul>
        )}
      </div>
      {layout && !expanded && count > layout.columns * COLLAPSED_ROWS && (
        <p>
          <button type="button" disabled={!archive} onClick={() => setExpanded(true)}>
            Show all {countText}
          </button>
        </p>
      )}
      {archive && openIndex >= 0 && openIndex < entries.length && (
        <FrameViewer archive={archive} index={openIndex} onSelect={setOpenIndex} onClose={() => setOpenIndex(-1)} />
      )}
    </>
  );
}

/**
 * The index of the frame in the viewer, or -1, and a function that sets it.
 *
 * It is part of the address, as `#frame=12`, and opening adds a history entry: Back closes the viewer.
 */
function useOpenFrame(): [number, (index: number) => void] {
  const number = Number(fragmentParam(useStore(fragment), "frame") ?? 0);
  const openIndex = Number.isInteger(number) ? number - 1 : -1;
  const open = (index: number): void => {
    if (index < 0) removeFragmentParam("frame");
    else setFragmentParam("frame", String(index + 1), openIndex < 0);
  };
  return [openIndex, open];
}

interface FrameProps {
  archive: Archive;
  entry: Entry;
  aspect: number;
  onOpen: () => void;
}

function Frame({ archive, entry, aspect, onOpen }: FrameProps) {
  const { url, error } = usePicture(archive, entry);
  return (
    <button type="button" class="frame" aria-label={`Frame at ${timeOf(entry)}`} onClick={onOpen}>
      <span class="picture" style={{ aspectRatio: String(1 / aspect) }}>
        {url && <img src={url} alt="" />}
        {error && <span class="hint">Not loaded</span>}
      </span>
      <span class="time">{timeOf(entry)}</span>
    </button>
  );
}

/** Slider that scrolls to a time. */
function FrameSeek({ entries, onSeek }: { entries: Entry[]; onSeek: (index: number) => void }) {
  const [index, setIndex] = useState(0);
  return (
    <label class="frame-seek">
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
          onSeek(next);
        }}
      />
    </label>
  );
}

interface FrameViewerProps {
  archive: Archive;
  index: number;
  onSelect: (index: number) => void;
  onClose: () => void;
}

function FrameViewer({ archive, index, onSelect, onClose }: FrameViewerProps) {
  const entry = archive.entries[index] as Entry;
  const { url, error } = usePicture(archive, entry);
  const [shownUrl, setShownUrl] = useState("");
  // The previous picture stays until the next one has loaded.
  useEffect(() => {
    if (url) setShownUrl(url);
  }, [url]);
  const move = (offset: number): void =>
    onSelect(Math.min(archive.entries.length - 1, Math.max(0, index + offset)));
  return (
    <Panel title={`Frame at ${timeOf(entry)}`} onClose={onClose} wide>
      <div
        class="frame-viewer"
        onKeyDown={(event) => {
          if (event.key === "ArrowLeft") move(-1);
          if (event.key === "ArrowRight") move(1);
        }}
      >
        <span class="picture" style={{ aspectRatio: String(1 / aspectOf(entry)) }}>
          {shownUrl && <img src={shownUrl} alt={`The video at ${timeOf(entry)}`} />}
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
            <span class="hint">{error ? "It could not be loaded" : "Loading …"}</span>
          )}
        </div>
      </div>
    </Panel>
  );
}

/** `maxRows`: the number of rows when collapsed. */
function useGrid(
  ref: { current: HTMLElement | null }, count: number, aspect: number, maxRows: number,
): Grid | null {
  const [layout, setLayout] = useState<Grid | null>(null);
  // A layout effect: the space is reserved before the first paint.
  useLayoutEffect(() => {
    let frame = 0;
    const measure = (): void => {
      const rect = ref.current?.getBoundingClientRect();
      if (!rect?.width) return;
      const cells = { count, aspect, captionPx: CAPTION_PX, gapPx: GAP_PX, minCellPx: MIN_CELL_PX };
      const viewport = { widthPx: rect.width, topPx: -rect.top, heightPx: innerHeight };
      const { columns } = layoutGrid(cells, viewport);
      const next = layoutGrid({ ...cells, count: Math.min(count, columns * maxRows) }, viewport);
      setLayout((previous) => (JSON.stringify(previous) === JSON.stringify(next) ? previous : next));
    };
    const scheduleMeasure = (): void => {
      cancelAnimationFrame(frame);
      frame = requestAnimationFrame(measure);
    };
    measure();
    const observer = new ResizeObserver(scheduleMeasure);
    if (ref.current) observer.observe(ref.current);
    addEventListener("scroll", scheduleMeasure, { passive: true });
    addEventListener("resize", scheduleMeasure);
    return () => {
      cancelAnimationFrame(frame);
      observer.disconnect();
      removeEventListener("scroll", scheduleMeasure);
      removeEventListener("resize", scheduleMeasure);
    };
  }, [count, aspect, maxRows]);
  return layout;
}

const timeOf = (entry: Entry): string => (entry.stamp ? formatExactClock(entry.stamp.timeS) : entry.name);

/** Height over width. */
function aspectOf(entry: Entry | undefined): number {
  const { width = 16, height = 9 } = entry?.stamp ?? {};
  return clampAspect(height / width);
}

/** Limits extreme aspect ratios. */
const clampAspect = (aspect: number): number => Math.min(1.8, Math.max(0.3, aspect));
