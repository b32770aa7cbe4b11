/** The edit operations that this server offers, read from its own OpenAPI document. */
import { get } from './client';
import type { JsonSchema } from './types';

export interface EditOperation {
  /** Such as `edit.upscale`. */
  id: string;
  title: string;
  description: string;
  input: JsonSchema;
}

interface Document {
  paths: Record<string, Record<string, {
    operationId: string;
    tags?: string[];
    summary?: string;
    description?: string;
    requestBody?: { content: Record<string, { schema: JsonSchema }> };
  }>>;
}

let known: Promise<EditOperation[]> | undefined;

export function editOperations(): Promise<EditOperation[]> {
  known ??= read().catch((thrown: unknown) => {
    known = undefined;
    throw thrown;
  });
  return known;
}

async function read(): Promise<EditOperation[]> {
  const document = await get<Document>('/openapi.json');
  const found: EditOperation[] = [];
  for (const item of Object.values(document.paths)) {
    const operation = item.post;
    const input = operation?.requestBody?.content['application/json']?.schema;
    if (!operation || !input || !operation.operationId.startsWith('edit.')) continue;
    found.push({
      id: operation.operationId,
      title: operation.summary ?? operation.operationId,
      description: operation.description ?? '',
      input,
    });
  }
  return found;
}
