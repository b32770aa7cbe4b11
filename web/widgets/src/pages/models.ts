/** The models with their prices; one that is chosen becomes a form, and the form a job. */
import '../look.css';
import './models.css';
import * as host from '../bridge';
import { ask, connect, type Json, type ToolResult } from '../bridge';
import { button, h, icon, notice, problemBox, render, root, tell, type Child } from '../dom';
import { entryOf, type Entry } from '../parts/catalogue';
import { orderOn, place, schemaForm } from '../parts/form';
import { jobPanel } from '../parts/jobpanel';
import { problemOf } from '../parts/work';
import { label, number, plural } from '../words';

const FEW = 6;
type View = 'loading' | 'list' | 'form' | 'job' | 'other';

const page = root();
let view: View = 'loading';
let models: Entry[] = [];
let heading = 'Models';
let isNative = false;
/** Krea tells a model's inputs by a tool of its own. */
let isKrea = false;
let search = '';
let kind: 'all' | 'image' | 'video' = 'all';
let isLocal = false;
let takesImages = false;
let order: 'best' | 'cheap' = 'best';
let isAll = false;
let args: Json = {};
let problem: { message: string; hint?: string } | undefined;
let other: Json = {};

const panel = jobPanel(page, () => show('list'));

function show(next: View): void { view = next; if (next === 'list' || next === 'other' || next === 'loading') draw(); }

function read(result: ToolResult): void {
  const own = result.structuredContent ?? {};
  problem = result.isError ? problemOf(own, host.textOf(result)) : undefined;
  if (problem) { show('list'); return; }
  isNative = host.toolName() === 'models' || Array.isArray(own.models) && own.models.some((one: Json) => one.capabilities);
  if (Array.isArray(own.models)) {
    isKrea = own.models.some((one: Json) => typeof one.endpoint === 'string');
    models = own.models.map(entryOf);
    heading = args.action === 'recommend' ? 'Recommended models' : args.action === 'search' ? 'Models found' : 'Models';
    if (args.type === 'image' || args.type === 'video') kind = args.type;
    isAll = models.length <= FEW + 2;
    show('list');
    tell(plural(models.length, 'model'));
  } else if (own.input_schema) {
    isNative = true;
    open(own.id ? entryOf(own) : entryOf({ id: own.model }), own.input_schema);
  } else { other = own; show('other'); }
}

