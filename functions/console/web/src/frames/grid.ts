// Which cells of a long grid are to be seen: only these stand in the page.

export interface Grid {
  columns: number;
  /** Of a cell with its gap, in CSS pixels. */
  row_px: number;
  total_px: number;
  /** Cells `first` to `last` (not included) are drawn, `above_px` below the grid's top. */
  first: number;
  last: number;
  above_px: number;
}

export interface Room {
  width_px: number;
  /** How far the top of what is seen lies below the grid's top. */
  from_px: number;
  height_px: number;
}

export interface Cells {
  count: number;
  /** Height over width of a picture. */
  shape: number;
  caption_px: number;
  gap_px: number;
  /** A cell is at least so wide; two columns there are always. */
  least_px: number;
}

/** Rows that are drawn before they are seen, on both sides. */
const SPARE_ROWS = 2;

export function grid(cells: Cells, room: Room): Grid {
  const { gap_px, count } = cells;
  const columns = Math.max(2, Math.floor((room.width_px + gap_px) / (cells.least_px + gap_px)));
  const cell_px = Math.max(1, (room.width_px - (columns - 1) * gap_px) / columns);
  const row_px = Math.round(cell_px * cells.shape) + cells.caption_px + gap_px;
  const rows = Math.ceil(count / columns);
  const seen = (px: number) => Math.min(rows, Math.max(0, Math.floor(px / row_px)));
  const top = Math.max(0, seen(room.from_px) - SPARE_ROWS);
  const bottom = Math.min(rows, seen(room.from_px + room.height_px) + 1 + SPARE_ROWS);
  return {
    columns,
    row_px,
    total_px: Math.max(0, rows * row_px - gap_px),
    first: Math.min(count, top * columns),
    last: Math.min(count, Math.max(top, bottom) * columns),
    above_px: top * row_px,
  };
}
