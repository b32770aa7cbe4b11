//! What runs are told about and by whom they are moved on.

use super::Migration;

pub(crate) const MIGRATION: Migration = Migration {
    name: "0012_runs",
    common: &[
        // The node that a part of the graph was run for; the run whose work it took over.
        "ALTER TABLE runs ADD COLUMN until_node TEXT",
        "ALTER TABLE runs ADD COLUMN retry_of TEXT",
        "ALTER TABLE runs ADD COLUMN started_at BIGINT",
        // Which process moves it on, and until when nobody else does.
        "ALTER TABLE runs ADD COLUMN conductor TEXT",
        "ALTER TABLE runs ADD COLUMN conducted_until BIGINT",
        "CREATE INDEX run_steps_running ON run_steps (run_id, job_id) WHERE state = 'running'",
    ],
    sqlite: &[],
    postgres: &[],
};
