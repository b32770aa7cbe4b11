/** A pipeline's graph in the hands of the editor: never changed in place, every edge names its ports. */
import type { Graph, GraphEdge, GraphNode } from '../api/pipelines';

export interface End { node: string; port: string }
export type Place = [x: number, y: number];

export const EMPTY: Graph = { nodes: [], edges: [] };

export function endOf(text: string): End {
  const dot = text.indexOf('.');
  return dot < 0 ? { node: text, port: '' } : { node: text.slice(0, dot), port: text.slice(dot + 1) };
}
export const written = (end: End): string => (end.port ? `${end.node}.${end.port}` : end.node);
export const edgeId = (edge: GraphEdge): string => `${edge.from}→${edge.to}`;

export const nodeOf = (graph: Graph, id: string): GraphNode | undefined => graph.nodes.find((node) => node.id === id);

/** Edges written without a port mean the first one; the editor names it. */
export function named(graph: Graph, first: (node: GraphNode, side: 'inputs' | 'outputs') => string | undefined): Graph {
  const name = (text: string, side: 'inputs' | 'outputs') => {
    const end = endOf(text);
    if (end.port) return text;
    const node = nodeOf(graph, end.node);
    const port = node ? first(node, side) : undefined;
    return port ? written({ node: end.node, port }) : text;
  };
  return { ...graph, edges: graph.edges.map((edge) => ({ from: name(edge.from, 'outputs'), to: name(edge.to, 'inputs') })) };
}

/** An id that nobody has: the last part of the type, with a number where it is taken. */
export function freshId(taken: ReadonlySet<string>, type: string): string {
  const base = (type.replace(/-?[\d.]+$/, '').split('.').at(-1) || 'node').toLowerCase().replaceAll(/[^a-z0-9_-]+/g, '_').slice(0, 50) || 'node';
  if (!taken.has(base)) return base;
  let number = 2;
  while (taken.has(`${base}_${number}`)) number += 1;
  return `${base}_${number}`;
}

/** Every name that an id or an alias may not be again. */
export const namesOf = (graph: Graph): Set<string> => new Set(graph.nodes.flatMap((node) => (node.alias ? [node.id, node.alias] : [node.id])));

export function withNode(graph: Graph, node: GraphNode): Graph {
  return { ...graph, nodes: [...graph.nodes, node] };
}

/** The graph with one node changed; what is `undefined` is left out. */
export function changed(graph: Graph, id: string, change: Partial<GraphNode>): Graph {
  const nodes = graph.nodes.map((node) => {
    if (node.id !== id) return node;
    const next = { ...node, ...change };
    for (const name of Object.keys(next) as (keyof GraphNode)[]) if (next[name] === undefined) delete next[name];
    return next;
  });
  return { ...graph, nodes };
}

export function without(graph: Graph, nodes: ReadonlySet<string>, edges: ReadonlySet<string> = new Set()): Graph {
  return {
    nodes: graph.nodes.filter((node) => !nodes.has(node.id)),
    edges: graph.edges.filter((edge) => !edges.has(edgeId(edge)) && !nodes.has(endOf(edge.from).node) && !nodes.has(endOf(edge.to).node)),
  };
}

/** With one more edge; `replaces` takes away what went into that port before. */
export function joined(graph: Graph, edge: GraphEdge, replaces: boolean): Graph {
  const rest = graph.edges.filter((one) => edgeId(one) !== edgeId(edge) && !(replaces && one.to === edge.to));
  return { ...graph, edges: [...rest, edge] };
}

export function moved(graph: Graph, places: ReadonlyMap<string, Place>): Graph {
  const whole = ([x, y]: Place): Place => [Math.round(x), Math.round(y)];
  const nodes = graph.nodes.map((node) => {
    const place = places.get(node.id);
    return place ? { ...node, position: whole(place) } : node;
  });
  return { ...graph, nodes };
}

/** The node and everything that it needs. */
export function upstream(graph: Graph, id: string): Set<string> {
  const found = new Set([id]);
  const open = [id];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    for (const edge of graph.edges) {
      const from = endOf(edge.from).node;
      if (endOf(edge.to).node === next && !found.has(from)) {
        found.add(from);
        open.push(from);
      }
    }
  }
  return found;
}

export const same = (one: Graph, other: Graph): boolean => one === other || JSON.stringify(one) === JSON.stringify(other);

/** The graph with a node of another id; edges follow. */
export function renamed(graph: Graph, id: string, next: string): Graph {
  const end = (text: string) => {
    const own = endOf(text);
    return own.node === id ? written({ ...own, node: next }) : text;
  };
  return {
    nodes: graph.nodes.map((node) => (node.id === id ? { ...node, id: next } : node)),
    edges: graph.edges.map((edge) => ({ from: end(edge.from), to: end(edge.to) })),
  };
}
