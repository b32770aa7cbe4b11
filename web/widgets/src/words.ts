/** How numbers and times are written, in the language of the host. */
import { context } from './bridge';

const language = (): string | undefined => document.documentElement.lang || undefined;

export const number = (value: unknown, digits = 2): string =>
  new Intl.NumberFormat(language(), { maximumFractionDigits: digits }).format(Number(value) || 0);

export const credits = (value: unknown): string => `${number(value)} ${Number(value) === 1 ? 'credit' : 'credits'}`;

export function bytes(value: number): string {
  const units = ['bytes', 'KB', 'MB', 'GB'];
  let step = 0;
  let rest = value;
  while (rest >= 1000 && step < 3) { rest /= 1000; step += 1; }
  return `${number(rest, rest < 10 && step > 0 ? 1 : 0)} ${units[step]}`;
}

export function date(value: unknown, style: Intl.DateTimeFormatOptions = { dateStyle: 'medium' }): string {
  const time = new Date(String(value));
  if (Number.isNaN(time.getTime())) return '';
  try { return new Intl.DateTimeFormat(language(), { ...style, timeZone: context.timeZone }).format(time); } catch { return time.toISOString().slice(0, 10); }
}

export function duration(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  return whole < 60 ? `${whole} s` : `${Math.floor(whole / 60)} min ${whole % 60} s`;
}

/** `remove_background` as people write it. */
export function label(name: string): string {
  const words = name.replace(/^.*\./, '').replace(/[_-]+/g, ' ').trim();
  return words.charAt(0).toUpperCase() + words.slice(1);
}

export const plural = (count: number, one: string, many = `${one}s`): string => `${number(count)} ${count === 1 ? one : many}`;
