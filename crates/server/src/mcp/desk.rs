//! The desk at which calls are made, whichever way they came in: through rmcp or by the express lane.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use aquatint_app::operation::{Effects, Progress};
use aquatint_app::toolset::ToolReply;
use aquatint_domain::{Caller, Problem};
use futures::FutureExt;
use rmcp::RoleServer;
use rmcp::model::{ProgressNotificationParam, ProgressToken};
use rmcp::service::Peer;
use serde_json::Value;
use tokio::sync::mpsc;

use super::door::SharedToolbox;
use super::shelf::Shelf;
use super::surface::{Shown, Surface};

/// Signs of progress that may wait for a slow client.
pub(super) const PROGRESS_BACKLOG: usize = 16;

/// A toolbox and the surface that was prepared from it.
pub(super) struct Desk {
    pub toolbox: SharedToolbox,
    pub surface: Surface,
    pub shelf: Option<Arc<dyn Shelf>>,
    /// Whether any of the tools has a page to show its results.
    pub has_pages: bool,
    /// Whether an older client may be told of tools that only pages call.
    pub may_guess: bool,
}

impl Desk {
    pub(super) fn new(toolbox: SharedToolbox) -> Arc<Self> {
        let cards = toolbox.cards();
        let has_pages = cards.iter().any(|card| card.widget.is_some());
        let surface = Surface::new(cards, toolbox.page_cards(), &toolbox.public_url());
        let (shelf, may_guess) = (toolbox.shelf(), toolbox.may_guess());
        Arc::new(Self {
            toolbox,
            surface,
            has_pages,
            may_guess,
            shelf,
        })
    }

    /// Calls a tool. A panic in it is a fault of ours and ends nothing but the call.
    pub(super) async fn call(
        &self,
        caller: &Caller,
        tool: &Shown,
        arguments: Value,
        watcher: Option<Watcher>,
    ) -> Result<ToolReply, Problem> {
        let name = tool.name();
        let Some(watcher) = watcher else {
            if tool.is_patient {
                // Nobody is told, but the tool notices by it when the client goes away.
                let (sender, _receiver) = mpsc::channel(PROGRESS_BACKLOG);
                return self.call_apart(caller, name, arguments, Some(sender)).await;
            }
            return match tool.effects {
                Effects::Reads => self.call_here(caller, name, arguments).await,
                Effects::Writes | Effects::Spends => self.call_apart(caller, name, arguments, None).await,
            };
        };
        let (sender, receiver) = mpsc::channel(PROGRESS_BACKLOG);
        let call = self.call_apart(caller, name, arguments, Some(sender));
        let (outcome, ()) = tokio::join!(call, watcher.tell(receiver));
        outcome
    }

    /// A call that only reads may end with the request.
    async fn call_here(&self, caller: &Caller, tool: &str, arguments: Value) -> Result<ToolReply, Problem> {
        let call = self.toolbox.call(caller, tool, arguments, None);
        let outcome = AssertUnwindSafe(call).catch_unwind().await;
        outcome.unwrap_or_else(|_| Err(panicked(caller, tool)))
    }

    /// A call that changes something runs to its end even when the client goes away: a job is then
    /// made or not made, but never half made, and the audit log has its line.
    pub(super) async fn call_apart(
        &self,
        caller: &Caller,
        tool: &str,
        arguments: Value,
        progress: Option<mpsc::Sender<Progress>>,
    ) -> Result<ToolReply, Problem> {
        let (toolbox, own_caller, own_tool) = (self.toolbox.clone(), caller.clone(), tool.to_owned());
        let call = tokio::spawn(async move { toolbox.call(&own_caller, &own_tool, arguments, progress).await });
        call.await.unwrap_or_else(|_| Err(panicked(caller, tool)))
    }
}

/// The panic itself was printed by the panic hook.
fn panicked(caller: &Caller, tool: &str) -> Problem {
    tracing::error!(request = %caller.request, tool, "a tool call panicked");
    Problem::internal("a tool call panicked")
}

/// Who hears of progress.
pub(super) struct Watcher {
    pub peer: Peer<RoleServer>,
    pub token: ProgressToken,
}

impl Watcher {
    /// Passes progress on until the call drops its end. Progress only ever rises.
    async fn tell(self, mut news: mpsc::Receiver<Progress>) {
        let mut told = -1.0;
        while let Some(Progress { progress, stage }) = news.recv().await {
            if progress <= told {
                continue;
            }
            told = progress;
            let mut note = ProgressNotificationParam::new(self.token.clone(), progress).with_total(1.0);
            if !stage.is_empty() {
                note = note.with_message(stage);
            }
            if self.peer.notify_progress(note).await.is_err() {
                // The client is gone; the call goes on without it.
                return;
            }
        }
    }
}
