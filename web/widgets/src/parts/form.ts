/** A form from a model's JSON Schema: what everyone sets first, the rest behind a fold, the price while one writes. */
import './form.css';
import * as host from '../bridge';
import { ask, Failure, type Json } from '../bridge';
import { button, h, icon, notice, render, type Child } from '../dom';
import { credits, label } from '../words';
import { mediaOf, picture } from './media';
import { problemOf } from './work';

export interface Model { id: string; name?: string; kind?: string; schema: Json; price?: string; about?: string }
export interface Order { tool: string; args: Json }

/** What the server decides or the agent says by itself. */
const PLUMBING = new Set(['model', 'model_id', 'idempotency_key', 'dry_run', 'max_credits', 'wait_seconds', 'sync', 'preview', 'collection_id']);
/** Fields that stand before the fold, in this order. */
const FIRST = ['prompt', 'images', 'image', 'image_url', 'image_urls', 'first_frame', 'last_frame', 'start_image', 'video', 'aspect_ratio', 'shape', 'style', 'count', 'duration_seconds', 'duration', 'quality', 'resolution'];
/** What the native tool takes by name; all else goes into `inputs`. */
const NATIVE = new Set(['prompt', 'images', 'count', 'width', 'height', 'shape', 'aspect_ratio', 'style', 'seed', 'duration_seconds', 'output_format']);
const MEDIA = /(^|_)(images?|pictures?|frame|video|mask|references?)(_id|_url)?s?$/;
/** Where a model takes any ratio, these are offered. */
const RATIOS = ['1:1', '4:3', '3:4', '16:9', '9:16'];
const PRICE_PAUSE_MS = 700;
const RECENT = 12;

const typesOf = (schema: Json): string[] => ([] as string[]).concat(schema.type ?? schema.anyOf?.map((one: Json) => one.type) ?? []);
function choicesOf(schema: Json): unknown[] | undefined {
  const list = schema.enum ?? schema.oneOf?.map((one: Json) => one.const) ?? schema.anyOf?.find((one: Json) => one.enum)?.enum;
  const values = Array.isArray(list) ? list.filter((one) => one !== null && one !== undefined) : [];
  return values.length > 0 ? values : undefined;
}

