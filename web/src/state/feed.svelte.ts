/** A list that comes page by page. */
import { Problem } from '../api/problem';

export interface Slice<T> { items: T[]; next: string | undefined }

export class Feed<T> {
  items = $state.raw<T[]>([]);
  isLoading = $state(false);
  isDone = $state(false);
  /** Nothing has come yet, not even an empty page. */
  isFresh = $state(true);
  problem = $state<Problem>();
  #read: (cursor: string | undefined) => Promise<Slice<T>>;
  #cursor: string | undefined;
  /** Counts restarts: an answer to an older question is dropped. */
  #round = 0;

  constructor(read: (cursor: string | undefined) => Promise<Slice<T>>) {
    this.#read = read;
  }

  get isEmpty(): boolean {
    return !this.isFresh && this.items.length === 0 && !this.problem;
  }

  /** Begins again; what is shown stays until the first page is here. */
  async restart(): Promise<void> {
    this.#round += 1;
    this.isLoading = false;
    this.isDone = false;
    this.#cursor = undefined;
    await this.#load(true);
  }

  async more(): Promise<void> {
    if (this.isLoading || this.isDone || this.problem) return;
    await this.#load(false);
  }

  async retry(): Promise<void> {
    this.problem = undefined;
    await this.#load(this.isFresh);
  }

  /** Changes what is shown without asking the server. */
  set(items: T[]): void {
    this.items = items;
  }

  async #load(isFirst: boolean): Promise<void> {
    const round = this.#round;
    this.isLoading = true;
    this.problem = undefined;
    try {
      const slice = await this.#read(isFirst ? undefined : this.#cursor);
      if (round !== this.#round) return;
      this.items = isFirst ? slice.items : [...this.items, ...slice.items];
      this.#cursor = slice.next;
      this.isDone = !slice.next;
      this.isFresh = false;
    } catch (thrown) {
      if (round === this.#round) this.problem = Problem.of(thrown);
    } finally {
      if (round === this.#round) this.isLoading = false;
    }
  }
}

/** All pages one after the other, with an end for the sake of everybody. */
export async function everything<T>(read: (cursor: string | undefined) => Promise<Slice<T>>, most = 10_000): Promise<T[]> {
  const all: T[] = [];
  let cursor: string | undefined;
  do {
    const slice = await read(cursor);
    all.push(...slice.items);
    cursor = slice.next;
  } while (cursor && all.length < most);
  return all;
}