function open(entry: Entry, schema: Json): void {
  view = 'form';
  const form = schemaForm(page, { id: entry.id, name: entry.name === entry.id ? label(entry.id.replace(/^.*\//, '')) : entry.name, schema, price: entry.price || undefined, about: entry.about || entry.id },
    orderOn(isKrea ? 'generate' : 'models', entry.id),
    (placed) => { view = 'job'; void place(placed, panel); },
    models.length > 0 ? () => show('list') : undefined);
  form.start({});
}

async function choose(entry: Entry): Promise<void> {
  if (isNative) {
    const told = await ask('models', { action: 'get', model: entry.id });
    open(entry, told.input_schema ?? {});
    return;
  }
  if (isKrea) {
    const told = await ask('get_model_schema', { model: entry.id });
    open(entry, told.input_schema ?? {});
    return;
  }
  await host.tellModel(`The person chose the model ${entry.id} (${entry.name}).`, { model: entry.id });
  notice(`The conversation will use ${entry.name}`);
}

function found(): Entry[] {
  const words = search.toLowerCase().split(/\s+/).filter(Boolean);
  const fits = models.filter((one) => (kind === 'all' || one.kind === kind) && (!isLocal || one.can.has('local'))
    && (!takesImages || ['image_to_image', 'image_to_video', 'references', 'masks'].some((what) => one.can.has(what)))
    && words.every((word) => `${one.id} ${one.name} ${one.about} ${one.marks.join(' ')}`.toLowerCase().includes(word)));
  return order === 'cheap' ? [...fits].sort((a, b) => a.cost - b.cost) : fits;
}

const dots = (value: number | undefined): Child => value !== undefined
  && h('span', { class: 'dots', role: 'img', 'aria-label': `Quality ${value} of 5` }, [1, 2, 3, 4, 5].map((one) => h('i', { class: one <= value ? 'on' : '' })));

const row = (entry: Entry): HTMLElement => h('li', null, h('button', {
  type: 'button', class: 'model', 'data-key': entry.id,
  onclick: (event: Event) => {
    const self = event.currentTarget as HTMLElement;
    self.classList.add('busy');
    choose(entry).catch((error) => notice(error.message, true)).finally(() => self.classList.remove('busy'));
  },
},
h('span', { class: 'sign', 'aria-hidden': 'true' }, icon(entry.kind === 'video' ? 'film' : 'picture')),
h('span', { class: 'stack grow' },
  h('span', { class: 'row tight' }, h('strong', null, entry.name), entry.goes && h('span', { class: 'chip warn' }, entry.goes), entry.needs && h('span', { class: 'chip warn' }, `Needs ${entry.needs}`)),
  h('span', { class: 'quiet small lines2' }, entry.about || entry.id),
  h('span', { class: 'row tight' }, entry.marks.slice(0, 4).map((mark) => h('span', { class: mark === 'On this server' ? 'chip accent' : 'chip' }, mark)))),
h('span', { class: 'cost' }, h('strong', { class: 'num' }, entry.price), dots(entry.quality), entry.speed && h('span', { class: 'quiet small' }, entry.speed))));

function draw(): void {
  if (view === 'form' || view === 'job') return;
  delete page.dataset.state;
  if (view === 'loading') {
    render(page, h('div', { class: 'stack', 'aria-busy': 'true' }, [0, 1, 2].map(() => h('div', { class: 'skeleton', vars: { height: '66px' } }))));
    return;
  }
  if (problem) {
    render(page, problemBox(problem));
    return;
  }
  if (view === 'other') { drawOther(); return; }
  const all = found();
  const shown = isAll || search ? all : all.slice(0, FEW);
  const filter = (label_: string, isOn: boolean, flip: () => void): HTMLElement => h('button', { type: 'button', class: 'button plain filter', 'aria-pressed': String(isOn), 'data-key': label_, onclick: () => { flip(); draw(); } }, label_);
  const has = (what: 'image' | 'video'): boolean => models.some((one) => one.kind === what);
  render(page,
    h('header', { class: 'row' },
      h('div', { class: 'grow' }, h('h1', null, heading), h('p', { class: 'quiet small num' }, all.length === models.length ? plural(models.length, 'model') : `${number(all.length)} of ${plural(models.length, 'model')}`)),
      has('image') && has('video') && h('div', { class: 'segments', role: 'group', 'aria-label': 'Kind' }, (['all', 'image', 'video'] as const).map((one) => h('button', { type: 'button', 'aria-pressed': String(kind === one), 'data-key': `kind-${one}`, onclick: () => { kind = one; draw(); } }, label(one)))),
      host.mayFullscreen() && button(host.isFullscreen() ? 'Close full screen' : 'Full screen', () => host.setMode(host.isFullscreen() ? 'inline' : 'fullscreen'), { icon: host.isFullscreen() ? 'close' : 'full', isIconOnly: true, key: 'full' })),
    models.length > FEW && h('div', { class: 'row tight' },
      h('label', { class: 'find grow' }, icon('search'), h('input', { class: 'input', type: 'search', placeholder: 'Find a model', 'aria-label': 'Find a model', value: search, 'data-key': 'search', oninput: (event: Event) => { const own = event.target as HTMLInputElement; search = own.value; const at = own.selectionStart; draw(); const again = page.querySelector<HTMLInputElement>('[data-key="search"]'); again?.setSelectionRange(at, at); } })),
      models.some((one) => one.can.has('local')) && filter('On this server', isLocal, () => { isLocal = !isLocal; }),
      models.some((one) => one.can.has('image_to_image')) && filter('Takes images', takesImages, () => { takesImages = !takesImages; }),
      models.some((one) => one.cost > 0) && filter('Cheapest first', order === 'cheap', () => { order = order === 'cheap' ? 'best' : 'cheap'; })),
    shown.length > 0 ? h('ul', { class: 'models' }, shown.map(row)) : h('div', { class: 'empty' }, icon('search'), 'No model fits.'),
    shown.length < all.length && h('div', { class: 'row' }, button(`Show all ${all.length}`, () => { isAll = true; draw(); }, { icon: 'plus' })));
}

/** Styles and shapes: what else the tool lists. */
function drawOther(): void {
  const shapes = (other.shapes ?? []) as Json[];
  const styles = (other.styles ?? []) as Json[];
  render(page,
    h('header', null, h('h1', null, shapes.length ? 'Shapes' : 'Styles'), h('p', { class: 'quiet small' }, plural(shapes.length || styles.length, shapes.length ? 'shape' : 'style'))),
    h('ul', { class: 'small-things' },
      shapes.map((one) => h('li', { class: 'card' }, h('span', { class: 'shape' }, h('i', { vars: { 'aspect-ratio': String(Number(one.width) / Number(one.height) || 1) } })), h('span', { class: 'stack' }, h('strong', null, String(one.name)), h('span', { class: 'quiet small' }, `${one.aspect_ratio} · ${one.width} × ${one.height}`)))),
      styles.map((one) => h('li', { class: 'card' }, h('span', { class: 'stack' }, h('strong', null, String(one.name ?? one.slug)), h('span', { class: 'quiet small lines2' }, String(one.category ?? one.description ?? '')))))));
}

draw();
void connect('models', {
  input: (given) => { args = given; },
  result: read,
  abandoned: () => read({ isError: true, structuredContent: { message: 'The call was cancelled.' } }),
  context: () => { if (view === 'job') panel.context(); else draw(); },
});
