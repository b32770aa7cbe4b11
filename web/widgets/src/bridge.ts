/**
 * The wire between a widget and the host that shows it (MCP Apps, 2026-01-26): JSON-RPC 2.0 over postMessage. The widget has no origin
 * and no network but our media; whatever it wants done it asks of the host, which asks the server.
 */

/** JSON from outside, read with care. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any
export type Json = Record<string, any>;

export interface ToolResult { content?: Json[]; structuredContent?: Json; isError?: boolean; _meta?: Json }

export interface HostContext {
  theme?: 'light' | 'dark';
  styles?: { variables?: Record<string, string> };
  displayMode?: string;
  availableDisplayModes?: string[];
  containerDimensions?: { height?: number; maxHeight?: number; width?: number; maxWidth?: number };
  locale?: string;
  timeZone?: string;
  toolInfo?: { tool?: { name?: string; inputSchema?: Json } };
  safeAreaInsets?: { top: number; right: number; bottom: number; left: number };
}

/** What a widget does when the host speaks. */
export interface Listener {
  /** The arguments of the call; `isWhole` is false while a model still writes them. */
  input?: (args: Json, isWhole: boolean) => void;
  result?: (result: ToolResult) => void;
  /** The call was given up before it answered. */
  abandoned?: (reason: string) => void;
  /** Theme, size or mode changed. */
  context?: () => void;
  /** The host takes the widget away: timers end here. */
  ended?: () => void;
}

const PROTOCOL = '2026-01-26';
/** How long the host may take to answer; a tool may work for a while. */
const PATIENCE_MS = 180_000;
/** How long and how often a call waits for its turn when there were too many. */
const [LONGEST_PAUSE_S, MOST_TRIES] = [5, 3];
/** Sizes are told at most this often. */
const SIZE_PAUSE_MS = 80;

interface Waiting { resolve: (value: Json) => void; reject: (error: Error) => void; timer: number }

const waiting = new Map<number, Waiting>();
const endings = new Set<() => void>();
let lastId = 0;
let listener: Listener = {};
let hasEnded = false;
export let context: HostContext = {};
let capabilities: Json = {};

function post(message: Json): void {
  // The widget does not know where it is shown; the host knows it by its window, as we know the host.
  window.parent.postMessage({ jsonrpc: '2.0', ...message }, '*');
}

export function request(method: string, params: Json, patienceMs = PATIENCE_MS): Promise<Json> {
  if (hasEnded) return Promise.reject(new Error('The widget was closed.'));
  lastId += 1;
  const id = lastId;
  return new Promise((resolve, reject) => {
    const timer = window.setTimeout(() => {
      waiting.delete(id);
      reject(new Error('No answer came.'));
    }, patienceMs);
    waiting.set(id, { resolve, reject, timer });
    post({ id, method, params });
  });
}

const notify = (method: string, params: Json = {}): void => post({ method, params });

/** Something that must stop when the host takes the widget away. Returns a way to forget it. */
export function atEnd(stop: () => void): () => void {
  endings.add(stop);
  return () => endings.delete(stop);
}

/** A timer that ends with the widget. */
export function later(run: () => void, ms: number): () => void {
  const timer = window.setTimeout(() => { forget(); if (!hasEnded) run(); }, ms);
  const forget = atEnd(() => window.clearTimeout(timer));
  return () => { window.clearTimeout(timer); forget(); };
}

function heard(event: MessageEvent): void {
  if (event.source !== window.parent || event.data?.jsonrpc !== '2.0') return;
  const { id, method, params, result, error } = event.data as Json;
  if (typeof method !== 'string') {
    const waiter = waiting.get(id);
    if (!waiter) return;
    waiting.delete(id);
    window.clearTimeout(waiter.timer);
    if (error) waiter.reject(new Error(String(error.message ?? 'The host refused.')));
    else waiter.resolve(result ?? {});
    return;
  }
  switch (method) {
    case 'ui/notifications/tool-input': listener.input?.(params?.arguments ?? {}, true); break;
    case 'ui/notifications/tool-input-partial': listener.input?.(params?.arguments ?? {}, false); break;
    case 'ui/notifications/tool-result': listener.result?.(params ?? {}); break;
    case 'ui/notifications/tool-cancelled': listener.abandoned?.(String(params?.reason ?? '')); break;
    case 'ui/notifications/host-context-changed': accept({ ...context, ...params }); listener.context?.(); break;
    case 'ui/resource-teardown':
      listener.ended?.();
      end();
      post({ id, result: {} });
      break;
    case 'ping': post({ id, result: {} }); break;
    default:
      if (id !== undefined) post({ id, error: { code: -32601, message: 'A widget has no such method.' } });
  }
}

function end(): void {
  hasEnded = true;
  for (const stop of [...endings]) stop();
  endings.clear();
  for (const { timer, reject } of waiting.values()) {
    window.clearTimeout(timer);
    reject(new Error('The widget was closed.'));
  }
  waiting.clear();
}

