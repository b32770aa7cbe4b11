/** How numbers, times and names are written. The one place for it. */

const number = new Intl.NumberFormat('en', { maximumFractionDigits: 2 });
const whole = new Intl.NumberFormat('en', { maximumFractionDigits: 0 });
const date = new Intl.DateTimeFormat('en', { day: 'numeric', month: 'short', year: 'numeric' });
const dateTime = new Intl.DateTimeFormat('en', {
  day: 'numeric', month: 'short', year: 'numeric', hour: '2-digit', minute: '2-digit', hourCycle: 'h23',
});
const relative = new Intl.RelativeTimeFormat('en', { numeric: 'auto' });

export const count = (value: number) => whole.format(value);
export const decimal = (value: number) => number.format(value);
export const credits = (value: number) => `${number.format(value)} ${value === 1 ? 'credit' : 'credits'}`;
export const plural = (amount: number, one: string, many = `${one}s`) => `${whole.format(amount)} ${amount === 1 ? one : many}`;
export const percent = (fraction: number) => `${Math.round(fraction * 100)} %`;

export const day = (time: string) => date.format(new Date(time));
export const moment = (time: string) => dateTime.format(new Date(time));

const STEPS: [Intl.RelativeTimeFormatUnit, number][] = [
  ['year', 31_536_000], ['month', 2_592_000], ['week', 604_800], ['day', 86_400], ['hour', 3_600], ['minute', 60],
];

/** "3 hours ago", "in 2 days". */
export function ago(time: string, now = Date.now()): string {
  const seconds = (new Date(time).getTime() - now) / 1000;
  for (const [unit, length] of STEPS) {
    if (Math.abs(seconds) >= length) return relative.format(Math.trunc(seconds / length), unit);
  }
  return 'just now';
}

/** Whole days until then; never below zero. */
export const daysLeft = (time: string, now = Date.now()) =>
  Math.max(0, Math.ceil((new Date(time).getTime() - now) / 86_400_000));

export function bytes(size: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let value = size;
  let unit = 0;
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${unit === 0 || value >= 100 ? whole.format(value) : number.format(Math.round(value * 10) / 10)} ${units[unit]}`;
}

/** "1:05" for 65 seconds. */
export function clock(seconds: number): string {
  const all = Math.round(seconds);
  return `${Math.floor(all / 60)}:${String(all % 60).padStart(2, '0')}`;
}

/** A length of time in words, its two largest parts: "3 d 4 h". */
export function span(seconds: number): string {
  const parts: string[] = [];
  let left = Math.max(0, Math.floor(seconds));
  for (const [unit, length] of [['d', 86_400], ['h', 3_600], ['min', 60], ['s', 1]] as const) {
    if (left >= length && parts.length < 2) {
      parts.push(`${Math.floor(left / length)} ${unit}`);
      left %= length;
    }
  }
  return parts.join(' ') || '0 s';
}

/** `aspect_ratio` as a label: "Aspect ratio". */
export function label(name: string): string {
  const text = name.replaceAll('_', ' ').replaceAll('-', ' ').trim();
  return (text.charAt(0).toUpperCase() + text.slice(1)).replace(/\bapi\b/gi, 'API');
}

/** `edit.remove_background` as people say it: "Remove background". */
export function operation(id: string): string {
  if (id === 'generate.media') return 'Generate';
  return label(id.replace(/^[a-z]+\./, ''));
}

const SOURCES: Record<string, string> = { upload: 'Uploaded', import: 'Imported', edit: 'Edited', generate: 'Generated' };
export const source = (name: string) => SOURCES[name] ?? label(name);

const BALANCES: Record<string, string> = { plan_units: 'Plan units', api: 'API balance' };
export const balance = (name: string) => BALANCES[name] ?? label(name);

/** A user agent as a person would name it; the whole text is shown beside it for those who want it. */
export function device(agent: string | undefined): string {
  if (!agent) return 'Unknown device';
  const browser = [['Edg/', 'Edge'], ['OPR/', 'Opera'], ['Firefox/', 'Firefox'], ['Chrome/', 'Chrome'], ['Safari/', 'Safari']]
    .find(([mark]) => agent.includes(mark as string))?.[1];
  const system = [['Android', 'Android'], ['iPhone', 'iPhone'], ['iPad', 'iPad'], ['Mac OS', 'macOS'], ['Windows', 'Windows'], ['Linux', 'Linux']]
    .find(([mark]) => agent.includes(mark as string))?.[1];
  if (browser && system) return `${browser} on ${system}`;
  return browser ?? system ?? agent.slice(0, 40);
}
