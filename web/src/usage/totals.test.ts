import { expect, it } from 'vitest';
import { everyDay, named } from './totals';

it('fills the days on which nothing was spent', () => {
  const bars = everyDay([{ group: '2026-02-27', credits: 3, jobs: 2 }], '2026-02-26T00:00:00.000Z', new Date('2026-03-01T10:00:00Z'));
  expect(bars.map((bar) => [bar.id, bar.credits])).toEqual([['2026-02-26', 0], ['2026-02-27', 3], ['2026-02-28', 0], ['2026-03-01', 0]]);
});

it('puts the largest first and names operations', () => {
  expect(named([{ group: 'edit.upscale', credits: 1, jobs: 1 }, { group: 'generate.media', credits: 5, jobs: 1 }], 'operation').map((bar) => bar.label)).toEqual(['Generate', 'Upscale']);
});
