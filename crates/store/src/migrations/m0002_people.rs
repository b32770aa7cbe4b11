//! People and what they do by hand: sessions, invitations, OAuth, share links, the trash.

use super::Migration;

pub(crate) const MIGRATION: Migration = Migration {
    name: "0002_people",
    common: &[
        "ALTER TABLE users ADD COLUMN is_operator BIGINT NOT NULL DEFAULT 0",
        "ALTER TABLE users ADD COLUMN disabled_at BIGINT",
        "ALTER TABLE users ADD COLUMN last_seen_at BIGINT",
        "ALTER TABLE users ADD COLUMN default_workspace TEXT",
        // A sealed secret, or one that is not confirmed yet; the last time step that was used; hashes of recovery codes.
        "ALTER TABLE users ADD COLUMN totp_secret TEXT",
        "ALTER TABLE users ADD COLUMN totp_pending TEXT",
        "ALTER TABLE users ADD COLUMN totp_step BIGINT NOT NULL DEFAULT 0",
        "ALTER TABLE users ADD COLUMN recovery_codes TEXT NOT NULL DEFAULT '[]'",
        "UPDATE users SET is_operator = 1 WHERE id = (SELECT MIN(id) FROM users)",
        "ALTER TABLE memberships ADD COLUMN joined_at BIGINT NOT NULL DEFAULT 0",
        "CREATE INDEX memberships_user ON memberships (user_id)",
        "CREATE TABLE identities (provider TEXT NOT NULL, subject TEXT NOT NULL, user_id TEXT NOT NULL REFERENCES users(id), created_at BIGINT NOT NULL, PRIMARY KEY (provider, subject))",
        "CREATE TABLE sessions (id TEXT PRIMARY KEY, hash TEXT NOT NULL UNIQUE, user_id TEXT NOT NULL REFERENCES users(id), workspace_id TEXT, user_agent TEXT NOT NULL, address TEXT NOT NULL, created_at BIGINT NOT NULL, last_used_at BIGINT NOT NULL, expires_at BIGINT NOT NULL)",
        "CREATE INDEX sessions_user ON sessions (user_id)",
        "CREATE TABLE tickets (hash TEXT PRIMARY KEY, purpose TEXT NOT NULL, user_id TEXT, body TEXT NOT NULL, expires_at BIGINT NOT NULL)",
        "CREATE TABLE invites (id TEXT PRIMARY KEY, workspace_id TEXT NOT NULL REFERENCES workspaces(id), hash TEXT NOT NULL UNIQUE, email TEXT, role TEXT NOT NULL, created_by TEXT, created_at BIGINT NOT NULL, expires_at BIGINT NOT NULL, used_at BIGINT)",
        "CREATE INDEX invites_workspace ON invites (workspace_id)",
        "CREATE TABLE oauth_clients (id TEXT PRIMARY KEY, name TEXT NOT NULL, redirect_uris TEXT NOT NULL, secret_hash TEXT, created_at BIGINT NOT NULL, last_used_at BIGINT NOT NULL)",
        "CREATE TABLE grants (id TEXT PRIMARY KEY, user_id TEXT NOT NULL REFERENCES users(id), workspace_id TEXT, client_id TEXT NOT NULL, client_name TEXT NOT NULL, redirect_host TEXT NOT NULL, scopes TEXT NOT NULL, created_at BIGINT NOT NULL, last_used_at BIGINT, revoked_at BIGINT)",
        "CREATE INDEX grants_user ON grants (user_id)",
        "CREATE INDEX grants_workspace ON grants (workspace_id)",
        "CREATE TABLE oauth_codes (hash TEXT PRIMARY KEY, grant_id TEXT NOT NULL REFERENCES grants(id), client_id TEXT NOT NULL, redirect_uri TEXT NOT NULL, challenge TEXT NOT NULL, resource TEXT NOT NULL, expires_at BIGINT NOT NULL, used_at BIGINT)",
        "CREATE TABLE oauth_tokens (hash TEXT PRIMARY KEY, grant_id TEXT NOT NULL REFERENCES grants(id), kind TEXT NOT NULL, resource TEXT NOT NULL, scopes TEXT NOT NULL, created_at BIGINT NOT NULL, expires_at BIGINT NOT NULL, replaced_at BIGINT)",
        "CREATE INDEX oauth_tokens_grant ON oauth_tokens (grant_id)",
        "CREATE TABLE shares (id TEXT PRIMARY KEY, workspace_id TEXT NOT NULL REFERENCES workspaces(id), hash TEXT NOT NULL UNIQUE, title TEXT, collection_id TEXT, password_hash TEXT, allow_downloads BIGINT NOT NULL, expires_at BIGINT, revoked_at BIGINT, view_count BIGINT NOT NULL, last_viewed_at BIGINT, created_by TEXT, created_at BIGINT NOT NULL)",
        "CREATE INDEX shares_workspace ON shares (workspace_id, id)",
        "CREATE TABLE share_assets (share_id TEXT NOT NULL REFERENCES shares(id), asset_id TEXT NOT NULL REFERENCES assets(id), position BIGINT NOT NULL, PRIMARY KEY (share_id, asset_id))",
        "CREATE INDEX share_assets_asset ON share_assets (asset_id)",
        "CREATE INDEX collection_assets_asset ON collection_assets (asset_id)",
        "CREATE INDEX asset_parents_asset ON asset_parents (asset_id)",
        "ALTER TABLE assets ADD COLUMN deleted_at BIGINT",
        "ALTER TABLE assets ADD COLUMN deleted_by TEXT",
        "CREATE INDEX assets_deleted ON assets (deleted_at) WHERE deleted_at IS NOT NULL",
    ],
    sqlite: &[
        "CREATE TRIGGER assets_words_change AFTER UPDATE OF words ON assets BEGIN UPDATE asset_words SET words = new.words WHERE asset_id = new.id; END",
        "CREATE TRIGGER assets_words_gone AFTER DELETE ON assets BEGIN DELETE FROM asset_words WHERE asset_id = old.id; END",
    ],
    postgres: &[],
};
