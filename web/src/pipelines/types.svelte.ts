/** The node types of this server: asked for once, the schema of each when somebody needs it. */
import { SvelteMap } from 'svelte/reactivity';
import { pipelines as api, type GraphNode, type NodeType } from '../api/pipelines';
import type { JsonSchema } from '../api/types';
import { portsOf } from './ports';

class NodeTypes {
  all = $state.raw<NodeType[]>([]);
  readonly byName = $derived(new Map(this.all.map((type) => [type.type, type])));
  #schemas = new SvelteMap<string, JsonSchema>();
  #asked = new Map<string, Promise<void>>();
  #loading: Promise<void> | undefined;

  load(): Promise<void> {
    this.#loading ??= api.nodeTypes().then(
      (found) => {
        this.all = found.node_types;
      },
      (thrown: unknown) => {
        this.#loading = undefined;
        throw thrown;
      },
    );
    return this.#loading;
  }

  /** The schema of a type's settings, once it is here. */
  schema(type: string): JsonSchema | undefined {
    return this.#schemas.get(type);
  }

  ask(type: string): Promise<void> {
    let asked = this.#asked.get(type);
    if (!asked) {
      asked = api.nodeType(type).then(
        (found) => {
          this.#schemas.set(type, found.node_types[0]?.settings ?? {});
        },
        () => {
          this.#asked.delete(type);
        },
      );
      this.#asked.set(type, asked);
    }
    return asked;
  }

  first = (node: GraphNode, side: 'inputs' | 'outputs'): string | undefined => portsOf(node, this.byName)[side][0]?.name;
}

export const nodeTypes = new NodeTypes();
