/** A form from a JSON Schema: which fields there are, what stands in them at first, and what is sent. */
import type { AssetType, JsonSchema } from '../api/types';
import { label } from '../format/words';
import { helpFor, labelFor } from './help';

export type Kind =
  | 'text' | 'long_text' | 'integer' | 'number' | 'slider' | 'boolean' | 'choice' | 'backdrop' | 'asset' | 'assets'
  | 'layers' | 'mask' | 'shape' | 'style' | 'color' | 'lines' | 'collection' | 'json';

export interface Choice { value: unknown; label: string; description: string | undefined }

export interface Field {
  name: string;
  kind: Kind;
  /** What a field for assets takes. */
  media: AssetType;
  label: string;
  help: string | undefined;
  isRequired: boolean;
  choices: Choice[];
  initial: unknown;
  minimum: number | undefined;
  maximum: number | undefined;
  step: number | undefined;
  maxLength: number | undefined;
  minItems: number | undefined;
  maxItems: number | undefined;
  pattern: string | undefined;
  example: string | undefined;
  /** Whether lines that are numbers are sent as numbers. */
  takesNumbers?: boolean;
}

export type Values = Record<string, unknown>;

/** What every operation that spends takes, and what the app decides by itself. */
export const PLUMBING = new Set([
  'model_id', 'idempotency_key', 'dry_run', 'max_credits', 'wait_seconds', 'sync', 'preview', 'collection_id',
]);

const HEX = '^#[0-9a-fA-F]{6}$';
const ASSET_NAMES = /(^|_)(image|picture|asset|frame|video)(_id|_url)?s?$/;

export function fieldsOf(schema: JsonSchema, hidden: ReadonlySet<string> = PLUMBING): Field[] {
  const required = new Set(schema.required ?? []);
  return Object.entries(schema.properties ?? {})
    .filter(([name]) => !hidden.has(name))
    .map(([name, own]) => field(name, own, required.has(name)));
}

function field(name: string, schema: JsonSchema, isRequired: boolean): Field {
  const choices = choicesOf(schema);
  const kind = kindOf(name, schema, choices.length > 0);
  const example = schema.examples?.find((one) => typeof one === 'string') as string | undefined;
  return {
    name,
    kind,
    media: mediaOf(name, schema),
    label: schema.title ?? labelFor(name) ?? label(name),
    help: kind === 'color' ? undefined : helpFor(name, schema.description),
    isRequired,
    choices,
    initial: schema.default,
    minimum: schema.minimum,
    maximum: schema.maximum,
    step: schema.multipleOf ?? (typesOf(schema).includes('integer') ? 1 : undefined),
    maxLength: schema.maxLength,
    minItems: schema.minItems,
    maxItems: schema.maxItems,
    pattern: schema.pattern,
    example,
    ...(kind === 'lines' && schema.items && typesOf(schema.items).includes('number') ? { takesNumbers: true } : {}),
  };
}

/** By the schema's own annotation, else by the name. */
function mediaOf(name: string, schema: JsonSchema): AssetType {
  const kind = (schema.contentMediaType ?? schema.items?.contentMediaType)?.split('/')[0];
  if (kind === 'video' || kind === 'audio') return kind;
  if (kind === 'model') return '3d';
  return kind === undefined && /(^|_)video/.test(name) ? 'video' : 'image';
}

function typesOf(schema: JsonSchema): string[] {
  const own = schema.type ?? schema.oneOf?.[0]?.type ?? schema.anyOf?.[0]?.type ?? [];
  return Array.isArray(own) ? own : [own];
}

function choicesOf(schema: JsonSchema): Choice[] {
  const variants = schema.oneOf ?? schema.anyOf;
  if (variants?.length && variants.every((one) => one.const !== undefined || one.enum?.length === 1)) {
    return variants.map((one) => {
      const value = one.const ?? one.enum?.[0];
      return { value, label: one.title ?? label(String(value)), description: one.description };
    });
  }
  return (schema.enum ?? []).map((value) => ({ value, label: label(String(value)), description: undefined }));
}

