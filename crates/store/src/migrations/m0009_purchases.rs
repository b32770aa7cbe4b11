//! A purchase remembers whose key bought it, what it may cost, and when the vendor last told us of it.

use super::Migration;

pub(crate) const MIGRATION: Migration = Migration {
    name: "0009_purchases",
    common: &[
        "ALTER TABLE purchases ADD COLUMN key_id TEXT",
        // Micro-credits of the server's own account; 0 where a workspace pays the vendor itself.
        "ALTER TABLE purchases ADD COLUMN cost BIGINT NOT NULL DEFAULT 0",
        "ALTER TABLE purchases ADD COLUMN told_at BIGINT",
        // A key that was replaced is kept for a while: tasks that it bought are asked about with it.
        "CREATE TABLE replaced_provider_keys (id TEXT PRIMARY KEY, workspace_id TEXT NOT NULL, provider TEXT NOT NULL, sealed TEXT NOT NULL, tail TEXT NOT NULL, base_url TEXT, created_by TEXT, created_at BIGINT NOT NULL, checked_at BIGINT, verdict TEXT, replaced_at BIGINT NOT NULL)",
        "CREATE INDEX replaced_provider_keys_place ON replaced_provider_keys (workspace_id, provider)",
    ],
    sqlite: &[],
    postgres: &[],
};
