/** What two versions of a pipeline differ in. Where nodes stand on the canvas is no difference. */
import type { Graph, GraphNode } from '../api/pipelines';
import { edgeId, nodeOf } from './graph';

export interface Change { name: string; before: unknown; after: unknown }
export interface NodeDiff { id: string; kind: 'added' | 'removed' | 'changed'; before: GraphNode | undefined; after: GraphNode | undefined; changes: Change[] }
export interface Diff { nodes: NodeDiff[]; edges: { kind: 'added' | 'removed'; from: string; to: string }[] }

const equal = (one: unknown, other: unknown) => JSON.stringify(one) === JSON.stringify(other);

/** Settings are compared down to single values of objects; lists are one value. */
function compared(before: unknown, after: unknown, name: string): Change[] {
  if (equal(before, after)) return [];
  const isMap = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null && !Array.isArray(value);
  if (!isMap(before) || !isMap(after)) return [{ name, before, after }];
  return [...new Set([...Object.keys(before), ...Object.keys(after)])].flatMap((key) => compared(before[key], after[key], name ? `${name}.${key}` : key));
}

function changesOf(before: GraphNode, after: GraphNode): Change[] {
  const heads = (['type', 'version', 'title', 'alias'] as const).flatMap((name) => compared(before[name], after[name], name));
  return [...heads, ...compared(before.settings ?? {}, after.settings ?? {}, '')];
}

export function diff(before: Graph, after: Graph): Diff {
  const nodes: NodeDiff[] = [];
  for (const node of before.nodes) {
    const now = nodeOf(after, node.id);
    if (!now) nodes.push({ id: node.id, kind: 'removed', before: node, after: undefined, changes: [] });
    else {
      const changes = changesOf(node, now);
      if (changes.length > 0) nodes.push({ id: node.id, kind: 'changed', before: node, after: now, changes });
    }
  }
  for (const node of after.nodes) {
    if (!nodeOf(before, node.id)) nodes.push({ id: node.id, kind: 'added', before: undefined, after: node, changes: changesOf({ ...node, settings: {} }, node) });
  }
  const [old, now] = [new Set(before.edges.map(edgeId)), new Set(after.edges.map(edgeId))];
  return {
    nodes,
    edges: [
      ...before.edges.filter((edge) => !now.has(edgeId(edge))).map((edge) => ({ kind: 'removed' as const, ...edge })),
      ...after.edges.filter((edge) => !old.has(edgeId(edge))).map((edge) => ({ kind: 'added' as const, ...edge })),
    ],
  };
}

export const isNone = (found: Diff): boolean => found.nodes.length === 0 && found.edges.length === 0;

/** A value as a line of text. */
export function shown(value: unknown): string {
  if (value === undefined) return 'not set';
  return typeof value === 'string' ? value : JSON.stringify(value);
}
