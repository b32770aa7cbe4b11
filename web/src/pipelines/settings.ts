/** The settings of a node as a form, and back. */
import type { GraphNode } from '../api/pipelines';
import type { JsonSchema } from '../api/types';
import { argumentsOf, faults, fieldsOf, initialValues, type Field, type Values } from '../schema/fields';

/** What concerns a call and not a node. */
const HIDDEN: ReadonlySet<string> = new Set(['idempotency_key', 'dry_run', 'max_credits', 'wait_seconds', 'sync', 'preview']);

/** What of a model's schema a generation takes at its top; the rest goes within `inputs`. */
const COMMON = new Set(['model', 'prompt', 'images', 'count', 'width', 'height', 'shape', 'aspect_ratio', 'style', 'seed', 'duration_seconds', 'output_format']);

/** The fields of a node type; those that an edge brings are left out. */
export function formOf(node: GraphNode, schema: JsonSchema, brought: ReadonlySet<string>): Field[] {
  const media = node.type === 'input.video' ? 'video' as const : node.type === 'input.image' ? 'image' as const : undefined;
  return fieldsOf(schema, new Set([...HIDDEN, ...brought])).map((field) =>
    media && field.name === 'default' ? { ...field, kind: 'asset', label: media === 'video' ? 'Default video' : 'Default picture', media } : field);
}

/** What stands in the form for these settings. */
export function valuesOf(fields: Field[], settings: Record<string, unknown> | undefined): Values {
  return initialValues(fields, { ...(settings ?? {}), ...insideOf(settings) });
}
const insideOf = (settings: Record<string, unknown> | undefined): Values => {
  const inside = settings?.inputs;
  return typeof inside === 'object' && inside !== null && !Array.isArray(inside) ? (inside as Values) : {};
};

/**
 * The settings that the form stands for. What the form does not show stays as it was, and so does what cannot be read.
 * `isModel`: the fields are a model's own, of which `generate.media` takes those that not every model has within `inputs`.
 */
export function settingsOf(fields: Field[], values: Values, before: Record<string, unknown> = {}, isModel = false): Record<string, unknown> {
  const wrong = faults(fields, values);
  const unread = fields.filter((field) => field.kind === 'json' && wrong[field.name]);
  const shown = fields.filter((field) => !unread.includes(field));
  const sent = argumentsOf(shown, values);
  const names = new Set(shown.map((field) => field.name));
  const kept = Object.fromEntries(Object.entries(before).filter(([name]) => !names.has(name) && !(isModel && name === 'inputs')));
  const own = Object.entries(sent).filter(([name]) => isModel && !COMMON.has(name));
  const common = Object.fromEntries(Object.entries(sent).filter(([name]) => !isModel || COMMON.has(name)));
  // Where a shape is given, width and height say nothing.
  if (common.shape || common.aspect_ratio) {
    delete common.width;
    delete common.height;
  }
  return { ...kept, ...common, ...(own.length > 0 ? { inputs: Object.fromEntries(own) } : {}) };
}

/** What is wrong with what was typed; that something is missing is for the server to say, which knows the edges. */
export function typos(fields: Field[], values: Values): Record<string, string> {
  return Object.fromEntries(Object.entries(faults(fields, values)).filter(([name]) => values[name] !== undefined && values[name] !== ''));
}
