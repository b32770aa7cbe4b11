/**
 * A place to drop local files: straight into the workspace, by a one-time address that the server hands out. Where the host does not let a
 * page send anywhere, a small file goes by the host instead, as words in a tool call.
 */
import '../look.css';
import './upload.css';
import * as host from '../bridge';
import { ask, connect, type Json, type ToolResult } from '../bridge';
import { button, h, icon, notice, problemBox, render, root, tell, type Child } from '../dom';
import { frame, mediaOf, picture, type Media } from '../parts/media';
import { problemOf } from '../parts/work';
import { bytes, plural } from '../words';

/** Files taken at once. */
const MOST_FILES = 20;
/** Files on their way at the same time. */
const AT_ONCE = 2;
/** The largest file that goes in words: a third larger on its way, and the server takes 16 MiB. */
const WORDS_MAX_BYTES = 10_000_000;

interface Item { file?: File; name: string; size: number; part: number; state: 'waiting' | 'sending' | 'reading' | 'done' | 'failed'; media?: Media; error?: string; stop?: () => void }

const page = root();
let items: Item[] = [];
let problem: { message: string; hint?: string } | undefined;
let maxBytes = 0;
/** The page may not send by itself; it was tried. */
let isWalled = false;
let isOver = false;
let folder: string | undefined;
const kept = new Map<Item, HTMLElement>();

function read(result: ToolResult): void {
  const own = result.structuredContent ?? {};
  problem = result.isError ? problemOf(own, host.textOf(result)) : undefined;
  maxBytes = Number(own.max_bytes) || 0;
  if (typeof own.asset_id === 'string') items = [{ name: String(own.title ?? own.asset_id), size: Number(own.size_bytes) || 0, part: 1, state: 'done', media: mediaOf(own) }];
  draw();
}

const isNative = (): boolean => host.toolName() !== 'get_upload_url';

/** The one-time address for a file. */
async function address(file: File): Promise<string> {
  const told = isNative()
    ? await ask('upload', { action: 'upload_url', file_name: file.name, ...(folder ? { collection_id: folder } : {}) })
    : await ask('get_upload_url', {});
  maxBytes = Number(told.max_bytes) || maxBytes;
  return String(told.upload_url ?? told.url);
}

/** Sends by ourselves. A wall gives `undefined`; a refusal of the server throws it. */
function send(item: Item, url: string): Promise<Json | undefined> {
  return new Promise((resolve, reject) => {
    const form = new FormData();
    form.append('file', item.file as File, item.name);
    const call = new XMLHttpRequest();
    item.stop = () => call.abort();
    call.upload.onprogress = (event) => {
      if (event.lengthComputable) item.part = event.loaded / event.total;
      if (item.part >= 1) item.state = 'reading';
      draw();
    };
    call.onload = () => {
      let told: Json = {};
      try { told = JSON.parse(call.responseText) as Json; } catch { /* not from us */ }
      if (call.status >= 200 && call.status < 300) resolve(told);
      else reject(new Error([told.message ?? `The server answered ${call.status}.`, told.hint].filter(Boolean).join(' ')));
    };
    call.onerror = () => resolve(undefined);
    call.onabort = () => reject(new Error('Stopped.'));
    call.open('POST', url);
    call.send(form);
  });
}

async function inWords(item: Item): Promise<Json> {
  const file = item.file as File;
  if (file.size > WORDS_MAX_BYTES) throw new Error(`This client does not let the page send files, and ${bytes(file.size)} is too much to send through it (up to ${bytes(WORDS_MAX_BYTES)}).`);
  const url = await new Promise<string>((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(String(reader.result));
    reader.onerror = () => reject(new Error('The file cannot be read.'));
    reader.readAsDataURL(file);
  });
  item.state = 'reading';
  draw();
  return ask('upload_data', { url, title: file.name.replace(/\.[^.]+$/, '').slice(0, 120), ...(folder ? { collection_id: folder } : {}) });
}

async function bring(item: Item): Promise<void> {
  item.state = 'sending';
  draw();
  try {
    const file = item.file as File;
    let told: Json | undefined;
    if (!isWalled) {
      const url = await address(file);
      if (maxBytes > 0 && file.size > maxBytes) throw new Error(`The file has ${bytes(file.size)}; the most is ${bytes(maxBytes)}.`);
      told = await send(item, url);
      isWalled = told === undefined;
    }
    told ??= await inWords(item);
    item.media = mediaOf(told);
    item.state = 'done';
    tell(`${item.name} is in the workspace`);
  } catch (error) {
    item.state = 'failed';
    item.error = error instanceof Error ? error.message : String(error);
    tell(`${item.name} failed: ${item.error}`);
  }
  item.stop = undefined;
  draw();
  next();
}

function next(): void {
  const busy = items.filter((item) => item.state === 'sending' || item.state === 'reading').length;
  for (const item of items.filter((one) => one.state === 'waiting').slice(0, Math.max(0, AT_ONCE - busy))) void bring(item);
  if (busy === 0 && !items.some((item) => item.state === 'waiting')) void told();
}

/** When all is in, the model hears of it without being asked. */
let lastTold = '';
async function told(): Promise<void> {
  const done = items.filter((item) => item.state === 'done' && item.media?.asset_id);
  const ids = done.map((item) => item.media?.asset_id as string);
  if (ids.length === 0 || ids.join() === lastTold || !host.can('updateModelContext')) return;
  lastTold = ids.join();
  await host.tellModel(`The person uploaded ${plural(ids.length, 'file')}: ${done.map((item) => `${item.media?.asset_id} (${item.name})`).join('; ')}.`, { asset_ids: ids }).catch(() => { lastTold = ''; });
  draw();
}

