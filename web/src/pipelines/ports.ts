/** What flows where: the kinds of ports, and the ports of a node with its settings. The server decides in the end; this is its rule, at once. */
import type { Graph, GraphEdge, GraphNode, NodeType, Port, PortKind } from '../api/pipelines';
import { operation } from '../format/words';
import { edgeId, endOf, nodeOf, upstream } from './graph';

/** Runs every model; which one is a setting. */
export const GENERATE = 'generate.media';

export type Types = ReadonlyMap<string, NodeType>;
export interface Ports { inputs: Port[]; outputs: Port[] }

const NOUNS: Record<PortKind, string> = {
  image: 'an image', video: 'a video', media: 'an image or a video', text: 'text', number: 'a number', boolean: 'yes or no', any: 'anything',
};
export const noun = (kind: PortKind): string => NOUNS[kind] ?? kind;

/** Whether what comes out of one kind of port may go into another. */
export function fits(from: PortKind, into: PortKind): boolean {
  return from === into || from === 'any' || into === 'any'
    || (into === 'media' && (from === 'image' || from === 'video'))
    || (into === 'text' && (from === 'number' || from === 'boolean'));
}

/** The names in a template, each once, as the server reads them. */
export function placesIn(template: string): string[] {
  return [...new Set([...template.matchAll(/\{([A-Za-z0-9_]{1,40})\}/g)].map((found) => found[1] as string))].slice(0, 20);
}

/** What the layers of a composition leave open. */
function placesOf(layers: unknown): Port[] {
  const found = new Map<string, Port>();
  for (const layer of Array.isArray(layers) ? (layers as Record<string, unknown>[]) : []) {
    for (const kind of ['image', 'text'] as const) {
      const text = layer?.[kind];
      for (const name of typeof text === 'string' ? placesIn(text) : []) if (name !== 'image' && !found.has(name)) found.set(name, { name, kind, required: true });
    }
  }
  return [...found.values()];
}

/** Types whose ports hang on their settings. */
const RULES: Record<string, (settings: Record<string, unknown>, type: NodeType) => Partial<Ports>> = {
  'text.template': ({ template }, type) => ({
    inputs: [...type.inputs, ...placesIn(typeof template === 'string' ? template : '').map((name): Port => ({ name, kind: 'text', required: true }))],
  }),
  'image.compose': ({ layers }, type) => ({ inputs: [...type.inputs, ...placesOf(layers)] }),
  webhook: ({ fields }, type) => ({
    inputs: [...type.inputs, ...(Array.isArray(fields) ? fields : []).slice(0, 20).map((name): Port => ({ name: String(name), kind: 'any', list: true }))],
  }),
  'flow.loop': ({ items }) => ({
    outputs: [{ name: 'item', kind: Array.isArray(items) && items.length > 0 && items.every((one) => typeof one === 'number') ? 'number' : 'text' }],
  }),
};

export function portsOf(node: GraphNode, types: Types): Ports {
  const type = types.get(node.type);
  if (!type) return { inputs: [], outputs: [] };
  const settings = node.settings ?? {};
  const own = { inputs: type.inputs, outputs: type.outputs, ...RULES[node.type]?.(settings, type) };
  const model = node.type === GENERATE ? types.get(String(settings.model ?? '')) : undefined;
  if (model) {
    // What all models take stands open as well; what only others take does not.
    const common = type.inputs.filter((port) => type.setting_names.includes(port.name) && !model.inputs.some((other) => other.name === port.name));
    return { inputs: [...model.inputs, ...common], outputs: model.outputs };
  }
  // What a model makes is the first part of its id.
  if (type.setting_names.includes('model') && own.outputs[0]?.name === 'image' && String(settings.model ?? '').startsWith('video/')) {
    return { ...own, outputs: [{ ...own.outputs[0], name: 'video', kind: 'video' }] };
  }
  return own;
}

/** The ports that a node always shows; the others are settings that an edge may bring as well. */
export function isMain(port: Port, type: NodeType, required: readonly string[] = []): boolean {
  return Boolean(port.required) || Boolean(port.list) || !type.setting_names.includes(port.name) || required.includes(port.name) || port.name === 'prompt';
}

export const isInput = (type: string): boolean => type.startsWith('input.');
/** A type as people call it; an edit as the page of edits calls it. */
export const typeTitle = (type: Pick<NodeType, 'type' | 'title'>): string => (type.type.startsWith('edit.') ? operation(type.type) : type.title);
export function titleOf(node: GraphNode, types: Types): string {
  const model = node.type === GENERATE ? types.get(String(node.settings?.model ?? '')) : undefined;
  const type = model ?? types.get(node.type);
  return node.title || (type ? typeTitle(type) : node.type);
}

/** Whether an edge into this port takes the place of the one that is there. */
export const isSingle = (graph: Graph, types: Types, to: string): boolean => {
  const end = endOf(to);
  const node = nodeOf(graph, end.node);
  return !(node && portsOf(node, types).inputs.find((port) => port.name === end.port)?.list);
};

/** Why this edge cannot be, in words for people; `undefined` where it can. */
export function refusal(graph: Graph, types: Types, edge: GraphEdge): string | undefined {
  const [from, to] = [endOf(edge.from), endOf(edge.to)];
  const [source, target] = [nodeOf(graph, from.node), nodeOf(graph, to.node)];
  if (!source || !target) return 'One of the two nodes is gone.';
  if (source.id === target.id) return 'A node cannot feed itself.';
  const output = portsOf(source, types).outputs.find((port) => port.name === from.port);
  const input = portsOf(target, types).inputs.find((port) => port.name === to.port);
  if (!output || !input) return 'One of the two ports is gone.';
  if (!fits(output.kind, input.kind)) {
    const place = input.name === input.kind ? '' : ` for ${input.name.replaceAll('_', ' ')}`;
    return `“${titleOf(target, types)}” takes ${noun(input.kind)}${place}, but “${titleOf(source, types)}” gives ${noun(output.kind)}.`;
  }
  if (graph.edges.some((one) => edgeId(one) === edgeId(edge))) return 'These two are joined already.';
  if (upstream(graph, source.id).has(target.id)) {
    return `That would go round in a circle: “${titleOf(source, types)}” already waits for “${titleOf(target, types)}”.`;
  }
  return undefined;
}

/** Where something from this output would go on a node: a free port of exactly its kind first, what it must have before the rest. */
export function bestInput(graph: Graph, types: Types, from: string, target: string): string | undefined {
  const node = nodeOf(graph, target);
  const source = nodeOf(graph, endOf(from).node);
  const type = node && types.get(node.type);
  if (!node || !source || !type) return undefined;
  const kind = portsOf(source, types).outputs.find((port) => port.name === endOf(from).port)?.kind;
  const taken = new Set(graph.edges.map((edge) => edge.to));
  const score = (port: Port) => (taken.has(`${target}.${port.name}`) && !port.list ? 8 : 0) + (isMain(port, type) ? 0 : 4) + (port.kind === kind ? 0 : 2) + (port.required ? 0 : 1);
  return portsOf(node, types).inputs
    .filter((port) => refusal(graph, types, { from, to: `${target}.${port.name}` }) === undefined)
    .sort((one, other) => score(one) - score(other))
    .map((port) => `${target}.${port.name}`)[0];
}
