import { del, get, part, post, type Query } from './client';
import type { Share, ShareContents, Shares } from './types';

export interface ShareTerms {
  title?: string;
  expires_in_days?: number;
  /** Takes an expiry away. */
  never_expires?: boolean;
  /** Empty takes the password away. */
  password?: string;
  allow_downloads?: boolean;
  revoked?: boolean;
  asset_ids?: string[];
  collection_id?: string;
}

export const shares = {
  list: (query: Query) => get<Shares>('/share_links', query),
  get: (id: string) => get<Share>(`/share_links/${part(id)}`),
  create: (terms: ShareTerms) => post<Share>('/share_links', terms),
  change: (id: string, terms: ShareTerms) => post<Share>(`/share_links/${part(id)}`, terms),
  contents: (id: string, query: Query = {}) => get<ShareContents>(`/share_links/${part(id)}/contents`, query),
  remove: (id: string) => del<unknown>(`/share_links/${part(id)}`),
};
