/** The timeline chart: one track per person. It is a slider: click, drag and arrow keys seek. */
import { useMemo, useRef, useState } from "preact/hooks";
import type { Playhead } from "../../film/playhead.ts";
import type { People } from "../../job/model.ts";
import { useWidth } from "./use-width.ts";
import { type Span, mostSeenFaces, spanOf, stackOrder, ticks, timeToX } from "./chart-geometry.ts";
import { FaceTrack } from "./face-track.tsx";
import { emotionClass, seenLabel } from "../labels.ts";
import { personLabel } from "../people.ts";
import type { Selection } from "../selection.ts";
import { type Timeline, seenDurationS } from "../timeline.ts";
import { useSlider } from "./use-slider.ts";
import { formatClock } from "../../format.ts";

const FACES_COLLAPSED = 4;
/** The chart shows no more faces; emotions.csv has all. */
const FACES_EXPANDED = 16;
const LABEL_PX = 30;
const STRIP_PX = 8;
const TRACK_GAP_PX = 6;
const AXIS_PX = 26;

/** Height of the areas of a track: less for several people, so that all are on the screen. */
const trackHeight = (count: number): number => (count <= 1 ? 84 : count === 2 ? 56 : 40);

const rowHeight = (count: number): number => LABEL_PX + trackHeight(count) + STRIP_PX + TRACK_GAP_PX;

/** Height in CSS pixels of the tracks and the axis, to reserve it before the timeline is loaded. */
export function plotHeight(faceCount: number): number {
  const count = Math.min(FACES_COLLAPSED, Math.max(1, faceCount));
  return count * rowHeight(count) + AXIS_PX;
}

export interface ChartProps {
  timeline: Timeline;
  people: People;
  playhead: Playhead;
  selection: Selection;
  /** Called with the `face_id` of a person to name. */
  onName: (faceId: number) => void;
}

export function Chart({ timeline, people, playhead, selection, onName }: ChartProps) {
  const [expanded, setExpanded] = useState(false);
  const plotRef = useRef<HTMLDivElement>(null);
  const width = useWidth(plotRef);
  const span = useMemo(() => spanOf(timeline), [timeline]);
  const order = useMemo(() => stackOrder(timeline.classes), [timeline]);
  const faces = useMemo(
    () => mostSeenFaces(timeline, expanded ? FACES_EXPANDED : FACES_COLLAPSED),
    [timeline, expanded],
  );
  const areaPx = trackHeight(faces.length);
  const rowPx = rowHeight(faces.length);
  const height = Math.max(1, faces.length) * rowPx + AXIS_PX;
  const slider = useSlider({ timeline, people, playhead, selection, width, faceAt: (y) => faces[Math.floor(y / rowPx)] });

  return (
    <div class="chart">
      <Legend timeline={timeline} order={order} />
      <div class="tracks">
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
                <g key={face.id} transform={`translate(0 ${index * rowPx + LABEL_PX})`}>
                  <FaceTrack timeline={timeline} face={face} order={order} width={width} areaPx={areaPx} stripPx={STRIP_PX} />
                </g>
              ))}
              {faces.length === 0 && (
                <g transform={`translate(0 ${LABEL_PX})`}>
                  <rect width={width} height={areaPx} fill="url(#not-seen)" />
                  <text class="no-face" x={width / 2} y={areaPx / 2 + 5}>
                    No face that could be scored was found
                  </text>
                </g>
              )}
              <Axis span={span} width={width} y={height - AXIS_PX} />
            </svg>
          )}
          <div ref={slider.cursor} class="cursor" aria-hidden="true">
            <span />
          </div>
          <div ref={slider.hover} class="cursor hover" aria-hidden="true">
            <span />
            <output />
          </div>
        </div>
        {/* Beside the slider, whose content is hidden from screen readers. */}
        <ul class="track-labels" aria-label="People in the video">
          {faces.map((face, index) => (
            <li key={face.id} style={{ insetBlockStart: `${index * rowPx}px`, blockSize: `${LABEL_PX}px` }}>
              <button type="button" class="quiet" onClick={() => onName(face.id)}>
                {personLabel(people, face.id)}
                <span class="hint">{String(face.id) in people ? "Rename" : "Name"}</span>
              </button>
              <span class="hint">{seenLabel(seenDurationS(timeline, face))}</span>
            </li>
          ))}
        </ul>
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

function Axis({ span, width, y }: { span: Span; width: number; y: number }) {
  return (
    <g transform={`translate(0 ${y})`}>
      {ticks(span, Math.max(2, width / 90)).map((timeS) => {
        const x = timeToX(timeS, span, width);
        return (
          <g key={timeS} transform={`translate(${x} 0)`}>
            <line class="tick" y1="0" y2="6" />
            <text class={tickLabelClass(x, width)} y="20">
              {tickLabel(timeS)}
            </text>
          </g>
        );
      })}
    </g>
  );
}

/** Keeps the first and the last label within the chart. */
function tickLabelClass(x: number, width: number): string {
  if (x < 14) return "label first";
  return x > width - 14 ? "label last" : "label";
}

function tickLabel(timeS: number): string {
  return Number.isInteger(timeS) ? formatClock(timeS) : `${formatClock(timeS)}.${Math.round((timeS % 1) * 10)}`;
}
