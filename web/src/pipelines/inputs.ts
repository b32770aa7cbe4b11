/** What a run is given: from the fields of the dialog to the wire. A list makes one run for each of its items. */
import type { Graph, GraphNode } from '../api/pipelines';
import { label } from '../format/words';
import { endOf } from './graph';

/** Media as asset ids, words as they were typed, numbers as text until they are sent. */
export type Given = Record<string, string | string[] | undefined>;

export interface Order { inputs: Record<string, unknown>; count: number; problem: string | undefined }

const isBlank = (value: string | string[] | undefined) => value === undefined || value.length === 0;
const hasDefault = (node: GraphNode) => node.settings?.default !== undefined || (node.type === 'input.choice' && Array.isArray(node.settings?.options));
const isUsed = (graph: Graph, node: GraphNode) => graph.edges.some((edge) => endOf(edge.from).node === node.id);
export const isNeeded = (graph: Graph, node: GraphNode): boolean => isUsed(graph, node) && !hasDefault(node);
export const isMedia = (node: GraphNode): boolean => node.type === 'input.image' || node.type === 'input.video';
export const nameOf = (node: GraphNode): string => node.title ?? label(node.alias ?? node.id);

/** `many`: text inputs of which each line is a run of its own. */
export function orderOf(graph: Graph, nodes: readonly GraphNode[], given: Given, many: ReadonlySet<string> = new Set()): Order {
  const inputs: Record<string, unknown> = {};
  const lists = new Map<string, number>();
  let problem: string | undefined;
  for (const node of nodes) {
    const value = given[node.id];
    if (isBlank(value) || value === undefined) {
      if (isNeeded(graph, node)) problem ??= `“${nameOf(node)}” is needed.`;
      continue;
    }
    if (Array.isArray(value)) {
      inputs[node.id] = value.length === 1 ? value[0] : value;
      if (value.length > 1) lists.set(nameOf(node), value.length);
    } else if (node.type === 'input.number') {
      const number = Number(value);
      if (Number.isFinite(number)) inputs[node.id] = number;
      else problem ??= `“${nameOf(node)}” must be a number.`;
    } else if (many.has(node.id)) {
      const lines = value.split('\n').map((line) => line.trim()).filter(Boolean);
      inputs[node.id] = lines.length === 1 ? lines[0] : lines;
      if (lines.length > 1) lists.set(nameOf(node), lines.length);
    } else {
      inputs[node.id] = value;
    }
  }
  const lengths = new Set(lists.values());
  if (lengths.size > 1) problem ??= `Lists must be equally long: ${[...lists].map(([name, length]) => `“${name}” has ${length}`).join(', ')}.`;
  return { inputs, count: Math.max(1, ...lengths), problem };
}
