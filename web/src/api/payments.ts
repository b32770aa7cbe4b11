/** What is for sale, and what was bought. Paying happens on the payment provider's own pages. */
import { get, part, post, type Query } from './client';
import type { Order, Orders, Shop } from './types';

export const payments = {
  shop: () => get<Shop>('/payments'),
  buy: (price: string) => post<{ order_id: string; url: string }>('/payments/checkout', { price }),
  portal: () => post<{ url: string }>('/payments/portal'),
  orders: (query: Query) => get<Orders>('/payments/orders', query),
  order: (id: string) => get<Order>(`/payments/orders/${part(id)}`),
  receipt: (id: string) => get<{ url: string }>(`/payments/orders/${part(id)}/receipt`),
};
