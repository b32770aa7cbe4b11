//! Chores of a serving process: saves counters, sends mail, makes callbacks, and takes away what has outlived its use.

use std::time::Duration;

use crate::callbacks::Wording;
use crate::studio::Studio;

const EVERY: Duration = Duration::from_secs(10);
/// Rounds between two tidyings (six hours), and the round of the first (ten minutes after the start).
const TIDY_ROUNDS: u64 = 2_160;
const FIRST_TIDY_ROUND: u64 = 60;
/// Rounds between two looks for plans that were not paid for (ten minutes).
const GRACE_ROUNDS: u64 = 60;
/// Bytes that no asset names are kept this long: their job may be tried again.
const ORPHANS_KEPT: Duration = Duration::from_secs(24 * 3_600);

impl Studio {
    /// Starts the chores; they end when the task is aborted. `wording` says how callbacks tell of ended work.
    pub fn spawn_chores(&self, wording: Wording) -> tokio::task::JoinHandle<()> {
        let studio = self.clone();
        tokio::spawn(async move {
            tokio::join!(studio.keep_house(), studio.send_mail(), studio.make_callbacks(wording));
        })
    }

    async fn keep_house(&self) {
        let mut rounds: u64 = 0;
        loop {
            tokio::time::sleep(EVERY).await;
            rounds += 1;
            if let Err(problem) = self.save_rates().await {
                tracing::warn!(?problem, "could not save the request counts of the day");
            }
            self.save_key_uses().await;
            if rounds % GRACE_ROUNDS == 1
                && let Err(problem) = self.end_grace().await
            {
                tracing::warn!(?problem, "could not end plans that were not paid for");
            }
            if rounds % TIDY_ROUNDS == FIRST_TIDY_ROUND {
                self.tidy().await;
            }
        }
    }

    /// Rows past their time, and bytes of work that was cut off.
    async fn tidy(&self) {
        match self.store().tidy(self.now()).await {
            Ok(removed) => tracing::debug!(removed, "tidied the database"),
            Err(problem) => tracing::warn!(?problem, "could not tidy the database"),
        }
        let trash = Duration::from_secs(u64::from(self.settings().trash_days) * 24 * 3_600);
        match self.store().assets().purge_before(self.now() - trash).await {
            Ok(purged) => tracing::debug!(purged, "emptied the trash of what was long in it"),
            Err(problem) => tracing::warn!(?problem, "could not empty the trash"),
        }
        match self
            .blobs()
            .sweep(self.now() - ORPHANS_KEPT, &self.store().assets())
            .await
        {
            Ok(swept) => tracing::debug!(?swept, "swept the blobs"),
            Err(problem) => tracing::warn!(?problem, "could not sweep the blobs"),
        }
    }
}
