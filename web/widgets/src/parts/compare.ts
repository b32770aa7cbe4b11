/** Before and after, one over the other, with an edge that can be moved by hand and by keys. */
import './compare.css';
import { h, icon } from '../dom';
import { picture, ratioOf, type Media } from './media';

export function compare(before: Media, after: Media): HTMLElement {
  const range = h('input', {
    type: 'range', min: '0', max: '100', step: '1', value: '50', class: 'edge', 'aria-label': 'How much of the picture before is shown',
    'aria-valuetext': '50 % before', 'data-key': 'edge',
  });
  const box = h('div', { class: 'compare frame clear', vars: { 'aspect-ratio': String(ratioOf(after)), '--at': '50%' } },
    h('div', { class: 'after' }, picture(after, 'whole', `After: ${after.title ?? ''}`)),
    h('div', { class: 'before' }, picture({ ...before, title: before.title ?? 'Before' }, 'whole', 'Before')),
    h('span', { class: 'tag start', 'aria-hidden': 'true' }, 'Before'),
    h('span', { class: 'tag end', 'aria-hidden': 'true' }, 'After'),
    h('div', { class: 'handle', 'aria-hidden': 'true' }, h('b', null, icon('compare'))),
    range);
  const move = (): void => {
    box.style.setProperty('--at', `${range.value}%`);
    range.setAttribute('aria-valuetext', `${range.value} % before`);
  };
  range.addEventListener('input', move);
  // Anywhere in the picture, not only on the edge.
  const follow = (event: PointerEvent): void => {
    const { left, width } = box.getBoundingClientRect();
    range.value = String(Math.round(Math.min(100, Math.max(0, ((event.clientX - left) / width) * 100))));
    move();
  };
  range.addEventListener('pointerdown', (event) => {
    event.preventDefault();
    range.focus();
    range.setPointerCapture(event.pointerId);
    follow(event);
  });
  range.addEventListener('pointermove', (event) => { if (range.hasPointerCapture(event.pointerId)) follow(event); });
  return box;
}
