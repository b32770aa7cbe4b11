/** The library's list for a set of filters; kept between visits of the page, so that Back finds it as it was. */
import { assets as api } from '../api/library';
import type { Asset } from '../api/types';
import { Feed, type Slice } from '../state/feed.svelte';

export const FILTERS = ['type', 'source', 'model', 'collection_id', 'tag', 'created_after', 'created_before'] as const;
const PAGE = 60;

export class LibraryFeed extends Feed<Asset> {
  readonly key: string;
  readonly isSearch: boolean;
  #head: () => Promise<Slice<Asset>>;

  constructor(query: URLSearchParams) {
    const filters = Object.fromEntries(FILTERS.map((name) => [name, wire(name, query.get(name))]));
    const words = query.get('q')?.trim();
    const read = async (cursor: string | undefined): Promise<Slice<Asset>> => {
      const page = words
        ? await api.search({ ...filters, query: words, limit: PAGE, cursor })
        : await api.list({ ...filters, limit: PAGE, cursor });
      return { items: page.assets, next: page.next_cursor };
    };
    super(read);
    this.key = keyOf(query);
    this.isSearch = Boolean(words);
    this.#head = () => read(undefined);
  }

  /** Takes in what is new at the beginning, without moving the rest. */
  async refreshHead(): Promise<void> {
    if (this.isFresh || this.isLoading || this.isSearch) return;
    try {
      const { items } = await this.#head();
      const known = new Set(this.items.map((asset) => asset.asset_id));
      const added = items.filter((asset) => !known.has(asset.asset_id));
      if (added.length > 0) this.set([...added, ...this.items]);
    } catch {
      // The list stays as it was; the next event tries again.
    }
  }

  drop(ids: Iterable<string>): void {
    const gone = new Set(ids);
    this.set(this.items.filter((asset) => !gone.has(asset.asset_id)));
  }

  replace(asset: Asset): void {
    this.set(this.items.map((one) => (one.asset_id === asset.asset_id ? { ...one, ...asset } : one)));
  }

  /** Links to media end some time; a tab that was left open needs new ones. */
  get isStale(): boolean {
    const first = this.items[0];
    return first !== undefined && new Date(first.url_expires_at).getTime() < Date.now() + 60_000;
  }
}

/** A day from a date field as the time that the server compares with; "before" includes the named day. */
function wire(name: string, value: string | null): string | undefined {
  if (!value) return undefined;
  if (!name.startsWith('created_') || !/^\d{4}-\d{2}-\d{2}$/.test(value)) return value;
  const day = new Date(`${value}T00:00:00`);
  if (Number.isNaN(day.getTime())) return undefined;
  if (name === 'created_before') day.setDate(day.getDate() + 1);
  return day.toISOString();
}

export function keyOf(query: URLSearchParams): string {
  return ['q', ...FILTERS].map((name) => query.get(name) ?? '').join('\n');
}

let kept: LibraryFeed | undefined;

export function libraryFeed(query: URLSearchParams): LibraryFeed {
  if (kept?.key !== keyOf(query)) kept = new LibraryFeed(query);
  if (kept.isFresh && !kept.isLoading) void kept.restart();
  else void kept.refreshHead();
  return kept;
}

/** What another page changed is to be asked for again. */
export function forgetLibrary(): void {
  kept = undefined;
}
