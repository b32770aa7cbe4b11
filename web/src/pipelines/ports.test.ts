import { describe, expect, it } from 'vitest';
import type { Graph, NodeType, Port, PortKind } from '../api/pipelines';
import { bestInput, fits, isMain, isSingle, placesIn, portsOf, refusal, titleOf, typeTitle, type Types } from './ports';

const port = (name: string, kind: PortKind, more: Partial<Port> = {}): Port => ({ name, kind, ...more });
const type = (name: string, inputs: Port[], outputs: Port[], settings: string[] = []): NodeType =>
  ({ type: name, version: 1, title: name, description: '', category: '', inputs, outputs, setting_names: settings });
const types: Types = new Map([
  type('input.image', [], [port('image', 'image')]),
  type('input.text', [], [port('text', 'text')]),
  type('edit.remove_background', [port('image', 'image', { required: true }), port('background', 'image'), port('width', 'number')], [port('image', 'image')], ['background', 'width']),
  type('text.template', [], [port('text', 'text')], ['template']),
  type('flow.loop', [], [port('item', 'text')], ['items']),
  type('image.compose', [port('image', 'image', { required: true })], [port('image', 'image')], ['layers']),
  type('webhook', [port('media', 'media', { list: true })], [port('status', 'number')], ['url', 'fields']),
  type('generate.media', [port('images', 'image', { list: true }), port('prompt', 'text'), port('mask', 'image')], [port('image', 'image')], ['model', 'prompt', 'inputs']),
  { ...type('video/acme/reel', [port('first_frame', 'image')], [port('video', 'video')], ['prompt']), category: 'models', title: 'Reel' },
  type('output', [port('value', 'any', { required: true, list: true })], []),
].map((one) => [one.type, one]));
const graph: Graph = {
  nodes: [{ id: 'photo', type: 'input.image', title: 'Photo' }, { id: 'words', type: 'input.text' }, { id: 'cut', type: 'edit.remove_background' }, { id: 'again', type: 'edit.remove_background', title: 'Again' }, { id: 'out', type: 'output' }],
  edges: [{ from: 'photo.image', to: 'cut.image' }, { from: 'cut.image', to: 'again.image' }],
};
const why = (from: string, to: string) => refusal(graph, types, { from, to });
const names = (ports: Port[]) => ports.map((one) => one.name);

describe('ports', () => {
  it('fit where meaning is kept, as on the server', () => {
    const table: [PortKind, PortKind, boolean][] = [
      ['image', 'image', true], ['image', 'media', true], ['media', 'image', false], ['video', 'image', false], ['number', 'text', true],
      ['text', 'number', false], ['any', 'image', true], ['image', 'any', true], ['boolean', 'text', true],
    ];
    for (const [from, into, is] of table) expect(fits(from, into), `${from} into ${into}`).toBe(is);
  });

  it('hang on the settings where the type says so', () => {
    expect(placesIn('A {what} on {what}, {0.5 mm} {open {place}')).toEqual(['what', 'place']);
    expect(portsOf({ id: 'a', type: 'text.template', settings: { template: '{a} {b}' } }, types).inputs).toEqual([
      port('a', 'text', { required: true }), port('b', 'text', { required: true }),
    ]);
    const loop = (items: unknown) => portsOf({ id: 'a', type: 'flow.loop', settings: { items } }, types).outputs[0]?.kind;
    expect([loop([1, 2]), loop(['a', 1]), loop([]), loop(undefined)]).toEqual(['number', 'text', 'text', 'text']);
    const layers = [{ image: '{product}' }, { text: '{headline} {headline}' }, { text: 'plain' }, { image: '{image}' }];
    expect(names(portsOf({ id: 'a', type: 'image.compose', settings: { layers } }, types).inputs)).toEqual(['image', 'product', 'headline']);
    expect(names(portsOf({ id: 'a', type: 'webhook', settings: { fields: ['sku'] } }, types).inputs)).toEqual(['media', 'sku']);
  });

  it('of a generation are those of its model', () => {
    const node = { id: 'a', type: 'generate.media', settings: { model: 'video/acme/reel' } };
    const { inputs, outputs } = portsOf(node, types);
    expect([names(inputs), names(outputs)]).toEqual([['first_frame', 'prompt'], ['video']]);
    expect(titleOf(node, types)).toBe('Reel');
    expect(portsOf({ ...node, settings: { model: 'video/vendor/unknown' } }, types).outputs).toEqual([port('video', 'video')]);
  });

  it('are main unless they are mere settings', () => {
    const cut = types.get('edit.remove_background') as NodeType;
    expect(names(cut.inputs.filter((one) => isMain(one, cut)))).toEqual(['image']);
    expect(names(cut.inputs.filter((one) => isMain(one, cut, ['width'])))).toEqual(['image', 'width']);
    expect(typeTitle(cut)).toBe('Remove background');
  });
});

describe('refusal', () => {
  it('says why', () => {
    expect(why('photo.image', 'again.background')).toBeUndefined();
    expect(why('words.text', 'cut.image')).toBe('“Remove background” takes an image, but “input.text” gives text.');
    expect(why('words.text', 'cut.background')).toContain('takes an image for background, but');
    expect(why('photo.image', 'cut.image')).toContain('joined already');
    expect(why('again.image', 'cut.image')).toContain('in a circle');
    expect(why('cut.image', 'cut.background')).toContain('feed itself');
    expect(why('cut.image', 'cut.nothing')).toBeDefined();
    expect(why('gone.image', 'cut.image')).toContain('gone');
  });

  it('leaves a list port to several edges', () => {
    expect(isSingle(graph, types, 'cut.image')).toBe(true);
    expect(isSingle(graph, types, 'out.value')).toBe(false);
  });

  it('finds the port that fits best', () => {
    expect(bestInput(graph, types, 'photo.image', 'out')).toBe('out.value');
    // The main one is taken, so the picture becomes the background.
    expect(bestInput(graph, types, 'photo.image', 'again')).toBe('again.background');
    expect(bestInput({ ...graph, edges: [] }, types, 'photo.image', 'again')).toBe('again.image');
    expect(bestInput(graph, types, 'words.text', 'cut')).toBeUndefined();
  });
});
