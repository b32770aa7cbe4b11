/** The pipeline that is being edited: its graph, what was before, what is chosen, and what the server says of it. */
import type { Edge as FlowEdge, Node as FlowNode } from '@xyflow/svelte';
import { pipelines as api, type Graph, type GraphEdge, type GraphNode, type PipelineDetails, type PortKind } from '../api/pipelines';
import { Problem } from '../api/problem';
import { copied, pasted } from './clipboard';
import { Faults } from './faults';
import { changed, edgeId, EMPTY, endOf, freshId, joined, moved, named, namesOf, nodeOf, renamed, same, upstream, withNode, without, type Place } from './graph';
import { History } from './history';
import { aligned, estimated, free, laidOut, PICTURE_HEIGHT, USUAL, type Line, type Size } from './layout';
import { summary } from './look';
import { assetsIn } from './pictures.svelte';
import { bestInput, GENERATE, isMain, isSingle, portsOf, refusal, titleOf, typeTitle } from './ports';
import type { RunWatch } from './run.svelte';
import { nodeTypes } from './types.svelte';

const VALIDATE_MS = 350;
const REFUSED_MS = 7_000;
/** Pixels between a node and one that is added after it. */
const BESIDE = 90;

export class Editor {
  /** What is saved; `undefined` for a pipeline that was never saved. */
  details = $state.raw<PipelineDetails>();
  graph = $state.raw<Graph>(EMPTY);
  undoes = $state<string>();
  redoes = $state<string>();
  /** As Svelte Flow draws them: with what is chosen and how large it is. */
  nodes = $state.raw<FlowNode[]>([]);
  edges = $state.raw<FlowEdge[]>([]);
  faults = $state.raw(new Faults());
  price = $state<number>();
  isChecking = $state(false);
  checkProblem = $state<Problem>();
  /** For screen readers: what just happened. */
  said = $state('');
  refused = $state<string>();
  run = $state.raw<RunWatch>();
  readonly mayEdit: boolean;
  /** Where the middle of the visible canvas is, told by the canvas. */
  middle: () => Place = () => [0, 0];
  /** Brings nodes into view, told by the canvas. */
  show: (ids?: string[]) => void = () => {};
  /** Moves the view if a node is out of it, told by the canvas. */
  reveal: (id: string) => void = () => {};

