/** Where the nodes of a graph stand, and a picture of it to move about in. */
import './graph.css';
import { h, icon, svg, tell } from '../dom';
import { label } from '../words';

export interface Node { id: string; type: string; title?: string; alias?: string; settings?: Record<string, unknown>; position?: [number, number] }
export interface Edge { from: string; to: string }
export interface Graph { nodes: Node[]; edges: Edge[] }
export interface Placed { node: Node; x: number; y: number }

const [WIDE, HIGH] = [190, 56];
/** Between layers, and between nodes of one layer. */
const [APART, BETWEEN] = [44, 20];
/** The most that a graph is high in a conversation. */
const TALLEST = 460;
const MOST_NODES = 300;
const [SMALLEST, LARGEST] = [0.2, 2.5];

export const nodeOf = (end: string): string => end.split('.')[0] ?? end;
export const titleOf = (node: Node): string => node.title || node.alias || (node.type === 'generate.media' ? 'Generate' : label(node.type));

/** Layers by the longest way from a beginning, within a layer near what leads there; from left to right, or downwards where that shows more. */
export function layOut(graph: Graph, width: number): { placed: Placed[]; isDown: boolean } {
  const nodes = graph.nodes.slice(0, MOST_NODES);
  const known = new Set(nodes.map((node) => node.id));
  const edges = graph.edges.map((edge) => [nodeOf(edge.from), nodeOf(edge.to)] as const).filter(([from, to]) => known.has(from) && known.has(to) && from !== to);
  const layer = new Map(nodes.map((node) => [node.id, 0]));
  // As many rounds as there are nodes settle everything that has no circle.
  for (let round = 0; round < nodes.length; round += 1) {
    let hasMoved = false;
    for (const [from, to] of edges) {
      const wanted = (layer.get(from) ?? 0) + 1;
      if (wanted > (layer.get(to) ?? 0) && wanted <= nodes.length) { layer.set(to, wanted); hasMoved = true; }
    }
    if (!hasMoved) break;
  }
  const layers: string[][] = [];
  for (const node of nodes) (layers[layer.get(node.id) ?? 0] ??= []).push(node.id);
  const row = new Map<string, number>();
  layers.forEach((ids) => ids?.forEach((id, place) => row.set(id, place)));
  for (let round = 0; round < 4; round += 1) {
    for (const ids of layers.slice(1)) {
      if (!ids) continue;
      const want = (id: string): number => {
        const before = edges.filter(([, to]) => to === id).map(([from]) => row.get(from) ?? 0);
        return before.length > 0 ? before.reduce((sum, one) => sum + one, 0) / before.length : row.get(id) ?? 0;
      };
      ids.sort((a, b) => want(a) - want(b));
      ids.forEach((id, place) => row.set(id, place));
    }
  }
  const tallest = Math.max(...layers.map((ids) => ids?.length ?? 0), 1);
  const fits = (wide: number, high: number): number => Math.min(1, width / wide, TALLEST / high);
  const isDown = fits(tallest * (WIDE + BETWEEN), layers.length * (HIGH + APART)) > fits(layers.length * (WIDE + APART), tallest * (HIGH + BETWEEN)) + 0.08;
  const placed: Placed[] = [];
  layers.forEach((ids, depth) => ids?.forEach((id, place) => {
    const node = nodes.find((one) => one.id === id);
    const along = place + (tallest - ids.length) / 2;
    if (!node) return;
    placed.push(isDown ? { node, x: along * (WIDE + BETWEEN), y: depth * (HIGH + APART) } : { node, x: depth * (WIDE + APART), y: along * (HIGH + BETWEEN) });
  }));
  return { placed, isDown };
}

export interface View { element: HTMLElement; mark: (states: Map<string, string>) => void; fit: () => void; select: (id: string | undefined) => void }

const MARKS: Record<string, string> = { waiting: '', running: 'running', succeeded: 'done', failed: 'failed', skipped: 'skipped', cancelled: 'skipped' };

