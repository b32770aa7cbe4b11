//! The chore that empties the outbox. Several nodes may do it at once: a letter is claimed for a while, and a claim that ran out
//! is taken over. So a letter goes out at least once, and twice only where a node ends between the server's answer and our note of it.

use std::time::Duration;

use aquatint_domain::{Problem, text};
use aquatint_store::ClaimedMail;
use futures::future::join_all;

use super::letter::Words;
use super::{Occasion, Post};
use crate::people::later;
use crate::studio::Studio;

/// How often the outbox is looked at without being told.
const EVERY: Duration = Duration::from_secs(5);
/// Letters on their way at the same time.
const LANES: usize = 4;
/// Longer than a letter may take at the door.
const CLAIM: Duration = Duration::from_secs(5 * 60);
/// Seconds until the next try, after the first failure, the second, and so on; the last one repeats.
const PAUSES_S: [u64; 8] = [5, 30, 120, 600, 1_800, 3_600, 7_200, 14_400];

impl Studio {
    /// Sends what lies in the outbox, for ever.
    pub(crate) async fn send_mail(&self) {
        let Some(post) = self.post() else {
            return std::future::pending().await;
        };
        join_all((0..LANES).map(|_| self.keep_sending(post))).await;
    }

    /// One lane. A letter that a slow server takes long over holds up this one alone.
    async fn keep_sending(&self, post: &Post) {
        loop {
            self.empty_outbox(post).await;
            tokio::select! {
                () = post.wake.notified() => {}
                () = tokio::time::sleep(EVERY) => {}
            }
        }
    }

    async fn empty_outbox(&self, post: &Post) {
        loop {
            let claimed = self.store().mails().claim(self.now(), later(self.now(), CLAIM)).await;
            let claim = match claimed {
                Ok(Some(claim)) => claim,
                Ok(None) => return,
                Err(problem) => {
                    tracing::warn!(?problem, "the outbox cannot be read");
                    return;
                }
            };
            if let Err(problem) = self.deliver(post, &claim).await {
                // The claim runs out, and then it is tried again.
                tracing::warn!(?problem, mail = %claim.id, "a letter could not be dealt with");
            }
        }
    }

    async fn deliver(&self, post: &Post, claim: &ClaimedMail) -> Result<(), Problem> {
        let mails = self.store().mails();
        let opened = self.signer().open_sealed(claim.id.as_str(), &claim.sealed);
        let occasion = opened.and_then(|body| serde_json::from_slice::<Occasion>(&body).ok());
        let Some(occasion) = occasion else {
            tracing::warn!(mail = %claim.id, "a letter was sealed with a secret that is gone");
            mails
                .give_up(claim, "it was sealed with a secret that is gone", self.now())
                .await?;
            return Ok(());
        };
        let Some(words) = self.words(&occasion, &claim.recipient).await? else {
            return mails.discard(claim).await;
        };
        let now = self.now();
        let letter = words.to_letter(claim.id.as_str(), &claim.recipient, now)?;
        let Err(not_sent) = post.door.send(letter).await else {
            mails.sent(claim, self.now()).await?;
            tracing::info!(mail = %claim.id, kind = claim.kind, attempts = claim.attempts, "a letter was sent");
            return Ok(());
        };
        // What the server says may name the recipient, who is nobody's business in a log; the row keeps it for the operator.
        let pause = PAUSES_S[(claim.attempts.max(1) as usize - 1).min(PAUSES_S.len() - 1)];
        let next = later(self.now(), Duration::from_secs(pause));
        if not_sent.is_final || next >= claim.expires_at {
            tracing::error!(mail = %claim.id, kind = claim.kind, attempts = claim.attempts, "a letter was given up; `aquatint mail list` says why");
            mails.give_up(claim, &not_sent.why, self.now()).await?;
        } else {
            tracing::warn!(mail = %claim.id, kind = claim.kind, attempts = claim.attempts, "a letter did not leave and is tried again");
            mails.retry(claim, &not_sent.why, next).await?;
        }
        Ok(())
    }

    /// What to say; `None` where there is nothing to say any more.
    async fn words(&self, occasion: &Occasion, to: &str) -> Result<Option<Words>, Problem> {
        let home = self.public_url();
        Ok(match occasion {
            Occasion::Invitation { secret } => {
                let Some(invitation) = self.invitation(secret).await? else {
                    return Ok(None);
                };
                let by = match &invitation.invite.created_by {
                    Some(user) => self.store().users().get(user).await?,
                    None => None,
                };
                Some(Words::invitation(
                    &home,
                    &invitation.workspace.name,
                    invitation.invite.role.as_str(),
                    by.as_ref().map(|user| user.name.as_str()),
                    format!("{home}/invite/{secret}"),
                    invitation.invite.expires_at,
                ))
            }
            Occasion::NewPassword => {
                let user = self.store().users().by_email(&text::one_line(to, 200)).await?;
                let Some(user) = user.filter(|user| user.disabled_at.is_none()) else {
                    return Ok(None);
                };
                let (secret, until) = self.mint_reset(&user.id).await?;
                Some(Words::new_password(
                    &home,
                    format!("{home}/reset/{}", secret.reveal()),
                    until,
                ))
            }
            Occasion::PasswordChanged { at } => Some(Words::password_changed(&home, *at)),
            Occasion::SecondStepOff { at } => Some(Words::second_step_off(&home, *at)),
            Occasion::ProviderLinked { title, at } => Some(Words::provider_linked(&home, title, *at)),
        })
    }
}
