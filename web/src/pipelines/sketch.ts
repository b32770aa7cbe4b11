/** A graph small enough for a card, without the layout library: columns by depth, or the places that nodes have. */
import type { Graph } from '../api/pipelines';
import { endOf } from './graph';

const [WIDTH, HEIGHT, GAP_X, GAP_Y] = [44, 26, 34, 16];

export interface Sketch { width: number; height: number; nodes: { id: string; x: number; y: number; width: number; height: number; look: string }[]; edges: string[] }

const look = (type: string): string =>
  type.startsWith('input.') ? 'input' : type.startsWith('flow.') ? 'flow' : type.startsWith('text.') ? 'text'
    : type.startsWith('generate') || type.startsWith('model') ? 'generate' : type.startsWith('edit.') || type.startsWith('image.') ? 'edit' : 'output';

/** How many nodes come before each, on the longest way; a circle ends the count. */
export function depths(graph: Graph): Map<string, number> {
  const depth = new Map(graph.nodes.map((node) => [node.id, 0]));
  for (let round = 0; round < graph.nodes.length; round += 1) {
    let isSettled = true;
    for (const edge of graph.edges) {
      const [from, to] = [endOf(edge.from).node, endOf(edge.to).node];
      const wanted = (depth.get(from) ?? 0) + 1;
      if (depth.has(from) && (depth.get(to) ?? Infinity) < wanted) {
        depth.set(to, wanted);
        isSettled = false;
      }
    }
    if (isSettled) break;
  }
  return depth;
}

export function sketch(graph: Graph): Sketch {
  const depth = depths(graph);
  const columns = new Map<number, string[]>();
  for (const node of graph.nodes) columns.set(depth.get(node.id) ?? 0, [...(columns.get(depth.get(node.id) ?? 0) ?? []), node.id]);
  // In a column, nodes stand in the order in which they stand on the canvas.
  const top = new Map(graph.nodes.map((node) => [node.id, node.position?.[1] ?? 0]));
  for (const column of columns.values()) column.sort((one, other) => (top.get(one) ?? 0) - (top.get(other) ?? 0));
  const tallest = Math.max(1, ...[...columns.values()].map((column) => column.length));
  const height = tallest * (HEIGHT + GAP_Y) + GAP_Y;
  const places = new Map<string, { x: number; y: number }>();
  const across = [...columns.keys()].sort((one, other) => one - other);
  across.forEach((key, column) => {
    const ids = columns.get(key) ?? [];
    const own = ids.length * (HEIGHT + GAP_Y) - GAP_Y;
    ids.forEach((id, row) => places.set(id, { x: GAP_Y + column * (WIDTH + GAP_X), y: (height - own) / 2 + row * (HEIGHT + GAP_Y) }));
  });
  return {
    width: Math.max(1, across.length) * (WIDTH + GAP_X) - GAP_X + 2 * GAP_Y,
    height,
    nodes: graph.nodes.map((node) => ({ id: node.id, width: WIDTH, height: HEIGHT, look: look(node.type), ...(places.get(node.id) ?? { x: 0, y: 0 }) })),
    edges: graph.edges.flatMap((edge) => {
      const [from, to] = [places.get(endOf(edge.from).node), places.get(endOf(edge.to).node)];
      if (!from || !to) return [];
      const [x, y, right, down] = [from.x + WIDTH, from.y + HEIGHT / 2, to.x, to.y + HEIGHT / 2];
      const bend = Math.max(12, (right - x) / 2);
      return [`M${x} ${y}C${x + bend} ${y} ${right - bend} ${down} ${right} ${down}`];
    }),
  };
}
