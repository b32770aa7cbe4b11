import { del, get, part, post, type Query } from './client';
import type {
  Asset, AssetDetails, Assets, Collection, CollectionDetails, Collections, Facets, Page, TrashedAsset, UploadTicket,
} from './types';

export const assets = {
  list: (query: Query, signal?: AbortSignal) => get<Assets>('/assets', query, signal),
  search: (query: Query, signal?: AbortSignal) => get<Assets>('/assets/search', query, signal),
  get: (id: string, signal?: AbortSignal) => get<AssetDetails>(`/assets/${part(id)}`, undefined, signal),
  facets: () => get<Facets>('/assets/facets'),
  change: (id: string, change: { title?: string; tags?: string[] }) => post<Asset>(`/assets/${part(id)}`, change),
  trash: (asset_ids: string[]) => post<{ asset_ids: string[]; count: number; purge_at: string }>('/assets/trash', { asset_ids }),
  restore: (asset_ids: string[]) => post<{ asset_ids: string[]; count: number }>('/assets/restore', { asset_ids }),
  purge: (asset_ids: string[]) => post<{ asset_ids: string[]; count: number }>('/assets/purge', { asset_ids }),
  trashed: (query: Query) => get<{ assets: TrashedAsset[] } & Page>('/trash', query),
  uploadUrl: (body: { file_name: string; collection_id?: string }) => post<UploadTicket>('/uploads', body),
};

export const collections = {
  list: (query: Query) => get<Collections>('/collections', query),
  search: (query: Query) => get<Collections>('/collections/search', query),
  get: (id: string, query: Query = {}) => get<CollectionDetails>(`/collections/${part(id)}`, query),
  create: (body: { name: string; description?: string; asset_ids?: string[] }) => post<Collection>('/collections', body),
  change: (id: string, body: { name?: string; description?: string }) => post<Collection>(`/collections/${part(id)}`, body),
  remove: (id: string) => del<unknown>(`/collections/${part(id)}`),
  add: (id: string, asset_ids: string[]) => post<unknown>(`/collections/${part(id)}/assets`, { asset_ids }),
  takeOut: (id: string, asset_ids: string[]) => post<unknown>(`/collections/${part(id)}/remove`, { asset_ids }),
};
