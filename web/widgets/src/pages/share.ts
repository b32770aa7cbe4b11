/** Share links: one as a card with what it shows, several as a list. */
import '../look.css';
import './share.css';
import * as host from '../bridge';
import { ask, connect, type Json, type ToolResult } from '../bridge';
import { button, h, icon, notice, problemBox, render, root, tell, type Child } from '../dom';
import { frame, mediaOf, picture, type Media } from '../parts/media';
import { problemOf } from '../parts/work';
import { date, number, plural } from '../words';

const MOST_SHOWN = 5;

const page = root();
let links: Json[] | undefined;
let contents: Media[] = [];
let problem: { message: string; hint?: string } | undefined;
let isOne = true;

async function read(result: ToolResult): Promise<void> {
  const own = result.structuredContent ?? {};
  problem = result.isError ? problemOf(own, host.textOf(result)) : undefined;
  if (Array.isArray(own.share_links ?? own.shares ?? own.links)) {
    links = (own.share_links ?? own.shares ?? own.links) as Json[];
    isOne = false;
  } else if (own.share_id || own.share) { links = [(own.share ?? own) as Json]; isOne = true; }
  if (Array.isArray(own.assets)) contents = own.assets.map(mediaOf);
  draw();
  if (isOne && links?.[0]) { tell('Share link ready'); await peek(links[0]); }
}

async function peek(link: Json): Promise<void> {
  if (contents.length > 0) return;
  try {
    const told = await ask('share_links', { action: 'contents', share_id: link.share_id, limit: MOST_SHOWN });
    contents = ((told.assets ?? []) as Json[]).map(mediaOf);
    draw();
  } catch { /* The link is worth showing without. */ }
}

async function copy(link: Json, field?: HTMLInputElement): Promise<void> {
  // What is selected can be copied in frames that may not write to the clipboard otherwise.
  const own = field ?? h('textarea', { value: String(link.url), readonly: true, class: 'unseen' });
  if (!field) document.body.append(own);
  own.select();
  const isCopied = document.execCommand('copy');
  if (!field) own.remove();
  if (!isCopied) await navigator.clipboard.writeText(String(link.url)).catch(() => { throw new Error('The client does not allow copying; select the link and copy it.'); });
  notice('Link copied');
}

const state = (link: Json): Child => link.state === 'live' ? h('span', { class: 'chip good' }, 'Live')
  : h('span', { class: 'chip wrong' }, link.state === 'revoked' ? 'Taken back' : 'Ended');

const facts = (link: Json): string => [
  plural(Number(link.asset_count) || 0, 'item'), `seen ${number(link.view_count)} ${Number(link.view_count) === 1 ? 'time' : 'times'}`,
  link.expires_at ? `until ${date(link.expires_at)}` : 'no end', link.has_password ? 'with a password' : '', link.allow_downloads === false ? 'no downloads' : '',
].filter(Boolean).join(' · ');

function card(link: Json): Child[] {
  const field = h('input', { class: 'input mono', readonly: true, value: String(link.url ?? ''), 'aria-label': 'The link', 'data-key': 'link', onfocus: (event: Event) => (event.target as HTMLInputElement).select() });
  const more = Number(link.asset_count) - Math.min(MOST_SHOWN, contents.length);
  return [
    contents.length > 0 && h('div', { class: 'peek', 'aria-hidden': 'true' }, contents.slice(0, MOST_SHOWN).map((media, place) => h('div', { class: 'leaf' }, frame({ ...media, width: 1, height: 1 }, 'cover', picture(media, 'small', '')), place === MOST_SHOWN - 1 && more > 0 && h('span', null, `+${more}`)))),
    h('header', { class: 'row' }, h('div', { class: 'grow' }, h('h1', { class: 'clip' }, String(link.title ?? 'Share link')), h('p', { class: 'quiet small' }, facts(link))), state(link)),
    link.url ? h('div', { class: 'row nowrap' }, field, button('Copy', () => copy(link, field), { icon: 'copy', kind: 'primary' }), host.can('openLinks') && button('Open', () => host.openLink(String(link.url)), { icon: 'open' }))
      : h('p', { class: 'quiet' }, 'The link cannot be shown again; make a new one.'),
    h('p', { class: 'quiet small row tight' }, icon(link.has_password ? 'lock' : 'eye'), link.has_password ? 'Whoever has the link and the password sees it.' : 'Whoever has the link sees it.'),
  ];
}

function draw(): void {
  if (problem) {
    render(page, problemBox(problem));
    return;
  }
  if (!links) {
    if (contents.length > 0) {
      render(page, h('header', null, h('h1', null, 'Shared'), h('p', { class: 'quiet small' }, plural(contents.length, 'item'))), h('div', { class: 'peek' }, contents.slice(0, MOST_SHOWN).map((media) => h('div', { class: 'leaf' }, frame({ ...media, width: 1, height: 1 }, 'cover', picture(media, 'small'))))));
    } else render(page, h('div', { class: 'skeleton', vars: { height: '96px' } }));
    return;
  }
  if (isOne && links[0]) { render(page, card(links[0])); return; }
  render(page,
    h('header', null, h('h1', null, 'Share links'), h('p', { class: 'quiet small' }, plural(links.length, 'link'))),
    links.length === 0 ? h('div', { class: 'empty' }, icon('open'), 'No links yet. Ask the agent to share something.')
      : h('ul', { class: 'links' }, links.map((link) => h('li', { class: 'card' },
        h('div', { class: 'grow stack' }, h('span', { class: 'row tight' }, h('strong', { class: 'clip' }, String(link.title ?? 'Share link')), state(link)), h('span', { class: 'quiet small' }, facts(link))),
        link.url && button('Copy link', () => copy(link), { icon: 'copy', isIconOnly: true, key: `copy-${link.share_id}` }),
        link.url && host.can('openLinks') && button('Open link', () => host.openLink(String(link.url)), { icon: 'open', isIconOnly: true, key: `open-${link.share_id}` })))));
}

draw();
void connect('share', { result: (result) => void read(result), abandoned: () => { problem = { message: 'The call was cancelled.' }; draw(); }, context: draw });
