/** Jobs as they go: server-sent events, and asking every few seconds where those do not come through. */
import { SvelteMap } from 'svelte/reactivity';
import { jobs as api } from '../api/making';
import type { Job, JobEvent, JobState } from '../api/types';

const POLL_MS = 3_000;
const AGAIN_MS = 10_000;
const OVER: ReadonlySet<JobState> = new Set(['succeeded', 'failed', 'cancelled']);
export const isOver = (state: JobState) => OVER.has(state);

type Listener = (job: Job) => void;

class Live {
  /** Every job seen in this visit, by id. */
  jobs = new SvelteMap<string, Job>();
  readonly active = $derived([...this.jobs.values()].filter((job) => !isOver(job.status)).length);
  #source: EventSource | undefined;
  #isStreaming = false;
  #ended = new Set<Listener>();
  #asking = new Set<string>();

  start(): void {
    if (this.#source) return;
    this.#listen();
    // Also runs beside a good stream, rarely: an event may be lost while a tunnel reconnects.
    let beats = 0;
    setInterval(() => {
      beats += 1;
      if (!this.#isStreaming || beats % 5 === 0) this.#poll();
    }, POLL_MS);
    void api.list({ limit: 20 }).then((page) => page.jobs.forEach((job) => this.jobs.set(job.job_id, job)), () => {});
  }

  /** Remembers a job that was just submitted or listed. */
  know(job: Job): void {
    const known = this.jobs.get(job.job_id);
    // The answer to a submission may arrive after the event of its end.
    if (known && isOver(known.status) && !isOver(job.status)) return;
    this.jobs.set(job.job_id, job);
  }

  /** Called with every job that ends from now on; answers how to stop that. */
  onEnd(listener: Listener): () => void {
    this.#ended.add(listener);
    return () => this.#ended.delete(listener);
  }

  /** Told of a job that ended, in this tab, before any event said so. */
  settle(job: Job): void {
    const known = this.jobs.get(job.job_id);
    this.jobs.set(job.job_id, job);
    if (isOver(job.status) && !(known && isOver(known.status))) this.#ended.forEach((listener) => listener(job));
  }

  #listen(): void {
    const source = new EventSource('/api/v1/events');
    this.#source = source;
    source.addEventListener('open', () => {
      this.#isStreaming = true;
    });
    source.addEventListener('error', () => {
      this.#isStreaming = false;
      // A cut line is picked up by the browser; an answer such as 503 is final to it, but not to us.
      if (source.readyState === EventSource.CLOSED) setTimeout(() => this.#listen(), AGAIN_MS);
    });
    source.addEventListener('job', (message) => this.#hear(JSON.parse(message.data) as JobEvent));
  }

  #hear(event: JobEvent): void {
    // Items of a batch speak through their batch.
    if (event.parent) return;
    const known = this.jobs.get(event.job_id);
    if (known && !isOver(event.status)) {
      this.jobs.set(event.job_id, { ...known, status: event.status, progress: event.progress, stage: event.stage ?? '' });
    } else if (!known || !isOver(known.status)) {
      void this.#ask(event.job_id);
    }
  }

  #poll(): void {
    for (const job of this.jobs.values()) {
      if (!isOver(job.status)) void this.#ask(job.job_id);
    }
  }

  async #ask(id: string): Promise<void> {
    if (this.#asking.has(id)) return;
    this.#asking.add(id);
    try {
      this.settle(await api.get(id));
    } catch {
      // The next event or the next round asks again.
    } finally {
      this.#asking.delete(id);
    }
  }
}

export const live = new Live();
