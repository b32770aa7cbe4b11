/** One job from the wish to the result: it polls by itself, and can be cancelled, repeated, saved and used. */
import './jobpanel.css';
import * as host from '../bridge';
import { Failure, type Json, type ToolResult } from '../bridge';
import { button, h, icon, notice, problemBox, render, tell, type Child } from '../dom';
import { credits, duration, label } from '../words';
import { compare } from './compare';
import { frame, freshUrl, isVideo, nameOf, picture, player, ratioOf, type Media } from './media';
import { isOver, problemOf, wishOf, workOf, type Call, type Problem, type Work } from './work';

const FIRST_POLL_MS = 900;
const SLOWEST_POLL_MS = 10_000;
/** Answers that may fail to come, one after another, before the person is asked. */
const MOST_SILENCES = 6;

export interface Origin { tool?: string; args?: Json }

export function jobPanel(root: HTMLElement, onBack?: () => void) {
  let origin: Origin = {};
  let work: Work | undefined;
  let isWhole = true;
  let stop: (() => void) | undefined;
  let pause = FIRST_POLL_MS;
  let silences = 0;
  let isSilent = false;
  let isCancelling = false;
  let shown = 0;
  let isComparing = false;
  let told = '';
  /** Elements that hold media stay as they are while the rest is drawn anew. */
  const kept = new Map<string, HTMLElement>();

  function keep(key: string, make: () => HTMLElement): HTMLElement {
    let element = kept.get(key);
    if (!element) kept.set(key, (element = make()));
    return element;
  }

  // ── What happens

  function start(from: Origin): void {
    stop?.();
    kept.clear();
    [origin, work, pause, silences, isSilent, isCancelling, shown, isComparing] = [from, undefined, FIRST_POLL_MS, 0, false, false, 0, false];
    draw();
  }

  function accept(result: ToolResult): void {
    const next = workOf(result, origin.tool);
    const wasOver = work !== undefined && isOver(work.state);
    // A poll that failed is no failed job.
    work = { ...next, poll: next.poll ?? work?.poll, cancel: next.cancel ?? work?.cancel, id: next.id ?? work?.id };
    if (isOver(work.state)) isCancelling = false;
    if (!wasOver && isOver(work.state) && work.outputs.some((output) => output.before)) isComparing = host.isFullscreen();
    announce();
    draw();
    if (isOver(work.state)) stop?.();
    else pollSoon();
  }

  function pollSoon(): void {
    stop?.();
    const call = work?.poll;
    if (!call || isSilent) return;
    // Nobody looks at a hidden page.
    const wait = document.visibilityState === 'hidden' ? SLOWEST_POLL_MS : pause;
    stop = host.later(() => void poll(call), wait);
    pause = Math.min(SLOWEST_POLL_MS, pause * 1.35);
  }

  async function poll(call: Call): Promise<void> {
    try {
      const result = await host.callTool(call.tool, call.arguments);
      silences = 0;
      accept(result);
    } catch (error) {
      const problem = error instanceof Failure ? problemOf(error.problem) : undefined;
      if (problem && /not_found|forbidden|insufficient_scope/.test(problem.code ?? '')) {
        work = { ...(work as Work), state: 'failed', error: problem };
        draw();
        return;
      }
      silences += 1;
      pause = Math.max(pause, (problem?.retry_after_s ?? 2) * 1000);
      isSilent = silences >= MOST_SILENCES;
      if (isSilent) draw();
      else pollSoon();
    }
  }

  function listenAgain(): void {
    [silences, isSilent, pause] = [0, false, FIRST_POLL_MS];
    draw();
    if (work?.poll) void poll(work.poll);
  }

  async function cancel(): Promise<void> {
    if (!work?.cancel) return;
    await host.callTool(work.cancel.tool, work.cancel.arguments);
    isCancelling = true;
    pause = FIRST_POLL_MS;
    draw();
    pollSoon();
  }

  /** The tool that was called, where the host did not tell. */
  function toolOf(): string | undefined {
    if (origin.tool ?? host.toolName()) return origin.tool ?? host.toolName();
    if (work?.operation?.startsWith('edit.')) return 'edit_image';
    return work?.operation?.startsWith('generate.') ? 'generate_media' : undefined;
  }

  const mayRepeat = (): boolean => toolOf() !== undefined && origin.args !== undefined;

  /** The same call once more; what spends gets a new key, so that it is not taken for the old one. */
  async function again(): Promise<void> {
    const [tool, args] = [toolOf(), origin.args];
    if (!tool || !args) return;
    const repeated = { ...args };
    delete repeated.idempotency_key;
    start({ tool, args: repeated });
    try {
      accept(await host.callTool(tool, repeated));
    } catch (error) {
      const problem = error instanceof Failure ? error.problem : { message: error instanceof Error ? error.message : String(error) };
      accept({ isError: true, structuredContent: problem });
    }
  }

  function announce(): void {
    if (!work) return;
    const words = work.state === 'done' ? `Ready: ${work.outputs.map(nameOf).join(', ')}`
      : work.state === 'failed' ? `Failed. ${work.error?.message ?? ''}`
        : work.state === 'cancelled' ? 'Cancelled.' : '';
    if (words && words !== told) tell(words);
    told = words;
  }

  // ── What a person does with a result

  async function use(outputs: Media[]): Promise<void> {
    const ids = outputs.map((output) => output.asset_id).filter((id): id is string => !!id);
    const list = outputs.map((output) => `${output.asset_id ?? output.url} (${nameOf(output)}${output.width ? `, ${output.width}×${output.height}` : ''})`);
    await host.tellModel(
      `The person picked ${outputs.length === 1 ? 'this result' : 'these results'}${work?.id ? ` of job ${work.id}` : ''} to work on next: ${list.join('; ')}.`,
      { asset_ids: ids, ...(work?.id ? { job_id: work.id } : {}) },
    );
    notice(outputs.length === 1 ? 'The conversation knows this one now' : `The conversation knows these ${outputs.length} now`);
  }

  const extension = (media: Media): string => (media.content_type ?? 'image/png').replace(/^.*\//, '').replace('jpeg', 'jpg').replace(/\+.*/, '');

  async function save(output: Media): Promise<void> {
    const url = await freshUrl(output);
    await host.download(url, `${nameOf(output).replace(/[^\p{L}\p{N}]+/gu, '-').slice(0, 60) || 'aquatint'}.${extension(output)}`, output.content_type ?? 'image/png');
  }

  const maySave = (): boolean => host.can('downloadFile') || host.can('openLinks');

  async function fullscreen(): Promise<void> {
    await host.setMode(host.isFullscreen() ? 'inline' : 'fullscreen');
  }

  function choose(index: number): void {
    const outputs = work?.outputs ?? [];
    shown = (index + outputs.length) % outputs.length;
    draw();
    root.querySelector<HTMLElement>('[data-key="stage"]')?.focus({ preventScroll: true });
  }

  // ── How it looks

  function title(): string {
    if (work?.operation && !work.operation.startsWith('generate')) return label(work.operation);
    const action = origin.args?.action;
    if (typeof action === 'string') return label(action);
    return 'Generate';
  }

  function under(): Child[] {
    const model = work?.model ?? origin.args?.model;
    const parts: string[] = [];
    if (typeof model === 'string' && model) parts.push(model.replace(/^(image|video)\//, ''));
    if (work?.state === 'done') {
      const output = work.outputs[shown];
      if (output?.width) parts.push(`${output.width} × ${output.height}`);
      if (work.charged !== undefined) parts.push(credits(work.charged));
      if (work.started && work.finished && work.finished - work.started >= 1000) parts.push(duration((work.finished - work.started) / 1000));
    } else if (work?.price !== undefined && work.state !== 'failed' && work.state !== 'cancelled') parts.push(`up to ${credits(work.price)}`);
    return parts.map((part, index) => h('span', null, index > 0 ? ` · ${part}` : part));
  }

  function loading(): HTMLElement {
    const { ratio, count, prompt } = wishOf(origin.args ?? {});
    const progress = work?.progress;
    const word = isCancelling ? 'Cancelling' : work?.stage ? label(work.stage) : work?.state === 'running' ? 'Working' : work ? 'In the queue' : isWhole ? 'Starting' : 'Writing the request';
    const hasNumber = progress !== undefined && progress > 0;
    const key = `loading-${ratio}-${count}`;
    const tiles = keep(key, () => h('div', { class: 'tiles', vars: { '--columns': String(columns(count)), '--ratio': String(ratio) } },
      Array.from({ length: count }, () => h('div', { class: 'frame developing', vars: { 'aspect-ratio': String(ratio) } }))));
    tiles.classList.toggle('single', count === 1);
    return h('div', { class: 'loading' },
      tiles,
      h('div', { class: 'going' },
        h('div', { class: 'row tight' },
          h('strong', null, `${word}…`),
          hasNumber && h('span', { class: 'num quiet' }, `${Math.round(progress * 100)} %`),
          work?.items && h('span', { class: 'quiet' }, `${work.items.filter((item) => isOver(item.state)).length} of ${work.items.length} done`)),
        h('div', {
          class: hasNumber ? 'bar' : 'bar unknown', role: 'progressbar', 'aria-label': 'Progress', 'aria-valuemin': '0', 'aria-valuemax': '100',
          'aria-valuenow': hasNumber ? String(Math.round(progress * 100)) : undefined, vars: { '--part': `${Math.round((progress ?? 0) * 100)}%` },
        }, h('i')),
        prompt && h('p', { class: 'quiet small lines2' }, prompt)));
  }

  const columns = (count: number): number => (count === 1 ? 1 : count === 2 || count === 4 ? 2 : 3);

  function media(output: Media, index: number): HTMLElement {
    const key = `${output.asset_id ?? output.url.split('?')[0]}`;
    const fits = { ...output };
    if (isVideo(output)) return keep(`video-${key}`, () => frame(fits, 'large', player(output)));
    if (isComparing && output.before) {
      const { before } = output;
      return keep(`compare-${key}`, () => compare(before, output));
    }
    return keep(`large-${key}`, () => frame(fits, 'large', picture(output, 'whole', `Result ${index + 1}: ${nameOf(output)}`)));
  }

  function single(outputs: Media[]): Child[] {
    const output = outputs[shown] ?? outputs[0];
    if (!output) return [];
    const stage = h('div', {
      class: 'stage', 'data-key': 'stage', tabindex: outputs.length > 1 ? '-1' : undefined, vars: { '--ratio': String(ratioOf(output)) },
    }, media(output, shown));
    const strip = outputs.length > 1 && h('div', { class: 'strip', role: 'group', 'aria-label': 'Results' },
      outputs.map((one, index) => h('button', {
        type: 'button', class: 'thumb', 'aria-label': `Result ${index + 1}`, 'aria-current': index === shown ? 'true' : undefined,
        'data-key': `thumb-${index}`, onclick: () => choose(index),
      }, isVideo(one) ? icon('film') : keep(`thumb-${one.asset_id ?? index}`, () => picture(one, 'small', '')))));
    return [stage, strip];
  }

  function grid(outputs: Media[]): HTMLElement {
    const cells = outputs.map((output, index) => h('div', { class: 'cell' },
      keep(`cell-${output.asset_id ?? index}`, () => isVideo(output)
        ? frame(output, '', player(output))
        : h('button', { type: 'button', class: 'open', 'aria-label': `Look at result ${index + 1}`, 'data-key': `open-${index}`, onclick: () => void look(index) },
          frame(output, '', picture(output, 'large', `Result ${index + 1}: ${nameOf(output)}`)))),
      h('div', { class: 'over' },
        maySave() && button('Download', () => save(output), { icon: 'download', isIconOnly: true, key: `save-${index}` }),
        host.canTell() && button('Use in chat', () => use([output]), { icon: 'chat', isIconOnly: true, key: `use-${index}` }))));
    const failed = (work?.items ?? []).filter((item) => item.state === 'failed' || item.state === 'cancelled')
      .map((item) => h('div', { class: 'cell' }, h('div', { class: 'frame fault', vars: { 'aspect-ratio': '1' } },
        h('div', { class: 'missing' }, icon('warn'), h('span', null, `Image ${item.index + 1}: ${item.error?.message ?? item.state}`)))));
    return h('div', { class: 'tiles', vars: { '--columns': String(columns(cells.length + failed.length)) } }, cells, failed);
  }

  let isLooking = false;
  async function look(index: number): Promise<void> {
    shown = index;
    isLooking = true;
    isComparing = !!work?.outputs[index]?.before;
    if (host.mayFullscreen() && !host.isFullscreen()) await fullscreen();
    else draw();
  }

  function results(): Child[] {
    const outputs = work?.outputs ?? [];
    const isMany = outputs.length > 1 && !host.isFullscreen() && !isLooking;
    const output = outputs[shown] ?? outputs[0];
    const hasBefore = !isMany && output?.before !== undefined;
    return [
      ...(isMany ? [grid(outputs)] : single(outputs)),
      work?.note && h('p', { class: 'quiet small' }, work.note),
      h('div', { class: 'row actions' },
        isLooking && !host.isFullscreen() && button('All results', () => { isLooking = false; draw(); }, { icon: 'left' }),
        !isMany && outputs.length > 1 && button('Previous', () => choose(shown - 1), { icon: 'left', isIconOnly: true }),
        !isMany && outputs.length > 1 && button('Next', () => choose(shown + 1), { icon: 'right', isIconOnly: true }),
        host.canTell() && button(isMany ? 'Use all in chat' : 'Use in chat', () => use(isMany ? outputs : output ? [output] : []), { icon: 'chat', kind: 'primary' }),
        !isMany && output && maySave() && button('Download', () => save(output), { icon: 'download' }),
        hasBefore && button('Compare', () => { isComparing = !isComparing; draw(); }, { icon: 'compare', pressed: isComparing }),
        mayRepeat() && button('Again', again, { icon: 'again', title: work?.charged ? `Make it again for up to ${credits(work.price ?? work.charged)}` : 'Make it again' }),
        h('span', { class: 'grow' }),
        host.mayFullscreen() && button(host.isFullscreen() ? 'Close full screen' : 'Full screen', fullscreen, { icon: host.isFullscreen() ? 'close' : 'full', isIconOnly: true, key: 'full' })),
    ];
  }

  function trouble(problem: Problem): HTMLElement {
    return problemBox(problem, h('div', { class: 'row' },
      mayRepeat() && button('Try again', again, { icon: 'again', kind: 'primary' }),
      problem.upgrade_url && host.can('openLinks') && button('See plans and credits', () => host.openLink(problem.upgrade_url as string), { icon: 'open' }),
      problem.code && h('code', { class: 'mono quiet' }, problem.code)));
  }

  function body(): Child[] {
    if (!work || !isOver(work.state)) {
      return [
        loading(),
        isSilent && problemBox({ message: 'The server does not answer', hint: 'The job goes on without this page.' },
          h('div', { class: 'row' }, button('Look again', listenAgain, { icon: 'again', kind: 'primary' }))),
        work?.outputs.length ? grid(work.outputs) : null,
        work?.cancel && !isSilent && h('div', { class: 'row actions' },
          button(isCancelling ? 'Cancelling' : 'Cancel', cancel, { icon: 'close', key: 'cancel' }),
          h('span', { class: 'grow' }),
          h('span', { class: 'quiet small' }, 'Nothing is charged for a cancelled job')),
      ];
    }
    if (work.state === 'priced') {
      return [h('div', { class: 'card row' }, icon('spark'), h('strong', null, `It would cost ${credits(work.price ?? 0)}`), h('span', { class: 'quiet' }, 'Nothing was made or charged.'))];
    }
    if (work.state === 'cancelled') {
      return [
        work.outputs.length > 0 && grid(work.outputs),
        h('div', { class: 'card row' }, icon('close'), h('strong', null, 'Cancelled'), h('span', { class: 'quiet grow' }, 'Nothing was charged.'),
          mayRepeat() && button('Make it after all', again, { icon: 'again' })),
      ];
    }
    if (work.state === 'failed' && work.outputs.length === 0) return [trouble(work.error ?? { message: 'The job failed.' })];
    return results();
  }

  function draw(): void {
    const state = work?.state ?? 'waiting';
    const prompt = typeof origin.args?.prompt === 'string' ? origin.args.prompt : undefined;
    render(root,
      h('header', { class: 'head' },
        onBack && button('Back', onBack, { icon: 'left', isIconOnly: true, kind: 'plain' }),
        h('div', { class: 'grow' }, h('h1', { class: 'clip' }, state === 'done' && prompt ? prompt : title()), h('p', { class: 'quiet small clip' }, under())),
        state === 'done' && h('span', { class: 'chip good' }, icon('check'), 'Ready'),
        state === 'failed' && h('span', { class: 'chip wrong' }, icon('warn'), 'Failed'),
        state === 'cancelled' && h('span', { class: 'chip' }, 'Cancelled')),
      ...body());
    root.dataset.state = state;
  }

  document.addEventListener('keydown', (event) => {
    if (!work || work.state !== 'done') return;
    const isTaken = (event.target as HTMLElement).matches('input, textarea, select, video');
    if (!isTaken && work.outputs.length > 1 && (host.isFullscreen() || isLooking)) {
      if (event.key === 'ArrowRight') choose(shown + 1);
      if (event.key === 'ArrowLeft') choose(shown - 1);
    }
    if (event.key === 'Escape') {
      if (host.isFullscreen()) void fullscreen();
      else if (isLooking) { isLooking = false; draw(); }
    }
  });

  let wasFullscreen = false;
  return {
    start,
    accept,
    /** The call as far as it is known. */
    input(args: Json, whole: boolean): void {
      isWhole = whole;
      origin = { tool: origin.tool ?? host.toolName(), args: whole ? args : { ...args } };
      if (!work) draw();
    },
    abandoned(reason: string): void {
      work = { state: 'cancelled', word: 'cancelled', outputs: [], note: reason };
      draw();
    },
    context(): void {
      if (!origin.tool && host.toolName()) origin = { ...origin, tool: host.toolName() };
      if (host.isFullscreen() !== wasFullscreen) {
        wasFullscreen = host.isFullscreen();
        if (!wasFullscreen) isLooking = false;
        // In full an edit is looked at beside what it was made from.
        if (wasFullscreen && work?.outputs[shown]?.before) isComparing = true;
      }
      draw();
    },
  };
}
