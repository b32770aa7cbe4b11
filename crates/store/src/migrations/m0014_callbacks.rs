//! Callbacks: addresses that are told when a job or a run has ended.

use super::Migration;

pub(crate) const MIGRATION: Migration = Migration {
    name: "0014_callbacks",
    common: &[
        "CREATE TABLE callbacks (work TEXT PRIMARY KEY, workspace_id TEXT NOT NULL REFERENCES workspaces(id), service TEXT NOT NULL, url TEXT NOT NULL, state TEXT NOT NULL, attempts BIGINT NOT NULL, due_at BIGINT NOT NULL, problem TEXT, created_at BIGINT NOT NULL, ended_at BIGINT)",
        "CREATE INDEX callbacks_waiting ON callbacks (due_at) WHERE state = 'waiting'",
    ],
    sqlite: &[],
    postgres: &[],
};
