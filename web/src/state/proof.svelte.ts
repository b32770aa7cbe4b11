/** Asks a person to prove who they are, where the server wants to know once more. */
import { Problem } from '../api/problem';

class ProofState {
  isAsked = $state(false);
  #answer: ((isProved: boolean) => void) | undefined;

  ask(): Promise<boolean> {
    this.#answer?.(false);
    this.isAsked = true;
    return new Promise((resolve) => {
      this.#answer = resolve;
    });
  }

  answer(isProved: boolean): void {
    this.isAsked = false;
    this.#answer?.(isProved);
    this.#answer = undefined;
  }
}

export const proofState = new ProofState();

/** Does it; if it needs a proof, asks for one and does it again. Giving up is the problem that it was. */
export async function proved<T>(run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (thrown) {
    if (Problem.of(thrown).field !== 'proof' || !(await proofState.ask())) throw thrown;
    return run();
  }
}