export function schemaForm(root: HTMLElement, model: Model, order: (inputs: Json) => Order, made: (order: Order) => void, onBack?: () => void): { start: (values: Json) => void } {
  let values: Json = {};
  let price: string | undefined;
  let isPricing = false;
  let faults: Record<string, string> = {};
  let stopPricing: (() => void) | undefined;
  let recent: Promise<Json[]> | undefined;
  const lists: Record<string, Promise<Json[]>> = {};
  const properties = (model.schema.properties ?? {}) as Record<string, Json>;
  const required = new Set<string>(model.schema.required ?? []);
  const names = Object.keys(properties).filter((name) => !PLUMBING.has(name) && properties[name]?.const === undefined);
  const orders = order({}).tool;
  // A ratio is enough to begin with.
  const isSpare = (name: string): boolean => name === 'shape' && names.includes('aspect_ratio');
  const place = (name: string): number => (FIRST.indexOf(name) < 0 || isSpare(name) ? 99 : FIRST.indexOf(name));
  const first = names.filter((name) => place(name) < 99 || required.has(name)).sort((a, b) => place(a) - place(b));
  const rest = names.filter((name) => !first.includes(name));

  const filled = (): Json => Object.fromEntries(Object.entries(values).filter(([, value]) => value !== '' && value !== undefined && !(Array.isArray(value) && value.length === 0)));

  function set(name: string, value: unknown): void {
    values[name] = value;
    if (faults[name]) {
      delete faults[name];
      root.querySelector(`[data-fault="${CSS.escape(name)}"]`)?.remove();
      root.querySelector(`[name="${CSS.escape(name)}"]`)?.removeAttribute('aria-invalid');
    }
    reprice();
  }

  function reprice(): void {
    stopPricing?.();
    const { tool, args } = order(filled());
    if (tool !== 'generate_media' || missing().length > 0) { showPrice(undefined); return; }
    stopPricing = host.later(async () => {
      isPricing = true;
      try {
        const told = await ask(tool, { ...args, dry_run: true });
        showPrice(typeof told.price_credits === 'number' ? credits(told.price_credits) : undefined);
      } catch { showPrice(undefined); }
      isPricing = false;
    }, PRICE_PAUSE_MS);
  }

  function showPrice(words: string | undefined): void {
    price = words;
    const element = root.querySelector('.price');
    if (element) element.textContent = words ? `Costs ${words}` : model.price ? `From ${model.price}` : '';
  }

  const missing = (): string[] => [...required].filter((name) => names.includes(name) && filled()[name] === undefined);

  function send(): void {
    faults = Object.fromEntries(missing().map((name) => [name, 'This is needed.']));
    if (Object.keys(faults).length > 0) {
      draw();
      root.querySelector<HTMLElement>(`[name="${CSS.escape(Object.keys(faults)[0] as string)}"]`)?.focus();
      return;
    }
    const placed = order(filled());
    made(placed);
  }

  // ── Fields

  function field(name: string): HTMLElement {
    const schema = properties[name] as Json;
    const id = `field-${name}`;
    const help = typeof schema.description === 'string' ? schema.description : undefined;
    const fault = faults[name];
    const common = {
      id, name, 'data-key': id, 'aria-invalid': fault ? 'true' : undefined, 'aria-required': required.has(name) ? 'true' : undefined,
      'aria-describedby': fault ? `${id}-fault` : undefined,
    };
    const control = controlOf(name, schema, common);
    const isGroup = control.matches('.segments, .pictures');
    if (isGroup) control.setAttribute('aria-labelledby', `${id}-name`);
    return h('div', { class: control.matches('textarea, .pictures') ? 'field wide' : 'field' },
      h(isGroup ? 'span' : 'label', isGroup ? { class: 'name', id: `${id}-name` } : { class: 'name', for: id }, schema.title ?? label(name), required.has(name) && h('span', { class: 'quiet', 'aria-hidden': 'true' }, ' ·  needed')),
      control,
      fault && h('p', { class: 'fault', id: `${id}-fault`, 'data-fault': name }, fault),
      help && !/^(prompt|aspect_ratio|shape|style|count)$/.test(name) && h('p', { class: 'quiet small lines2', title: help }, help));
  }

  function controlOf(name: string, schema: Json, common: Json): HTMLElement {
    const value = values[name];
    const choices = choicesOf(schema) ?? (name === 'aspect_ratio' && typesOf(schema).includes('string') ? RATIOS : undefined);
    const types = typesOf(schema);
    if (!choices && orders !== 'generate' && (name === 'shape' || name === 'style')) return named(name, common);
    if (choices) {
      const isShort = choices.length <= 5 && choices.every((one) => String(one).length <= 8);
      if (isShort) {
        return h('div', { class: 'segments', role: 'radiogroup' }, choices.map((one) => h('button', {
          type: 'button', role: 'radio', 'aria-checked': String((value ?? schema.default) === one), 'data-key': `${name}-${one}`,
          onclick: () => { set(name, values[name] === one && !required.has(name) ? '' : one); draw(); },
        }, String(one))));
      }
      return h('select', { ...common, class: 'input', onchange: (event: Event) => set(name, choices.find((one) => String(one) === (event.target as HTMLSelectElement).value)) },
        schema.default === undefined && h('option', { value: '' }, 'Any'),
        choices.map((one) => h('option', { value: String(one), selected: (value ?? schema.default) === one }, label(String(one)) || String(one))));
    }
    if (MEDIA.test(name)) return pictures(name, types.includes('array') || (schema.anyOf ?? schema.oneOf ?? []).some((one: Json) => one.type === 'array'), Number(schema.maxItems) || 8);
    if (types.includes('boolean')) {
      return h('input', { ...common, type: 'checkbox', class: 'switch', role: 'switch', checked: value ?? schema.default ?? false, onchange: (event: Event) => set(name, (event.target as HTMLInputElement).checked) });
    }
    if (types.includes('integer') || types.includes('number')) {
      const [low, high] = [schema.minimum, schema.maximum];
      const isWhole = types.includes('integer');
      const isNarrow = typeof low === 'number' && typeof high === 'number' && (isWhole ? high - low <= 60 : high - low <= 100) && high > low;
      const read = (event: Event): number | '' => { const text = (event.target as HTMLInputElement).value; return text === '' ? '' : Number(text); };
      if (isNarrow) {
        const out = h('output', { class: 'num', for: common.id }, String(value ?? schema.default ?? '–'));
        return h('div', { class: 'slide' }, h('input', {
          ...common, type: 'range', min: low, max: high, step: isWhole ? 1 : (high - low) / 100, value: value ?? schema.default ?? low,
          oninput: (event: Event) => { set(name, read(event)); out.textContent = String(Math.round(Number(read(event)) * 100) / 100); },
        }), out);
      }
      return h('input', { ...common, type: 'number', class: 'input', min: low, max: high, step: isWhole ? 1 : 'any', placeholder: schema.default ?? 'By itself', value: value ?? '', oninput: (event: Event) => set(name, read(event)) });
    }
    if (types.includes('object') || types.includes('array')) {
      return h('textarea', {
        ...common, class: 'input mono', rows: 3, placeholder: 'JSON', value: value === undefined ? '' : JSON.stringify(value),
        onchange: (event: Event) => { const text = (event.target as HTMLTextAreaElement).value; try { set(name, text ? JSON.parse(text) : ''); } catch { faults[name] = 'This is not JSON.'; draw(); } },
      });
    }
    const isLong = name === 'prompt' || /prompt|description/.test(name) || Number(schema.maxLength) > 300;
    const change = (event: Event): void => set(name, (event.target as HTMLInputElement).value);
    return isLong
      ? h('textarea', { ...common, class: 'input', rows: name === 'prompt' ? 3 : 2, maxlength: schema.maxLength, placeholder: name === 'prompt' ? 'What should it show?' : '', value: value ?? '', oninput: change })
      : h('input', { ...common, class: 'input', maxlength: schema.maxLength, placeholder: schema.default ?? '', value: value ?? '', oninput: change });
  }

  /** Shapes and styles are lists of the server's, which each surface tells in its own way. */
  function named(name: 'shape' | 'style', common: Json): HTMLElement {
    const list = h('select', { ...common, class: 'input', onchange: (event: Event) => set(name, (event.target as HTMLSelectElement).value) }, h('option', { value: '' }, 'None'));
    lists[name] ??= (orders === 'generate_media' ? ask('models', { action: `${name}s` }) : ask(`list_${name}s`, {})).then((told) => (told[`${name}s`] ?? []) as Json[]);
    lists[name].then((all) => {
      list.append(...all.map((one) => h('option', { value: one.slug, selected: values[name] === one.slug }, [one.name, one.aspect_ratio ?? one.aspectRatio].filter(Boolean).join(', '))));
    }).catch(() => undefined);
    return list;
  }

  /** Pictures of the workspace, or an address. */
  function pictures(name: string, isMany: boolean, most: number): HTMLElement {
    const chosen = (): string[] => ([] as string[]).concat((values[name] as string | string[] | undefined) ?? []);
    const put = (list: string[]): void => { set(name, isMany ? list : (list[0] ?? '')); draw(); };
    const address = h('input', { class: 'input', placeholder: 'Asset id or https address', 'aria-label': `${label(name)}: asset id or address`, name, 'data-key': `address-${name}` });
    const add = (): void => {
      const text = address.value.trim();
      if (!/^(ast_|https:\/\/)/.test(text)) { notice('Give an asset id (ast_…) or an https address.', true); return; }
      put(isMany ? [...chosen(), text].slice(0, most) : [text]);
    };
    const shelf = h('div', { class: 'shelf', role: 'group', 'aria-label': 'Newest images' });
    recent ??= ask('display', { limit: RECENT }).then((told) => (told.assets ?? []) as Json[]);
    recent.then((all) => render(shelf, all.filter((one) => one.type !== 'video').map((one) => {
      const media = mediaOf(one);
      const isOn = chosen().includes(media.asset_id ?? '');
      return h('button', {
        type: 'button', class: isOn ? 'pick on' : 'pick', 'aria-pressed': String(isOn), 'aria-label': media.title ?? media.asset_id, title: media.title, 'data-key': `pick-${name}-${media.asset_id}`,
        onclick: () => put(isOn ? chosen().filter((id) => id !== media.asset_id) : isMany ? [...chosen(), media.asset_id as string].slice(0, most) : [media.asset_id as string]),
      }, picture(media, 'small', ''), isOn && h('span', { class: 'tick' }, icon('check')));
    }))).catch(() => shelf.remove());
    const outside = chosen().filter((one) => !one.startsWith('ast_'));
    return h('div', { class: 'pictures', role: 'group' }, shelf,
      outside.map((one) => h('div', { class: 'row tight' }, h('span', { class: 'clip grow small' }, one), button('Remove', () => put(chosen().filter((other) => other !== one)), { icon: 'close', isIconOnly: true, kind: 'plain' }))),
      h('div', { class: 'row tight nowrap' }, address, button('Add', add, { icon: 'plus' })));
  }

  function draw(): void {
    const wasOpen = root.querySelector('details')?.open ?? false;
    const body: Child[] = [
      h('header', { class: 'row' },
        onBack && button('All models', onBack, { icon: 'left', isIconOnly: true, kind: 'plain' }),
        h('div', { class: 'grow' }, h('h1', { class: 'clip' }, model.name ?? model.id), h('p', { class: 'quiet small clip' }, model.about ?? model.id))),
      // No form element: frames of hosts need not allow forms.
      h('div', { class: 'fields', role: 'form', 'aria-label': model.name ?? model.id, onkeydown: (event: KeyboardEvent) => { if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) send(); } },
        first.map(field),
        rest.length > 0 && h('details', { class: 'wide', open: wasOpen || rest.some((name) => faults[name]) }, h('summary', { 'data-key': 'more' }, `More settings (${rest.length})`), h('div', { class: 'fields' }, rest.map(field))),
        h('div', { class: 'row wide' },
          button('Generate', send, { icon: 'spark', kind: 'primary', key: 'send' }),
          h('span', { class: 'quiet price num', role: 'status' }, isPricing ? '' : price ? `Costs ${price}` : model.price ? `From ${model.price}` : ''))),
    ];
    render(root, ...body);
    delete root.dataset.state;
  }

  return {
    start(given: Json): void {
      values = { ...(given.inputs as Json | undefined), ...Object.fromEntries(Object.entries(given).filter(([name]) => names.includes(name))) };
      draw();
      reprice();
    },
  };
}

/** The call that makes what a form says, on the surface whose tool was called. */
export function orderOn(tool: string | undefined, model: string): (inputs: Json) => Order {
  if (tool === 'get_model_schema' || tool === 'generate') return (inputs) => ({ tool: 'generate', args: { model, ...inputs } });
  if (tool === 'generate_image') return (inputs) => ({ tool: 'generate_image', args: model ? { model, ...inputs } : inputs });
  return (inputs) => {
    const own: Json = { model };
    const others: Json = {};
    for (const [name, value] of Object.entries(inputs)) (NATIVE.has(name) ? own : others)[name] = value;
    return { tool: 'generate_media', args: Object.keys(others).length > 0 ? { ...own, inputs: others } : own };
  };
}

/** Places an order and shows its job in the same place. */
export async function place(order: Order, panel: { start: (origin: { tool: string; args: Json }) => void; accept: (result: host.ToolResult) => void }): Promise<void> {
  panel.start(order);
  try {
    panel.accept(await host.callTool(order.tool, order.args));
  } catch (error) {
    const problem = error instanceof Failure ? error.problem : problemOf({ message: (error as Error).message });
    panel.accept({ isError: true, structuredContent: problem as Json });
  }
}
