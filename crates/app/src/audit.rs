//! The audit log's way to the store: rows are collected for a moment and written together, so that a
//! call does not wait for the disk. A full channel waits rather than loses.

use std::sync::Arc;
use std::time::Duration;

use aquatint_domain::{GrantId, RequestId, UserId, WorkspaceId};
use aquatint_store::{AuditRow, Store};
use tokio::sync::{Notify, mpsc, oneshot};

use crate::studio::Studio;

/// Rows that may wait in memory.
const BACKLOG: usize = 8_192;
/// Rows written in one transaction.
const BATCH: usize = 512;
/// How long a row waits for company.
const LINGER: Duration = Duration::from_millis(250);

enum Message {
    Row(Box<AuditRow>),
    Flush(oneshot::Sender<()>),
}

/// What happened at a door where there is no caller yet: signing in, answering an app, following a link.
#[derive(Default)]
pub(crate) struct Deed<'a> {
    /// Such as `session.open`.
    pub action: &'static str,
    /// Who it was, or would have been.
    pub user: Option<&'a UserId>,
    pub workspace: Option<&'a WorkspaceId>,
    pub address: Option<&'a str>,
    /// The id of what was acted on.
    pub target: Option<&'a str>,
}

impl Studio {
    /// Writes down what happened. `outcome` is `ok` or an error code.
    pub(crate) fn note(&self, deed: &Deed<'_>, outcome: &str) {
        let now = self.now();
        self.audit().record(AuditRow {
            at: now,
            workspace: deed.workspace.cloned(),
            user: deed.user.cloned(),
            key: None,
            request: RequestId::generate(now),
            action: deed.action.to_owned(),
            outcome: outcome.to_owned(),
            address: deed.address.filter(|address| !address.is_empty()).map(str::to_owned),
            target: deed.target.map(str::to_owned),
        });
    }

    /// Writes down what became of a grant.
    pub(crate) fn note_grant(&self, action: &'static str, grant: &GrantId, user: Option<&UserId>, outcome: &str) {
        let deed = Deed {
            action,
            user,
            target: Some(grant.as_str()),
            ..Deed::default()
        };
        self.note(&deed, outcome);
    }
}

/// Where audit rows are handed in.
pub struct Audit {
    rows: mpsc::Sender<Message>,
    /// Somebody waits for what is collected.
    hurry: Arc<Notify>,
}

impl Audit {
    pub(crate) fn start(store: Store) -> Self {
        let (rows, receiver) = mpsc::channel(BACKLOG);
        let hurry = Arc::<Notify>::default();
        tokio::spawn(write(store, receiver, hurry.clone()));
        Self { rows, hurry }
    }

    /// Hands in a row without waiting for the disk.
    pub fn record(&self, row: AuditRow) {
        if let Err(mpsc::error::TrySendError::Full(message)) = self.rows.try_send(Message::Row(Box::new(row))) {
            // The disk is slower than the callers: this row waits on its own.
            let sender = self.rows.clone();
            tokio::spawn(async move { sender.send(message).await });
        }
    }

    /// Waits until everything handed in so far is written.
    pub async fn flush(&self) {
        let (done, written) = oneshot::channel();
        if self.rows.send(Message::Flush(done)).await.is_ok() {
            self.hurry.notify_one();
            // An error means that the writer is gone, and with it the rows.
            let _ = written.await;
        }
    }
}

async fn write(store: Store, mut receiver: mpsc::Receiver<Message>, hurry: Arc<Notify>) {
    let mut messages = Vec::with_capacity(BATCH);
    loop {
        if receiver.recv_many(&mut messages, BATCH).await == 0 {
            return;
        }
        if messages.len() < BATCH && !messages.iter().any(|message| matches!(message, Message::Flush(_))) {
            // Only the time that it takes matters, not which of the two it was.
            let _ = tokio::time::timeout(LINGER, hurry.notified()).await;
            while messages.len() < BATCH {
                match receiver.try_recv() {
                    Ok(message) => messages.push(message),
                    Err(_) => break,
                }
            }
        }
        let mut rows = Vec::with_capacity(messages.len());
        let mut waiting = Vec::new();
        for message in messages.drain(..) {
            match message {
                Message::Row(row) => rows.push(*row),
                Message::Flush(done) => waiting.push(done),
            }
        }
        if !rows.is_empty()
            && let Err(problem) = store.audit().append(&rows).await
        {
            tracing::error!(?problem, rows = rows.len(), "audit rows could not be written");
        }
        for done in waiting {
            // Whoever asked may be gone.
            let _ = done.send(());
        }
    }
}
