/** One thing from the server, asked for at once. */
import { Problem } from '../api/problem';

export class Remote<T> {
  value = $state.raw<T>();
  problem = $state<Problem>();
  #read: () => Promise<T>;

  constructor(read: () => Promise<T>) {
    this.#read = read;
    void this.load();
  }

  /** Asks again; what was there stays until the answer comes. */
  async load(): Promise<void> {
    this.problem = undefined;
    try {
      this.value = await this.#read();
    } catch (thrown) {
      this.problem = Problem.of(thrown);
    }
  }
}
