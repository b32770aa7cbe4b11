/** A pipeline as a graph, and how a run goes through it while it goes. */
import '../look.css';
import './pipeline.css';
import * as host from '../bridge';
import { ask, connect, type Json, type ToolResult } from '../bridge';
import { button, h, icon, notice, problemBox, render, root, tell, words, type Child } from '../dom';
import { graphView, titleOf, type Graph, type Node, type View } from '../parts/graph';
import { frame, freshUrl, isVideo, mediaOf, nameOf, picture, player, type Media } from '../parts/media';
import { isOver, problemOf, stateOf } from '../parts/work';
import { credits, date, label, plural } from '../words';

const FIRST_POLL_MS = 1_200;
const SLOWEST_POLL_MS = 10_000;
const MOST_SILENCES = 6;

const page = root();
let args: Json = {};
let name = '';
let pipelineId: string | undefined;
let facts: Json = {};
let graph: Graph | undefined;
let view: View | undefined;
let run: Json | undefined;
let runIds: string[] = [];
let runAt = 0;
let list: { title: string; rows: Json[]; kind: 'pipelines' | 'runs' | 'types' } | undefined;
let faults: Json[] = [];
let verdict: string | undefined;
let problem: { message: string; hint?: string } | undefined;
let chosen: Node | undefined;
let isLoading = true;
let stop: (() => void) | undefined;
let pause = FIRST_POLL_MS;
let silences = 0;
const kept = new Map<string, HTMLElement>();

function read(result: ToolResult): void {
  const own = result.structuredContent ?? {};
  isLoading = false;
  problem = result.isError ? problemOf(own, host.textOf(result)) : undefined;
  if (problem) { draw(); return; }
  if (Array.isArray(own.pipelines)) list = { title: 'Pipelines', rows: own.pipelines, kind: 'pipelines' };
  else if (Array.isArray(own.runs)) list = { title: 'Runs', rows: own.runs, kind: 'runs' };
  else if (Array.isArray(own.node_types)) list = { title: 'Node types', rows: own.node_types, kind: 'types' };
  else if (own.is_valid !== undefined) {
    faults = (own.faults ?? []) as Json[];
    verdict = own.is_valid ? `The graph is sound${own.price_credits !== undefined ? `; one run costs up to ${credits(own.price_credits)}` : ''}.` : undefined;
    show(args.graph as Graph | undefined, 'Draft');
  } else {
    if (own.run_ids) runIds = own.run_ids.map(String);
    pipelineId = own.pipeline_id ?? args.pipeline_id ?? pipelineId;
    if (own.graph) { facts = own; show(own.graph as Graph, String(own.name ?? 'Pipeline')); }
    const told = own.run ?? (own.run_id && own.nodes && own.status ? own : undefined);
    if (told) seen(told as Json);
    else if (own.run_id ?? args.run_id) void follow(String(own.run_id ?? args.run_id));
    else if (own.status === 'estimated') verdict = `${plural(Number(own.run_count) || 1, 'run')} would cost up to ${credits(own.price_credits)}. Nothing was started.`;
    if (!own.graph && (pipelineId || told)) void learn();
    if (own.nodes && own.graph) mark(own.nodes as Json[]);
  }
  draw();
}

/** The graph that belongs to a run. */
async function learn(): Promise<void> {
  try {
    const id = pipelineId ?? run?.pipeline_id;
    if (!id) return;
    const told = await ask('display_pipeline', { pipeline_id: id, ...(run?.run_id ? { run_id: run.run_id } : {}) });
    show(told.graph as Graph, String(told.name));
    mark((run?.nodes ?? told.nodes ?? []) as Json[]);
    draw();
  } catch (error) { problem = { message: (error as Error).message }; draw(); }
}

function show(next: Graph | undefined, title: string): void {
  list = undefined;
  name = title;
  if (!next?.nodes) return;
  graph = { nodes: next.nodes, edges: next.edges ?? [] };
  view = graphView(graph, title, (node) => { chosen = chosen?.id === node.id ? undefined : node; draw(); });
}

const mark = (nodes: Json[]): void => view?.mark(new Map(nodes.map((one) => [String(one.node), String(one.status)])));

// ── A run

async function follow(id: string): Promise<void> {
  stop?.();
  [pause, silences] = [FIRST_POLL_MS, 0];
  await look(id);
}

async function look(id: string): Promise<void> {
  try {
    seen(await ask('pipelines', { action: 'get_run', run_id: id }));
    silences = 0;
  } catch (error) {
    silences += 1;
    if (error instanceof host.Failure && /not_found|forbidden/.test(String(error.problem.code))) { notice(error.message, true); return; }
    if (silences < MOST_SILENCES) stop = host.later(() => void look(id), pause * 2);
    else notice('The server does not answer; the run goes on without this page.', true);
  }
}

