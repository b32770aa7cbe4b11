/** What was not saved, kept by this tab: the server takes no graph that is not sound yet, and tabs are closed by accident. */
import type { Graph } from '../api/pipelines';

const keyOf = (id: string) => `aquatint.draft.${id}`;

export function keep(id: string, graph: Graph): void {
  try {
    sessionStorage.setItem(keyOf(id), JSON.stringify(graph));
  } catch {
    // Full or closed: then leaving asks, and that is all.
  }
}

export function drop(id: string): void {
  try {
    sessionStorage.removeItem(keyOf(id));
  } catch {
    // There was none.
  }
}

export function kept(id: string): Graph | undefined {
  try {
    const graph = JSON.parse(sessionStorage.getItem(keyOf(id)) ?? 'null') as Graph | null;
    return graph && Array.isArray(graph.nodes) && Array.isArray(graph.edges) && graph.nodes.length > 0 ? graph : undefined;
  } catch {
    return undefined;
  }
}
