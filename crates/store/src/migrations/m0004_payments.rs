//! What workspaces buy: orders, subscriptions, the customers that the payment provider knows them by, and the events that it sent.

use super::Migration;

pub(crate) const MIGRATION: Migration = Migration {
    name: "0004_payments",
    common: &[
        // Money is in minor units of its currency, credits in micro-credits.
        "CREATE TABLE orders (id TEXT PRIMARY KEY, workspace_id TEXT NOT NULL REFERENCES workspaces(id), kind TEXT NOT NULL, title TEXT NOT NULL, price_id TEXT NOT NULL, plan TEXT, plan_units BIGINT NOT NULL, api_credits BIGINT NOT NULL, state TEXT NOT NULL, amount BIGINT, currency TEXT, refunded BIGINT NOT NULL DEFAULT 0, refunded_of BIGINT NOT NULL DEFAULT 0, taken_plan_units BIGINT NOT NULL DEFAULT 0, taken_api BIGINT NOT NULL DEFAULT 0, missing_plan_units BIGINT NOT NULL DEFAULT 0, missing_api BIGINT NOT NULL DEFAULT 0, session_id TEXT UNIQUE, payment_id TEXT, invoice_id TEXT UNIQUE, subscription_id TEXT, created_by TEXT, created_at BIGINT NOT NULL, paid_at BIGINT, granted_at BIGINT)",
        "CREATE INDEX orders_workspace ON orders (workspace_id, id)",
        "CREATE INDEX orders_payment ON orders (payment_id)",
        "CREATE TABLE subscriptions (id TEXT PRIMARY KEY, workspace_id TEXT NOT NULL REFERENCES workspaces(id), order_id TEXT NOT NULL REFERENCES orders(id), plan TEXT NOT NULL, status TEXT NOT NULL, holds_plan BIGINT NOT NULL, cancel_at BIGINT, period_end BIGINT, plan_until BIGINT, updated_at BIGINT NOT NULL)",
        "CREATE INDEX subscriptions_workspace ON subscriptions (workspace_id)",
        "CREATE INDEX subscriptions_until ON subscriptions (plan_until) WHERE plan_until IS NOT NULL",
        "CREATE TABLE payment_customers (workspace_id TEXT PRIMARY KEY REFERENCES workspaces(id), customer TEXT NOT NULL)",
        "CREATE TABLE payment_events (id TEXT PRIMARY KEY, kind TEXT NOT NULL, received_at BIGINT NOT NULL)",
        "CREATE INDEX payment_events_received ON payment_events (received_at)",
        // Who asks the provider last knows best: see `store/src/payments/subscriptions.rs`.
        "CREATE TABLE payment_tickets (subject TEXT PRIMARY KEY, asked BIGINT NOT NULL, applied BIGINT NOT NULL)",
    ],
    sqlite: &[],
    postgres: &[],
};
