/** Elements from code. Words of people, files and models only ever become text nodes. */

export type Child = Node | string | number | null | undefined | false;
// eslint-disable-next-line @typescript-eslint/no-explicit-any
export type Props = Record<string, any>;

/** Elements of the page that get a new place: they stay where they are, playing and moving, until the new place is in the page. */
const moving = new Map<Comment, Element>();

function nodes(children: (Child | Child[])[]): (Node | string)[] {
  return children.flat().filter((child): child is Node | string | number => child !== null && child !== undefined && child !== false).map((child) => {
    if (!(child instanceof Node)) return String(child);
    if (!(child instanceof Element) || !child.isConnected) return child;
    const mark = document.createComment('');
    moving.set(mark, child);
    return mark;
  });
}

function fill(element: Element, props: Props | null, children: (Child | Child[])[]): void {
  for (const [name, value] of Object.entries(props ?? {})) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith('on')) element.addEventListener(name.slice(2), value as EventListener);
    else if (name === 'vars') {
      for (const [own, set] of Object.entries(value as Record<string, string>)) (element as HTMLElement).style.setProperty(own, set);
    } else if (name === 'value' || name === 'checked') (element as unknown as Props)[name] = value;
    else element.setAttribute(name, value === true ? '' : String(value));
  }
  element.append(...nodes(children));
}

export function h<K extends keyof HTMLElementTagNameMap>(tag: K, props: Props | null = null, ...children: (Child | Child[])[]): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  fill(element, props, children);
  return element;
}

export function svg<K extends keyof SVGElementTagNameMap>(tag: K, props: Props | null = null, ...children: (Child | Child[])[]): SVGElementTagNameMap[K] {
  const element = document.createElementNS('http://www.w3.org/2000/svg', tag);
  fill(element, props, children);
  return element;
}

/** Puts new content in place of the old. Who was at a control stays there, if its `data-key` is still there. */
export function render(root: Element, ...children: (Child | Child[])[]): void {
  const key = root.contains(document.activeElement) ? (document.activeElement as HTMLElement).dataset.key : undefined;
  const old = [...root.childNodes];
  root.append(...nodes(children));
  for (const [mark, element] of moving) {
    const parent = mark.parentNode as (Node & { moveBefore?: (node: Node, before: Node) => void }) | null;
    if (!parent) continue;
    // Where the browser can, a video plays on and an animation goes on.
    if (parent.moveBefore && mark.isConnected && element.isConnected) parent.moveBefore(element, mark);
    else parent.insertBefore(element, mark);
    mark.remove();
  }
  const stays = new Set<Node>(moving.values());
  moving.clear();
  for (const node of old) if (!stays.has(node)) node.remove();
  if (key) root.querySelector<HTMLElement>(`[data-key="${CSS.escape(key)}"]`)?.focus({ preventScroll: true });
}

/** Where the page is. */
export const root = (): HTMLElement => document.getElementById('widget') as HTMLElement;

/** Tells a screen reader, and nobody else. */
export function tell(text: string): void {
  const told = document.getElementById('told');
  if (told) told.textContent = text;
}

