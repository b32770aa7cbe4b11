/** A pipeline as a file that any Aquatint imports. */
import type { Graph, PipelineFile } from '../api/pipelines';
import { save as keep } from '../library/download';

const FORMAT = 'aquatint.pipeline/1';

export const fileOf = (name: string, description: string, graph: Graph): PipelineFile => ({ format: FORMAT, name, description, graph });

export const fileName = (name: string): string => `${name.toLowerCase().replaceAll(/[^\p{L}\p{N}]+/gu, '-').replaceAll(/^-+|-+$/g, '') || 'pipeline'}.pipeline.json`;

/** Hands a file to the browser to keep. */
export function save(file: PipelineFile): void {
  const url = URL.createObjectURL(new Blob([`${JSON.stringify(file, null, 2)}\n`], { type: 'application/json' }));
  keep(url, fileName(file.name));
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}
