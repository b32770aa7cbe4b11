/** The price of what stands in a form, asked for when the form has been still for a moment. */
import { estimate } from '../api/making';
import { Problem } from '../api/problem';
import type { Estimate, ToolCall } from '../api/types';

const WAIT_MS = 350;

export class Price {
  value = $state.raw<Estimate>();
  problem = $state<Problem>();
  isAsking = $state(false);
  #timer: ReturnType<typeof setTimeout> | undefined;
  #stop: AbortController | undefined;

  /** `undefined` while the form cannot be sent. */
  ask(call: ToolCall | undefined): void {
    clearTimeout(this.#timer);
    this.#stop?.abort();
    if (!call) {
      this.value = undefined;
      this.problem = undefined;
      this.isAsking = false;
      return;
    }
    this.isAsking = true;
    this.#timer = setTimeout(() => void this.#send(call), WAIT_MS);
  }

  async #send(call: ToolCall): Promise<void> {
    const stop = new AbortController();
    this.#stop = stop;
    try {
      this.value = await estimate(call, stop.signal);
      this.problem = undefined;
    } catch (thrown) {
      if (stop.signal.aborted) return;
      this.value = undefined;
      this.problem = Problem.of(thrown);
    }
    this.isAsking = false;
  }
}
