/** Nodes as text: what a copy puts on the clipboard, and what a paste takes from there, from this pipeline, another or a file. */
import type { Graph, GraphNode } from '../api/pipelines';
import { edgeId, endOf, freshId, namesOf, written, type Place } from './graph';

export const FORMAT = 'aquatint.nodes/1';
const FILE_FORMAT = 'aquatint.pipeline/1';
const TEXT_MAX_CHARS = 2_000_000;
const NODES_MAX = 200;

/** The chosen nodes and the edges among them. */
export function copied(graph: Graph, ids: ReadonlySet<string>): string {
  const nodes = graph.nodes.filter((node) => ids.has(node.id));
  const edges = graph.edges.filter((edge) => ids.has(endOf(edge.from).node) && ids.has(endOf(edge.to).node));
  return JSON.stringify({ format: FORMAT, nodes, edges }, null, 1);
}

function isNode(value: unknown): value is GraphNode {
  const node = value as Partial<GraphNode> | null;
  return typeof node === 'object' && node !== null && typeof node.id === 'string' && typeof node.type === 'string';
}

/** The graph in a text; `undefined` where there is none. */
export function read(text: string): Graph | undefined {
  if (text.length > TEXT_MAX_CHARS) return undefined;
  try {
    const found = JSON.parse(text) as { format?: string; graph?: Graph } & Partial<Graph>;
    const graph = found.format === FILE_FORMAT ? found.graph : found.format === FORMAT ? found : undefined;
    if (!graph || !Array.isArray(graph.nodes) || !graph.nodes.every(isNode) || graph.nodes.length > NODES_MAX) return undefined;
    const edges = Array.isArray(graph.edges) ? graph.edges.filter((edge) => typeof edge?.from === 'string' && typeof edge.to === 'string') : [];
    return { nodes: graph.nodes, edges };
  } catch {
    return undefined;
  }
}

/** The graph with the other one put in: names that are taken become new ones, and its middle comes to stand at `at`. */
export function pasted(graph: Graph, other: Graph, at: Place): { graph: Graph; ids: string[] } {
  const taken = namesOf(graph);
  const names = new Map<string, string>();
  const places = other.nodes.map((node): Place => node.position ?? [0, 0]);
  const middle = (axis: 0 | 1) => (Math.min(...places.map((place) => place[axis])) + Math.max(...places.map((place) => place[axis]))) / 2;
  const shift: Place = other.nodes.length > 0 ? [at[0] - middle(0), at[1] - middle(1)] : [0, 0];
  const nodes = other.nodes.map((node, index): GraphNode => {
    const id = taken.has(node.id) ? freshId(taken, node.id.replace(/_\d+$/, '')) : node.id;
    taken.add(id);
    names.set(node.id, id);
    const [x, y] = places[index] ?? [0, 0];
    const copy: GraphNode = { ...node, id, position: [Math.round(x + shift[0]), Math.round(y + shift[1])] };
    if (copy.alias && taken.has(copy.alias)) delete copy.alias;
    else if (copy.alias) taken.add(copy.alias);
    return copy;
  });
  const edges = other.edges.flatMap((edge) => {
    const [from, to] = [endOf(edge.from), endOf(edge.to)];
    const [source, target] = [names.get(from.node), names.get(to.node)];
    return source && target ? [{ from: written({ ...from, node: source }), to: written({ ...to, node: target }) }] : [];
  });
  const known = new Set(graph.edges.map(edgeId));
  return {
    graph: { nodes: [...graph.nodes, ...nodes], edges: [...graph.edges, ...edges.filter((edge) => !known.has(edgeId(edge)))] },
    ids: nodes.map((node) => node.id),
  };
}
