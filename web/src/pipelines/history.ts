/** What was before, and what was undone. States are kept whole; they share all that did not change. */
const STEPS_MAX = 200;
/** Typing in one field is one step, unless one pauses. */
const MERGE_MS = 1_500;

interface Step<T> { state: T; name: string; mark: string | undefined; at: number }

export class History<T> {
  #past: Step<T>[] = [];
  #future: Step<T>[] = [];
  #now: Step<T>;

  constructor(state: T) {
    this.#now = { state, name: '', mark: undefined, at: 0 };
  }

  get state(): T {
    return this.#now.state;
  }
  /** The name of what Undo takes back; `undefined` where there is nothing. */
  get undoes(): string | undefined {
    return this.#past.length > 0 ? this.#now.name : undefined;
  }
  get redoes(): string | undefined {
    return this.#future.at(-1)?.name;
  }

  /** Steps of one mark that follow each other quickly become one. */
  push(state: T, name: string, mark?: string, at = Date.now()): void {
    const merges = mark !== undefined && mark === this.#now.mark && at - this.#now.at < MERGE_MS;
    if (!merges) this.#past = [...this.#past.slice(-STEPS_MAX + 1), this.#now];
    this.#now = { state, name, mark, at };
    this.#future = [];
  }

  undo(): boolean {
    const before = this.#past.pop();
    if (!before) return false;
    this.#future.push(this.#now);
    this.#now = before;
    return true;
  }

  redo(): boolean {
    const next = this.#future.pop();
    if (!next) return false;
    this.#past.push(this.#now);
    this.#now = next;
    return true;
  }
}
