//! Answers: calls that wait for their work, and of which nobody knows whether the client heard the end.

use super::Migration;

pub(crate) const MIGRATION: Migration = Migration {
    name: "0013_answers",
    common: &[
        "CREATE TABLE answers (id TEXT PRIMARY KEY, workspace_id TEXT NOT NULL, fingerprint TEXT NOT NULL, work TEXT, doubtful_at BIGINT NOT NULL, expires_at BIGINT NOT NULL)",
        "CREATE INDEX answers_call ON answers (workspace_id, fingerprint)",
    ],
    sqlite: &[],
    postgres: &[],
};
