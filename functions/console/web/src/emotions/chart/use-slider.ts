/** The cursors of the chart: one follows the playhead and seeks, the other one follows the pointer. */
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import type { Playhead } from "../../film/playhead.ts";
import { formatClock } from "../../format.ts";
import type { People } from "../../job/model.ts";
import { spanOf, timeToX, xToTime } from "./chart-geometry.ts";
import { formatTenths, readingsLabel } from "../labels.ts";
import { personLabel } from "../people.ts";
import type { Selection } from "../selection.ts";
import { type Face, type Timeline, frameAt, readingsAt } from "../timeline.ts";

const KEY_STEPS: Record<string, number> = {
  ArrowLeft: -1,
  ArrowDown: -1,
  ArrowRight: 1,
  ArrowUp: 1,
  PageDown: -10,
  PageUp: 10,
};

export interface SliderOptions {
  timeline: Timeline;
  people: People;
  playhead: Playhead;
  selection: Selection;
  width: number;
  /** The person in whose track a y position is. */
  faceAt: (y: number) => Face | undefined;
}

export function useSlider({ timeline, people, playhead, selection, width, faceAt }: SliderOptions) {
  const cursor = useRef<HTMLDivElement>(null);
  const hover = useRef<HTMLDivElement>(null);
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
  const point = (event: PointerEvent): { timeS: number; face: Face | undefined } => {
    const box = (event.currentTarget as HTMLElement).getBoundingClientRect();
    return { timeS: xToTime(event.clientX - box.left, span, width), face: faceAt(event.clientY - box.top) };
  };
  const showHover = (event: PointerEvent): void => {
    if (event.pointerType === "touch") return;
    const { timeS, face } = point(event);
    selection.hovered.set({ timeS, faceId: face?.id ?? null });
    if (!hover.current) return;
    hover.current.style.transform = `translateX(${timeToX(timeS, span, width)}px)`;
    hover.current.dataset.shown = "";
    const label = hover.current.querySelector("output");
    if (label) label.textContent = formatTenths(timeS);
  };
  const hideHover = (): void => {
    selection.hovered.set(null);
    delete hover.current?.dataset.shown;
  };
  useEffect(() => hideHover, [selection]);
  const handlers = {
    onPointerDown: (event: PointerEvent) => {
      if (event.button !== 0) return;
      (event.currentTarget as HTMLElement).setPointerCapture(event.pointerId);
      const { timeS, face } = point(event);
      if (face) selection.faceId.set(face.id);
      seekTo(timeS);
    },
    onPointerMove: (event: PointerEvent) => {
      if ((event.currentTarget as HTMLElement).hasPointerCapture(event.pointerId)) seekTo(point(event).timeS);
      showHover(event);
    },
    onPointerLeave: hideHover,
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
  const readings = frame < 0 ? [] : readingsAt(timeline, frame);
  const aria = {
    "aria-valuenow": timeS,
    "aria-valuetext": `${formatClock(timeS)}: ${readingsLabel(readings, (faceId) => personLabel(people, faceId))}`,
  };
  return { cursor, hover, handlers, aria };
}
