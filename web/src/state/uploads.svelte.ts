/** Files on their way up: two at a time, each with its own progress. */
import { Problem } from '../api/problem';
import type { Asset } from '../api/types';
import { uploadFile } from '../api/upload';
import { bytes } from '../format/words';
import { session } from './session.svelte';

const AT_ONCE = 2;
const KNOWN = /^(image|video|audio|model)\//;

export class Upload {
  readonly id: number;
  readonly file: File;
  readonly collection: string | undefined;
  state = $state<'waiting' | 'sending' | 'reading' | 'done' | 'failed'>('waiting');
  progress = $state(0);
  problem = $state<Problem>();
  asset = $state.raw<Asset>();
  readonly stop = new AbortController();

  constructor(id: number, file: File, collection: string | undefined) {
    this.id = id;
    this.file = file;
    this.collection = collection;
  }
}

class Uploads {
  all = $state<Upload[]>([]);
  readonly active = $derived(this.all.filter((upload) => !['done', 'failed'].includes(upload.state)).length);
  #next = 1;
  #listeners = new Set<(asset: Asset, collection: string | undefined) => void>();

  /** Called with every asset that arrives; answers how to stop that. */
  onAsset(listener: (asset: Asset, collection: string | undefined) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  add(files: Iterable<File>, collection?: string): void {
    for (const file of files) {
      const upload = new Upload(this.#next, file, collection);
      this.#next += 1;
      const most = session.server.upload_max_bytes;
      if (file.size > most) this.#fail(upload, `This file is ${bytes(file.size)}; the server takes up to ${bytes(most)}.`);
      else if (file.type && !KNOWN.test(file.type)) this.#fail(upload, 'Only pictures, videos, sounds and 3D models can be uploaded.');
      this.all.push(upload);
    }
    this.#pump();
  }

  cancel(upload: Upload): void {
    upload.stop.abort();
    this.all = this.all.filter((one) => one.id !== upload.id);
    this.#pump();
  }

  retry(upload: Upload): void {
    this.all = this.all.filter((one) => one.id !== upload.id);
    this.add([upload.file], upload.collection);
  }

  clear(): void {
    this.all = this.all.filter((upload) => !['done', 'failed'].includes(upload.state));
  }

  #fail(upload: Upload, message: string): void {
    upload.state = 'failed';
    upload.problem = new Problem({ status: 0, code: 'file', message });
  }

  #pump(): void {
    const busy = this.all.filter((upload) => upload.state === 'sending' || upload.state === 'reading').length;
    for (const upload of this.all.filter((one) => one.state === 'waiting').slice(0, AT_ONCE - busy)) void this.#send(upload);
  }

  async #send(upload: Upload): Promise<void> {
    upload.state = 'sending';
    try {
      const asset = await uploadFile(upload.file, upload.collection, (fraction) => {
        upload.progress = fraction;
        // All is sent; the server now checks and measures it.
        if (fraction >= 1) upload.state = 'reading';
      }, upload.stop.signal);
      upload.asset = asset;
      upload.state = 'done';
      this.#listeners.forEach((listener) => listener(asset, upload.collection));
    } catch (thrown) {
      upload.problem = Problem.of(thrown);
      upload.state = 'failed';
    }
    this.#pump();
  }
}

export const uploads = new Uploads();
