/** Asks before something that cannot be taken back. */
export interface Question {
  title: string;
  text: string;
  action: string;
  isDangerous?: boolean;
}

class Confirm {
  question = $state<Question>();
  #answer: ((yes: boolean) => void) | undefined;

  ask(question: Question): Promise<boolean> {
    this.#answer?.(false);
    this.question = question;
    return new Promise((resolve) => {
      this.#answer = resolve;
    });
  }

  answer(yes: boolean): void {
    this.question = undefined;
    this.#answer?.(yes);
    this.#answer = undefined;
  }
}

export const confirm = new Confirm();
export const ask = (question: Question) => confirm.ask(question);
