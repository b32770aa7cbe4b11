//! The studio's memory: one file per aggregate, over SQLite or PostgreSQL, and the blobs. This is
//! the only crate that knows SQL.

mod answers;
mod assets;
mod audit;
mod blobs;
mod callbacks;
mod collections;
mod columns;
mod connection;
mod invites;
mod jobs;
mod keys;
mod ledger;
mod mails;
mod migrations;
mod oauth;
mod page;
mod passkeys;
mod payments;
mod pipelines;
mod provider_keys;
mod purchases;
mod runs;
mod sessions;
mod shares;
mod together;
mod uploads;
mod users;
mod workspaces;

use aquatint_domain::{Problem, Timestamp};

pub use answers::{Answers, Earlier};
pub use assets::{AssetFilter, Assets};
pub use audit::{Audit, AuditFilter, AuditRow};
pub use blobs::{Blobs, Swept};
pub use callbacks::{Callbacks, ClaimedCallback, NewCallback};
pub use collections::{Collection, Collections, NewCollection};
pub use connection::DatabaseKind;
pub use invites::{Guest, Invite, Invites, Taken};
pub use jobs::{
    Beat, Cancelled, Claim, Finish, Idempotency, JobFilter, Jobs, Lease, NewJob, QueueCounts, Requeued, RunningJob,
    Submission, Submitted,
};
pub use keys::{ApiKey, Keys, NewKey};
pub use ledger::{Balances, Books, Funds, Ledger, UsageBy, UsageFilter, UsageRow, UsageTotal};
pub use mails::{ClaimedMail, Mail, MailCounts, MailState, Mails, NewMail};
pub use oauth::{Grant, Oauth, OauthClient, OauthCode, OauthToken, OauthTokenKind};
pub use page::Page;
pub use passkeys::{NewPasskey, Passkey, Passkeys, Removal};
pub use payments::{
    Facts, NewOrder, Order, OrderKind, OrderState, PaidEvent, Payments, PlanTerms, Recorded, Refund, Standing,
    Subscription, SubscriptionFacts, Synced, TakenBack,
};
pub use pipelines::{Pipeline, PipelineChange, PipelineVersion, Pipelines};
pub use provider_keys::{ProviderKey, ProviderKeys};
pub use purchases::{Buying, Purchase, PurchaseRow, Purchases};
pub use runs::{Run, RunKey, Runs, Step};
pub use sessions::{Session, Sessions, Ticket};
pub use shares::{Share, ShareKey, Shares};
pub use uploads::{NewUpload, Upload, Uploads};
pub use users::{Member, Membership, NewUser, Totp, User, Users};
pub use workspaces::{NewWorkspace, Workspace, Workspaces};

use connection::Connections;

/// How long an upload URL that nobody used can still say that it is past its time.
const UNUSED_UPLOADS_MS: i64 = 7 * DAY_MS;
/// How long a client that registered itself, and that nobody allows in, is kept.
const UNUSED_CLIENTS_MS: i64 = 30 * DAY_MS;
/// How long the result of a pipeline's node may be used again.
const RESULTS_MS: i64 = 90 * DAY_MS;
/// How long the ids of payment events are kept; a provider sends an event again for a month at most.
const PAYMENT_EVENTS_MS: i64 = 90 * DAY_MS;
/// How long it can be seen what became of a letter.
const ENDED_MAILS_MS: i64 = 30 * DAY_MS;
/// How long an address is kept for work of which it was to be told: longer than any job lives.
const OLD_CALLBACKS_MS: i64 = 90 * DAY_MS;
/// How long what was bought is remembered: longer than any job lives.
const OLD_PURCHASES_MS: i64 = 90 * DAY_MS;
const DAY_MS: i64 = 24 * 3_600 * 1_000;

/// The database behind everything.
#[derive(Clone)]
pub struct Store {
    connections: Connections,
}

impl Store {
    /// Opens `sqlite://PATH` (made if missing) or `postgres://…` and brings the schema up to date.
    pub async fn open(url: &str, now: Timestamp) -> Result<Self, Problem> {
        let connections = Connections::open(url).await?;
        migrations::migrate(&connections, now).await?;
        Ok(Self { connections })
    }

    pub fn kind(&self) -> DatabaseKind {
        self.connections.kind
    }

    /// Whether the database answers.
    pub async fn ping(&self) -> Result<(), Problem> {
        connection::row(self.connections.read(), "SELECT 1 AS one", vec![])
            .await
            .map(|_| ())
    }

