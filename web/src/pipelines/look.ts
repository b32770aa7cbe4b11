/** How node types and states look and are called. */
import type { Fault, NodeState, NodeType, PortKind, RunState } from '../api/pipelines';
import type { IconName } from '../components/icons';
import { iconOf as editIcon } from '../edit/groups';
import { label } from '../format/words';
import { noun, typeTitle } from './ports';

const ICONS: Record<string, IconName> = {
  'input.image': 'picture', 'input.video': 'video', 'input.text': 'text', 'input.number': 'number', 'input.choice': 'list',
  'text.template': 'text', 'image.text': 'text', 'image.watermark': 'tag', 'flow.switch': 'branch', 'flow.loop': 'again', 'flow.merge': 'merge',
  output: 'out', collect: 'collections',
};
const BY_CATEGORY: Record<string, IconName> = {
  inputs: 'picture', text: 'text', generate: 'create', models: 'create', edit: 'edit', flow: 'branch', outputs: 'out',
};

export function iconOf(type: string, category = ''): IconName {
  if (ICONS[type]) return ICONS[type];
  if (type.startsWith('edit.')) return editIcon(type);
  return BY_CATEGORY[category] ?? (type.startsWith('generate') ? 'create' : 'pipelines');
}

const CATEGORIES: Record<string, string> = { inputs: 'Inputs', text: 'Text', generate: 'Generate', models: 'Models', edit: 'Edit', flow: 'Flow', outputs: 'Outputs' };
export const categoryName = (category: string): string => CATEGORIES[category] ?? label(category);

export interface Group { category: string; name: string; types: NodeType[] }

/** The types that match all words, in their categories; the server's order is kept. */
export function grouped(types: readonly NodeType[], words: string): Group[] {
  const wanted = words.toLowerCase().split(/\s+/).filter(Boolean);
  const groups = new Map<string, NodeType[]>();
  for (const type of types) {
    const text = `${typeTitle(type)} ${type.title} ${type.type} ${categoryName(type.category)} ${type.description}`.toLowerCase();
    if (wanted.every((word) => text.includes(word))) groups.set(type.category, [...(groups.get(type.category) ?? []), type]);
  }
  const all = [...groups].map(([category, found]) => ({ category, name: categoryName(category), types: found }));
  if (wanted.length === 0) return all;
  // A hit in the title is what one looks for more often than one in the description.
  const rank = (type: NodeType) => (wanted.every((word) => `${typeTitle(type)} ${type.title}`.toLowerCase().includes(word)) ? 0 : 1);
  for (const group of all) group.types.sort((one, other) => rank(one) - rank(other));
  return all.sort((one, other) => Math.min(...one.types.map(rank)) - Math.min(...other.types.map(rank)));
}

export const RUN_LOOK: Record<RunState, string> = { queued: '', running: 'accent', succeeded: 'good', failed: 'wrong', cancelled: 'warn' };
export const RUN_WORDS: Record<RunState, string> = { queued: 'Queued', running: 'Running', succeeded: 'Done', failed: 'Failed', cancelled: 'Cancelled' };
export const NODE_LOOK: Record<NodeState, string> = { waiting: '', running: 'accent', succeeded: 'good', failed: 'wrong', skipped: '', cancelled: 'warn' };

export const NODE_WORDS: Record<NodeState, string> = { waiting: 'Queued', running: 'Running', succeeded: 'Done', failed: 'Failed', skipped: 'Skipped', cancelled: 'Cancelled' };

/** What nodes and their descriptions say to agents, without the marks of code. */
export const plain = (text: string): string => text.replaceAll('`', '');

/** A fault in words for people: those of the server name ids and ports, which stand beside it anyway. */
export function faultWords(fault: Pick<Fault, 'message'>): string {
  const kind = /needs an edge that brings (\w+)/.exec(fault.message)?.[1];
  return kind ? `Needs ${noun(kind as PortKind)} from another node.` : plain(fault.message);
}

const SUMMARY_MAX_CHARS = 60;
/** The settings in a line or two, the telling ones first. */
export function summary(settings: Record<string, unknown> | undefined): string[] {
  const clip = (text: string) => (text.length > SUMMARY_MAX_CHARS ? `${text.slice(0, SUMMARY_MAX_CHARS)}…` : text);
  const entries = Object.entries(settings ?? {}).filter(([name, value]) => value !== '' && value !== null && !(name === 'default' && String(value).startsWith('ast_')));
  const weight = ([name, value]: [string, unknown]) => (['prompt', 'template', 'text'].includes(name) ? 0 : typeof value === 'object' ? 2 : 1);
  return entries.sort((one, other) => weight(one) - weight(other)).slice(0, 3).map(([name, value]) => {
    if (weight([name, value]) === 0) return clip(`“${String(value)}”`);
    const text = Array.isArray(value) ? value.map((one) => (typeof one === 'object' ? '…' : String(one))).join(', ') : typeof value === 'object' ? '…' : String(value).startsWith('ast_') ? 'an asset' : value === true ? 'on' : value === false ? 'off' : String(value);
    return clip(`${label(name)} ${text}`);
  });
}
