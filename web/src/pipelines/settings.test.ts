import { describe, expect, it } from 'vitest';
import type { JsonSchema } from '../api/types';
import { formOf, settingsOf, typos, valuesOf } from './settings';

const schema: JsonSchema = { type: 'object', properties: {
  degrees: { type: 'integer', minimum: 0, maximum: 360, default: 0 }, flip: { type: 'string', enum: ['x', 'y'] }, more: { type: 'object' }, max_credits: { type: 'number' },
} };
const node = { id: 'a', type: 'edit.rotate' };

describe('settings', () => {
  it('show what no edge brings and what is no matter of the call', () => {
    expect(formOf(node, schema, new Set(['flip'])).map((field) => field.name)).toEqual(['degrees', 'more']);
    const asset = formOf({ id: 'b', type: 'input.video' }, { properties: { default: { type: 'string' } } }, new Set())[0];
    expect([asset?.kind, asset?.media]).toEqual(['asset', 'video']);
  });

  it('keep what the form does not show, and what it cannot read', () => {
    const fields = formOf(node, schema, new Set(['flip']));
    const before = { degrees: 90, flip: 'x', more: { a: 1 } };
    const values = valuesOf(fields, before);
    expect(settingsOf(fields, values, before)).toEqual({ flip: 'x', degrees: 90, more: { a: 1 } });
    expect(settingsOf(fields, { ...values, more: '{"a":' }, before)).toEqual({ flip: 'x', degrees: 90, more: { a: 1 } });
    expect(settingsOf(fields, { ...values, degrees: 0 }, before)).toEqual({ flip: 'x', more: { a: 1 } });
    expect(typos(fields, { ...values, degrees: 999 })).toEqual({ degrees: 'Degrees must be at most 360.' });
  });

  it("put what only a model has within `inputs`, and read it from there", () => {
    const fields = formOf({ id: 'g', type: 'generate.media' }, { properties: { prompt: { type: 'string' }, camera: { type: 'string' } } }, new Set());
    const settings = { model: 'image/acme/one', prompt: 'a cup', inputs: { camera: 'slow' } };
    const values = valuesOf(fields, settings);
    expect(values).toMatchObject({ prompt: 'a cup', camera: 'slow' });
    expect(settingsOf(fields, values, settings, true)).toEqual(settings);
    expect(settingsOf(fields, { ...values, camera: '' }, settings, true)).toEqual({ model: 'image/acme/one', prompt: 'a cup' });
  });
});
