/** Assets that nodes and runs show, each asked for once. */
import { SvelteMap } from 'svelte/reactivity';
import { assets as api } from '../api/library';
import type { Asset } from '../api/types';

class Pictures {
  #known = new SvelteMap<string, Asset>();
  #asked = new Set<string>();

  get(id: string): Asset | undefined {
    return this.#known.get(id);
  }

  ask(ids: readonly string[]): void {
    for (const id of ids) {
      if (this.#asked.has(id)) continue;
      this.#asked.add(id);
      void api.get(id).then((asset) => this.#known.set(id, asset), () => {});
    }
  }

  know(assets: readonly Asset[]): void {
    for (const asset of assets) {
      this.#asked.add(asset.asset_id);
      this.#known.set(asset.asset_id, asset);
    }
  }
}

export const pictures = new Pictures();

/** The assets within a value that flowed through a port. */
export function assetsIn(value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap(assetsIn);
  const id = typeof value === 'object' && value !== null ? (value as { asset_id?: unknown }).asset_id : undefined;
  return typeof id === 'string' ? [id] : [];
}