export function graphView(graph: Graph, name: string, choose: (node: Node) => void): View {
  const { placed, isDown } = layOut(graph, Math.max(240, document.documentElement.clientWidth - 80));
  const at = new Map(placed.map((one) => [one.node.id, one]));
  let [x, y, zoom] = [0, 0, 1];
  const right = Math.max(...placed.map((one) => one.x + WIDE), WIDE);
  const bottom = Math.max(...placed.map((one) => one.y + HIGH), HIGH);

  const inner = svg('g');
  const edges = graph.edges.map((edge) => {
    const [from, to] = [at.get(nodeOf(edge.from)), at.get(nodeOf(edge.to))];
    if (!from || !to) return null;
    const [x1, y1, x2, y2] = isDown ? [from.x + WIDE / 2, from.y + HIGH, to.x + WIDE / 2, to.y] : [from.x + WIDE, from.y + HIGH / 2, to.x, to.y + HIGH / 2];
    const bend = Math.max(22, Math.abs(isDown ? y2 - y1 : x2 - x1) / 2);
    const curve = isDown ? `${x1} ${y1 + bend} ${x2} ${y2 - bend}` : `${x1 + bend} ${y1} ${x2 - bend} ${y2}`;
    return svg('path', { d: `M${x1} ${y1}C${curve} ${x2} ${y2}`, class: 'edge-line', 'data-from': from.node.id, 'data-to': to.node.id });
  });
  const boxes = placed.map((one) => {
    const { node } = one;
    const group = node.type.split('.')[0] ?? '';
    const box = svg('g', {
      class: 'node', transform: `translate(${one.x} ${one.y})`, tabindex: '0', role: 'button', 'data-node': node.id, 'data-key': `node-${node.id}`, 'data-group': group,
      onclick: () => { if (!hasDragged) choose(node); },
      onfocus: () => reveal(one),
      onkeydown: (event: KeyboardEvent) => {
        if (event.key === 'Enter' || event.key === ' ') { event.preventDefault(); choose(node); }
        const ways: Record<string, [number, number]> = { ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowDown: [0, 1], ArrowUp: [0, -1] };
        const way = ways[event.key];
        const next = way && towards(one, way);
        if (next) { event.preventDefault(); boxOf(next.node.id)?.focus(); }
      },
    },
    svg('rect', { width: WIDE, height: HIGH, rx: 13, class: 'box' }),
    svg('rect', { x: 10, y: 14, width: 28, height: 28, rx: 8, class: 'sign' }),
    svg('path', { transform: 'translate(16 20) scale(0.667)', class: 'glyph', d: glyph(node.type) }),
    svg('text', { x: 48, y: 25, class: 'title' }, cut(titleOf(node), 12.5, 600)), ' ',
    svg('text', { x: 48, y: 41, class: 'kind' }, cut([label(node.type), label(group)].find((word) => word !== titleOf(node)) ?? '', 11.5, 400)),
    svg('circle', { cx: WIDE - 2, cy: 2, r: 8, class: 'state' }),
    svg('path', { class: 'tick', d: '' }));
    return box;
  });
  inner.append(...edges.filter((one) => one !== null), ...boxes);
  const boxOf = (id: string): SVGGElement | undefined => boxes.find((box) => box.dataset.node === id);

  const drawing = svg('svg', { class: 'graph', role: 'group', 'aria-label': `${name}: graph with ${placed.length} nodes. Arrow keys move, Enter opens, plus and minus zoom.` }, inner);
  const button = (words: string, sign: 'plus' | 'minus' | 'fit', run: () => void): HTMLElement => h('button', { type: 'button', class: 'button only', 'aria-label': words, title: words, onclick: run }, icon(sign));
  const element = h('div', { class: 'board', vars: { '--tall': String(Math.min(TALLEST, Math.max(150, bottom + 56))) } }, drawing,
    h('div', { class: 'tools' }, button('Zoom in', 'plus', () => scale(1.25)), button('Zoom out', 'minus', () => scale(0.8)), button('Fit', 'fit', fit)));

  function apply(): void { inner.setAttribute('transform', `translate(${x} ${y}) scale(${zoom})`); }
  function size(): DOMRect { return drawing.getBoundingClientRect(); }
  function scale(by: number, px = size().width / 2, py = size().height / 2): void {
    const next = Math.min(LARGEST, Math.max(SMALLEST, zoom * by));
    [x, y] = [px - ((px - x) / zoom) * next, py - ((py - y) / zoom) * next];
    zoom = next;
    apply();
  }
  function fit(): void {
    const { width, height } = size();
    if (width === 0) return;
    zoom = Math.min(1, Math.max(SMALLEST, Math.min((width - 32) / right, (height - 40) / bottom)));
    [x, y] = [(width - right * zoom) / 2, (height - bottom * zoom) / 2];
    // A long graph begins at its beginning, readable.
    if (zoom < 0.55) { zoom = 0.7; x = isDown ? (width - right * zoom) / 2 : 24; y = isDown ? 24 : (height - bottom * zoom) / 2; }
    apply();
  }
  /** Moves so that a node can be seen. */
  function reveal(one: Placed): void {
    const { width, height } = size();
    const [left, top] = [x + one.x * zoom, y + one.y * zoom];
    if (left < 8) x += 8 - left;
    if (top < 8) y += 8 - top;
    if (left + WIDE * zoom > width - 8) x -= left + WIDE * zoom - width + 8;
    if (top + HIGH * zoom > height - 8) y -= top + HIGH * zoom - height + 8;
    apply();
  }
  /** The nearest node in a direction. */
  function towards(one: Placed, [across, down]: [number, number]): Placed | undefined {
    const ahead = (other: Placed): number => across * (other.x - one.x) + down * (other.y - one.y);
    const aside = (other: Placed): number => Math.abs(down * (other.x - one.x)) + Math.abs(across * (other.y - one.y));
    return placed.filter((other) => ahead(other) > 1).sort((a, b) => ahead(a) + 2 * aside(a) - ahead(b) - 2 * aside(b))[0];
  }

  let hasDragged = false;
  let grip: { x: number; y: number; fromX: number; fromY: number } | undefined;
  drawing.addEventListener('pointerdown', (event) => { hasDragged = false; grip = { x, y, fromX: event.clientX, fromY: event.clientY }; });
  drawing.addEventListener('pointermove', (event) => {
    if (!grip) return;
    const [dx, dy] = [event.clientX - grip.fromX, event.clientY - grip.fromY];
    if (!hasDragged && Math.hypot(dx, dy) < 4) return;
    if (!hasDragged) drawing.setPointerCapture(event.pointerId);
    hasDragged = true;
    [x, y] = [grip.x + dx, grip.y + dy];
    apply();
  });
  for (const end of ['pointerup', 'pointercancel'] as const) drawing.addEventListener(end, () => { grip = undefined; });
  // Without a key the wheel belongs to the conversation.
  drawing.addEventListener('wheel', (event) => {
    if (!event.ctrlKey && !event.metaKey && document.documentElement.dataset.mode !== 'fullscreen') return;
    event.preventDefault();
    const { left, top } = size();
    scale(Math.exp(-event.deltaY / 300), event.clientX - left, event.clientY - top);
  }, { passive: false });
  element.addEventListener('keydown', (event) => {
    if (event.key === '+' || event.key === '=') scale(1.25);
    if (event.key === '-') scale(0.8);
    if (event.key === '0') { fit(); tell('The whole graph is shown'); }
  });
  requestAnimationFrame(fit);
  let seen = '';
  new ResizeObserver(() => { const now = `${size().width} ${size().height}`; if (now !== seen) { seen = now; fit(); } }).observe(drawing);

  return {
    element,
    fit,
    mark(states) {
      for (const box of boxes) {
        const word = states.get(box.dataset.node ?? '') ?? '';
        box.dataset.state = MARKS[word] ?? '';
        box.setAttribute('aria-description', word);
        box.querySelector('.tick')?.setAttribute('d', word === 'succeeded' ? `M${WIDE - 6} 2l3 3 5-6` : word === 'failed' ? `M${WIDE - 5}-1l6 6m0-6-6 6` : '');
      }
      for (const line of inner.querySelectorAll<SVGPathElement>('.edge-line')) {
        line.dataset.state = states.get(line.dataset.to ?? '') === 'running' ? 'running' : states.get(line.dataset.from ?? '') === 'succeeded' ? 'done' : '';
      }
    },
    select(id) { boxes.forEach((box) => box.classList.toggle('chosen', box.dataset.node === id)); },
  };
}

