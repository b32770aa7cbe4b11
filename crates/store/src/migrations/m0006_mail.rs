//! Mail: letters that wait to be sent.

use super::Migration;

pub(crate) const MIGRATION: Migration = Migration {
    name: "0006_mail",
    common: &[
        // What to say is sealed before it comes here, and goes when the letter is sent or given up.
        "CREATE TABLE mails (id TEXT PRIMARY KEY, workspace_id TEXT, kind TEXT NOT NULL, recipient TEXT NOT NULL, sealed TEXT, state TEXT NOT NULL, attempts BIGINT NOT NULL, due_at BIGINT NOT NULL, expires_at BIGINT NOT NULL, problem TEXT, created_at BIGINT NOT NULL, ended_at BIGINT)",
        "CREATE INDEX mails_due ON mails (due_at) WHERE state = 'waiting'",
        "CREATE INDEX mails_workspace ON mails (workspace_id, created_at) WHERE workspace_id IS NOT NULL",
    ],
    sqlite: &[],
    postgres: &[],
};
