import { del, get, part, post } from './client';
import type { ApiKey, ConnectedApp, Members, NewInvite, NewKey, Role, Workspace } from './types';

export const workspace = {
  create: (name: string) => post<Workspace>('/workspaces', { name }),
  rename: (name: string) => post<unknown>('/workspace', { name }),
  leave: () => post<unknown>('/workspace/leave'),
  transfer: (user_id: string) => post<unknown>('/workspace/transfer', { user_id }),
  members: () => get<Members>('/members'),
  setRole: (userId: string, role: Role) => post<unknown>(`/members/${part(userId)}`, { role }),
  removeMember: (userId: string) => del<unknown>(`/members/${part(userId)}`),
  invite: (body: { email?: string; role: Role; expires_in_days?: number }) => post<NewInvite>('/invites', body),
  withdrawInvite: (id: string) => del<unknown>(`/invites/${part(id)}`),
  keys: () => get<{ keys: ApiKey[] }>('/keys'),
  createKey: (body: { name: string; scopes?: string[]; expires_in_days?: number; balance?: string }) =>
    post<NewKey>('/keys', body),
  revokeKey: (id: string) => del<unknown>(`/keys/${part(id)}`),
  apps: () => get<{ apps: ConnectedApp[] }>('/apps'),
  disconnect: (id: string) => del<unknown>(`/apps/${part(id)}`),
};

/** What each scope allows, in words for people. */
export const SCOPES: Record<string, string> = {
  'assets:read': 'See your files and collections',
  'assets:write': 'Upload files, make and change collections',
  generate: 'Edit and generate, which spends credits',
  'models:read': 'See which models there are',
  jobs: 'See and cancel jobs',
  'account:read': 'See balances and usage',
  share: 'Make and change public share links',
};
