/** Where we are. The History API below `/app`; links are plain links and keep working with every mouse button. */
import { tick } from 'svelte';

const BASE = '/app';

class Router {
  /** Below the base, without a slash at the end: `/library/ast_…`. */
  path = $state('/library');
  query = $state(new URLSearchParams());
  readonly segments = $derived(this.path.split('/').filter(Boolean).map(decodeURIComponent));
  readonly page = $derived(this.segments[0] ?? 'library');
  /** How often we moved inside the app; zero means that Back would leave it. */
  #moves = 0;
  /** Asked before a place with unsaved work is left; `false` stays there. */
  guard: (() => Promise<boolean>) | undefined;
  #offsets = new Map<string, number>();
  #key = '';

  start(): void {
    // We know better than the browser when the content is there to scroll to.
    history.scrollRestoration = 'manual';
    this.#read();
    window.addEventListener('popstate', () => {
      if (this.guard && location.pathname !== this.#address.split('?')[0]) {
        this.#hold();
        return;
      }
      this.#remember();
      this.#read();
      void this.#scroll(this.#offsets.get(this.#key) ?? 0);
    });
    document.addEventListener('click', (event) => this.#follow(event));
  }

  go(to: string, options: { replace?: boolean; keepScroll?: boolean } = {}): void {
    if (this.guard && BASE + to.split('?')[0] !== this.#address.split('?')[0]) {
      void this.guard().then((mayLeave) => {
        if (!mayLeave) return;
        this.guard = undefined;
        this.go(to, options);
      });
      return;
    }
    this.#remember();
    const address = BASE + to;
    const key = crypto.randomUUID();
    if (options.replace) history.replaceState({ key }, '', address);
    else history.pushState({ key }, '', address);
    if (!options.replace) this.#moves += 1;
    this.#read();
    if (!options.keepScroll) void this.#scroll(0);
  }

  /** Another address for where we are, such as that of a thing that has just got its id. */
  rename(to: string): void {
    history.replaceState(history.state, '', BASE + to);
    this.#address = BASE + to;
  }

  /** The browser has gone back already: comes here again, asks, and only then goes. */
  #hold(): void {
    const there = location.pathname.slice(BASE.length) + location.search;
    history.pushState({ key: this.#key }, '', this.#address);
    void this.guard?.().then((mayLeave) => {
      if (!mayLeave) return;
      this.guard = undefined;
      this.go(there, { replace: true });
    });
  }

  /** Back if there is something of ours to go back to; else to the given place. */
  back(otherwise: string): void {
    if (this.#moves > 0) {
      this.#moves -= 1;
      history.back();
    } else {
      this.go(otherwise, { replace: true });
    }
  }

  /** Changes parts of the query and leaves the rest; a filter is not a step in the history. */
  filter(change: Record<string, string | undefined>): void {
    const query = new URLSearchParams(this.query);
    for (const [name, value] of Object.entries(change)) {
      if (value) query.set(name, value);
      else query.delete(name);
    }
    const text = query.toString();
    this.go(this.path + (text ? `?${text}` : ''), { replace: true, keepScroll: true });
  }

  #address = '';

  #read(): void {
    this.#address = location.pathname + location.search;
    const path = location.pathname.replace(/\/+$/, '');
    this.path = path.startsWith(BASE) ? path.slice(BASE.length) || '/library' : '/library';
    this.query = new URLSearchParams(location.search);
    this.#key = (history.state as { key?: string } | null)?.key ?? 'first';
  }

  #remember(): void {
    this.#offsets.set(this.#key, window.scrollY);
  }

  async #scroll(offset: number): Promise<void> {
    await tick();
    requestAnimationFrame(() => window.scrollTo(0, offset));
  }

  #follow(event: MouseEvent): void {
    if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    const link = (event.target as Element | null)?.closest('a');
    if (!link || link.target || link.hasAttribute('download') || link.origin !== location.origin) return;
    if (link.pathname !== BASE && !link.pathname.startsWith(`${BASE}/`)) return;
    event.preventDefault();
    this.go(link.pathname.slice(BASE.length) + link.search, { keepScroll: link.hasAttribute('data-keep-scroll') });
  }
}

export const router = new Router();
/** The address of a place in the app, for `href`. */
export const to = (path: string) => BASE + path;
