import type { Cell } from "../core/api.js";

/** The most cells of a part map; a file of more parts shows several in one. */
export const maxCells = 60;

const cellHeight = 8;
const corner = 2;

/** The least width of a cell with the gap after it, in pixels. */
const minPitch = 5;

/** How many cells are worth showing in a width of so many pixels. */
export function cellsFor(width: number): number {
  return Math.max(1, Math.min(maxCells, Math.floor(width / minPitch)));
}

/** The outlines of a part map, as data of SVG paths, one for all cells that look alike. */
export interface PartMap {
  readonly empty: string;
  readonly stored: string;
  readonly held: string;
  /** The cells in flight, and how far each is filled. */
  readonly inFlight: string;
  readonly filled: string;
}

/** Draws cells side by side into a width in pixels. */
export function partMap(cells: readonly Cell[], width: number): PartMap {
  const map = { empty: "", stored: "", held: "", inFlight: "", filled: "" };
  const gap = width / cells.length < 2 * minPitch ? 1 : 2;
  const pitch = (width + gap) / cells.length;
  cells.forEach((cell, i) => {
    const x = i * pitch;
    const box = rounded(x, pitch - gap);
    map[cell.state] += box;
    if (cell.state === "inFlight" && cell.filled > 0) map.filled += rounded(x, (pitch - gap) * Math.min(1, cell.filled));
  });
  return map;
}

/** A box with round corners, as far as its width has room for them. */
function rounded(x: number, width: number): string {
  const r = Math.min(corner, width / 2);
  const arc = (dx: number, dy: number): string => `a${n(r)} ${n(r)} 0 0 1 ${n(dx)} ${n(dy)}`;
  const side = n(width - 2 * r);
  const upright = n(cellHeight - 2 * r);
  return `M${n(x + r)} 0h${side}${arc(r, r)}v${upright}${arc(-r, r)}h-${side}${arc(-r, -r)}v-${upright}${arc(r, -r)}z`;
}

function n(value: number): string {
  return String(Math.round(value * 100) / 100);
}