  #chosenKey = $derived(this.nodes.flatMap((node) => (node.selected ? [node.id] : [])).join(' '));
  readonly chosen = $derived(this.#chosenKey ? this.#chosenKey.split(' ') : []);
  readonly byId = $derived(new Map(this.graph.nodes.map((node) => [node.id, node])));
  readonly connected = $derived(new Set(this.graph.edges.flatMap((edge) => [edge.from, edge.to])));
  readonly isNew = $derived(this.details === undefined);
  #saved = $state.raw<Graph>(EMPTY);
  readonly isDirty = $derived(!same(this.graph, this.#saved));

  #history = new History<Graph>(EMPTY);
  #timer: ReturnType<typeof setTimeout> | undefined;
  #refusedTimer: ReturnType<typeof setTimeout> | undefined;
  #stop: AbortController | undefined;

  constructor(mayEdit: boolean) {
    this.mayEdit = mayEdit;
  }

  /** Begins with what the server has. */
  open(details: PipelineDetails): void {
    this.details = details;
    this.#begin(details.graph, true);
  }

  /** Begins with a graph that is not saved yet, arranged for how nodes look here. */
  begin(graph: Graph): void {
    this.#begin({ ...graph, nodes: graph.nodes.map(({ position: _, ...node }) => node) }, false);
  }

  #begin(graph: Graph, isSaved: boolean): void {
    const whole = this.#arranged(named(graph, nodeTypes.first));
    this.#history = new History(whole);
    this.#saved = isSaved ? whole : EMPTY;
    this.graph = whole;
    this.#draw(new Set());
    this.#tell();
  }

  /** Nodes that stand nowhere are put in order. */
  #arranged(graph: Graph): Graph {
    return graph.nodes.some((node) => !node.position) ? moved(graph, laidOut(graph, this.#room(graph))) : graph;
  }

  /** How much room each node takes, and will take once it shows what it made. */
  #room(graph: Graph): Map<string, Size> {
    const sizes = this.sizes;
    return new Map(graph.nodes.map((node): [string, Size] => {
      const { inputs, outputs } = portsOf(node, nodeTypes.byName);
      const type = nodeTypes.byName.get(node.type);
      const rows = Math.max(1, outputs.length, inputs.filter((port) => !type || isMain(port, type)).length);
      const size = sizes.get(node.id) ?? estimated(rows, summary(node.settings).length);
      const makes = node.type === 'output' || outputs.some((port) => port.kind === 'image' || port.kind === 'video' || port.kind === 'media');
      const isShown = assetsIn(Object.values(this.run?.nodes.get(node.id)?.outputs ?? {})).length > 0;
      return [node.id, makes && !isShown ? { ...size, height: size.height + PICTURE_HEIGHT } : size];
    }));
  }

  /** What the server answered to saving this graph; it may have changed again meanwhile. */
  saved(details: PipelineDetails, graph: Graph): void {
    this.details = details;
    this.#saved = graph;
  }

  get sizes(): Map<string, Size> {
    return new Map(this.nodes.flatMap((node) => (node.measured?.width && node.measured.height ? [[node.id, { width: node.measured.width, height: node.measured.height }]] : [])));
  }

  change(graph: Graph, name: string, options: { mark?: string; choose?: readonly string[] } = {}): void {
    if (!this.mayEdit || same(graph, this.graph)) return;
    this.#history.push(graph, name, options.mark);
    this.graph = graph;
    this.#draw(options.choose ? new Set(options.choose) : undefined);
    this.#tell();
  }

  undo(): void {
    const name = this.undoes;
    if (name !== undefined && this.#history.undo()) this.#step(`Undone: ${name}.`);
  }
  redo(): void {
    const name = this.redoes;
    if (name !== undefined && this.#history.redo()) this.#step(`Redone: ${name}.`);
  }
  #step(words: string): void {
    this.graph = this.#history.state;
    this.#draw();
    this.#tell();
    this.say(words);
  }

  #tell(): void {
    this.undoes = this.#history.undoes;
    this.redoes = this.#history.redoes;
    for (const type of new Set(this.graph.nodes.map((node) => node.type))) void nodeTypes.ask(type);
    clearTimeout(this.#timer);
    this.#stop?.abort();
    this.isChecking = this.graph.nodes.length > 0;
    if (!this.isChecking) {
      this.faults = new Faults();
      this.price = undefined;
      return;
    }
    this.#timer = setTimeout(() => void this.check(), VALIDATE_MS);
  }

  /** Asks the server what is wrong with the graph as it is. */
  async check(): Promise<void> {
    const stop = new AbortController();
    clearTimeout(this.#timer);
    this.#stop?.abort();
    this.#stop = stop;
    try {
      const verdict = await api.validate(this.graph, stop.signal);
      this.faults = new Faults(verdict.faults);
      this.price = verdict.price_credits;
      this.checkProblem = undefined;
    } catch (thrown) {
      if (stop.signal.aborted) return;
      this.checkProblem = Problem.of(thrown);
      this.price = undefined;
    }
    this.isChecking = false;
  }

  /** Ends what runs in the background. */
  close(): void {
    clearTimeout(this.#timer);
    this.#stop?.abort();
    this.run?.stop();
  }

  say(words: string): void {
    this.said = words;
  }
  refuse(words: string): void {
    this.refused = words;
    clearTimeout(this.#refusedTimer);
    this.#refusedTimer = setTimeout(() => (this.refused = undefined), REFUSED_MS);
  }

  title(id: string): string {
    const node = this.byId.get(id);
    return node ? titleOf(node, nodeTypes.byName) : id;
  }
  ports(id: string) {
    const node = this.byId.get(id);
    return node ? portsOf(node, nodeTypes.byName) : { inputs: [], outputs: [] };
  }
  kindOf(from: string): PortKind {
    const end = endOf(from);
    return this.ports(end.node).outputs.find((port) => port.name === end.port)?.kind ?? 'any';
  }

  #draw(choose?: ReadonlySet<string>): void {
    const nodes = new Map(this.nodes.map((node) => [node.id, node]));
    this.nodes = this.graph.nodes.map((node): FlowNode => {
      const old = nodes.get(node.id);
      const [x, y] = node.position ?? [0, 0];
      const selected = choose ? choose.has(node.id) : (old?.selected ?? false);
      const ariaLabel = titleOf(node, nodeTypes.byName);
      if (old && old.position.x === x && old.position.y === y && old.selected === selected && old.ariaLabel === ariaLabel) return old;
      return { ...(old ?? { id: node.id, type: 'step', data: {} }), position: { x, y }, selected, ariaLabel };
    });
    const edges = new Map(this.edges.map((edge) => [edge.id, edge]));
    this.edges = this.graph.edges.map((edge): FlowEdge => {
      const id = edgeId(edge);
      const [from, to] = [endOf(edge.from), endOf(edge.to)];
      const kind = this.kindOf(edge.from);
      const old = edges.get(id);
      if (old && old.class === `kind-${kind}`) return choose ? { ...old, selected: false } : old;
      return {
        id, source: from.node, sourceHandle: from.port, target: to.node, targetHandle: to.port, class: `kind-${kind}`,
        ariaLabel: `${this.title(from.node)} to ${this.title(to.node)}, ${to.port}`,
      };
    });
  }

  choose(ids: readonly string[]): void {
    this.#draw(new Set(ids));
  }

  /** Adds a node at a place, beside another, or in the middle where there is room; `joins` connects it to the other where anything fits. */
  add(type: string, where: { at?: Place; beside?: string | undefined; joins?: boolean } = {}): string | undefined {
    const kind = nodeTypes.byName.get(type);
    if (!this.mayEdit || !kind) return undefined;
    const isModel = kind.category === 'models';
    const id = freshId(namesOf(this.graph), isModel ? type.split('/').at(-1) ?? type : type);
    const title = typeTitle(kind);
    const before = where.beside ? nodeOf(this.graph, where.beside) : undefined;
    const [middleX, middleY] = this.middle();
    const wished: Place = before?.position
      ? [before.position[0] + (this.sizes.get(before.id) ?? USUAL).width + BESIDE, before.position[1]]
      : [middleX - USUAL.width / 2, middleY - USUAL.height / 2];
    const [x, y] = where.at ?? free(this.graph, this.sizes, wished);
    let next = withNode(this.graph, {
      id, type: isModel ? GENERATE : type, version: kind.version, position: [Math.round(x), Math.round(y)], ...(isModel ? { settings: { model: type } } : {}),
    });
    let words = `Added ${title}.`;
    if (before && where.joins) {
      for (const port of portsOf(before, nodeTypes.byName).outputs) {
        const from = `${before.id}.${port.name}`;
        const to = bestInput(next, nodeTypes.byName, from, id);
        if (!to) continue;
        next = joined(next, { from, to }, false);
        words = `Added ${title} and connected it to ${this.title(before.id)}.`;
        break;
      }
    }
    this.change(next, `add ${title}`, { choose: [id] });
    this.say(words);
    return id;
  }

  /** Why these two cannot be joined; `undefined` where they can. */
  whyNot(edge: GraphEdge): string | undefined {
    return refusal(this.graph, nodeTypes.byName, edge);
  }

  connect(edge: GraphEdge): boolean {
    if (!this.mayEdit) return false;
    const reason = this.whyNot(edge);
    if (reason) {
      this.refuse(reason);
      return false;
    }
    this.change(joined(this.graph, edge, isSingle(this.graph, nodeTypes.byName, edge.to)), 'connect');
    this.say(`Connected ${this.title(endOf(edge.from).node)} to ${this.title(endOf(edge.to).node)}.`);
    return true;
  }

  /** Joins an output to whatever fits best on a node. */
  connectTo(from: string, node: string): boolean {
    const to = bestInput(this.graph, nodeTypes.byName, from, node);
    if (to) return this.connect({ from, to });
    const first = this.ports(node).inputs[0];
    this.refuse((first && this.whyNot({ from, to: `${node}.${first.name}` })) ?? `“${this.title(node)}” takes nothing.`);
    return false;
  }

  disconnect(edge: GraphEdge): void {
    this.change(without(this.graph, new Set(), new Set([edgeId(edge)])), 'disconnect');
    this.say('Disconnected.');
  }

  remove(): void {
    const edges = new Set(this.edges.flatMap((edge) => (edge.selected ? [edge.id] : [])));
    const nodes = new Set(this.chosen);
    if (nodes.size + edges.size === 0) return;
    this.change(without(this.graph, nodes, edges), nodes.size > 0 ? 'delete' : 'disconnect', { choose: [] });
    this.say(nodes.size > 0 ? `Deleted ${nodes.size}.` : 'Disconnected.');
  }

  setNode(id: string, change: Partial<GraphNode>, name: string): void {
    this.change(changed(this.graph, id, change), name, { mark: `${name} ${id}` });
  }

  setId(id: string, next: string): void {
    if (id === next || namesOf(this.graph).has(next)) return;
    this.change(renamed(this.graph, id, next), 'rename', { choose: [next] });
  }

  /** Takes over where nodes were dragged to. */
  settle(): void {
    this.change(moved(this.graph, new Map(this.nodes.map((node): [string, Place] => [node.id, [node.position.x, node.position.y]]))), 'move');
  }
  nudge(x: number, y: number): void {
    const places = new Map(this.chosen.map((id): [string, Place] => {
      const [left, top] = this.byId.get(id)?.position ?? [0, 0];
      return [id, [left + x, top + y]];
    }));
    this.change(moved(this.graph, places), 'move', { mark: `move ${this.chosen.join(' ')}` });
  }
  arrange(): void {
    this.change(moved(this.graph, laidOut(this.graph, this.#room(this.graph))), 'arrange');
    this.say('Arranged.');
    requestAnimationFrame(() => this.show());
  }
  align(line: Line): void {
    this.change(moved(this.graph, aligned(this.graph, this.chosen, this.sizes, line)), 'align');
    this.say('Aligned.');
  }

  /** The chosen nodes as text for the clipboard. */
  copy(): string | undefined {
    if (this.chosen.length === 0) return undefined;
    this.say(`Copied ${this.chosen.length}.`);
    return copied(this.graph, new Set(this.chosen));
  }
  paste(other: Graph, at: Place = this.middle()): void {
    const result = pasted(this.graph, named(this.#arranged(other), nodeTypes.first), at);
    this.change(result.graph, 'paste', { choose: result.ids });
    this.say(`Pasted ${result.ids.length}.`);
  }
  duplicate(): void {
    const ids = new Set(this.chosen);
    const nodes = this.graph.nodes.filter((node) => ids.has(node.id));
    if (nodes.length === 0) return;
    const xs = nodes.map((node) => node.position?.[0] ?? 0);
    const ys = nodes.map((node) => node.position?.[1] ?? 0);
    const middle: Place = [(Math.min(...xs) + Math.max(...xs)) / 2 + 40, (Math.min(...ys) + Math.max(...ys)) / 2 + 40];
    const edges = this.graph.edges.filter((edge) => ids.has(endOf(edge.from).node) && ids.has(endOf(edge.to).node));
    const result = pasted(this.graph, { nodes, edges }, middle);
    this.change(result.graph, 'duplicate', { choose: result.ids });
  }
  chooseAll(): void {
    this.choose(this.graph.nodes.map((node) => node.id));
    this.say(`Chose ${this.graph.nodes.length}.`);
  }

  /** The inputs that a run needs; with `until`, only those before that node. */
  inputNodes(until?: string): GraphNode[] {
    const needed = until ? upstream(this.graph, until) : undefined;
    return this.graph.nodes.filter((node) => node.type.startsWith('input.') && (!needed || needed.has(node.id)));
  }
}
