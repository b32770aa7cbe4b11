import { describe, expect, it } from 'vitest';
import type { Graph } from '../api/pipelines';
import { changed, edgeId, endOf, freshId, joined, moved, named, namesOf, renamed, upstream, without } from './graph';

const graph: Graph = {
  nodes: [{ id: 'photo', type: 'input.image', alias: 'product' }, { id: 'wide', type: 'edit.expand', settings: { a: 1 }, title: 'Wide' }, { id: 'out', type: 'output' }, { id: 'alone', type: 'input.text' }],
  edges: [{ from: 'photo.image', to: 'wide.image' }, { from: 'wide.image', to: 'out.value' }],
};

describe('graph', () => {
  it('splits ends at the first dot only', () => {
    expect(endOf('a.b.c')).toEqual({ node: 'a', port: 'b.c' });
    expect(endOf('a')).toEqual({ node: 'a', port: '' });
  });

  it('names the ports that edges leave out', () => {
    const bare = { ...graph, edges: [{ from: 'photo', to: 'wide' }, { from: 'gone', to: 'out' }] };
    expect(named(bare, (node, side) => (node.id === 'out' ? undefined : side === 'inputs' ? 'in' : 'image')).edges).toEqual([
      { from: 'photo.image', to: 'wide.in' }, { from: 'gone', to: 'out' },
    ]);
  });

  it('gives ids that nobody has', () => {
    expect(namesOf(graph)).toEqual(new Set(['photo', 'product', 'wide', 'out', 'alone']));
    expect(freshId(new Set(), 'edit.remove_background')).toBe('remove_background');
    expect(freshId(new Set(['media', 'media_2']), 'generate.media')).toBe('media_3');
    expect(freshId(new Set(), 'Ünter Strich')).toBe('_nter_strich');
    expect(freshId(new Set(), 'seedream-4.0')).toBe('seedream');
  });

  it('takes edges away with their nodes', () => {
    expect(without(graph, new Set(['wide'])).edges).toEqual([]);
    expect(without(graph, new Set(), new Set([edgeId({ from: 'wide.image', to: 'out.value' })])).edges).toHaveLength(1);
  });

  it('replaces what went into a port, where it takes one edge', () => {
    const edge = { from: 'photo.image', to: 'out.value' };
    expect(joined(graph, edge, true).edges).toEqual([graph.edges[0], edge]);
    expect(joined(graph, edge, false).edges).toHaveLength(3);
  });

  it('changes without touching what was', () => {
    const next = changed(graph, 'wide', { title: undefined, settings: { a: 2 } });
    expect(next.nodes[1]).toEqual({ id: 'wide', type: 'edit.expand', settings: { a: 2 } });
    expect(graph.nodes[1]).toHaveProperty('title', 'Wide');
    expect(moved(graph, new Map([['out', [1.4, 2.6]]])).nodes[2]?.position).toEqual([1, 3]);
    expect(renamed(graph, 'wide', 'banner').edges).toEqual([{ from: 'photo.image', to: 'banner.image' }, { from: 'banner.image', to: 'out.value' }]);
  });

  it('knows what a node needs', () => {
    expect(upstream(graph, 'out')).toEqual(new Set(['out', 'wide', 'photo']));
    expect(upstream(graph, 'alone')).toEqual(new Set(['alone']));
  });
});
