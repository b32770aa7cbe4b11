/** A run as it goes: server-sent events, and asking every second where those do not come. */
import { runs as api, type Run, type RunNode, type RunState } from '../api/pipelines';
import { Problem } from '../api/problem';

const POLL_MS = 1_000;
const OVER: ReadonlySet<RunState> = new Set(['succeeded', 'failed', 'cancelled']);
export const isOver = (state: RunState) => OVER.has(state);

export class RunWatch {
  readonly id: string;
  run = $state.raw<Run>();
  problem = $state<Problem>();
  readonly nodes = $derived(new Map<string, RunNode>(this.run?.nodes.map((node) => [node.node, node])));
  readonly isOver = $derived(this.run ? isOver(this.run.status) : false);
  #source: EventSource | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #isStopped = false;

  constructor(id: string) {
    this.id = id;
    this.#follow();
  }

  #follow(): void {
    void this.#ask().then(() => {
      if (!this.isOver) this.#listen();
    });
  }

  stop(): void {
    this.#isStopped = true;
    this.#source?.close();
    clearTimeout(this.#timer);
  }

  /** Follows it again, after a retry. */
  resume(): void {
    this.#isStopped = false;
    this.#follow();
  }

  async cancel(): Promise<void> {
    await api.cancel(this.id);
    await this.#ask();
  }

  #hear(run: Run): void {
    this.run = run;
    this.problem = undefined;
    if (!isOver(run.status)) return;
    this.#source?.close();
    clearTimeout(this.#timer);
    // Those that were started with it may still go on, and are told of in its group.
    if (run.group?.some((one) => !isOver(one.status))) this.#poll();
    else this.stop();
  }

  #listen(): void {
    if (this.#isStopped) return;
    const source = new EventSource(api.events(this.id));
    this.#source = source;
    source.addEventListener('run', (message) => this.#hear(JSON.parse(message.data) as Run));
    source.addEventListener('error', () => {
      // The browser picks up a cut line by itself; a refusal is final to it.
      if (source.readyState === EventSource.CLOSED) this.#poll();
    });
  }

  #poll(): void {
    if (this.#isStopped) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#ask().then(() => this.#poll()), POLL_MS);
  }

  async #ask(): Promise<void> {
    try {
      this.#hear(await api.get(this.id));
    } catch (thrown) {
      this.problem = Problem.of(thrown);
    }
  }
}
