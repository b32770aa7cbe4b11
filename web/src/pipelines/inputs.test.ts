import { describe, expect, it } from 'vitest';
import type { Graph } from '../api/pipelines';
import { orderOf } from './inputs';

const graph: Graph = {
  nodes: [
    { id: 'photo', type: 'input.image', alias: 'product' }, { id: 'words', type: 'input.text', title: 'Words' }, { id: 'size', type: 'input.number', settings: { default: 3 } },
    { id: 'unused', type: 'input.text' },
  ],
  edges: [{ from: 'photo.image', to: 'x.image' }, { from: 'words.text', to: 'x.text' }, { from: 'size.number', to: 'x.size' }],
};
const order = (given: Parameters<typeof orderOf>[2], many?: ReadonlySet<string>) => orderOf(graph, graph.nodes, given, many);

describe('orderOf', () => {
  it('asks for what is needed, and only for that', () => {
    expect(order({}).problem).toBe('“Product” is needed.');
    expect(order({ photo: ['ast_1'] }).problem).toBe('“Words” is needed.');
    expect(order({ photo: ['ast_1'], words: 'Hello' })).toEqual({ inputs: { photo: 'ast_1', words: 'Hello' }, count: 1, problem: undefined });
  });

  it('makes a run for each item', () => {
    expect(order({ photo: ['ast_1', 'ast_2', 'ast_3'], words: 'a\nb' })).toMatchObject({ inputs: { photo: ['ast_1', 'ast_2', 'ast_3'], words: 'a\nb' }, count: 3 });
    const lines = order({ photo: ['ast_1', 'ast_2'], words: 'a\n\n b ' }, new Set(['words']));
    expect(lines).toMatchObject({ inputs: { words: ['a', 'b'] }, count: 2, problem: undefined });
    expect(order({ photo: ['ast_1', 'ast_2', 'ast_3'], words: 'a\nb' }, new Set(['words'])).problem).toContain('equally long');
  });

  it('reads numbers', () => {
    expect(order({ photo: ['ast_1'], words: 'x', size: '2.5' }).inputs.size).toBe(2.5);
    expect(order({ photo: ['ast_1'], words: 'x', size: 'two' }).problem).toBe('“Size” must be a number.');
  });
});
