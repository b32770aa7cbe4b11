import { describe, expect, it } from 'vitest';
import { justify, ratio } from './justified';

const photo = { width: 600, height: 400 };
const tall = { width: 400, height: 900 };

describe('justified rows', () => {
  it('fills every row but the last to the pixel', () => {
    const shapes = Array.from({ length: 23 }, (_, index) => (index % 3 === 0 ? tall : photo));
    const { rows } = justify(shapes, 1000, 200, 8);
    expect(rows.length).toBeGreaterThan(3);
    for (const row of rows.slice(0, -1)) {
      const last = row.boxes.at(-1)!;
      expect(last.left + last.width).toBe(1000);
    }
    expect(rows.flatMap((row) => row.boxes.map((box) => box.index))).toEqual(shapes.map((_, index) => index));
  });

  it('keeps gaps between neighbours even', () => {
    const { rows } = justify(Array.from({ length: 12 }, () => photo), 777, 150, 8);
    for (const row of rows) {
      row.boxes.slice(1).forEach((box, index) => {
        const before = row.boxes[index]!;
        expect(Math.abs(box.left - before.left - before.width - 8)).toBeLessThanOrEqual(1);
      });
    }
  });

  it('does not blow up a short last row', () => {
    const { rows, height } = justify([photo], 1200, 200, 8);
    expect(rows[0]!.height).toBe(200);
    expect(height).toBe(200);
  });

  it('stays near the wanted height', () => {
    const { rows } = justify(Array.from({ length: 40 }, (_, index) => ({ width: 300 + (index % 5) * 200, height: 500 })), 1100, 210, 8);
    for (const row of rows.slice(0, -1)) expect(row.height).toBeGreaterThan(140);
    for (const row of rows) expect(row.height).toBeLessThan(300);
  });

  it('appending a page moves at most the last row', () => {
    const first = Array.from({ length: 30 }, (_, index) => (index % 4 ? photo : tall));
    const before = justify(first, 900, 200, 8).rows.slice(0, -2);
    const after = justify([...first, ...first], 900, 200, 8).rows;
    expect(after.slice(0, before.length)).toEqual(before);
  });

  it('survives nonsense', () => {
    expect(justify([], 500, 200, 8)).toEqual({ rows: [], height: 0 });
    expect(justify([photo], 0, 200, 8).height).toBe(0);
    expect(ratio({ width: 0, height: 10 })).toBe(1);
    expect(ratio({ width: 100_000, height: 1 })).toBeLessThan(4);
  });
});
