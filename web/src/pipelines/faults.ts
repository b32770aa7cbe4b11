/** What is wrong with a graph, by the place where it is shown. */
import type { Fault } from '../api/pipelines';

export class Faults {
  readonly all: readonly Fault[];
  readonly #byNode = new Map<string, Fault[]>();

  constructor(all: readonly Fault[] = []) {
    this.all = all;
    for (const fault of all) {
      if (fault.node) this.#byNode.set(fault.node, [...(this.#byNode.get(fault.node) ?? []), fault]);
    }
  }

  of(node: string): readonly Fault[] {
    return this.#byNode.get(node) ?? [];
  }
  at(node: string, port: string): string | undefined {
    return this.of(node).find((fault) => fault.port === port)?.message;
  }
  /** Of the graph as a whole. */
  get general(): readonly Fault[] {
    return this.all.filter((fault) => !fault.node);
  }
}
