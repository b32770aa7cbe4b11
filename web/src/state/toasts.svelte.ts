/** Short messages about what just happened. */
import { Problem } from '../api/problem';

export interface Toast {
  id: number;
  kind: 'done' | 'wrong';
  text: string;
  hint: string | undefined;
  action: { label: string; run: () => void } | undefined;
}

const LINGER_MS = 6_000;
/** Longer where there is something to press or to read twice. */
const LINGER_LONG_MS = 12_000;

class Toasts {
  all = $state<Toast[]>([]);
  #next = 1;

  done(text: string, action?: Toast['action']): void {
    this.#show({ kind: 'done', text, hint: undefined, action });
  }

  wrong(thrown: unknown): void {
    if (thrown instanceof DOMException && thrown.name === 'AbortError') return;
    const problem = Problem.of(thrown);
    this.#show({ kind: 'wrong', text: problem.message, hint: problem.hint, action: undefined });
  }

  close(id: number): void {
    this.all = this.all.filter((toast) => toast.id !== id);
  }

  #show(toast: Omit<Toast, 'id'>): void {
    const id = this.#next;
    this.#next += 1;
    this.all = [...this.all.slice(-3), { ...toast, id }];
    setTimeout(() => this.close(id), toast.action || toast.kind === 'wrong' ? LINGER_LONG_MS : LINGER_MS);
  }
}

export const toasts = new Toasts();

/** Runs what a button does and tells of its failure; answers whether it went well. */
export async function attempt(run: () => Promise<unknown>): Promise<boolean> {
  try {
    await run();
    return true;
  } catch (thrown) {
    toasts.wrong(thrown);
    return false;
  }
}
