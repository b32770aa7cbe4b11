/** The person, their sessions, and what the workspace spent. */
import { del, get, part, post, type Query } from './client';
import type { Balances, Me, SessionView, Usage } from './types';

export const me = {
  get: () => get<Me>('/me'),
  rename: (name: string) => post<unknown>('/me', { name }),
  password: (body: { current_password?: string; new_password: string }) => post<unknown>('/me/password', body),
  enter: (workspace_id: string) => post<unknown>('/me/workspace', { workspace_id }),
  startIn: (workspace_id: string) => post<unknown>('/me/default-workspace', { workspace_id }),
  sessions: () => get<{ sessions: SessionView[] }>('/me/sessions'),
  endSession: (id: string) => del<unknown>(`/me/sessions/${part(id)}`),
  endOtherSessions: () => del<unknown>('/me/sessions'),
  totp: () => post<{ secret: string; uri: string; qr_svg: string }>('/me/totp'),
  confirmTotp: (code: string) => post<{ recovery_codes: string[] }>('/me/totp/confirm', { code }),
  disableTotp: (password?: string) => post<unknown>('/me/totp/disable', password === undefined ? {} : { password }),
};

export const account = {
  credits: () => get<Balances>('/account/credits'),
  usage: (query: Query) => get<Usage>('/account/usage', query),
};
