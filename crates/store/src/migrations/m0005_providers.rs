//! Vendors: sealed keys, and what was bought of them.

use super::Migration;

pub(crate) const MIGRATION: Migration = Migration {
    name: "0005_providers",
    common: &[
        // An empty workspace is the server itself. The key is sealed beside the id of its row.
        "CREATE TABLE provider_keys (id TEXT PRIMARY KEY, workspace_id TEXT NOT NULL, provider TEXT NOT NULL, sealed TEXT NOT NULL, tail TEXT NOT NULL, base_url TEXT, created_by TEXT, created_at BIGINT NOT NULL, checked_at BIGINT, verdict TEXT, UNIQUE (workspace_id, provider))",
        // A row is written before a vendor is asked for anything that costs, and tells how far that got.
        "CREATE TABLE purchases (job_id TEXT NOT NULL, number BIGINT NOT NULL, provider TEXT NOT NULL, state TEXT NOT NULL, body TEXT NOT NULL, begun_at BIGINT NOT NULL, changed_at BIGINT NOT NULL, PRIMARY KEY (job_id, number))",
        "CREATE INDEX purchases_begun ON purchases (begun_at)",
    ],
    sqlite: &[],
    postgres: &[],
};