/** Takes over the look of the host. */
function accept(next: HostContext): void {
  context = next;
  const root = document.documentElement;
  if (next.theme) root.dataset.theme = next.theme;
  for (const [name, value] of Object.entries(next.styles?.variables ?? {})) {
    if (name.startsWith('--') && typeof value === 'string') root.style.setProperty(name, value);
  }
  root.dataset.mode = next.displayMode ?? 'inline';
  const inset = next.safeAreaInsets;
  root.style.setProperty('--inset', inset ? `${inset.top}px ${inset.right}px ${inset.bottom}px ${inset.left}px` : '0px');
  if (next.locale) {
    try { root.lang = Intl.getCanonicalLocales(next.locale)[0] ?? 'en'; } catch { /* not a language */ }
  }
}

export const isFullscreen = (): boolean => context.displayMode === 'fullscreen';
export const mayFullscreen = (): boolean => (context.availableDisplayModes ?? []).includes('fullscreen');
/** Whether the host can do something, such as `openLinks`. */
export const can = (what: string): boolean => capabilities[what] !== undefined;
/** The tool whose call is shown, if the host tells. */
export const toolName = (): string | undefined => context.toolInfo?.tool?.name;

/** What that tool takes, if the host tells. */
export const toolSchema = (): Json | undefined => context.toolInfo?.tool?.inputSchema;

/** Tells the host how high the widget is, whenever that has changed and then has rested for a moment. */
function watchSize(): void {
  let told = '';
  let timer = 0;
  const tell = (): void => {
    timer = 0;
    if (hasEnded || isFullscreen()) return;
    const { width, height } = document.body.getBoundingClientRect();
    const size = { width: Math.ceil(width), height: Math.ceil(height) };
    if (told === JSON.stringify(size)) return;
    told = JSON.stringify(size);
    notify('ui/notifications/size-changed', size);
  };
  const observer = new ResizeObserver(() => { timer ||= window.setTimeout(tell, SIZE_PAUSE_MS); });
  observer.observe(document.body);
  atEnd(() => { observer.disconnect(); window.clearTimeout(timer); });
}

/** Shakes hands with the host. What it has to say comes to the listener afterwards. */
export async function connect(name: string, own: Listener): Promise<void> {
  listener = own;
  window.addEventListener('message', heard);
  const answer = await request('ui/initialize', {
    appInfo: { name: `aquatint-${name}`, version: '1.0.0' },
    appCapabilities: { availableDisplayModes: ['inline', 'fullscreen'] },
    protocolVersion: PROTOCOL,
  });
  capabilities = answer.hostCapabilities ?? {};
  accept(answer.hostContext ?? {});
  listener.context?.();
  notify('ui/notifications/initialized');
  watchSize();
}

/** A failure that a person can read. */
export class Failure extends Error {
  constructor(readonly problem: Json) {
    super(String(problem.message ?? 'That did not work.'));
  }
}

/** Calls a tool of the server through the host, and gives what it answers. A failed call throws its problem. */
export async function callTool(name: string, args: Json): Promise<ToolResult> {
  for (let tries = 1; ; tries += 1) {
    const result = (await request('tools/call', { name, arguments: args })) as ToolResult;
    if (!result.isError) return result;
    const problem = result.structuredContent ?? { message: textOf(result) };
    const pause = Number(problem.retry_after_s) || 1;
    // A person who clicks quickly shares the limit with the agent; a short wait is not worth a word.
    if (problem.code !== 'rate_limited' || pause > LONGEST_PAUSE_S || tries >= MOST_TRIES) throw new Failure(problem);
    await new Promise<void>((resolve) => { later(resolve, pause * 1000); });
  }
}

export const textOf = (result: ToolResult): string =>
  (result.content ?? []).filter((block) => block.type === 'text').map((block) => String(block.text)).join('\n');

/** The structured answer of a tool. */
export const ask = async (name: string, args: Json): Promise<Json> => (await callTool(name, args)).structuredContent ?? {};

export async function setMode(mode: 'inline' | 'fullscreen'): Promise<void> {
  const answer = await request('ui/request-display-mode', { mode }, 10_000);
  accept({ ...context, displayMode: answer.mode ?? mode });
  listener.context?.();
}

export async function openLink(url: string): Promise<void> {
  const answer = await request('ui/open-link', { url }, 20_000);
  if (answer.isError) throw new Error('The client did not open the link.');
}

/** Saves a file the way the host can: by itself, or in the browser. */
export async function download(url: string, name: string, mimeType: string): Promise<void> {
  if (can('downloadFile')) {
    const link = { type: 'resource_link', uri: url, name, mimeType };
    const answer = await request('ui/download-file', { contents: [link] }, 60_000);
    if (answer.isError) throw new Error('The client did not save the file.');
    return;
  }
  await openLink(url);
}

/** Whether something can be given to the conversation at all. */
export const canTell = (): boolean => can('updateModelContext') || can('message');

/** Puts facts into the model's context for what the person writes next; where the host cannot, says them aloud. */
export async function tellModel(text: string, facts: Json): Promise<void> {
  if (!can('updateModelContext')) return say(text);
  const takesFacts = capabilities.updateModelContext?.structuredContent !== undefined;
  const content = [{ type: 'text', text }];
  await request('ui/update-model-context', takesFacts ? { content, structuredContent: facts } : { content }, 20_000);
}

/** Says something in the conversation, as the person. */
export async function say(text: string): Promise<void> {
  const answer = await request('ui/message', { role: 'user', content: [{ type: 'text', text }] }, 60_000);
  if (answer.isError) throw new Error('The client did not take the message.');
}
