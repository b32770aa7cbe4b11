/** Assets and collections to look at, to choose from, and to hand to the agent. */
import '../look.css';
import './gallery.css';
import * as host from '../bridge';
import { ask, connect, type Json, type ToolResult } from '../bridge';
import { button, h, icon, notice, problemBox, render, root, tell, type Child } from '../dom';
import { compare } from '../parts/compare';
import { overlay } from '../parts/dialog';
import { frame, freshUrl, isVideo, mediaOf, nameOf, picture, player, ratioOf, type Media } from '../parts/media';
import { problemOf } from '../parts/work';
import { bytes, plural } from '../words';

/** The most that one page shows. */
const MOST = 100;
const STEP = 24;
/** What people ask for most, as they would say it. */
const WISHES = ['Remove the background', 'Upscale 4×', 'Make a share link'];

interface Collection { collection_id: string; name: string; asset_count: number; description?: string; cover?: Media }
type Place = { kind: 'given' } | { kind: 'newest' } | { kind: 'collections' } | { kind: 'collection'; of: Collection };

const page = root();
let place: Place = { kind: 'given' };
let title = '';
let assets: Media[] = [];
let collections: Collection[] = [];
let isLoading = true;
let trouble: { message: string; hint?: string } | undefined;
let hasMore = false;
/** Whether the server has the tools of the native surface, with which this page can look further. */
let isNative = false;
const chosen = new Set<string>();
const kept = new Map<string, HTMLElement>();
let last = 0;

const keyOf = (media: Media): string => media.asset_id ?? media.url.split('?')[0] ?? media.url;
const picked = (): Media[] => assets.filter((one) => chosen.has(keyOf(one)));

function read(result: ToolResult): void {
  isLoading = false;
  const own = result.structuredContent ?? {};
  if (result.isError) {
    trouble = problemOf(own, host.textOf(result));
    return;
  }
  trouble = undefined;
  isNative ||= own.assets !== undefined || own.collections !== undefined;
  if (Array.isArray(own.collections)) {
    place = { kind: 'collections' };
    collections = own.collections.map(collectionOf);
    return;
  }
  const list = own.assets ?? own.images ?? (own.url || own.image_url ? [own] : []);
  assets = (Array.isArray(list) ? list : []).map(mediaOf).filter((one) => one.url).slice(0, MOST);
  title = own.title ?? (typeof own.name === 'string' && own.collection_id ? own.name : 'Images');
  if (title === 'Newest assets') place = { kind: 'newest' };
  hasMore = place.kind === 'newest' && assets.length >= STEP && assets.length < MOST;
}

const collectionOf = (own: Json): Collection => ({
  collection_id: String(own.collection_id),
  name: String(own.name ?? ''),
  asset_count: Number(own.asset_count) || 0,
  description: own.description,
  cover: own.cover_asset_id ? mediaOf({ asset_id: own.cover_asset_id, url: own.cover_url ?? '' }) : undefined,
});

/** Goes to another place of the library. */
async function go(to: Place): Promise<void> {
  place = to;
  chosen.clear();
  isLoading = true;
  draw();
  try {
    if (to.kind === 'collections') read({ structuredContent: await ask('collections', { action: 'list', limit: MOST }) });
    else if (to.kind === 'collection') read({ structuredContent: await ask('display', { collection_id: to.of.collection_id, limit: MOST }) });
    else read({ structuredContent: await ask('display', { limit: STEP }) });
  } catch (error) {
    read({ isError: true, structuredContent: error instanceof host.Failure ? error.problem : { message: String((error as Error).message) } });
  }
  place = to;
  draw();
}

async function more(): Promise<void> {
  const limit = Math.min(MOST, assets.length + STEP);
  const from = assets.length;
  read({ structuredContent: await ask('display', { limit }) });
  hasMore = assets.length === limit && limit < MOST;
  draw();
  page.querySelectorAll<HTMLElement>('.tile')[from]?.focus();
}

// ── Choosing

function toggle(media: Media, isOn = !chosen.has(keyOf(media))): void {
  if (isOn) chosen.add(keyOf(media));
  else chosen.delete(keyOf(media));
  tell(`${plural(chosen.size, 'image')} selected`);
  draw();
}

const listed = (all: Media[]): string => all.map((one) => `${one.asset_id ?? one.url} (${nameOf(one)})`).join('; ');

async function use(all: Media[]): Promise<void> {
  await host.tellModel(`The person selected ${plural(all.length, 'image')} to work with: ${listed(all)}.`, { asset_ids: all.map((one) => one.asset_id).filter(Boolean) });
  notice('The conversation knows your selection now');
}

