import { describe, expect, it } from 'vitest';
import type { Graph } from '../api/pipelines';
import { copied, pasted, read } from './clipboard';

const graph: Graph = {
  nodes: [
    { id: 'photo', type: 'input.image', alias: 'product', position: [0, 0] },
    { id: 'cut', type: 'edit.remove_background', position: [200, 100] },
    { id: 'out', type: 'output', position: [400, 0] },
  ],
  edges: [{ from: 'photo.image', to: 'cut.image' }, { from: 'cut.image', to: 'out.value' }],
};

describe('clipboard', () => {
  it('takes the chosen nodes and the edges among them', () => {
    expect(read(copied(graph, new Set(['photo', 'cut'])))).toEqual({ nodes: graph.nodes.slice(0, 2), edges: graph.edges.slice(0, 1) });
  });

  it('reads a whole pipeline, and nothing else', () => {
    expect(read(JSON.stringify({ format: 'aquatint.pipeline/1', name: 'A', graph }))).toEqual(graph);
    for (const text of ['', 'words', '[]', 'null', '{"nodes":[]}', '{"format":"aquatint.nodes/1","nodes":[{"id":1}]}', '{"format":"aquatint.pipeline/1"}']) {
      expect(read(text), text).toBeUndefined();
    }
  });

  it('gives new names to what is there, and stands in the middle of the place', () => {
    const { graph: both, ids } = pasted(graph, { nodes: graph.nodes.slice(0, 2), edges: graph.edges.slice(0, 1) }, [1000, 500]);
    expect(ids).toEqual(['photo_2', 'cut_2']);
    expect(both.edges.at(-1)).toEqual({ from: 'photo_2.image', to: 'cut_2.image' });
    expect(both.nodes.slice(3)).toEqual([
      { id: 'photo_2', type: 'input.image', position: [900, 450] },
      { id: 'cut_2', type: 'edit.remove_background', position: [1100, 550] },
    ]);
    expect(pasted(both, { nodes: graph.nodes, edges: graph.edges }, [0, 0]).ids).toEqual(['photo_3', 'cut_3', 'out_2']);
  });

  it('keeps names that are free', () => {
    const { graph: copy, ids } = pasted({ nodes: [], edges: [] }, graph, [0, 0]);
    expect([ids, copy.nodes[0]?.alias, copy.edges]).toEqual([['photo', 'cut', 'out'], 'product', graph.edges]);
  });
});
