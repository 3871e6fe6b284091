/** The timeline chart, which is also a slider: click, drag and arrow keys seek. */
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import type { Playhead } from "../film/playhead.ts";
import { formatClock } from "../format.ts";
import {
  areas,
  bins,
  mostSeenFaces,
  seenRanges,
  spanOf,
  stackOrder,
  ticks,
  timeToX,
  xToTime,
} from "./chart-geometry.ts";
import { type Face, type Timeline, frameAt, readingsAt, seenDurationS } from "./timeline.ts";
import { emotionClass, readingsLabel, seenLabel } from "./labels.ts";

const LAYOUT = { height: 88, strip: 8, gap: 34, axis: 28 };
const FACES_COLLAPSED = 4;
/** The chart shows no more faces; emotions.csv has all. */
const FACES_EXPANDED = 16;
const BIN_PX = 3;

export function Chart({ timeline, playhead }: { timeline: Timeline; playhead: Playhead }) {
  const [expanded, setExpanded] = useState(false);
  const plotRef = useRef<HTMLDivElement>(null);
  const width = useWidth(plotRef);
  const span = useMemo(() => spanOf(timeline), [timeline]);
  const order = useMemo(() => stackOrder(timeline.classes), [timeline]);
  const faces = useMemo(
    () => mostSeenFaces(timeline, expanded ? FACES_EXPANDED : FACES_COLLAPSED),
    [timeline, expanded],
  );
  const slider = useSlider(timeline, playhead, width);
  const rowHeight = LAYOUT.gap + LAYOUT.height + LAYOUT.strip;
  const height = Math.max(1, faces.length) * rowHeight + LAYOUT.axis;

  return (
    <div class="chart">
      <Legend timeline={timeline} order={order} />
      <div
        ref={plotRef}
        class="plot"
        style={{ blockSize: `${height}px` }}
        role="slider"
        tabIndex={0}
        aria-label="Time in the video"
        aria-valuemin={span.beginS}
        aria-valuemax={span.endS}
        {...slider.aria}
        {...slider.handlers}
      >
        {width > 0 && (
          <svg width={width} height={height} aria-hidden="true">
            <defs>
              <pattern id="not-seen" width="7" height="7" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
                <rect class="background" width="7" height="7" />
                <line class="hatch" x1="0" y1="0" x2="0" y2="7" />
              </pattern>
            </defs>
            {faces.map((face, index) => (
              <g key={face.id} transform={`translate(0 ${index * rowHeight})`}>
                <FaceChart timeline={timeline} face={face} order={order} width={width} />
              </g>
            ))}
            {faces.length === 0 && (
              <g>
                <rect y={LAYOUT.gap} width={width} height={LAYOUT.height} fill="url(#not-seen)" />
                <text class="no-face" x={width / 2} y={LAYOUT.gap + LAYOUT.height / 2}>
                  No face that could be scored was found
                </text>
              </g>
            )}
            <g transform={`translate(0 ${height - LAYOUT.axis})`}>
              {ticks(span, Math.max(2, width / 90)).map((timeS) => (
                <g key={timeS} transform={`translate(${timeToX(timeS, span, width)} 0)`}>
                  <line class="tick" y1="2" y2="8" />
                  <text class={tickLabelClass(timeToX(timeS, span, width), width)} y="22">
                    {tickLabel(timeS)}
                  </text>
                </g>
              ))}
            </g>
          </svg>
        )}
        <div ref={slider.cursor} class="cursor" aria-hidden="true">
          <span />
        </div>
      </div>
      {timeline.faces.length > FACES_COLLAPSED && (
        <p>
          <button type="button" class="link" onClick={() => setExpanded(!expanded)}>
            {expanded
              ? `Show only the ${FACES_COLLAPSED} seen longest`
              : `Show ${Math.min(FACES_EXPANDED, timeline.faces.length)} people`}
          </button>
        </p>
      )}
    </div>
  );
}

function Legend({ timeline, order }: { timeline: Timeline; order: string[] }) {
  return (
    <ul class="legend" aria-label="Shares of the time in which faces were scored">
      {order.map((name) => (
        <li key={name}>
          <span class={`swatch ${emotionClass(name)}`} aria-hidden="true" />
          {name} <span class="hint">{Math.round((timeline.summary.share[name] ?? 0) * 100)} %</span>
        </li>
      ))}
    </ul>
  );
}

interface FaceChartProps {
  timeline: Timeline;
  face: Face;
  order: string[];
  width: number;
}

