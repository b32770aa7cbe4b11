//! Letters to people: kept in the outbox with what causes them (`aquatint_store::Mails`), written out and sent by a chore
//! (`send`). What a letter is about is sealed while it waits, because a link that lets somebody in may be in it.

mod letter;
mod send;

use std::time::Duration;

use aquatint_domain::{Code, MailId, Problem, Timestamp, WorkspaceId};
use aquatint_providers::mail::{MailConfig, MailDoor, is_mail_address};
use aquatint_store::{NewMail, User};
use serde::{Deserialize, Serialize};
use tokio::sync::Notify;

use crate::people::later;
use crate::studio::Studio;

use letter::Words;

/// A letter that nobody took for so long is given up.
const TRIED_FOR: Duration = Duration::from_secs(4 * 24 * 3_600);
/// A link to a new password is no help any more when it comes later than this.
const RESET_TRIED_FOR: Duration = Duration::from_secs(6 * 3_600);
/// Letters that the people of one workspace may cause in a day: their words go out in the operator's name.
const WORKSPACE_LETTERS_A_DAY: u64 = 100;
const DAY: Duration = Duration::from_secs(24 * 3_600);

/// What a letter is about. It is written out when it is sent, so that it says what is true then.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) enum Occasion {
    /// With the secret of the invitation's link.
    Invitation {
        secret: String,
    },
    /// Somebody who says to be the recipient asks for a link to a new password. Whether there is such a person is found out when it is
    /// sent, so that asking takes the same time for everybody; so no link lies here.
    NewPassword,
    /// The rest are notices to a person whose account has changed.
    PasswordChanged {
        at: Timestamp,
    },
    SecondStepOff {
        at: Timestamp,
    },
    ProviderLinked {
        title: String,
        at: Timestamp,
    },
}

impl Occasion {
    const fn kind(&self) -> &'static str {
        match self {
            Self::Invitation { .. } => "invitation",
            Self::NewPassword => "new_password",
            Self::PasswordChanged { .. } => "password_changed",
            Self::SecondStepOff { .. } => "second_step_off",
            Self::ProviderLinked { .. } => "provider_linked",
        }
    }
}

/// The way out, where the operator has named one.
pub(crate) struct Post {
    door: MailDoor,
    /// Something new lies in the outbox.
    wake: Notify,
}

impl Post {
    pub(crate) fn open(config: &MailConfig) -> Result<Option<Self>, Problem> {
        let door = MailDoor::open(config)?;
        Ok(door.map(|door| Self {
            door,
            wake: Notify::new(),
        }))
    }
}

impl Studio {
    /// Whether this studio can send mail.
    pub fn sends_mail(&self) -> bool {
        self.post().is_some()
    }

    /// The server that takes mail, and who sends; `None` where none is named.
    pub fn mail_server(&self) -> Option<(&str, String)> {
        self.post().map(|post| (post.door.server(), post.door.from()))
    }

    /// Connects to the mail server and signs in, and sends nothing.
    pub async fn check_mail(&self) -> Result<(), Problem> {
        let post = self.post().ok_or_else(no_mail)?;
        let checked = post.door.check().await;
        checked.map_err(|not_sent| not_sent.into_problem(post.door.server()))
    }

    /// Sends one letter at once, past the outbox, for the operator to see whether it comes.
    pub async fn send_test_mail(&self, to: &str) -> Result<(), Problem> {
        let post = self.post().ok_or_else(no_mail)?;
        if !is_mail_address(to) {
            return Err(Problem::invalid(
                "address",
                "That is no address that mail can be sent to.",
            ));
        }
        let words = Words::test(&self.public_url());
        let id = MailId::generate(self.now());
        let letter = words.to_letter(id.as_str(), to, self.now())?;
        let sent = post.door.send(letter).await;
        sent.map_err(|not_sent| not_sent.into_problem(post.door.server()))
    }

    /// A letter that carries an invitation, if mail can be sent, to that address, and the workspace has not sent too many.
    pub(crate) async fn invitation_letter(
        &self,
        workspace: &WorkspaceId,
        to: &str,
        secret: &str,
        until: Timestamp,
    ) -> Result<Option<NewMail>, Problem> {
        if !self.sends_mail() || !is_mail_address(to) {
            return Ok(None);
        }
        let a_day_ago = self.now() - DAY;
        if self.store().mails().count_since(workspace, a_day_ago).await? >= WORKSPACE_LETTERS_A_DAY {
            return Ok(None);
        }
        let occasion = Occasion::Invitation {
            secret: secret.to_owned(),
        };
        let until = until.min(later(self.now(), TRIED_FOR));
        self.letter(&occasion, to, Some(workspace.clone()), until).map(Some)
    }

    /// Keeps a request for a link to a new password.
    pub(crate) async fn post_new_password(&self, to: &str) -> Result<(), Problem> {
        let until = later(self.now(), RESET_TRIED_FOR);
        let letter = self.letter(&Occasion::NewPassword, to, None, until)?;
        self.store().mails().put(letter).await?;
        self.wake_post();
        Ok(())
    }

    /// Tells a person what has changed. The change is done by then, so a letter that cannot be kept does not undo it.
    pub(crate) async fn notify(&self, user: &User, occasion: Occasion) {
        if !self.sends_mail() {
            return;
        }
        let until = later(self.now(), TRIED_FOR);
        let kept = match self.letter(&occasion, &user.email, None, until) {
            Ok(letter) => self.store().mails().put(letter).await,
            Err(problem) => Err(problem),
        };
        match kept {
            Ok(()) => self.wake_post(),
            Err(problem) => {
                tracing::error!(?problem, user = %user.id, kind = occasion.kind(), "a notice could not be kept")
            }
        }
    }

    /// Has the outbox looked at now.
    pub(crate) fn wake_post(&self) {
        if let Some(post) = self.post() {
            post.wake.notify_one();
        }
    }

    fn letter(
        &self,
        occasion: &Occasion,
        to: &str,
        workspace: Option<WorkspaceId>,
        until: Timestamp,
    ) -> Result<NewMail, Problem> {
        let id = MailId::generate(self.now());
        let body = serde_json::to_vec(occasion).map_err(Problem::internal)?;
        Ok(NewMail {
            sealed: self.signer().seal(id.as_str(), &body),
            id,
            workspace,
            kind: occasion.kind(),
            recipient: to.to_owned(),
            created_at: self.now(),
            expires_at: until,
        })
    }
}

fn no_mail() -> Problem {
    Problem::new(Code::Conflict, "No mail server is configured.")
        .hint("Set `mail.url`, such as smtp://user:password@mail.example.com:587, and `mail.from`.")
}
