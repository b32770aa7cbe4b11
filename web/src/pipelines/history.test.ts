import { describe, expect, it } from 'vitest';
import { History } from './history';

describe('history', () => {
  it('goes back and forth, and a new step ends what was undone', () => {
    const history = new History('a');
    expect([history.undo(), history.undoes]).toEqual([false, undefined]);
    history.push('b', 'write b');
    history.push('c', 'write c');
    expect(history.undoes).toBe('write c');
    history.undo();
    expect([history.state, history.undoes, history.redoes]).toEqual(['b', 'write b', 'write c']);
    history.redo();
    expect([history.state, history.redoes]).toEqual(['c', undefined]);
    history.undo();
    history.undo();
    expect(history.state).toBe('a');
    history.push('d', 'write d');
    expect([history.redo(), history.state]).toEqual([false, 'd']);
  });

  it('makes one step of quick changes with one mark', () => {
    const history = new History('');
    history.push('h', 'type', 'field', 1_000);
    history.push('he', 'type', 'field', 1_500);
    history.push('hey', 'type', 'other', 1_600);
    history.push('hey!', 'type', 'other', 9_000);
    const states = [];
    while (history.undo()) states.push(history.state);
    expect(states).toEqual(['hey', 'he', '']);
  });

  it('forgets the oldest steps', () => {
    const history = new History(0);
    for (let step = 1; step <= 500; step += 1) history.push(step, 'count');
    let steps = 0;
    while (history.undo()) steps += 1;
    expect([steps, history.state]).toEqual([200, 300]);
  });
});
