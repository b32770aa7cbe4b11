/** Sums as bars. */
import type { Total, UsageBy } from '../api/types';
import { day as dayWords, operation } from '../format/words';

export interface Bar { id: string; label: string; credits: number; jobs: number }

/** Days on which nothing was spent stand in the chart too; the server leaves them out. */
export function everyDay(totals: Total[], after: string | undefined, now = new Date()): Bar[] {
  const byDay = new Map(totals.map((total) => [total.group.slice(0, 10), total]));
  const first = after?.slice(0, 10) ?? [...byDay.keys()].sort()[0];
  if (!first) return [];
  const bars: Bar[] = [];
  const last = now.toISOString().slice(0, 10);
  const cursor = new Date(`${first}T00:00:00Z`);
  // A chart of many years would be a comb; it keeps its newest part.
  const most = 366;
  while (cursor.toISOString().slice(0, 10) <= last && bars.length < 5_000) {
    const id = cursor.toISOString().slice(0, 10);
    const total = byDay.get(id);
    bars.push({ id, label: dayWords(`${id}T12:00:00`), credits: total?.credits ?? 0, jobs: total?.jobs ?? 0 });
    cursor.setUTCDate(cursor.getUTCDate() + 1);
  }
  return bars.slice(-most);
}

export function named(totals: Total[], by: UsageBy): Bar[] {
  return totals
    .map((total) => ({ id: total.group, label: nameOf(total.group, by), credits: total.credits, jobs: total.jobs }))
    .sort((a, b) => b.credits - a.credits);
}

function nameOf(group: string, by: UsageBy): string {
  if (by === 'operation') return operation(group);
  if (by === 'key' && !group.startsWith('key_')) return 'Web app and connected apps';
  return group || 'None';
}