function seen(told: Json): void {
  const before = run ? stateOf(String(run.status)) : undefined;
  run = told;
  pipelineId ??= told.pipeline_id;
  mark((told.nodes ?? []) as Json[]);
  const state = stateOf(String(told.status));
  if (isOver(state)) {
    stop?.();
    if (before && !isOver(before)) tell(`The run has ${told.status}`);
  } else {
    stop?.();
    stop = host.later(() => void look(String(told.run_id)), document.visibilityState === 'hidden' ? SLOWEST_POLL_MS : pause);
    pause = Math.min(SLOWEST_POLL_MS, pause * 1.3);
  }
  draw();
}

async function cancel(): Promise<void> {
  await ask('pipelines', { action: 'cancel_run', run_id: run?.run_id });
  await follow(String(run?.run_id));
}

async function use(all: Media[]): Promise<void> {
  await host.tellModel(`The person picked ${plural(all.length, 'result')} of pipeline run ${run?.run_id}: ${all.map((one) => `${one.asset_id} (${nameOf(one)})`).join('; ')}.`, { asset_ids: all.map((one) => one.asset_id).filter(Boolean), run_id: run?.run_id });
  notice('The conversation knows the results now');
}

async function open(id: string): Promise<void> {
  pipelineId = id;
  run = undefined;
  const told = await ask('display_pipeline', { pipeline_id: id });
  read({ structuredContent: told });
}

// ── How it looks

function stateChip(status: string): HTMLElement {
  const state = stateOf(status);
  return h('span', { class: `chip ${state === 'done' ? 'good' : state === 'failed' ? 'wrong' : isOver(state) ? '' : 'accent'}` }, label(status));
}

function detail(): Child {
  const node = chosen;
  if (!node) return null;
  const told = ((run?.nodes ?? []) as Json[]).find((one) => one.node === node.id);
  const settings = Object.entries(node.settings ?? {});
  const written = (value: unknown): string => (typeof value === 'string' ? value : JSON.stringify(value));
  return h('section', { class: 'card detail', 'aria-label': `Node ${titleOf(node)}` },
    h('div', { class: 'row' }, h('h2', { class: 'grow clip' }, titleOf(node)), told && stateChip(String(told.status)), button('Close', () => { chosen = undefined; draw(); }, { icon: 'close', isIconOnly: true, kind: 'plain', key: 'shut' })),
    h('p', { class: 'quiet small' }, h('code', { class: 'mono' }, node.type), node.alias && ` · input “${node.alias}”`, told?.is_cached && ' · from an earlier run', told && Number(told.charged_credits) > 0 && ` · ${credits(told.charged_credits)}`),
    told?.error && h('p', { class: 'fault' }, String((told.error as Json).message)),
    settings.length > 0 ? h('dl', { class: 'settings' }, settings.map(([key, value]) => h('div', null, h('dt', { class: 'quiet small' }, label(key)), h('dd', { class: 'lines2' }, written(value))))) : h('p', { class: 'quiet small' }, 'No settings of its own.'));
}

function results(): Child {
  const media = ((run?.media ?? []) as Json[]).map(mediaOf).filter((one) => one.url);
  if (media.length === 0) return null;
  return h('section', { class: 'stack' },
    h('div', { class: 'results' }, media.map((one) => {
      const key = one.asset_id ?? one.url;
      let element = kept.get(key);
      if (!element) kept.set(key, (element = frame(one, '', isVideo(one) ? player(one) : picture(one, 'large'))));
      return h('figure', null, element, h('figcaption', { class: 'row tight' }, h('span', { class: 'quiet small clip grow' }, nameOf(one)),
        (host.can('downloadFile') || host.can('openLinks')) && button('Download', async () => host.download(await freshUrl(one), `${nameOf(one)}.${(one.content_type ?? 'image/png').replace(/^.*\//, '')}`, one.content_type ?? 'image/png'), { icon: 'download', isIconOnly: true, kind: 'plain', key: `save-${key}` })));
    })),
    host.canTell() && h('div', { class: 'row' }, button(media.length > 1 ? 'Use all in chat' : 'Use in chat', () => use(media), { icon: 'chat', kind: 'primary' })));
}

