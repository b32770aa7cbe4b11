/** Pipelines, what they are built of, and their runs. */
import { del, get, part, post, type Query } from './client';
import type { JobOutput, JsonSchema, Page } from './types';

export type PortKind = 'image' | 'video' | 'media' | 'text' | 'number' | 'boolean' | 'any';
export interface Port {
  name: string;
  kind: PortKind;
  required?: boolean;
  /** Takes several edges. */
  list?: boolean;
  description?: string;
}
export interface NodeType {
  type: string;
  version: number;
  title: string;
  description: string;
  category: string;
  inputs: Port[];
  outputs: Port[];
  setting_names: string[];
  price_credits?: number;
  /** Only where one type was asked for. */
  settings?: JsonSchema;
}

export interface GraphNode {
  id: string;
  type: string;
  version?: number;
  settings?: Record<string, unknown>;
  /** A second name for an input. */
  alias?: string;
  title?: string;
  position?: [number, number];
}
/** `node.port` at both ends. */
export interface GraphEdge { from: string; to: string }
export interface Graph { nodes: GraphNode[]; edges: GraphEdge[] }

export interface PipelineInput {
  id: string;
  alias?: string;
  title?: string;
  kind: PortKind;
  is_required: boolean;
  default?: unknown;
  options?: string[];
}
export interface Pipeline {
  pipeline_id: string;
  name: string;
  description: string;
  version: number;
  inputs: PipelineInput[];
  node_count: number;
  is_published: boolean;
  created_at: string;
  updated_at: string;
}
export interface PipelineVersion { version: number; created_at: string; node_count: number }
export interface PipelineDetails extends Pipeline {
  graph: Graph;
  shown_version: number;
  price_credits?: number;
  versions: PipelineVersion[];
}
export interface Pipelines extends Page { pipelines: Pipeline[] }
export interface PipelineFile { format: string; name: string; description?: string; graph: Graph }
export interface Template { slug: string; name: string; description: string; graph: Graph }

export interface Fault { node?: string; port?: string; message: string }
export interface Verdict { is_valid: boolean; faults: Fault[]; price_credits?: number }

export type RunState = 'queued' | 'running' | 'succeeded' | 'failed' | 'cancelled';
export type NodeState = 'waiting' | 'running' | 'succeeded' | 'failed' | 'skipped' | 'cancelled';
export interface RunError { code: string; message: string; hint?: string; field?: string }
export interface RunNode {
  node: string;
  type: string;
  title: string;
  status: NodeState;
  outputs?: Record<string, unknown>;
  job_ids?: string[];
  /** From 0 to 1. */
  progress?: number;
  thumbnails?: { asset_id: string; kind: 'image' | 'video'; url?: string }[];
  is_cached?: boolean;
  charged_credits: number;
  started_at?: string;
  finished_at?: string;
  error?: RunError;
}
export interface Run {
  run_id: string;
  pipeline_id: string;
  version: number;
  status: RunState;
  progress: number;
  /** By input node, as they were accepted. */
  inputs?: Record<string, unknown>;
  /** The node that it was started for, where not all was. */
  until?: string;
  outputs: Record<string, unknown>;
  media: JobOutput[];
  nodes: RunNode[];
  group?: { run_id: string; status: RunState }[];
  error?: RunError;
  price_credits: number;
  charged_credits: number;
  created_at: string;
  finished_at?: string;
}
export interface RunRow {
  run_id: string;
  pipeline_id: string;
  version: number;
  status: RunState;
  inputs?: Record<string, unknown>;
  until?: string;
  started_by?: { name?: string };
  charged_credits: number;
  created_at: string;
  finished_at?: string;
}
export interface Runs extends Page { runs: RunRow[] }
export interface RunOrder {
  inputs: Record<string, unknown>;
  version?: number;
  collection_id?: string;
  fresh?: boolean;
  /** Only this node and what it needs. */
  until?: string;
  max_credits?: number;
}
export interface Started { run_id?: string; run_ids: string[]; status: string; price_credits: number; run_count: number }

const at = (id: string) => `/pipelines/${part(id)}`;

export const pipelines = {
  list: (query: Query) => get<Pipelines>('/pipelines', query),
  search: (query: Query) => get<Pipelines>('/pipelines/search', query),
  get: (id: string, version?: number) => get<PipelineDetails>(at(id), { version }),
  create: (body: { name: string; description?: string; graph: Graph }) => post<PipelineDetails>('/pipelines', body),
  update: (id: string, body: { name?: string; description?: string; graph?: Graph; from_version?: number }) => post<PipelineDetails>(at(id), body),
  duplicate: (id: string) => post<PipelineDetails>(`${at(id)}/duplicate`),
  import: (file: unknown) => post<PipelineDetails>('/pipelines/import', { file }),
  export: (id: string, version?: number) => get<PipelineFile>(`${at(id)}/export`, { version }),
  publish: (id: string, body: { summary?: string; withdraw?: boolean }) => post<Pipeline>(`${at(id)}/publish`, body),
  remove: (id: string) => del<unknown>(at(id)),
  validate: (graph: Graph, signal?: AbortSignal) => post<Verdict>('/pipelines/validate', { graph }, { signal }),
  templates: () => get<{ templates: Template[] }>('/pipelines/templates'),
  nodeTypes: () => get<{ node_types: NodeType[] }>('/node_types'),
  nodeType: (type: string) => get<{ node_types: NodeType[] }>('/node_types', { type }),
};

export const runs = {
  list: (query: Query) => get<Runs>('/runs', query),
  get: (id: string) => get<Run>(`/runs/${part(id)}`),
  price: (pipeline: string, order: RunOrder, signal?: AbortSignal) => post<Started>(`${at(pipeline)}/runs`, { ...order, dry_run: true }, { signal }),
  start: (pipeline: string, order: RunOrder) => post<Started>(`${at(pipeline)}/runs`, { ...order, wait_seconds: 0 }, { idempotencyKey: crypto.randomUUID() }),
  cancel: (id: string) => del<unknown>(`/runs/${part(id)}`),
  retry: (id: string) => post<Started>(`/pipelines/runs/${part(id)}/retry`, { wait_seconds: 0 }, { idempotencyKey: crypto.randomUUID() }),
  /** Where a run tells how it goes, as server-sent events. */
  events: (id: string) => `/api/v1/pipelines/runs/${part(id)}/events`,
};
