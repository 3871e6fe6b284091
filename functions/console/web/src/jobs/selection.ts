/** The selected jobs of the list. No DOM. */

export interface Selection {
  ids: ReadonlySet<string>;
  /** The row that was clicked last: a range goes from it. */
  anchor: string;
}

export const NOTHING: Selection = { ids: new Set(), anchor: "" };

/**
 * Selects or deselects a row. With `extend` (the Shift key) all rows between the last one and this one get the
 * state that this row gets.
 */
export function toggle(selection: Selection, rows: readonly string[], id: string, extend: boolean): Selection {
  const selected = !selection.ids.has(id);
  const from = rows.indexOf(selection.anchor);
  const to = rows.indexOf(id);
  const changed = extend && from >= 0 ? rows.slice(Math.min(from, to), Math.max(from, to) + 1) : [id];
  const ids = new Set(selection.ids);
  for (const row of changed) {
    if (selected) ids.add(row);
    else ids.delete(row);
  }
  return { ids, anchor: id };
}

export function toggleAll(selection: Selection, rows: readonly string[]): Selection {
  const all = rows.length > 0 && rows.every((id) => selection.ids.has(id));
  return { ids: new Set(all ? [] : rows), anchor: "" };
}

/** The selection without the rows that are gone. The same object if there are none. */
export function retain(selection: Selection, rows: readonly string[]): Selection {
  const ids = rows.filter((id) => selection.ids.has(id));
  return ids.length === selection.ids.size ? selection : { ...selection, ids: new Set(ids) };
}
