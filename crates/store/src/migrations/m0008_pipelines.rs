//! Pipelines, their versions, and their runs.

use super::Migration;

pub(crate) const MIGRATION: Migration = Migration {
    name: "0008_pipelines",
    common: &[
        // `app` holds what it is published as, or nothing.
        "CREATE TABLE pipelines (id TEXT PRIMARY KEY, workspace_id TEXT NOT NULL REFERENCES workspaces(id), name TEXT NOT NULL, description TEXT NOT NULL, version BIGINT NOT NULL, app TEXT, created_by TEXT, created_at BIGINT NOT NULL, updated_at BIGINT NOT NULL, deleted_at BIGINT)",
        "CREATE INDEX pipelines_workspace ON pipelines (workspace_id, id)",
        // A version never changes.
        "CREATE TABLE pipeline_versions (pipeline_id TEXT NOT NULL REFERENCES pipelines(id), version BIGINT NOT NULL, graph TEXT NOT NULL, created_by TEXT, created_at BIGINT NOT NULL, PRIMARY KEY (pipeline_id, version))",
        "CREATE TABLE runs (id TEXT PRIMARY KEY, workspace_id TEXT NOT NULL REFERENCES workspaces(id), pipeline_id TEXT NOT NULL REFERENCES pipelines(id), version BIGINT NOT NULL, group_id TEXT NOT NULL, position BIGINT NOT NULL, state TEXT NOT NULL, inputs TEXT NOT NULL, outputs TEXT, user_id TEXT, key_id TEXT, balance TEXT NOT NULL, collection_id TEXT, uses_cache BIGINT NOT NULL, idem_key TEXT, request_hash TEXT, price BIGINT NOT NULL, charged BIGINT NOT NULL, problem TEXT, created_at BIGINT NOT NULL, finished_at BIGINT)",
        "CREATE INDEX runs_workspace ON runs (workspace_id, id)",
        "CREATE INDEX runs_pipeline ON runs (pipeline_id, id)",
        "CREATE INDEX runs_group ON runs (group_id, position)",
        "CREATE INDEX runs_open ON runs (state) WHERE finished_at IS NULL",
        "CREATE UNIQUE INDEX runs_idempotency ON runs (workspace_id, idem_key, position) WHERE idem_key IS NOT NULL",
        "CREATE TABLE run_steps (run_id TEXT NOT NULL REFERENCES runs(id), node TEXT NOT NULL, item BIGINT NOT NULL, state TEXT NOT NULL, job_id TEXT, cache_key TEXT, outputs TEXT NOT NULL, problem TEXT, charged BIGINT NOT NULL, is_cached BIGINT NOT NULL, started_at BIGINT NOT NULL, finished_at BIGINT, PRIMARY KEY (run_id, node, item))",
        "CREATE INDEX run_steps_job ON run_steps (job_id) WHERE job_id IS NOT NULL",
        "CREATE TABLE node_cache (workspace_id TEXT NOT NULL, cache_key TEXT NOT NULL, outputs TEXT NOT NULL, created_at BIGINT NOT NULL, PRIMARY KEY (workspace_id, cache_key))",
    ],
    sqlite: &[],
    postgres: &[],
};
