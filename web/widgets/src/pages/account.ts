/** Credits and what they were spent on. */
import '../look.css';
import './account.css';
import * as host from '../bridge';
import { ask, connect, type Json, type ToolResult } from '../bridge';
import { button, h, icon, problemBox, render, root, svg, type Child } from '../dom';
import { problemOf } from '../parts/work';
import { credits, date, label, number, plural } from '../words';

const DAYS = 30;
const DAY_MS = 86_400_000;
const MOST_ROWS = 6;
const [WIDE, HIGH] = [600, 120];

interface Total { group: string; credits: number; jobs: number }

const page = root();
let balance: Json | undefined;
let days: Total[] | undefined;
let totals: Total[] | undefined;
let by: 'model' | 'operation' = 'model';
let estimate: Json | undefined;
let problem: { message: string; hint?: string } | undefined;
/** Whether the server has the tool that sums up. */
let isNative = true;

const totalsOf = (own: Json): Total[] => (own.totals ?? []).map((one: Json) => ({ group: String(one.group), credits: Number(one.credits) || 0, jobs: Number(one.jobs) || 0 }));
const since = (): string => new Date(Date.now() - (DAYS - 1) * DAY_MS).toISOString().slice(0, 10) + 'T00:00:00Z';

async function fill(): Promise<void> {
  const got = await Promise.allSettled([
    balance ?? ask('account', { action: 'credits' }),
    ask('account', { action: 'usage_history', by: 'day', after: since() }),
    ask('account', { action: 'usage_history', by, after: since() }),
  ]);
  if (got[0].status === 'fulfilled') balance = got[0].value;
  if (got[1].status === 'fulfilled') days = totalsOf(got[1].value);
  if (got[2].status === 'fulfilled') totals = totalsOf(got[2].value);
  isNative = got[1].status === 'fulfilled';
  draw();
}

function read(result: ToolResult): void {
  const own = result.structuredContent ?? {};
  if (result.isError) { problem = problemOf(own, host.textOf(result)); draw(); return; }
  if (own.plan_units || own.balance !== undefined || own.credits !== undefined || own.unlimited !== undefined) balance = own;
  else if (own.price_credits !== undefined || own.credits_each !== undefined || own.prices !== undefined) estimate = own;
  // Services tell the balance alone.
  isNative = host.toolName() !== 'check_credits';
  draw();
  if (isNative) void fill();
}

async function sum(next: typeof by): Promise<void> {
  by = next;
  totals = undefined;
  draw();
  totals = totalsOf(await ask('account', { action: 'usage_history', by, after: since() }));
  draw();
}

// ── How it looks

function purse(): Child {
  if (!balance) return h('div', { class: 'skeleton', vars: { height: '92px' } });
  const own = (balance.spends_from === 'api' ? balance.api : balance.plan_units) as Json | undefined;
  const left = balance.balance ?? own?.available ?? balance.credits ?? balance.remaining;
  const parts: [string, unknown][] = own ? [['Held by jobs', own.held], ['Spent in all', own.spent]] : [];
  const others = balance.spends_from === 'api' ? ['Plan units', balance.plan_units] as const : ['API balance', balance.api] as const;
  const otherLeft = (others[1] as Json | undefined)?.available;
  if (!balance.unlimited && Number(otherLeft) > 0) parts.push([others[0], otherLeft]);
  return h('section', { class: 'purse card', 'aria-label': 'Balance' },
    h('div', { class: 'grow' },
      h('p', { class: 'quiet small' }, balance.spends_from === 'api' ? 'API balance' : 'Credits'),
      h('p', { class: 'big num' }, balance.unlimited ? 'No limit' : number(left)),
      h('p', { class: 'quiet small' }, `Plan ${label(String(balance.plan ?? balance.subscription ?? 'unknown'))}`)),
    h('dl', { class: 'facts' }, parts.map(([name, value]) => h('div', null, h('dt', { class: 'quiet small' }, name), h('dd', { class: 'num' }, number(value))))),
    (balance.credits_url ?? balance.creditsUrl) && host.can('openLinks') && button(balance.unlimited ? 'Open usage' : 'Get credits', () => host.openLink(String(balance?.credits_url ?? balance?.creditsUrl)), { icon: 'open' }));
}

