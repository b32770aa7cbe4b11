//! What nodes of pipelines need that act on the world: share links that are made once, secrets that sign what is sent, and
//! under whose permission a run goes on.

use super::Migration;

pub(crate) const MIGRATION: Migration = Migration {
    name: "0011_nodes",
    common: &[
        "ALTER TABLE shares ADD COLUMN idem_key TEXT",
        "ALTER TABLE shares ADD COLUMN request_hash TEXT",
        "CREATE UNIQUE INDEX shares_idempotency ON shares (workspace_id, idem_key) WHERE idem_key IS NOT NULL",
        // Which of its secrets for webhooks a workspace uses; the secret itself is derived.
        "ALTER TABLE workspaces ADD COLUMN webhook_secret BIGINT NOT NULL DEFAULT 0",
        "ALTER TABLE runs ADD COLUMN grant_id TEXT",
    ],
    sqlite: &[],
    postgres: &[],
};