function FaceChart({ timeline, face, order, width }: FaceChartProps) {
  const chart = useMemo(() => {
    const count = Math.max(8, Math.floor(width / BIN_PX));
    const row = bins(timeline, face, spanOf(timeline), count);
    const size = { width, height: LAYOUT.height };
    return { row, paths: areas(row, timeline.classes, order, size), binWidth: width / count };
  }, [timeline, face, order, width]);
  return (
    <>
      <text class="person" y={LAYOUT.gap - 10}>
        Person {face.id}
        <tspan class="details" dx="8">
          {seenLabel(seenDurationS(timeline, face))}
        </tspan>
      </text>
      <g transform={`translate(0 ${LAYOUT.gap})`}>
        <rect width={width} height={LAYOUT.height} fill="url(#not-seen)" />
        {order.map((name) => (
          <path key={name} class={emotionClass(name)} d={chart.paths.get(name) ?? ""} />
        ))}
        {seenRanges(chart.row).map(([start, end]) => (
          <g key={start}>
            {dominantRuns(chart.row.slice(start, end)).map(({ start: offset, length, dominant, uncertain }) => (
              <rect
                key={offset}
                class={`${emotionClass(timeline.classes[dominant] ?? "")}${uncertain ? " uncertain" : ""}`}
                x={(start + offset) * chart.binWidth}
                y={LAYOUT.height + 2}
                width={length * chart.binWidth}
                height={LAYOUT.strip - 2}
              />
            ))}
          </g>
        ))}
      </g>
    </>
  );
}

interface DominantRun {
  start: number;
  length: number;
  dominant: number;
  uncertain: boolean;
}

/** Merges adjacent bins with the same dominant class. */
function dominantRuns(row: ReturnType<typeof bins>): DominantRun[] {
  const runs: DominantRun[] = [];
  row.forEach((bin, index) => {
    const last = runs.at(-1);
    if (!bin) return;
    const { dominant, uncertain } = bin;
    if (last && last.dominant === dominant && last.uncertain === uncertain) last.length += 1;
    else runs.push({ start: index, length: 1, dominant, uncertain });
  });
  return runs;
}

const KEY_STEPS: Record<string, number> = {
  ArrowLeft: -1,
  ArrowDown: -1,
  ArrowRight: 1,
  ArrowUp: 1,
  PageDown: -10,
  PageUp: 10,
};

/** The cursor of the chart: follows the playhead and seeks on input. */
function useSlider(timeline: Timeline, playhead: Playhead, width: number) {
  const cursor = useRef<HTMLDivElement>(null);
  const [frame, setFrame] = useState(-1);
  const span = useMemo(() => spanOf(timeline), [timeline]);

  useEffect(
    () =>
      playhead.listen((timeS) => {
        // Called 60 times a second while playing: moves the cursor without rendering.
        if (cursor.current) cursor.current.style.transform = `translateX(${timeToX(timeS, span, width)}px)`;
        setFrame(frameAt(timeline.timesS, timeS));
      }),
    [playhead, timeline, width],
  );
  const seekTo = (timeS: number): void => playhead.seek(Math.min(span.endS, Math.max(span.beginS, timeS)));
  const seekToPointer = (event: PointerEvent): void => {
    const element = event.currentTarget as HTMLElement;
    seekTo(xToTime(event.clientX - element.getBoundingClientRect().left, span, width));
  };
  const handlers = {
    onPointerDown: (event: PointerEvent) => {
      if (event.button !== 0) return;
      (event.currentTarget as HTMLElement).setPointerCapture(event.pointerId);
      seekToPointer(event);
    },
    onPointerMove: (event: PointerEvent) => {
      if ((event.currentTarget as HTMLElement).hasPointerCapture(event.pointerId)) seekToPointer(event);
    },
    onKeyDown: (event: KeyboardEvent) => {
      const frameStep = KEY_STEPS[event.key];
      const edgeTime = { Home: span.beginS, End: timeline.timesS.at(-1) ?? 0 }[event.key];
      if (frameStep === undefined && edgeTime === undefined) return;
      event.preventDefault();
      // Steps by frames, so that every key press changes the reading.
      const last = timeline.timesS.length - 1;
      const frameIndex = Math.min(last, Math.max(0, frame + (frameStep ?? 0)));
      seekTo(edgeTime ?? timeline.timesS[frameIndex] ?? span.beginS);
    },
  };
  const timeS = timeline.timesS[frame] ?? span.beginS;
  const aria = {
    "aria-valuenow": timeS,
    "aria-valuetext": `${formatClock(timeS)}: ${readingsLabel(frame < 0 ? [] : readingsAt(timeline, frame))}`,
  };
  return { cursor, handlers, aria };
}

/** The width of an element in CSS pixels, 0 before it is known. */
function useWidth(ref: { current: HTMLElement | null }): number {
  const [width, setWidth] = useState(0);
  useEffect(() => {
    if (!ref.current) return;
    const observer = new ResizeObserver(([entry]) => setWidth(Math.floor(entry?.contentRect.width ?? 0)));
    observer.observe(ref.current);
    return () => observer.disconnect();
  }, []);
  return width;
}

/** Keeps the first and the last label within the chart. */
function tickLabelClass(x: number, width: number): string {
  if (x < 14) return "label first";
  return x > width - 14 ? "label last" : "label";
}

function tickLabel(timeS: number): string {
  return Number.isInteger(timeS) ? formatClock(timeS) : `${formatClock(timeS)}.${Math.round((timeS % 1) * 10)}`;
}
