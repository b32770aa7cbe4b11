/** Rows of equal width from pictures of unequal shape, as in a photo album. */

export interface Shape { width: number; height: number }
export interface Box { index: number; left: number; width: number }
export interface Row { top: number; height: number; boxes: Box[] }
export interface Layout { rows: Row[]; height: number }

/** Very long or very tall pictures are shown cut, so that one panorama does not make a row of a few pixels. */
const NARROWEST = 0.45;
const WIDEST = 3.2;

export function ratio(shape: Shape): number {
  if (!(shape.width > 0) || !(shape.height > 0)) return 1;
  return Math.min(WIDEST, Math.max(NARROWEST, shape.width / shape.height));
}

/**
 * Fills rows from left to right. A row is full when its height at full width falls to `target`; then whichever of the
 * two breaks (before or after the last picture) comes nearer to `target` is taken. The last row keeps `target` and may
 * stay short, so that appending a page never moves what is already there by more than that row.
 */
export function justify(shapes: Shape[], width: number, target: number, gap: number): Layout {
  const rows: Row[] = [];
  let top = 0;
  let first = 0;
  let sum = 0;
  const close = (end: number, total: number, isLast: boolean) => {
    const inner = width - gap * (end - first - 1);
    const full = inner / total;
    const height = isLast ? Math.min(target, full) : full;
    rows.push({ top, height, boxes: place(shapes, first, end, height, isLast && full > target ? undefined : width, gap) });
    top += height + gap;
    first = end;
  };
  if (width <= 0) return { rows, height: 0 };
  for (let index = 0; index < shapes.length; index += 1) {
    const own = ratio(shapes[index] as Shape);
    sum += own;
    const with_ = (width - gap * (index - first)) / sum;
    if (with_ > target) continue;
    const without = index > first ? (width - gap * (index - first - 1)) / (sum - own) : Infinity;
    if (without - target < target - with_) {
      close(index, sum - own, false);
      sum = own;
    } else {
      close(index + 1, sum, false);
      sum = 0;
    }
  }
  if (first < shapes.length) close(shapes.length, sum, true);
  return { rows, height: Math.max(0, top - gap) };
}

/** Whole pixels that add up to the full width, so that no gap looks wider than another. */
function place(shapes: Shape[], first: number, end: number, height: number, width: number | undefined, gap: number): Box[] {
  const boxes: Box[] = [];
  let exact = 0;
  for (let index = first; index < end; index += 1) {
    const left = Math.round(exact);
    exact += ratio(shapes[index] as Shape) * height;
    const right = width !== undefined && index === end - 1 ? width : Math.round(exact);
    boxes.push({ index, left, width: Math.max(1, right - left) });
    exact += gap;
  }
  return boxes;
}
