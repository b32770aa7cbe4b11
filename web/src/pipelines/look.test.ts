import { describe, expect, it } from 'vitest';
import type { NodeType } from '../api/pipelines';
import { Faults } from './faults';
import { faultWords, grouped, summary } from './look';

const type = (name: string, title: string, category: string, description = ''): NodeType => ({ type: name, title, category, description, version: 1, inputs: [], outputs: [], setting_names: [] });
const types = [type('input.image', 'Image input', 'inputs'), type('edit.expand', 'Expand a picture', 'edit', 'Gives output.'), type('edit.crop', 'Crop a picture', 'edit'), type('output', 'Output', 'outputs')];

describe('the palette', () => {
  it('groups, finds all words, and puts titles first', () => {
    expect(grouped(types, '').map((group) => [group.name, group.types.length])).toEqual([['Inputs', 1], ['Edit', 2], ['Outputs', 1]]);
    expect(grouped(types, 'output').map((group) => group.types[0]?.type)).toEqual(['output', 'edit.expand']);
    expect(grouped(types, 'picture crop').flatMap((group) => group.types.map((one) => one.type))).toEqual(['edit.crop']);
    expect(grouped(types, 'nothing')).toEqual([]);
  });
});

describe('words', () => {
  it('tell settings in a line', () => {
    expect(summary({ width: 8, prompt: 'a cup', on: true, layers: [{}], extra: 1 })).toEqual(['“a cup”', 'Width 8', 'On on']);
    expect(summary({ default: 'ast_1' })).toEqual([]);
    expect(summary(undefined)).toEqual([]);
  });

  it('tell faults to people', () => {
    expect(faultWords({ message: '`x.image` needs an edge that brings image.' })).toBe('Needs an image from another node.');
    expect(faultWords({ message: '`width` must be at least 1.' })).toBe('width must be at least 1.');
    const faults = new Faults([{ node: 'a', port: 'image', message: 'one' }, { message: 'two' }, { node: 'a', message: 'three' }]);
    expect([faults.of('a').length, faults.at('a', 'image'), faults.at('a', 'x'), faults.general.length]).toEqual([2, 'one', undefined, 1]);
  });
});
