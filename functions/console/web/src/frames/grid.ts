/** Which cells of a long grid are to be seen: only these stand in the page. */

export interface Grid {
  columns: number;
  /** Of a cell with its gap, in CSS pixels. */
  rowPx: number;
  totalPx: number;
  /** Cells `first` to `last` (not included) are drawn, `abovePx` below the grid's top. */
  first: number;
  last: number;
  abovePx: number;
}

export interface Viewport {
  widthPx: number;
  /** How far the top of what is seen lies below the grid's top. */
  topPx: number;
  heightPx: number;
}

export interface Cells {
  count: number;
  /** Height over width of a picture. */
  aspect: number;
  captionPx: number;
  gapPx: number;
  /** A cell is at least so wide; two columns there are always. */
  minCellPx: number;
}

/** Rows that are drawn before they are seen, on both sides. */
const OVERSCAN_ROWS = 2;

export function layoutGrid(cells: Cells, viewport: Viewport): Grid {
  const { gapPx, count } = cells;
  const columns = Math.max(2, Math.floor((viewport.widthPx + gapPx) / (cells.minCellPx + gapPx)));
  const cellPx = Math.max(1, (viewport.widthPx - (columns - 1) * gapPx) / columns);
  const rowPx = Math.round(cellPx * cells.aspect) + cells.captionPx + gapPx;
  const rows = Math.ceil(count / columns);
  const rowAt = (px: number) => Math.min(rows, Math.max(0, Math.floor(px / rowPx)));
  const top = Math.max(0, rowAt(viewport.topPx) - OVERSCAN_ROWS);
  const bottom = Math.min(rows, rowAt(viewport.topPx + viewport.heightPx) + 1 + OVERSCAN_ROWS);
  return {
    columns,
    rowPx,
    totalPx: Math.max(0, rows * rowPx - gapPx),
    first: Math.min(count, top * columns),
    last: Math.min(count, Math.max(top, bottom) * columns),
    abovePx: top * rowPx,
  };
}