function rows(): Child[] {
  if (!list) return [];
  const { kind } = list;
  const body = list.rows.map((one) => {
    if (kind === 'types') return h('li', null, h('code', { class: 'mono' }, String(one.type)), ' ', h('span', { class: 'quiet small' }, String(one.title ?? '')));
    const id = String(kind === 'runs' ? one.run_id : one.pipeline_id);
    return h('li', null, h('button', {
      type: 'button', class: 'card line', 'data-key': id,
      onclick: () => void (kind === 'runs' ? (async () => { pipelineId = one.pipeline_id; run = undefined; graph = undefined; list = undefined; isLoading = true; draw(); await follow(id); isLoading = false; await learn(); })() : open(id)).catch((error: Error) => notice(error.message, true)),
    },
    h('span', { class: 'grow stack' }, h('strong', { class: 'clip' }, kind === 'runs' ? date(one.created_at, { dateStyle: 'medium', timeStyle: 'short' }) : String(one.name)),
      h('span', { class: 'quiet small clip' }, kind === 'runs' ? credits(one.charged_credits) : [plural(Number(one.node_count) || 0, 'node'), plural((one.inputs ?? []).length, 'input'), one.description].filter(Boolean).join(' · '))),
    kind === 'runs' ? stateChip(String(one.status)) : icon('right')));
  });
  const isLong = kind === 'types';
  return [
    h('header', null, h('h1', null, list.title), h('p', { class: 'quiet small' }, plural(list.rows.length, kind === 'types' ? 'type' : kind === 'runs' ? 'run' : 'pipeline'))),
    body.length === 0 ? h('div', { class: 'empty' }, icon('spark'), 'Nothing here yet.')
      : isLong ? h('details', null, h('summary', { class: 'quiet' }, 'Show them'), h('ul', { class: 'types' }, body)) : h('ul', { class: 'lines' }, body),
  ];
}

function draw(): void {
  if (problem && !graph) {
    render(page, problemBox(problem));
    return;
  }
  if (list) { render(page, rows()); return; }
  if (isLoading || (!graph && !run && !verdict && faults.length === 0)) {
    if (isLoading || pipelineId) render(page, h('div', { class: 'skeleton', vars: { height: '190px' } }));
    else render(page, h('p', { class: 'quiet row tight' }, icon('check'), 'Done.'));
    return;
  }
  const state = run ? stateOf(String(run.status)) : undefined;
  const share = Math.round((Number(run?.progress) || 0) * 100);
  const inputs = (facts.inputs ?? []) as Json[];
  view?.select(chosen?.id);
  render(page,
    h('header', { class: 'row' },
      h('div', { class: 'grow' }, h('h1', { class: 'clip' }, name || 'Pipeline'),
        h('p', { class: 'quiet small clip num' }, [
          facts.version && `Version ${facts.version}`, graph && plural(graph.nodes.length, 'node'),
          run ? (isOver(state ?? 'running') ? credits(run.charged_credits) : `up to ${credits(run.price_credits)}`) : facts.price_credits !== undefined && `up to ${credits(facts.price_credits)} a run`,
        ].filter(Boolean).join(' · '))),
      run && stateChip(String(run.status)),
      runIds.length > 1 && h('span', { class: 'row tight' }, button('Previous run', () => { runAt = (runAt + runIds.length - 1) % runIds.length; return follow(runIds[runAt] as string); }, { icon: 'left', isIconOnly: true }), h('span', { class: 'quiet small num' }, `${runAt + 1} of ${runIds.length}`), button('Next run', () => { runAt = (runAt + 1) % runIds.length; return follow(runIds[runAt] as string); }, { icon: 'right', isIconOnly: true })),
      run && !isOver(state ?? 'running') && button('Cancel run', cancel, { icon: 'close' }),
      !run && pipelineId && host.can('message') && button('Ask to run', () => host.say(`Run the pipeline “${name}” (${pipelineId})${inputs.length > 0 ? `; ask me for its inputs: ${inputs.map((one) => one.title ?? one.alias ?? one.id).join(', ')}` : ''}.`), { icon: 'spark', kind: 'primary' }),
      host.mayFullscreen() && button(host.isFullscreen() ? 'Close full screen' : 'Full screen', () => host.setMode(host.isFullscreen() ? 'inline' : 'fullscreen'), { icon: host.isFullscreen() ? 'close' : 'full', isIconOnly: true, key: 'full' })),
    run && !isOver(state ?? 'running') && h('div', { class: 'bar', role: 'progressbar', 'aria-label': 'Run', 'aria-valuemin': '0', 'aria-valuemax': '100', 'aria-valuenow': String(share), vars: { '--part': `${share}%` } }, h('i')),
    run?.error && problemBox(problemOf(run.error)),
    faults.length > 0 && problemBox({ message: plural(faults.length, 'fault') }, h('ul', null, faults.slice(0, 8).map((fault) => h('li', { class: 'small' }, words(String(fault.message)))))),
    verdict && h('p', { class: 'row tight' }, icon('check'), verdict),
    view?.element, detail(), results());
}

draw();
void connect('pipeline', {
  input: (given) => { args = given; },
  result: read,
  abandoned: () => read({ isError: true, structuredContent: { message: 'The call was cancelled.' } }),
  context: draw,
});
