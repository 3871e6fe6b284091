/** The timeline as a chart that is also a slider: a click, a drag or the arrow keys move the film. */
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import type { Playhead } from "../film/playhead.ts";
import { clock } from "../words.ts";
import { areas, bins, longestSeen, spanOf, stacked, stretches, ticks, timeAt, xOf } from "./chart.ts";
import { type Face, type Timeline, frameAt, readingsAt, seenS } from "./timeline.ts";
import { emotionClass, seenWords, valueWords } from "./words.ts";

const PANEL = { height: 88, strip: 8, gap: 34, axis: 28 };
const FEW = 4;
/** More would be no chart any more; all of them are in the files. */
const MANY = 16;
const BIN_PX = 3;

export function Chart({ timeline, playhead }: { timeline: Timeline; playhead: Playhead }) {
  const [all, setAll] = useState(false);
  const box = useRef<HTMLDivElement>(null);
  const width = useWidth(box);
  const span = useMemo(() => spanOf(timeline), [timeline]);
  const order = useMemo(() => stacked(timeline.classes), [timeline]);
  const faces = useMemo(() => longestSeen(timeline, all ? MANY : FEW), [timeline, all]);
  const slider = useSlider(timeline, playhead, width);
  const step = PANEL.gap + PANEL.height + PANEL.strip;
  const height = Math.max(1, faces.length) * step + PANEL.axis;

  return (
    <div class="chart">
      <Legend timeline={timeline} order={order} />
      <div
        ref={box}
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
              <pattern id="unseen" width="7" height="7" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
                <rect class="ground" width="7" height="7" />
                <line class="hatch" x1="0" y1="0" x2="0" y2="7" />
              </pattern>
            </defs>
            {faces.map((face, n) => (
              <g key={face.id} transform={`translate(0 ${n * step})`}>
                <Panel timeline={timeline} face={face} order={order} width={width} />
              </g>
            ))}
            {faces.length === 0 && (
              <g>
                <rect y={PANEL.gap} width={width} height={PANEL.height} fill="url(#unseen)" />
                <text class="nobody" x={width / 2} y={PANEL.gap + PANEL.height / 2}>
                  No face that could be scored was found
                </text>
              </g>
            )}
            <g transform={`translate(0 ${height - PANEL.axis})`}>
              {ticks(span, Math.max(2, width / 90)).map((timeS) => (
                <g key={timeS} transform={`translate(${xOf(timeS, span, width)} 0)`}>
                  <line class="tick" y1="2" y2="8" />
                  <text class={tickClass(xOf(timeS, span, width), width)} y="22">
                    {tickWords(timeS)}
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
      {timeline.faces.length > FEW && (
        <p>
          <button type="button" class="link" onClick={() => setAll(!all)}>
            {all ? `Show only the ${FEW} seen longest` : `Show ${Math.min(MANY, timeline.faces.length)} people`}
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

interface PanelProps {
  timeline: Timeline;
  face: Face;
  order: string[];
  width: number;
}

function Panel({ timeline, face, order, width }: PanelProps) {
  const drawn = useMemo(() => {
    const count = Math.max(8, Math.floor(width / BIN_PX));
    const row = bins(timeline, face, spanOf(timeline), count);
    const size = { width, height: PANEL.height };
    return { row, paths: areas(row, timeline.classes, order, size), wide: width / count };
  }, [timeline, face, order, width]);
  return (
    <>
      <text class="person" y={PANEL.gap - 10}>
        Person {face.id}
        <tspan class="about" dx="8">
          {seenWords(seenS(timeline, face))}
        </tspan>
      </text>
      <g transform={`translate(0 ${PANEL.gap})`}>
        <rect width={width} height={PANEL.height} fill="url(#unseen)" />
        {order.map((name) => (
          <path key={name} class={emotionClass(name)} d={drawn.paths.get(name) ?? ""} />
        ))}
        {stretches(drawn.row).map(([from, to]) => (
          <g key={from}>
            {runsOf(drawn.row.slice(from, to)).map(({ at, long, dominant, uncertain }) => (
              <rect
                key={at}
                class={`${emotionClass(timeline.classes[dominant] ?? "")}${uncertain ? " pale" : ""}`}
                x={(from + at) * drawn.wide}
                y={PANEL.height + 2}
                width={long * drawn.wide}
                height={PANEL.strip - 2}
              />
            ))}
          </g>
        ))}
      </g>
    </>
  );
}

interface Run {
  at: number;
  long: number;
  dominant: number;
  uncertain: boolean;
}

/** Neighbours that say the same, as one. */
function runsOf(row: ReturnType<typeof bins>): Run[] {
  const found: Run[] = [];
  row.forEach((bin, at) => {
    const last = found.at(-1);
    if (!bin) return;
    const { dominant, uncertain } = bin;
    if (last && last.dominant === dominant && last.uncertain === uncertain) last.long += 1;
    else found.push({ at, long: 1, dominant, uncertain });
  });
  return found;
}

const KEYS: Record<string, number> = {
  ArrowLeft: -1, ArrowDown: -1, ArrowRight: 1, ArrowUp: 1, PageDown: -10, PageUp: 10,
};

/** The chart's cursor, which follows the film, and whatever moves it. */
function useSlider(timeline: Timeline, playhead: Playhead, width: number) {
  const cursor = useRef<HTMLDivElement>(null);
  const [frame, setFrame] = useState(-1);
  const span = useMemo(() => spanOf(timeline), [timeline]);

  useEffect(
    () =>
      playhead.listen((timeS) => {
        // Sixty times a second while it plays: only the line moves, nothing is drawn anew.
        if (cursor.current) cursor.current.style.transform = `translateX(${xOf(timeS, span, width)}px)`;
        setFrame(frameAt(timeline.timesS, timeS));
      }),
    [playhead, timeline, width],
  );
  const go = (timeS: number): void =>
    playhead.seek(Math.min(span.endS, Math.max(span.beginS, timeS)));
  const point = (event: PointerEvent): void => {
    const box = event.currentTarget as HTMLElement;
    go(timeAt(event.clientX - box.getBoundingClientRect().left, span, width));
  };
  const handlers = {
    onPointerDown: (event: PointerEvent) => {
      if (event.button !== 0) return;
      (event.currentTarget as HTMLElement).setPointerCapture(event.pointerId);
      point(event);
    },
    onPointerMove: (event: PointerEvent) => {
      if ((event.currentTarget as HTMLElement).hasPointerCapture(event.pointerId)) point(event);
    },
    onKeyDown: (event: KeyboardEvent) => {
      const by = KEYS[event.key];
      const edge = { Home: span.beginS, End: timeline.timesS.at(-1) ?? 0 }[event.key];
      if (by === undefined && edge === undefined) return;
      event.preventDefault();
      // From frame to frame, so that no key is pressed in vain.
      const last = timeline.timesS.length - 1;
      const next = Math.min(last, Math.max(0, frame + (by ?? 0)));
      go(edge ?? timeline.timesS[next] ?? span.beginS);
    },
  };
  const timeS = timeline.timesS[frame] ?? span.beginS;
  const aria = {
    "aria-valuenow": timeS,
    "aria-valuetext": `${clock(timeS)}: ${valueWords(frame < 0 ? [] : readingsAt(timeline, frame))}`,
  };
  return { cursor, handlers, aria };
}

/** The width of an element in CSS pixels, 0 before it is known. */
function useWidth(box: { current: HTMLElement | null }): number {
  const [width, setWidth] = useState(0);
  useEffect(() => {
    if (!box.current) return;
    const watch = new ResizeObserver(([seen]) => setWidth(Math.floor(seen?.contentRect.width ?? 0)));
    watch.observe(box.current);
    return () => watch.disconnect();
  }, []);
  return width;
}

/** A label at an edge stays within the chart. */
function tickClass(x: number, width: number): string {
  if (x < 14) return "label first";
  return x > width - 14 ? "label last" : "label";
}

function tickWords(timeS: number): string {
  return Number.isInteger(timeS) ? clock(timeS) : `${clock(timeS)}.${Math.round((timeS % 1) * 10)}`;
}