/** As many letters as there is room for. */
function cut(words: string, size: number, weight: number): string {
  pen ??= document.createElement('canvas').getContext('2d');
  if (!pen) return words.slice(0, 16);
  pen.font = `${weight} ${size}px ${getComputedStyle(document.body).fontFamily}`;
  let text = words;
  while (text.length > 1 && pen.measureText(text).width > WIDE - 56) text = `${text.replace(/…$/, '').slice(0, -1).trimEnd()}…`;
  return text;
}
let pen: CanvasRenderingContext2D | null | undefined;

function glyph(type: string): string {
  if (type.startsWith('input.')) return 'M4 12h11m0 0-4-4m4 4-4 4M19 5v14';
  if (type.startsWith('output') || type.endsWith('.output')) return 'M5 5v14M9 12h11m0 0-4-4m4 4-4 4';
  if (type.startsWith('edit.')) return 'M4 20l1-5L16 4l4 4L9 19l-5 1ZM13 7l4 4';
  if (type.startsWith('generate')) return 'M12 4c.6 4.700 2.300 6.900 7 8-4.700 1.100-6.400 3.300-7 8-.6-4.700-2.300-6.900-7-8 4.700-1.100 6.400-3.300 7-8Z';
  return 'M5 5h5v5H5zM14 14h5v5h-5zM10 7.500h4.500a2 2 0 0 1 2 2V14';
}
