import { describe, expect, it } from 'vitest';
import type { Graph } from '../api/pipelines';
import { aligned, estimated, free, laidOut, USUAL } from './layout';
import { depths, sketch } from './sketch';

const graph: Graph = {
  nodes: ['out', 'a', 'b', 'photo'].map((id, index) => ({ id, type: 'x', position: [index * 10, index * 20] as [number, number] })),
  edges: [{ from: 'photo.o', to: 'a.i' }, { from: 'photo.o', to: 'b.i' }, { from: 'a.o', to: 'out.i' }, { from: 'b.o', to: 'out.i' }, { from: 'gone.o', to: 'out.i' }],
};

describe('layout', () => {
  it('puts each node to the right of what it needs, and none over another', () => {
    const places = laidOut(graph, new Map());
    const x = (id: string) => places.get(id)?.[0] ?? NaN;
    expect(x('photo') + USUAL.width).toBeLessThan(x('a'));
    expect(x('a')).toBe(x('b'));
    expect(x('a') + USUAL.width).toBeLessThan(x('out'));
    expect(Math.abs((places.get('a')?.[1] ?? 0) - (places.get('b')?.[1] ?? 0))).toBeGreaterThan(USUAL.height);
  });

  it('takes a circle without hanging', () => {
    const circle = { ...graph, edges: [...graph.edges, { from: 'out.o', to: 'photo.i' }] };
    expect(laidOut(circle, new Map()).size).toBe(4);
    expect(depths(circle).size).toBe(4);
  });

  it('guesses how large a node will be', () => {
    expect(estimated(2, 0)).toEqual({ width: USUAL.width, height: 114 });
    expect(estimated(1, 2).height).toBeGreaterThan(estimated(1, 0).height);
  });

  it('aligns edges, centres and middles', () => {
    const sizes = new Map([['a', { width: 100, height: 50 }], ['b', { width: 60, height: 50 }]]);
    expect(aligned(graph, ['a', 'b'], sizes, 'left')).toEqual(new Map([['a', [10, 20]], ['b', [10, 40]]]));
    expect(aligned(graph, ['a', 'b'], sizes, 'right')).toEqual(new Map([['a', [10, 20]], ['b', [50, 40]]]));
    expect(aligned(graph, ['a', 'b'], sizes, 'middle')).toEqual(new Map([['a', [10, 30]], ['b', [20, 30]]]));
    expect(aligned(graph, ['nobody'], sizes, 'top')).toEqual(new Map());
  });

  it('finds room for one more', () => {
    const [x, y] = free(graph, new Map(), [0, 0]);
    expect(x).toBe(0);
    expect(y).toBeGreaterThan(60 + USUAL.height);
  });

  it('sketches columns', () => {
    const { nodes, edges } = sketch(graph);
    expect(edges).toHaveLength(4);
    const at = Object.fromEntries(nodes.map((node) => [node.id, node]));
    expect(at.photo?.x).toBeLessThan(at.a?.x ?? 0);
    expect(at.a?.y).toBeLessThan(at.b?.y ?? 0);
  });
});