    /// Removes what has outlived its use: idempotency keys past their time, upload URLs that nobody used in a week,
    /// set-up links. Says how many rows went.
    pub async fn tidy(&self, now: Timestamp) -> Result<u64, Problem> {
        let now = now.as_millisecond();
        let tx = self.connections.begin().await?;
        let mut removed = 0;
        for (sql, before) in [
            ("DELETE FROM idempotency WHERE expires_at <= $1", now),
            (
                "DELETE FROM uploads WHERE state <> 'used' AND expires_at <= $1",
                now - UNUSED_UPLOADS_MS,
            ),
            ("DELETE FROM answers WHERE expires_at <= $1", now),
            ("DELETE FROM setup_tokens WHERE expires_at <= $1", now),
            ("DELETE FROM purchases WHERE begun_at <= $1", now - OLD_PURCHASES_MS),
            // No task takes so long.
            (
                "DELETE FROM replaced_provider_keys WHERE replaced_at <= $1",
                now - DAY_MS,
            ),
            ("DELETE FROM sessions WHERE expires_at <= $1", now),
            ("DELETE FROM tickets WHERE expires_at <= $1", now),
            ("DELETE FROM passkey_challenges WHERE expires_at <= $1", now),
            ("DELETE FROM invites WHERE expires_at <= $1", now),
            // That an order is granted once does not hang on these: they save the work of looking.
            (
                "DELETE FROM payment_events WHERE received_at <= $1",
                now - PAYMENT_EVENTS_MS,
            ),
            ("DELETE FROM callbacks WHERE created_at <= $1", now - OLD_CALLBACKS_MS),
            ("DELETE FROM mails WHERE ended_at <= $1", now - ENDED_MAILS_MS),
            // Codes and tokens stay known a while after their end, so that a second use is told from nonsense.
            ("DELETE FROM oauth_codes WHERE expires_at <= $1", now - DAY_MS),
            ("DELETE FROM oauth_tokens WHERE expires_at <= $1", now - DAY_MS),
            (
                "DELETE FROM grants WHERE created_at <= $1 AND NOT EXISTS (SELECT 1 FROM oauth_tokens WHERE grant_id = grants.id) AND NOT EXISTS (SELECT 1 FROM oauth_codes WHERE grant_id = grants.id)",
                now - DAY_MS,
            ),
            ("DELETE FROM node_cache WHERE created_at <= $1", now - RESULTS_MS),
            (
                "DELETE FROM oauth_clients WHERE last_used_at <= $1 AND NOT EXISTS (SELECT 1 FROM grants WHERE client_id = oauth_clients.id AND revoked_at IS NULL)",
                now - UNUSED_CLIENTS_MS,
            ),
        ] {
            removed += connection::execute(&tx, sql, vec![before.into()]).await?;
        }
        tx.commit().await.map_err(connection::broken)?;
        Ok(removed)
    }

    pub async fn close(&self) {
        self.connections.close().await;
    }

    pub fn workspaces(&self) -> Workspaces<'_> {
        Workspaces(&self.connections)
    }

    pub fn users(&self) -> Users<'_> {
        Users(&self.connections)
    }

    pub fn sessions(&self) -> Sessions<'_> {
        Sessions(&self.connections)
    }

    pub fn passkeys(&self) -> Passkeys<'_> {
        Passkeys(&self.connections)
    }

    pub fn invites(&self) -> Invites<'_> {
        Invites(&self.connections)
    }

    pub fn callbacks(&self) -> Callbacks<'_> {
        Callbacks(&self.connections)
    }

    pub fn mails(&self) -> Mails<'_> {
        Mails(&self.connections)
    }

    pub fn oauth(&self) -> Oauth<'_> {
        Oauth(&self.connections)
    }

    pub fn shares(&self) -> Shares<'_> {
        Shares(&self.connections)
    }

    pub fn keys(&self) -> Keys<'_> {
        Keys(&self.connections)
    }

    pub fn assets(&self) -> Assets<'_> {
        Assets(&self.connections)
    }

    pub fn collections(&self) -> Collections<'_> {
        Collections(&self.connections)
    }

    pub fn pipelines(&self) -> Pipelines<'_> {
        Pipelines(&self.connections)
    }

    pub fn runs(&self) -> Runs<'_> {
        Runs(&self.connections)
    }

    pub fn uploads(&self) -> Uploads<'_> {
        Uploads(&self.connections)
    }

    pub fn jobs(&self) -> Jobs<'_> {
        Jobs(&self.connections)
    }

    pub fn answers(&self) -> Answers<'_> {
        Answers(&self.connections)
    }

    pub fn ledger(&self) -> Ledger<'_> {
        Ledger(&self.connections)
    }

    pub fn payments(&self) -> Payments<'_> {
        Payments(&self.connections)
    }

    pub fn provider_keys(&self) -> ProviderKeys<'_> {
        ProviderKeys(&self.connections)
    }

    pub fn purchases(&self) -> Purchases<'_> {
        Purchases(&self.connections)
    }

    pub fn audit(&self) -> Audit<'_> {
        Audit(&self.connections)
    }
}