function kindOf(name: string, schema: JsonSchema, hasChoices: boolean): Kind {
  const types = typesOf(schema);
  const items = schema.items ? typesOf(schema.items) : [];
  if (hasChoices) return 'choice';
  if (name === 'mask') return 'mask';
  if (name === 'layers' && items.includes('object')) return 'layers';
  const isMedia = ASSET_NAMES.test(name) || schema.contentMediaType !== undefined || schema.items?.contentMediaType !== undefined || (/asset id/i.test(schema.description ?? '') && name !== 'background');
  if (types.includes('array') && isMedia) return 'assets';
  if (name === 'collection_id') return 'collection';
  // A list of words or numbers is written one to a line.
  if (types.length === 1 && types[0] === 'array' && items.length > 0 && items.every((type) => type === 'string' || type === 'number')) return 'lines';
  if (types.includes('boolean')) return 'boolean';
  if (types.includes('integer') || types.includes('number')) {
    // A slider where both ends are known, near, and zero or a default stands between them.
    const span = (schema.maximum ?? Infinity) - (schema.minimum ?? -Infinity);
    if (span <= 200 && !types.includes('integer')) return 'slider';
    return types.includes('integer') ? 'integer' : 'number';
  }
  if (types.includes('string')) {
    if (isMedia) return 'asset';
    if (schema.pattern === HEX) return 'color';
    if (name === 'background') return 'backdrop';
    if (name === 'shape') return 'shape';
    if (name === 'style') return 'style';
    return (schema.maxLength ?? 0) > 300 || name === 'prompt' ? 'long_text' : 'text';
  }
  return 'json';
}

/** What stands in the form at first; `given` wins over the schema's defaults. */
export function initialValues(fields: Field[], given: Values = {}): Values {
  const values: Values = {};
  for (const one of fields) {
    const value = given[one.name] ?? one.initial;
    if (value === undefined) {
      values[one.name] = one.kind === 'boolean' ? false : one.kind === 'assets' || one.kind === 'layers' ? [] : undefined;
    } else if (one.kind === 'assets') {
      values[one.name] = Array.isArray(value) ? value : [value];
    } else if (one.kind === 'lines') {
      values[one.name] = Array.isArray(value) ? value.join('\n') : value;
    } else if (one.kind === 'json') {
      values[one.name] = typeof value === 'string' ? value : JSON.stringify(value, null, 2);
    } else {
      values[one.name] = value;
    }
  }
  return values;
}

const isBlank = (value: unknown) =>
  value === undefined || value === null || value === '' || (Array.isArray(value) && value.length === 0);

/** What is wrong, by field; empty when it can be sent. */
export function faults(fields: Field[], values: Values): Record<string, string> {
  const found: Record<string, string> = {};
  for (const one of fields) {
    const fault = faultOf(one, values[one.name]);
    if (fault) found[one.name] = fault;
  }
  return found;
}

function faultOf(own: Field, value: unknown): string | undefined {
  if (isBlank(value)) return own.isRequired ? `${own.label} is needed.` : undefined;
  if (own.kind === 'integer' || own.kind === 'number' || own.kind === 'slider') {
    if (typeof value !== 'number' || !Number.isFinite(value)) return `${own.label} must be a number.`;
    if (own.kind === 'integer' && !Number.isInteger(value)) return `${own.label} must be a whole number.`;
    if (own.minimum !== undefined && value < own.minimum) return `${own.label} must be at least ${own.minimum}.`;
    if (own.maximum !== undefined && value > own.maximum) return `${own.label} must be at most ${own.maximum}.`;
  }
  if (typeof value === 'string') {
    if (own.maxLength !== undefined && [...value].length > own.maxLength) {
      return `${own.label} must have at most ${own.maxLength} characters.`;
    }
    if (own.pattern && (own.kind === 'text' || own.kind === 'color') && !new RegExp(own.pattern, 'u').test(value)) return `${own.label} does not have the right form.`;
    if (own.kind === 'lines') return tooFewOrMany(own, linesOf(own, value));
    if (own.kind === 'json') {
      try {
        JSON.parse(value);
      } catch {
        return `${own.label} must be JSON.`;
      }
    }
  }
  return Array.isArray(value) ? tooFewOrMany(own, value) : undefined;
}

function tooFewOrMany(own: Field, value: unknown[]): string | undefined {
  if (own.minItems !== undefined && value.length < own.minItems) return `${own.label} needs at least ${own.minItems}.`;
  if (own.maxItems !== undefined && value.length > own.maxItems) return `${own.label} takes at most ${own.maxItems}.`;
  return undefined;
}

/** The lines of a field; empty ones are none. */
function linesOf(own: Field, text: string): (string | number)[] {
  const lines = text.split('\n').map((line) => line.trim()).filter(Boolean);
  const isAllNumbers = own.takesNumbers && lines.every((line) => Number.isFinite(Number(line)));
  return isAllNumbers ? lines.map(Number) : lines;
}

/** What is sent: nothing that is blank, and nothing that says what the default says anyway. */
export function argumentsOf(fields: Field[], values: Values): Values {
  const sent: Values = {};
  for (const one of fields) {
    const value = values[one.name];
    if (isBlank(value)) continue;
    if (!one.isRequired && (value === one.initial || (one.kind === 'boolean' && value === false && one.initial === undefined))) continue;
    sent[one.name] = one.kind === 'json' ? JSON.parse(String(value)) : one.kind === 'lines' ? linesOf(one, String(value)) : value;
  }
  return sent;
}
