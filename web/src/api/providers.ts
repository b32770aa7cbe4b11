/** Vendors and the keys that open them. */
import { del, get, part, post } from './client';
import type { Model } from './types';

export interface ProviderKey {
  tail: string;
  base_url?: string;
  created_at: string;
  checked_at?: string;
  /** `ok`, or the code of what the last check found. */
  verdict?: string;
}

export interface Provider {
  provider: string;
  name: string;
  key_form: string;
  key_page: string;
  models: number;
  is_usable: boolean;
  workspace_key?: ProviderKey;
  has_server_key: boolean;
}

export interface KeyChecked {
  account?: string;
  balance?: string;
}

export const providers = {
  list: () => get<{ providers: Provider[] }>('/providers'),
  models: (provider: string) => get<{ models: Model[] }>(`/providers/${part(provider)}/models`),
  putKey: (body: { provider: string; key: string; base_url?: string; server?: boolean }) =>
    post<KeyChecked & { key: ProviderKey }>('/providers', body),
  check: (provider: string) => post<KeyChecked>(`/providers/${part(provider)}/check`),
  remove: (provider: string) => del<unknown>(`/providers/${part(provider)}`),
};
