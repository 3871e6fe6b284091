/** The track of one person in the chart: stacked areas, and a strip with the strongest emotion. */
import { useMemo } from "preact/hooks";
import { areas, bins, seenRanges, spanOf } from "./chart-geometry.ts";
import { emotionClass } from "../labels.ts";
import type { Face, Timeline } from "../timeline.ts";

const BIN_PX = 3;

export interface FaceTrackProps {
  timeline: Timeline;
  face: Face;
  order: string[];
  width: number;
  areaPx: number;
  stripPx: number;
}

export function FaceTrack({ timeline, face, order, width, areaPx, stripPx }: FaceTrackProps) {
  const chart = useMemo(() => {
    const count = Math.max(8, Math.floor(width / BIN_PX));
    const row = bins(timeline, face, spanOf(timeline), count);
    return { row, paths: areas(row, timeline.classes, order, { width, height: areaPx }), binWidth: width / count };
  }, [timeline, face, order, width, areaPx]);
  return (
    <>
      <rect width={width} height={areaPx} fill="url(#not-seen)" />
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
              y={areaPx + 2}
              width={length * chart.binWidth}
              height={stripPx - 2}
            />
          ))}
        </g>
      ))}
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
