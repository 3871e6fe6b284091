/** Layout of a virtualized grid: only visible cells are rendered. */

export interface Grid {
  columns: number;
  /** Height of a row with its gap, in CSS pixels. */
  rowPx: number;
  totalPx: number;
  /** Cells `first` (inclusive) to `last` (exclusive) are rendered, `abovePx` below the top of the grid. */
  first: number;
  last: number;
  abovePx: number;
}

export interface Viewport {
  widthPx: number;
  /** Offset of the viewport's top from the grid's top. */
  topPx: number;
  heightPx: number;
}

export interface Cells {
  count: number;
  /** Height over width. */
  aspect: number;
  captionPx: number;
  gapPx: number;
  /** Minimum width of a cell; there are always two columns. */
  minCellPx: number;
}

/** Extra rows rendered above and below the viewport. */
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
