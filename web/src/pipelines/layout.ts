/** Where nodes stand: from left to right by what they need, and in line with one another. */
import { graphlib, layout } from '@dagrejs/dagre';
import type { Graph } from '../api/pipelines';
import { endOf, nodeOf, type Place } from './graph';

export interface Size { width: number; height: number }
export type Sizes = ReadonlyMap<string, Size>;
/** A node that nobody has measured yet. */
export const USUAL: Size = { width: 248, height: 130 };
const GAP = 40;
/** What a picture adds to a node that shows what it made. */
export const PICTURE_HEIGHT = 138;

/** How large a node will be: its head, a row for each port, its settings. */
export const estimated = (rows: number, lines: number): Size => ({ width: USUAL.width, height: 62 + rows * 26 + (lines > 0 ? 18 + lines * 20 : 0) });

/** Dagre's layered layout. */
export function laidOut(graph: Graph, sizes: Sizes): Map<string, Place> {
  const plan = new graphlib.Graph();
  plan.setGraph({ rankdir: 'LR', nodesep: 32, ranksep: 90, marginx: 0, marginy: 0 });
  plan.setDefaultEdgeLabel(() => ({}));
  for (const node of graph.nodes) plan.setNode(node.id, { ...(sizes.get(node.id) ?? USUAL) });
  for (const edge of graph.edges) {
    const [from, to] = [endOf(edge.from).node, endOf(edge.to).node];
    if (from !== to && plan.hasNode(from) && plan.hasNode(to)) plan.setEdge(from, to);
  }
  layout(plan);
  return new Map(graph.nodes.map((node): [string, Place] => {
    const { x = 0, y = 0, width = 0, height = 0 } = plan.node(node.id) as Partial<Size & { x: number; y: number }>;
    return [node.id, [x - width / 2, y - height / 2]];
  }));
}

export type Line = 'left' | 'center' | 'right' | 'top' | 'middle' | 'bottom';

/** The chosen nodes in one line. */
export function aligned(graph: Graph, ids: readonly string[], sizes: Sizes, line: Line): Map<string, Place> {
  const boxes = ids.flatMap((id) => {
    const [x, y] = nodeOf(graph, id)?.position ?? [0, 0];
    return nodeOf(graph, id) ? [{ id, x, y, ...(sizes.get(id) ?? USUAL) }] : [];
  });
  if (boxes.length === 0) return new Map();
  const [left, top] = [Math.min(...boxes.map((box) => box.x)), Math.min(...boxes.map((box) => box.y))];
  const [right, bottom] = [Math.max(...boxes.map((box) => box.x + box.width)), Math.max(...boxes.map((box) => box.y + box.height))];
  return new Map(boxes.map((box): [string, Place] => {
    const x = { left, center: (left + right - box.width) / 2, right: right - box.width }[line as string] ?? box.x;
    const y = { top, middle: (top + bottom - box.height) / 2, bottom: bottom - box.height }[line as string] ?? box.y;
    return [box.id, [x, y]];
  }));
}

/** A place near the wanted one where nothing stands. */
export function free(graph: Graph, sizes: Sizes, at: Place, own: Size = USUAL): Place {
  let [x, y] = at;
  const hits = () => graph.nodes.find((node) => {
    const [left, top] = node.position ?? [0, 0];
    const { width, height } = sizes.get(node.id) ?? USUAL;
    return x < left + width + GAP / 2 && x + own.width + GAP / 2 > left && y < top + height + GAP / 2 && y + own.height + GAP / 2 > top;
  });
  for (let tries = graph.nodes.length; tries >= 0; tries -= 1) {
    const other = hits();
    if (!other) break;
    y = (other.position?.[1] ?? 0) + (sizes.get(other.id) ?? USUAL).height + GAP;
  }
  return [x, y];
}