function take(files: Iterable<File>): void {
  const all = [...files];
  const room = MOST_FILES - items.filter((item) => item.state !== 'done' && item.state !== 'failed').length;
  if (all.length > room) notice(`Up to ${MOST_FILES} files at once; the rest was left out.`, true);
  items = [...items, ...all.slice(0, room).map((file): Item => ({ file, name: file.name || 'Pasted image', size: file.size, part: 0, state: 'waiting' }))];
  draw();
  next();
}

// ── How it looks

function row(item: Item): HTMLElement {
  const word = { waiting: 'Waiting', sending: `${Math.round(item.part * 100)} %`, reading: 'Taking it in…', done: '', failed: '' }[item.state];
  const shown = item.media && (kept.get(item) ?? frame({ ...item.media, width: 1, height: 1 }, 'cover', picture(item.media, 'small', '')));
  if (shown) kept.set(item, shown);
  return h('li', { class: `file ${item.state}` },
    h('span', { class: 'tile' }, shown ?? h('span', { class: 'frame', vars: { 'aspect-ratio': '1' } }, h('span', { class: 'missing' }, icon(item.state === 'failed' ? 'warn' : 'picture')))),
    h('span', { class: 'grow stack' },
      h('span', { class: 'row tight nowrap' }, h('strong', { class: 'clip' }, item.name), item.state === 'done' && h('span', { class: 'chip good' }, icon('check'), 'In the workspace')),
      item.state === 'done' ? h('code', { class: 'mono quiet clip' }, item.media?.asset_id)
        : item.state === 'failed' ? h('span', { class: 'fault small' }, item.error)
          : h('span', { class: 'quiet small num' }, `${bytes(item.size)}${word ? ` · ${word}` : ''}`),
      (item.state === 'sending' || item.state === 'reading') && h('span', { class: item.state === 'reading' || isWalled ? 'bar unknown' : 'bar', role: 'progressbar', 'aria-label': `Upload of ${item.name}`, 'aria-valuenow': String(Math.round(item.part * 100)), vars: { '--part': `${item.part * 100}%` } }, h('i'))),
    item.state === 'failed' && item.file && button('Try again', () => { item.state = 'waiting'; item.part = 0; draw(); next(); }, { icon: 'again', isIconOnly: true, key: `again-${item.name}` }),
    (item.state === 'waiting' || item.state === 'sending') && button('Stop', () => { if (item.stop) item.stop(); else { items = items.filter((one) => one !== item); draw(); } }, { icon: 'close', isIconOnly: true, kind: 'plain', key: `stop-${item.name}` }));
}

function draw(): void {
  const done = items.filter((item) => item.state === 'done' && item.media);
  const picker = h('input', { type: 'file', multiple: true, accept: 'image/*,video/mp4', class: 'unseen', 'data-key': 'picker', 'aria-label': 'Choose files', onchange: (event: Event) => { const own = event.target as HTMLInputElement; take(own.files ?? []); own.value = ''; } });
  const body: Child[] = [
    problem && problemBox(problem),
    h('label', { class: `drop ${isOver ? 'over' : ''} ${items.length > 0 ? 'small-drop' : ''}` }, picker,
      h('span', { class: 'cloud' }, icon('upload')),
      h('span', { class: 'stack' },
        h('strong', null, isOver ? 'Let go to upload' : items.length > 0 ? 'Add more files' : 'Drop images here'),
        h('span', { class: 'quiet small' }, h('u', null, 'choose files'), ', or paste', maxBytes > 0 && ` · up to ${bytes(maxBytes)} each`))),
    items.length > 0 && h('ul', { class: 'files', 'aria-label': 'Files' }, items.map(row)),
    done.length > 0 && h('div', { class: 'row' },
      h('span', { class: 'quiet small grow' }, lastTold ? 'The conversation knows them; say what should happen.' : `${plural(done.length, 'file')} in the workspace`),
      host.can('message') && button('Remove the background', () => host.say(`Remove the background: ${done.map((item) => item.media?.asset_id).join(', ')}`), { icon: 'spark' }),
      !lastTold && host.canTell() && button('Use in chat', told, { icon: 'chat', kind: 'primary' })),
  ];
  render(page, ...body);
}

const carries = (event: DragEvent): boolean => [...(event.dataTransfer?.types ?? [])].includes('Files');
const over = (isNow: boolean): void => { if (isOver !== isNow) { isOver = isNow; page.querySelector('.drop')?.classList.toggle('over', isNow); } };
document.addEventListener('dragover', (event) => { if (carries(event)) { event.preventDefault(); over(true); } });
document.addEventListener('dragleave', (event) => { if (event.relatedTarget === null) over(false); });
document.addEventListener('drop', (event) => { if (!carries(event)) return; event.preventDefault(); over(false); take(event.dataTransfer?.files ?? []); draw(); });
document.addEventListener('paste', (event) => { const files = event.clipboardData?.files; if (files && files.length > 0) { event.preventDefault(); take(files); } });

draw();
void connect('upload', {
  input: (args) => { folder = typeof args.collection_id === 'string' ? args.collection_id : undefined; },
  result: read,
  context: draw,
  ended: () => items.forEach((item) => item.stop?.()),
});
