/** Models, jobs and the calls that make something. */
import { del, get, part, post, type Query } from './client';
import type { Estimate, Job, Jobs, JsonSchema, Model, Shape, Style, ToolCall } from './types';

/** Model ids hold slashes, which stand in the path as they are. */
const modelPath = (id: string) => id.split('/').map(part).join('/');

export const models = {
  list: () => get<{ models: Model[] }>('/models'),
  schema: (id: string) => get<{ model: string; input_schema: JsonSchema }>(`/models/schema/${modelPath(id)}`),
  shapes: () => get<{ shapes: Shape[] }>('/shapes'),
  styles: () => get<{ styles: Style[] }>('/styles'),
};

export const jobs = {
  list: (query: Query) => get<Jobs>('/jobs', query),
  get: (id: string) => get<Job>(`/jobs/${part(id)}`),
  cancel: (id: string) => del<{ job_id: string; status: string }>(`/jobs/${part(id)}`),
};

export const estimate = (call: ToolCall, signal?: AbortSignal) =>
  post<Estimate>('/account/estimate', call, { signal });

/** The operation that a tool call stands for, such as `edit.upscale`. */
export function operationOf(call: ToolCall): string {
  if (call.tool === 'generate_media') return 'generate.media';
  return `edit.${String(call.arguments.action ?? '')}`;
}

/** What every model shares; the rest of a model's schema goes within `inputs`. */
const COMMON = new Set(['model', 'prompt', 'images', 'count', 'width', 'height', 'shape', 'aspect_ratio', 'style', 'seed', 'duration_seconds', 'output_format', 'collection_id', 'idempotency_key', 'max_credits', 'wait_seconds']);

function generation(args: Record<string, unknown>): Record<string, unknown> {
  const entries = Object.entries(args);
  const own = entries.filter(([name]) => !COMMON.has(name) && name !== 'inputs');
  if (own.length === 0) return args;
  return { ...Object.fromEntries(entries.filter(([name]) => COMMON.has(name))), inputs: Object.fromEntries(own) };
}

/** The tool call for an operation with these arguments. */
export function callOf(operation: string, args: Record<string, unknown>): ToolCall {
  if (operation === 'generate.media') return { tool: 'generate_media', arguments: generation(args) };
  return { tool: 'edit_image', arguments: { ...args, action: operation.replace(/^edit\./, '') } };
}

/** Sends a tool call over REST. It is never waited for: progress comes as events. */
export function make(call: ToolCall): Promise<Job> {
  const { action, ...args } = call.arguments;
  const path = call.tool === 'generate_media' ? '/generate' : `/edit/${part(String(action).replaceAll('_', '-'))}`;
  return post<Job>(path, { ...args, wait_seconds: 0 }, { idempotencyKey: crypto.randomUUID() });
}
