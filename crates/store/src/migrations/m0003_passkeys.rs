//! Passkeys, and when a person last proved who they are.

use super::Migration;

pub(crate) const MIGRATION: Migration = Migration {
    name: "0003_passkeys",
    common: &[
        "CREATE TABLE passkeys (id TEXT PRIMARY KEY, user_id TEXT NOT NULL REFERENCES users(id), credential_id TEXT NOT NULL UNIQUE, public_key TEXT NOT NULL, name TEXT NOT NULL, transports TEXT NOT NULL, sign_count BIGINT NOT NULL, is_backup_eligible BIGINT NOT NULL, is_backed_up BIGINT NOT NULL, created_at BIGINT NOT NULL, last_used_at BIGINT)",
        "CREATE INDEX passkeys_user ON passkeys (user_id)",
        // Challenges that were answered: SHA-256, hex. What nobody answered leaves no row.
        "CREATE TABLE passkey_challenges (hash TEXT PRIMARY KEY, expires_at BIGINT NOT NULL)",
        // The sessions that exist have proved nothing lately.
        "ALTER TABLE sessions ADD COLUMN proved_at BIGINT NOT NULL DEFAULT 0",
    ],
    sqlite: &[],
    postgres: &[],
};
