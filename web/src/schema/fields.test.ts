import { describe, expect, it } from 'vitest';
import type { JsonSchema } from '../api/types';
import { argumentsOf, faults, fieldsOf, initialValues } from './fields';

const schema: JsonSchema = {
  type: 'object',
  required: ['prompt'],
  properties: {
    prompt: { type: 'string', minLength: 1, maxLength: 20 },
    images: { type: 'array', items: { type: 'string' }, minItems: 1, maxItems: 2, description: 'Asset id, https URL or data URI.' },
    count: { type: 'integer', minimum: 1, maximum: 10, default: 1 },
    exposure: { type: 'number', minimum: -4, maximum: 4, default: 0 },
    shadow: { type: 'boolean', default: false },
    refine: { type: 'boolean', default: true },
    format: { type: 'string', enum: ['png', 'jpeg'], default: 'png' },
    mode: { oneOf: [{ const: 'auto', description: 'Chooses.' }, { const: 'detail' }] },
    tint: { type: 'string', pattern: '^#[0-9a-fA-F]{6}$' },
    ratio: { type: 'string', pattern: '^[0-9]+:[0-9]+$' },
    extra: { type: 'object' },
    words: { type: 'array', items: { type: ['string', 'number'] }, minItems: 1, maxItems: 3 },
    idempotency_key: { type: 'string' },
    clip: { type: 'string', contentMediaType: 'video/*' },
    voice: { type: 'string', contentMediaType: 'audio/*' },
    shape_file: { type: 'array', items: { type: 'string', contentMediaType: 'model/*' } },
    mask: { type: ['string', 'array'] },
    background: { type: 'string', description: 'Colour, picture (asset id, URL), or words.' },
  },
};
const fields = fieldsOf(schema);
const kind = (name: string) => fields.find((field) => field.name === name)?.kind;

describe('fields', () => {
  it('knows what a field for files takes', () => {
    const media = (name: string) => fields.find((field) => field.name === name)?.media;
    expect(['images', 'clip', 'voice', 'shape_file'].map(media)).toEqual(['image', 'video', 'audio', '3d']);
    expect(['clip', 'voice', 'shape_file'].map(kind)).toEqual(['asset', 'asset', 'assets']);
  });

  it('knows each kind, and leaves the plumbing out', () => {
    expect(Object.fromEntries(fields.map((field) => [field.name, field.kind]))).toEqual({
      prompt: 'long_text', images: 'assets', count: 'integer', exposure: 'slider', shadow: 'boolean', refine: 'boolean', format: 'choice',
      mode: 'choice', tint: 'color', ratio: 'text', extra: 'json', words: 'lines', mask: 'mask', background: 'backdrop', clip: 'asset', voice: 'asset', shape_file: 'assets',
    });
    expect(kind('idempotency_key')).toBeUndefined();
    expect(fields.find((field) => field.name === 'mode')?.choices.map((choice) => choice.value)).toEqual(['auto', 'detail']);
  });

  it('begins with defaults and sends only what differs', () => {
    const values = initialValues(fields, { prompt: 'a cup', images: 'ast_1' });
    expect(values).toMatchObject({ prompt: 'a cup', images: ['ast_1'], count: 1, refine: true, shadow: false });
    expect(argumentsOf(fields, values)).toEqual({ prompt: 'a cup', images: ['ast_1'] });
    expect(argumentsOf(fields, { ...values, refine: false, count: 3, extra: '{"a":1}', ratio: '' })).toEqual({
      prompt: 'a cup', images: ['ast_1'], refine: false, count: 3, extra: { a: 1 },
    });
  });

  it('says what is wrong before the server has to', () => {
    const values = initialValues(fields);
    expect(Object.keys(faults(fields, values))).toEqual(['prompt']);
    const wrong = faults(fields, { ...values, prompt: 'x'.repeat(21), count: 2.5, exposure: 9, ratio: 'wide', extra: '{', images: ['a', 'b', 'c'] });
    expect(Object.keys(wrong).sort()).toEqual(['count', 'exposure', 'extra', 'images', 'prompt', 'ratio']);
  });

  it('reads a list from lines, as numbers where all are', () => {
    const start = initialValues(fields, { prompt: 'x', words: ['red', 'blue'] });
    expect(start.words).toBe('red\nblue');
    expect(argumentsOf(fields, { ...start, words: ' red \n\n2 ' }).words).toEqual(['red', '2']);
    expect(argumentsOf(fields, { ...start, words: '1\n2.5' }).words).toEqual([1, 2.5]);
    expect(faults(fields, { ...start, words: 'a\nb\nc\nd' }).words).toBe('Words takes at most 3.');
  });
});