async function wish(words: string, all: Media[]): Promise<void> {
  await host.say(`${words}: ${all.map((one) => one.asset_id ?? one.url).join(', ')}`);
  chosen.clear();
  draw();
}

async function save(media: Media): Promise<void> {
  const kind = (media.content_type ?? 'image/png').replace(/^.*\//, '').replace('jpeg', 'jpg');
  await host.download(await freshUrl(media), `${nameOf(media).replace(/[^\p{L}\p{N}]+/gu, '-').slice(0, 60)}.${kind}`, media.content_type ?? 'image/png');
}

// ── One in full

function look(index: number): void {
  let at = index;
  const show = (): Child[] => {
    const media = assets[at] as Media;
    const facts = [
      media.width && `${media.width} × ${media.height}`, media.size_bytes && bytes(media.size_bytes), media.content_type?.replace(/^.*\//, '').toUpperCase(), media.model,
    ].filter(Boolean).join(' · ');
    const move = (by: number): void => { at = (at + by + assets.length) % assets.length; box.fill(...show()); tell(nameOf(assets[at] as Media)); };
    keys.run = move;
    const shown = isVideo(media) ? frame(media, '', player(media))
      : media.before ? compare(media.before, media)
        : frame(media, '', picture(media, 'large'));
    return [
      h('div', { class: 'caption' }, h('h2', { class: 'clip' }, nameOf(media)), h('p', { class: 'quiet small clip' }, facts)),
      h('div', { class: 'stage', vars: { '--ratio': String(ratioOf(media)) } }, shown),
      h('div', { class: 'row' },
        assets.length > 1 && button('Previous', () => move(-1), { icon: 'left', isIconOnly: true }),
        assets.length > 1 && button('Next', () => move(1), { icon: 'right', isIconOnly: true }),
        h('span', { class: 'quiet small num' }, `${at + 1} of ${assets.length}`),
        h('span', { class: 'grow' }),
        (host.can('downloadFile') || host.can('openLinks')) && button('Download', () => save(media), { icon: 'download' }),
        host.canTell() && button('Use in chat', () => use([media]), { icon: 'chat', kind: 'primary' })),
    ];
  };
  const keys: { run?: (by: number) => void } = {};
  const listen = (event: KeyboardEvent): void => {
    if (event.key === 'ArrowRight') keys.run?.(1);
    if (event.key === 'ArrowLeft') keys.run?.(-1);
  };
  document.addEventListener('keydown', listen);
  const box = overlay('Image', [], () => document.removeEventListener('keydown', listen));
  box.fill(...show());
}

// ── How it looks

function tile(media: Media, index: number): HTMLElement {
  const key = keyOf(media);
  const isOn = chosen.has(key);
  const shown = (() => {
    let element = kept.get(key);
    if (!element) kept.set(key, (element = isVideo(media) && !media.thumbnail_url ? h('span', { class: 'film' }, icon('film')) : picture(media, 'small', '')));
    return element;
  })();
  const colour = media.colors?.[0];
  return h('li', { class: isOn ? 'item on' : 'item', vars: { '--ratio': String(ratioOf(media)), ...(colour && /^#[0-9a-f]{3,8}$/i.test(colour) ? { '--tint': colour } : {}) } },
    h('button', {
      type: 'button', class: 'tile', 'aria-label': `${nameOf(media)}${media.model ? ` · ${media.model}` : ''}${isVideo(media) ? ', video' : ''}`, 'data-key': `tile-${key}`,
      tabindex: index === last ? '0' : '-1',
      onclick: () => { last = index; if (chosen.size > 0) toggle(media); else look(index); },
      onkeydown: (event: KeyboardEvent) => {
        const step = { ArrowRight: 1, ArrowLeft: -1, Home: -assets.length, End: assets.length }[event.key];
        if (event.key === ' ') { event.preventDefault(); last = index; toggle(media); }
        if (step === undefined) return;
        event.preventDefault();
        last = Math.min(assets.length - 1, Math.max(0, index + step));
        const all = page.querySelectorAll<HTMLElement>('.tile');
        all.forEach((one, place_) => { one.tabIndex = place_ === last ? 0 : -1; });
        all[last]?.focus();
      },
    }, shown, h('span', { class: 'name clip' }, nameOf(media), media.model && h('span', { class: 'faint' }, ` · ${media.model}`))),
    h('button', {
      type: 'button', class: 'mark', role: 'checkbox', 'aria-checked': String(isOn), 'aria-label': `Select ${nameOf(media)}`, 'data-key': `mark-${key}`, tabindex: '-1',
      onclick: () => toggle(media),
    }, icon('check')));
}

function tabs(): Child {
  if (!isNative) return null;
  const tab = (label: string, to: Place, isOn: boolean): HTMLElement =>
    h('button', { type: 'button', 'aria-pressed': String(isOn), 'data-key': label, onclick: () => void go(to) }, label);
  return h('div', { class: 'segments', role: 'group', 'aria-label': 'Show' },
    tab('Newest', { kind: 'newest' }, place.kind === 'newest'),
    tab('Collections', { kind: 'collections' }, place.kind === 'collections' || place.kind === 'collection'));
}

function bar(): Child {
  const all = picked();
  if (all.length === 0) return null;
  const enter = (event: KeyboardEvent): void => { if (event.key === 'Enter') void send().catch((error) => notice(error.message, true)); };
  const field = h('input', { class: 'input', onkeydown: enter, placeholder: 'What should happen with them?', 'aria-label': 'What should happen with the selection', 'data-key': 'wish', maxlength: '500' });
  const send = async (): Promise<void> => { if (field.value.trim()) await wish(field.value.trim(), all); else field.focus(); };
  return h('section', { class: 'bar-of card', 'aria-label': 'Selection' },
    h('div', { class: 'row' },
      h('strong', { class: 'num' }, `${all.length} selected`),
      h('span', { class: 'grow' }),
      all.length < assets.length && button('Select all', () => { assets.forEach((one) => chosen.add(keyOf(one))); draw(); }, { kind: 'plain' }),
      button('Clear', () => { chosen.clear(); draw(); }, { kind: 'plain' }),
      host.canTell() && button('Use in chat', () => use(all), { icon: 'chat', kind: host.can('message') ? undefined : 'primary' })),
    // No form: frames of hosts need not allow forms.
    host.can('message') && h('div', { class: 'row ask' }, field, button('Ask', send, { kind: 'primary' })),
    host.can('message') && h('div', { class: 'row tight' }, WISHES.map((words) => button(words, () => wish(words, all), { kind: 'plain', icon: 'spark' }))));
}

function content(): Child[] {
  if (isLoading) return [h('ul', { class: 'wall', 'aria-busy': 'true', 'aria-label': 'Loading' }, [1.5, 1, 0.75, 1.33, 1, 1.78].map((ratio) => h('li', { class: 'item skeleton', vars: { '--ratio': String(ratio) } })))];
  if (trouble) return [problemBox(trouble)];
  if (place.kind === 'collections') {
    if (collections.length === 0) return [h('div', { class: 'empty' }, icon('picture'), 'No collections yet. Ask the agent to put images into one.')];
    return [h('ul', { class: 'collections' }, collections.map((one) => h('li', null, h('button', {
      type: 'button', class: 'card collection', 'data-key': one.collection_id, onclick: () => void go({ kind: 'collection', of: one }),
    }, one.cover && h('span', { class: 'cover' }, picture(one.cover, 'small', '')), h('span', { class: 'stack' }, h('strong', { class: 'clip' }, one.name), h('span', { class: 'quiet small' }, plural(one.asset_count, 'image')))))))];
  }
  if (assets.length === 0) return [h('div', { class: 'empty' }, icon('picture'), 'Nothing here yet.')];
  return [
    h('ul', { class: 'wall', 'aria-label': title }, assets.map(tile), h('li', { class: 'rest', 'aria-hidden': 'true' })),
    bar(),
    hasMore && h('div', { class: 'row' }, button('Show more', more, { icon: 'plus' })),
  ];
}

function draw(): void {
  last = Math.min(last, Math.max(0, assets.length - 1));
  const heading = place.kind === 'collections' ? 'Collections' : place.kind === 'collection' ? place.of.name : title || 'Images';
  const facts = isLoading || trouble ? '' : place.kind === 'collections' ? plural(collections.length, 'collection') : plural(assets.length, assets.some(isVideo) ? 'item' : 'image');
  render(page,
    h('header', { class: 'row' },
      place.kind === 'collection' && button('All collections', () => go({ kind: 'collections' }), { icon: 'left', isIconOnly: true, kind: 'plain' }),
      h('div', { class: 'grow' }, h('h1', { class: 'clip' }, heading), h('p', { class: 'quiet small' }, facts)),
      tabs(),
      host.mayFullscreen() && button(host.isFullscreen() ? 'Close full screen' : 'Full screen', () => host.setMode(host.isFullscreen() ? 'inline' : 'fullscreen'), { icon: host.isFullscreen() ? 'close' : 'full', isIconOnly: true, key: 'full' })),
    ...content());
  page.classList.toggle('choosing', chosen.size > 0);
}

draw();
void connect('gallery', {
  result: (result) => { read(result); draw(); if (!trouble) tell(`${assets.length} images`); },
  abandoned: () => read({ isError: true, structuredContent: { message: 'The call was cancelled.' } }),
  context: draw,
});
