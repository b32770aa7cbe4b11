/** Which assets of a list are chosen. Ranges go by the order on the screen. */
import { SvelteSet } from 'svelte/reactivity';

export class Selection {
  ids = new SvelteSet<string>();
  #anchor: string | undefined;

  get size(): number {
    return this.ids.size;
  }

  toggle(id: string): void {
    if (this.ids.has(id)) this.ids.delete(id);
    else this.ids.add(id);
    this.#anchor = id;
  }

  /** From the last one that was touched to this one. */
  extend(id: string, order: string[]): void {
    const from = this.#anchor ? order.indexOf(this.#anchor) : -1;
    const until = order.indexOf(id);
    if (from < 0 || until < 0) {
      this.toggle(id);
      return;
    }
    for (const one of order.slice(Math.min(from, until), Math.max(from, until) + 1)) this.ids.add(one);
  }

  all(order: string[]): void {
    order.forEach((id) => this.ids.add(id));
  }

  clear(): void {
    this.ids.clear();
    this.#anchor = undefined;
  }

  /** The chosen ones in the order of the screen. */
  inOrder(order: string[]): string[] {
    return order.filter((id) => this.ids.has(id));
  }
}
