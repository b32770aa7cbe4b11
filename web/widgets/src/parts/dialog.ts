/** Something over the page that is closed with Escape and keeps the focus while it is open. */
import './dialog.css';
import * as host from '../bridge';
import { button, h, type Child } from '../dom';

export function overlay(label: string, content: Child[], onClose?: () => void): { close: () => void; fill: (...content: Child[]) => void } {
  const before = document.activeElement as HTMLElement | null;
  const body = h('div', { class: 'body' }, content);
  const close = (): void => {
    box.remove();
    document.documentElement.classList.remove('covered');
    onClose?.();
    before?.focus();
  };
  const box = h('div', {
    class: 'overlay', role: 'dialog', 'aria-modal': 'true', 'aria-label': label, tabindex: '-1',
    onkeydown: (event: KeyboardEvent) => {
      if (event.key === 'Escape') { event.stopPropagation(); close(); }
      if (event.key !== 'Tab') return;
      const stops = [...box.querySelectorAll<HTMLElement>('button, input, select, textarea, a[href], video')].filter((one) => one.offsetParent !== null);
      const [first, last] = [stops[0], stops[stops.length - 1]];
      if (event.shiftKey && (document.activeElement === first || document.activeElement === box)) { event.preventDefault(); last?.focus(); }
      else if (!event.shiftKey && document.activeElement === last) { event.preventDefault(); first?.focus(); }
    },
  }, h('div', { class: 'shut' }, button('Close', close, { icon: 'close', isIconOnly: true })), body);
  document.body.append(box);
  document.documentElement.classList.add('covered');
  box.focus();
  host.atEnd(close);
  return { close, fill: (...next) => body.replaceChildren(...next.filter((one): one is Node => one instanceof Node)) };
}
