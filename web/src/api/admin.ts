/** What only operators may ask. */
import { get, part, post, type Query } from './client';
import type { AdminUser, AdminWorkspace, AuditRow, Overview, Page, PlanView } from './types';

export const admin = {
  overview: () => get<Overview>('/admin/overview'),
  users: (query: Query) => get<{ users: AdminUser[] } & Page>('/admin/users', query),
  changeUser: (id: string, change: { disabled?: boolean; is_operator?: boolean }) =>
    post<unknown>(`/admin/users/${part(id)}`, change),
  resetPassword: (id: string) => post<{ url: string; expires_at: string }>(`/admin/users/${part(id)}/reset`),
  workspaces: (query: Query) => get<{ workspaces: AdminWorkspace[] } & Page>('/admin/workspaces', query),
  setPlan: (id: string, plan: string) => post<unknown>(`/admin/workspaces/${part(id)}`, { plan }),
  grant: (id: string, body: { balance: string; credits: number; memo: string }) =>
    post<unknown>(`/admin/workspaces/${part(id)}/credits`, body),
  audit: (query: Query) => get<{ rows: AuditRow[] } & Page>('/admin/audit', query),
  plans: () => get<{ plans: PlanView[]; default_plan: string }>('/admin/plans'),
};
