//! The operator reads the audit log of everybody, the newest first.

use super::Migration;

pub(crate) const MIGRATION: Migration = Migration {
    name: "0007_audit",
    common: &["CREATE INDEX audit_at ON audit_log (at)"],
    sqlite: &[],
    postgres: &[],
};