const ICONS = {
  download: 'M12 4v11m0 0 4.5-4.5M12 15l-4.5-4.5M5 20h14',
  chat: 'M20 12a7 7 0 0 1-7 7H5l1.8-2.6A7 7 0 0 1 11 5h2a7 7 0 0 1 7 7Zm-8-3v6m-3-3h6',
  again: 'M19.5 12a7.5 7.5 0 1 1-2.2-5.3L20 9.3M20 4v5.3h-5.3',
  close: 'M6 6l12 12M18 6 6 18',
  full: 'M4 9V4h5M20 9V4h-5M4 15v5h5m11-5v5h-5',
  compare: 'M12 3v18M8.5 8 4.5 12l4 4m7-8 4 4-4 4',
  left: 'M14.5 5.5 8 12l6.5 6.5',
  right: 'M9.5 5.5 16 12l-6.5 6.5',
  check: 'M5 12.5 10 17.5 19.5 7',
  warn: 'M12 8.5v5m0 3v.01M10.6 4.2 2.9 17.6A1.6 1.6 0 0 0 4.3 20h15.4a1.6 1.6 0 0 0 1.4-2.4L13.4 4.2a1.6 1.6 0 0 0-2.8 0Z',
  open: 'M14 4h6v6m0-6-9 9M18 14v5H5V6h5',
  copy: 'M9 9h11v11H9zM5 15H4V4h11v1',
  search: 'M10.5 17a6.5 6.5 0 1 0 0-13 6.5 6.5 0 0 0 0 13Zm5-1.5L20.5 20.5',
  upload: 'M12 16V5m0 0L7.5 9.5M12 5l4.5 4.5M5 20h14',
  plus: 'M12 5v14M5 12h14',
  minus: 'M5 12h14',
  fit: 'M4 9V5h4m8 0h4v4m0 6v4h-4m-8 0H4v-4M9 10h6v4H9z',
  lock: 'M7 11V8a5 5 0 0 1 10 0v3M5.5 11h13v9h-13z',
  eye: 'M2.5 12S6 5.5 12 5.5 21.5 12 21.5 12 18 18.5 12 18.5 2.5 12 2.5 12Zm9.5 3a3 3 0 1 0 0-6 3 3 0 0 0 0 6Z',
  clock: 'M12 7v5l3.5 2M12 20.5a8.5 8.5 0 1 0 0-17 8.5 8.5 0 0 0 0 17Z',
  film: 'M4 5h16v14H4zM8 5v14m8-14v14M4 9.5h4m-4 5h4m8-5h4m-4 5h4',
  picture: 'M4 5h16v14H4zm0 11 4.5-4.5 4 4 3-3L20 17M15.5 9.5v.01',
  spark: 'M12 4c.6 4.7 2.3 6.9 7 8-4.700 1.100-6.400 3.300-7 8-.6-4.700-2.300-6.900-7-8 4.700-1.100 6.400-3.300 7-8Z',
} as const;
export type IconName = keyof typeof ICONS;

export function icon(name: IconName): SVGSVGElement {
  return svg('svg', { viewBox: '0 0 24 24', class: 'icon', 'aria-hidden': 'true' }, svg('path', { d: ICONS[name] }));
}

export interface ButtonLook { icon?: IconName; kind?: 'primary' | 'plain' | 'danger'; key?: string; title?: string; isIconOnly?: boolean; pressed?: boolean }

/** A button that shows while it works that it works, and says when it failed. */
export function button(label: string, run: () => unknown, look: ButtonLook = {}): HTMLButtonElement {
  const element = h('button', {
    type: 'button',
    class: `button ${look.kind ?? ''} ${look.isIconOnly ? 'only' : ''}`,
    'aria-label': look.isIconOnly ? label : undefined,
    title: look.title ?? (look.isIconOnly ? label : undefined),
    'aria-pressed': look.pressed === undefined ? undefined : String(look.pressed),
    'data-key': look.key ?? label,
    onclick: async (event: Event) => {
      event.stopPropagation();
      const result = run();
      if (!(result instanceof Promise)) return;
      element.disabled = true;
      element.classList.add('busy');
      try { await result; } catch (error) { notice(error instanceof Error ? error.message : String(error), true); } finally {
        element.disabled = false;
        element.classList.remove('busy');
      }
    },
  }, look.icon && icon(look.icon), !look.isIconOnly && h('span', null, label));
  return element;
}

let noticeTimer = 0;
/** A word to the person that goes by itself. */
export function notice(text: string, isWrong = false): void {
  document.querySelector('.notice')?.remove();
  window.clearTimeout(noticeTimer);
  document.body.append(h('div', { class: isWrong ? 'notice wrong' : 'notice' }, icon(isWrong ? 'warn' : 'check'), h('span', null, text)));
  tell(text);
  noticeTimer = window.setTimeout(() => document.querySelector('.notice')?.remove(), isWrong ? 7000 : 3500);
}

/** Words with code between backticks, as the server writes them. */
export const words = (text: string): Child[] => text.split('`').map((part, place) => (place % 2 === 1 ? h('code', null, part) : part));

/** What went wrong, and what to do. */
export const problemBox = (problem: { message: string; hint?: string }, ...more: Child[]): HTMLElement => h('div', { class: 'problem', role: 'alert' }, icon('warn'), h('div', null,
  h('strong', null, words(problem.message)),
  problem.hint && h('p', { class: 'quiet' }, words(problem.hint)),
  more));
