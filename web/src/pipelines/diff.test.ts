import { describe, expect, it } from 'vitest';
import type { Graph } from '../api/pipelines';
import { diff, isNone, shown } from './diff';

const before: Graph = {
  nodes: [
    { id: 'a', type: 'x', settings: { width: 8, place: { anchor: 'top', x: 1 }, list: [1, 2] }, position: [0, 0] },
    { id: 'b', type: 'y' }, { id: 'c', type: 'z', title: 'C' },
  ],
  edges: [{ from: 'a.o', to: 'b.i' }, { from: 'b.o', to: 'c.i' }],
};

describe('diff', () => {
  it('says nothing of places', () => {
    const moved = { ...before, nodes: before.nodes.map((node) => ({ ...node, position: [9, 9] as [number, number] })) };
    expect(isNone(diff(before, moved))).toBe(true);
  });

  it('names each setting, node and edge', () => {
    const after: Graph = {
      nodes: [{ id: 'a', type: 'x', settings: { width: 16, place: { anchor: 'top', x: 2 }, list: [1, 2], fresh: true } }, { id: 'c', type: 'z' }, { id: 'd', type: 'w', settings: { k: 1 } }],
      edges: [{ from: 'a.o', to: 'c.i' }],
    };
    const found = diff(before, after);
    expect(found.nodes.map(({ id, kind, changes }) => [id, kind, changes])).toEqual([
      ['a', 'changed', [{ name: 'width', before: 8, after: 16 }, { name: 'place.x', before: 1, after: 2 }, { name: 'fresh', before: undefined, after: true }]],
      ['b', 'removed', []],
      ['c', 'changed', [{ name: 'title', before: 'C', after: undefined }]],
      ['d', 'added', [{ name: 'k', before: undefined, after: 1 }]],
    ]);
    expect(found.edges).toEqual([
      { kind: 'removed', from: 'a.o', to: 'b.i' }, { kind: 'removed', from: 'b.o', to: 'c.i' }, { kind: 'added', from: 'a.o', to: 'c.i' },
    ]);
  });

  it('writes values on a line', () => {
    expect([shown('a'), shown(2), shown([1]), shown(undefined)]).toEqual(['a', '2', '[1]', 'not set']);
  });
});
