/**
 * A job in the words of any surface, as the page shows it. The native surface, Krea's and Pixola's tell jobs differently and poll with tools
 * of different names; a server that wants other tools says so in `_meta` of its answer, under `aquatint/poll` and `aquatint/cancel`, each
 * `{tool, arguments}`.
 */
import type { Json, ToolResult } from '../bridge';
import { mediaOf, type Media } from './media';

export type State = 'waiting' | 'running' | 'done' | 'failed' | 'cancelled' | 'priced';
export interface Call { tool: string; arguments: Json }
export interface Problem { code?: string; message: string; hint?: string; upgrade_url?: string; retryable?: boolean; retry_after_s?: number }
export interface Item { index: number; state: State; outputs: Media[]; error?: Problem }
export interface Work {
  id?: string;
  state: State;
  /** The service's own word for the state. */
  word: string;
  /** From 0 to 1; absent where nobody knows. */
  progress?: number;
  stage?: string;
  operation?: string;
  model?: string;
  outputs: Media[];
  items?: Item[];
  error?: Problem;
  price?: number;
  charged?: number;
  started?: number;
  finished?: number;
  note?: string;
  poll?: Call;
  cancel?: Call;
}

export function stateOf(word: string): State {
  if (/^(succeeded|completed?|done|finished|ready|success)$/i.test(word)) return 'done';
  if (/^(failed|error|errored|content_flagged|rejected)$/i.test(word)) return 'failed';
  if (/^cancell?ed$/i.test(word)) return 'cancelled';
  if (/^estimated$/i.test(word)) return 'priced';
  if (/^(queued|backlogged|scheduled|pending|waiting|created)$/i.test(word)) return 'waiting';
  return 'running';
}

export const isOver = (state: State): boolean => state !== 'waiting' && state !== 'running';

export function problemOf(error: unknown, fallback = 'That did not work.'): Problem {
  if (typeof error === 'string') return { message: error };
  const own = (error ?? {}) as Json;
  const message = own.message ?? (typeof own.error === 'string' ? own.error : own.error?.message) ?? fallback;
  return {
    code: own.code ?? own.error_code ?? own.error?.code,
    message: String(message),
    hint: own.hint ?? own.error?.hint,
    upgrade_url: own.upgrade_url ?? own.details?.credits_url ?? own.details?.upgrade_url,
    retryable: own.retryable,
    retry_after_s: own.retry_after_s,
  };
}

function mediaList(own: Json): Media[] {
  const result = own.result as Json | undefined;
  for (const list of [own.outputs, own.images, own.media, result?.urls, own.urls, result?.outputs, own.image_urls]) {
    if (Array.isArray(list) && list.length > 0) return list.map(mediaOf).filter((media) => media.url);
  }
  const single = own.image_url ?? own.imageUrl ?? own.url;
  return typeof single === 'string' ? [mediaOf(own)].map((media) => ({ ...media, url: single })) : [];
}

/** Reads a job from what a tool answered; `tool` is its name, if known. */
export function workOf(result: ToolResult, tool: string | undefined): Work {
  const own = result.structuredContent ?? {};
  if (result.isError) {
    return { state: 'failed', word: 'failed', outputs: [], error: problemOf(own, (result.content ?? []).find((one) => one.type === 'text')?.text) };
  }
  const batch = own.batchId ?? own.batch_id;
  const native = own.operation !== undefined || own.price_credits !== undefined;
  // Node apps answer with a list of jobs; the first stands for it.
  const first = Array.isArray(own.jobs) ? (own.jobs[0] as Json) : undefined;
  const id = own.job_id ?? own.jobId ?? first?.job_id ?? (native ? undefined : batch);
  const outputs = mediaList(own);
  const word = String(own.status ?? first?.status ?? (outputs.length > 0 ? 'completed' : 'queued'));
  const state = stateOf(word);
  const failure = own.error ?? (state === 'failed' ? own.result?.error ?? own.message : undefined);
  const meta = (result._meta ?? {}) as Record<string, Call | undefined>;
  let poll: Call | undefined;
  let cancel: Call | undefined;
  if (typeof id === 'string') {
    if (batch !== undefined && !native) poll = { tool: 'get_batch', arguments: { batchId: id } };
    else if (native) [poll, cancel] = [{ tool: 'get_job_status', arguments: { job_id: id } }, { tool: 'cancel_job', arguments: { job_id: id } }];
    else [poll, cancel] = [{ tool: 'get_job', arguments: { jobId: id } }, { tool: 'cancel_job', arguments: { job_id: id } }];
  }
  const time = (value: unknown): number | undefined => (value ? Date.parse(String(value)) || undefined : undefined);
  return {
    id: typeof id === 'string' ? id : undefined,
    state,
    word,
    progress: typeof own.progress === 'number' ? Math.min(1, Math.max(0, own.progress)) : undefined,
    stage: own.stage || undefined,
    operation: own.operation ?? (tool === 'execute_node_app' ? 'node app' : undefined),
    model: own.model,
    outputs,
    items: Array.isArray(own.items)
      ? own.items.map((item: Json) => ({
        index: Number(item.index) || 0,
        state: stateOf(String(item.status)),
        outputs: mediaList(item),
        error: item.error ? problemOf(item.error) : undefined,
      }))
      : undefined,
    error: state === 'failed' ? problemOf(failure ?? {}, 'The job failed.') : undefined,
    price: typeof own.price_credits === 'number' ? own.price_credits : undefined,
    charged: typeof own.charged_credits === 'number' ? own.charged_credits : undefined,
    started: time(own.created_at),
    finished: time(own.finished_at ?? own.completed_at),
    note: own.result?.hint,
    poll: meta['aquatint/poll'] ?? poll,
    cancel: meta['aquatint/cancel'] ?? cancel,
  };
}

/** The shape that a call asks for, before anything is there. */
export function wishOf(args: Json): { ratio: number; count: number; prompt?: string } {
  const inputs = { ...(args.inputs as Json | undefined), ...args };
  const parts = /^(\d{1,4}):(\d{1,4})$/.exec(String(inputs.aspect_ratio ?? ''));
  const shapes: Record<string, number> = {
    square: 1, landscape: 4 / 3, 'landscape-photo': 1.5, 'landscape-wide': 16 / 9, 'landscape-ultrawide': 21 / 9, banner: 3, portrait: 3 / 4,
    'portrait-photo': 2 / 3, 'portrait-social': 0.8, 'portrait-tall': 9 / 16,
  };
  let ratio = shapes[String(inputs.shape ?? '')] ?? 1;
  if (parts && Number(parts[2]) > 0) ratio = Number(parts[1]) / Number(parts[2]);
  else if (Number(inputs.width) > 0 && Number(inputs.height) > 0) ratio = Number(inputs.width) / Number(inputs.height);
  else if (/video/.test(String(inputs.model ?? ''))) ratio = 16 / 9;
  const many = Array.isArray(args.images) && args.action !== undefined ? args.images.length : Number(inputs.count ?? inputs.n ?? 1);
  return {
    ratio: Math.min(3, Math.max(0.4, ratio || 1)),
    count: Math.min(12, Math.max(1, Math.round(many) || 1)),
    prompt: typeof inputs.prompt === 'string' ? inputs.prompt : undefined,
  };
}