/** A bar for each day; the same as a table for those who do not see it. */
function chart(): Child {
  if (!isNative) return null;
  if (!days) return h('div', { class: 'skeleton', vars: { height: '150px' } });
  const byDay = new Map(days.map((one) => [one.group.slice(0, 10), one]));
  const first = Date.parse(since());
  const all = Array.from({ length: DAYS }, (_, place) => {
    const day = new Date(first + place * DAY_MS).toISOString().slice(0, 10);
    return { day, credits: byDay.get(day)?.credits ?? 0, jobs: byDay.get(day)?.jobs ?? 0 };
  });
  const spent = all.reduce((sum_, one) => sum_ + one.credits, 0);
  const jobs = all.reduce((sum_, one) => sum_ + one.jobs, 0);
  const most = Math.max(...all.map((one) => one.credits), 0);
  // A round number above the highest bar.
  if (most === 0) return null;
  const power = 10 ** Math.floor(Math.log10(most));
  const top = ([1, 2, 3, 4, 6, 8, 10].find((one) => one * power >= most) ?? 10) * power;
  const step = WIDE / DAYS;
  const words = (one: { day: string; credits: number; jobs: number }): string => `${date(`${one.day}T12:00:00Z`)}: ${credits(one.credits)}, ${plural(one.jobs, 'job')}`;
  const told = h('p', { class: 'quiet small num', 'aria-hidden': 'true' }, `${credits(spent)}, ${plural(jobs, 'job')}`);
  const rest = told.textContent ?? '';
  const picture = svg('svg', { viewBox: `0 0 ${WIDE} ${HIGH + 2}`, class: 'chart', role: 'img', preserveAspectRatio: 'none', 'aria-label': `Credits spent on each of the last ${DAYS} days; ${credits(spent)} in all` },
    [0, 0.5, 1].map((part) => svg('line', { x1: 0, x2: WIDE, y1: 1 + HIGH * part, y2: 1 + HIGH * part, class: 'grid' })),
    all.map((one, place) => {
      const high = one.credits > 0 ? Math.max(3, (one.credits / top) * HIGH) : 0;
      return svg('g', { onpointerenter: () => { told.textContent = words(one); }, onpointerleave: () => { told.textContent = rest; } },
        svg('rect', { x: place * step, y: 0, width: step, height: HIGH + 2, class: 'hit' }),
        svg('rect', { x: place * step + step * 0.16, y: 1 + HIGH - high, width: step * 0.68, height: high, rx: 3, class: 'day' }));
    }));
  return h('section', { class: 'stack' },
    h('div', { class: 'row' }, h('h2', { class: 'grow' }, `Last ${DAYS} days`), told),
    h('div', { class: 'plot' }, picture, h('div', { class: 'scale quiet num', 'aria-hidden': 'true' }, h('span', null, number(top)), h('span', null, number(top / 2)), h('span', null, '0'))),
    h('div', { class: 'row quiet small ends', 'aria-hidden': 'true' }, h('span', { class: 'grow' }, date(`${all[0]?.day}T12:00:00Z`, { month: 'short', day: 'numeric' })), h('span', null, 'Today')),
    h('table', { class: 'unseen' }, h('caption', null, 'Credits by day'), h('tbody', null, all.filter((one) => one.jobs > 0).map((one) => h('tr', null, h('th', { scope: 'row' }, date(`${one.day}T12:00:00Z`)), h('td', null, credits(one.credits)), h('td', null, plural(one.jobs, 'job')))))));
}

function sums(): Child {
  if (!isNative) return null;
  const all = [...(totals ?? [])].sort((a, b) => b.credits - a.credits || b.jobs - a.jobs);
  const most = Math.max(...all.map((one) => one.credits), 0.0001);
  const tab = (next: typeof by): HTMLElement => h('button', { type: 'button', 'aria-pressed': String(by === next), 'data-key': next, onclick: () => void sum(next) }, label(next));
  return h('section', { class: 'stack' },
    h('div', { class: 'row' }, h('h2', { class: 'grow' }, 'Spent on'), h('div', { class: 'segments', role: 'group', 'aria-label': 'Sum up by' }, tab('model'), tab('operation'))),
    !totals ? h('div', { class: 'skeleton', vars: { height: '80px' } })
      : all.length === 0 ? h('p', { class: 'quiet' }, `Nothing was spent in the last ${DAYS} days.`)
        : h('ul', { class: 'sums' }, all.slice(0, MOST_ROWS).map((one) => h('li', null,
          h('span', { class: 'row' }, h('span', { class: 'grow clip', title: one.group }, by === 'operation' ? label(one.group) : one.group.replace(/^(image|video)\//, '')), h('span', { class: 'quiet small num' }, plural(one.jobs, 'job')), h('strong', { class: 'num' }, number(one.credits))),
          h('span', { class: 'bar', vars: { '--part': `${(one.credits / most) * 100}%` } }, h('i'))))));
}

function draw(): void {
  render(page,
    h('header', null, h('h1', null, 'Credits and usage')),
    problem && problemBox(problem),
    estimate && h('div', { class: 'card row' }, icon('spark'), h('strong', null, `It would cost ${credits(estimate.price_credits ?? estimate.total_credits ?? estimate.credits)}`)),
    !problem && purse(), !problem && chart(), !problem && sums());
}

draw();
void connect('account', { result: read, abandoned: () => { problem = { message: 'The call was cancelled.' }; draw(); }, context: draw });
