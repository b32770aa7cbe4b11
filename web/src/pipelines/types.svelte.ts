/** The node types of this server: asked for once, the schema of each when somebody needs it. */
import { SvelteMap } from 'svelte/reactivity';
import { pipelines as api, type GraphNode, type NodeType } from '../api/pipelines';
import type { JsonSchema } from '../api/types';
import { GENERATE, portsOf } from './ports';

/** Every model is a type of its own to choose; a server that does not say so has them as a setting only. */
const models = (prefix: string): Promise<NodeType[]> => api.nodeType(prefix).then((found) => found.node_types, () => []);

class NodeTypes {
  all = $state.raw<NodeType[]>([]);
  readonly byName = $derived(new Map(this.all.map((type) => [type.type, type])));
  #schemas = new SvelteMap<string, JsonSchema>();
  #asked = new Map<string, Promise<void>>();
  #loading: Promise<void> | undefined;

  load(): Promise<void> {
    this.#loading ??= Promise.all([api.nodeTypes(), models('image/'), models('video/')]).then(
      ([found, images, videos]) => {
        const at = found.node_types.findIndex((type) => type.type === GENERATE) + 1;
        this.all = [...found.node_types.slice(0, at), ...images, ...videos, ...found.node_types.slice(at)];
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
