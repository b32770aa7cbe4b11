//! Signing in, and the sessions of browsers. A session's secret is in a cookie; its row is asked at every
//! request, so an ended session ends at once everywhere.

use std::time::Duration;

use aquatint_domain::{
    Balance, Caller, Code, Principal, Problem, RequestId, Scope, SessionId, Timestamp, UserId, WorkspaceId, text,
};
use aquatint_store::{Membership, Session, Ticket, User};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::{Throttle, passwords};
use crate::audit::Deed;
use crate::mail::Occasion;
use crate::studio::Studio;
use crate::tokens::{Token, TokenKind, recognise};

/// A session ends so long after its last use.
pub const SESSION_TTL: Duration = Duration::from_secs(30 * 24 * 3_600);
/// Uses within this time are noted once.
const NOTE_EVERY_S: i64 = 60;
/// How long the second step of signing in may take.
const SECOND_STEP_TTL: Duration = Duration::from_secs(10 * 60);
/// How long a link to a new password works.
const RESET_TTL: Duration = Duration::from_secs(24 * 3_600);
const SECOND_STEP: &str = "second_step";
const RESET: &str = "reset";

/// Where a request came from.
#[derive(Clone, Debug, Default)]
pub struct Visitor {
    pub user_agent: String,
    pub address: String,
}

/// A session as its browser gets it, once.
#[derive(Debug)]
pub struct NewSession {
    pub secret: Token,
    pub session: SessionId,
}

/// What became of signing in.
#[derive(Debug)]
pub enum SignIn {
    Done(NewSession),
    /// The password was right; a code is wanted. The ticket stands for the first step.
    NeedsCode(Token),
}

/// A person in a session.
#[derive(Clone, Debug)]
pub struct Seat {
    pub session: Session,
    pub user: User,
    /// Goes with every form and every change, as proof that our own page sent it.
    pub csrf: String,
}

impl Studio {
    /// Checks address and password.
    pub async fn sign_in(&self, email: &str, password: &str, visitor: &Visitor) -> Result<SignIn, Problem> {
        let account = text::one_line(&email.trim().to_lowercase(), 200);
        let limits = Throttle::on_account(&account, &visitor.address);
        self.throttle().check(&limits, self.now())?;
        let user = self.store().users().by_email(&account).await?;
        let hash = user.as_ref().map(|user| user.password_hash.as_str());
        let is_right = passwords::verify(password, hash).await?;
        let Some(user) = user.clone().filter(|user| is_right && user.disabled_at.is_none()) else {
            self.throttle().count(&limits, self.now());
            let deed = Deed {
                action: "session.open",
                user: user.as_ref().map(|user| &user.id),
                address: Some(&visitor.address),
                ..Deed::default()
            };
            self.note(&deed, Code::Unauthorized.as_str());
            // One sentence for every cause: which addresses have an account is nobody's business.
            return Err(Problem::new(
                Code::Unauthorized,
                "The email address or the password is not right.",
            ));
        };
        self.throttle().forgive(&limits);
        self.first_step_done(user, visitor).await
    }

    /// After a password or another provider vouched for a person: the session, or the second step.
    pub(crate) async fn first_step_done(&self, user: User, visitor: &Visitor) -> Result<SignIn, Problem> {
        if user.totp.secret.is_none() {
            return Ok(SignIn::Done(self.open_session(&user, visitor).await?));
        }
        let token = self
            .mint_ticket(
                TokenKind::Ticket,
                SECOND_STEP,
                Some(user.id),
                String::new(),
                SECOND_STEP_TTL,
            )
            .await?;
        Ok(SignIn::NeedsCode(token))
    }

    /// The second step: a code of the app, or a recovery code.
    pub async fn sign_in_with_code(&self, ticket: &str, code: &str, visitor: &Visitor) -> Result<NewSession, Problem> {
        let late = || Problem::new(Code::Expired, "Signing in took too long.").hint("Begin again with your password.");
        let hash = recognise(TokenKind::Ticket, ticket).map_err(|_| late())?;
        let found = self.store().sessions().ticket(&hash, SECOND_STEP, self.now()).await?;
        let user = found.and_then(|ticket| ticket.user).ok_or_else(late)?;
        let user = self.store().users().get(&user).await?.ok_or_else(late)?;
        let limits = Throttle::on_account(&format!("code {}", user.id), &visitor.address);
        self.throttle().check(&limits, self.now())?;
        if !self.code_is_right(&user, code).await? {
            self.throttle().count(&limits, self.now());
            let deed = Deed {
                action: "session.second_step",
                user: Some(&user.id),
                address: Some(&visitor.address),
                ..Deed::default()
            };
            self.note(&deed, Code::InvalidArgument.as_str());
            return Err(Problem::invalid("code", "That code is not right, or was used before."));
        }
        self.throttle().forgive(&limits);
        self.store()
            .sessions()
            .take_ticket(&hash, SECOND_STEP, self.now())
            .await?
            .ok_or_else(late)?;
        self.open_session(&user, visitor).await
    }

    /// Starts a session.
    pub async fn open_session(&self, user: &User, visitor: &Visitor) -> Result<NewSession, Problem> {
        let now = self.now();
        let place = self.place_of(user).await?;
        let secret = Token::mint(TokenKind::Session);
        let session = Session {
            id: SessionId::generate(now),
            user: user.id.clone(),
            workspace: Some(place.workspace),
            user_agent: text::one_line(&visitor.user_agent, 300),
            address: text::one_line(&visitor.address, 64),
            proved_at: now,
            created_at: now,
            last_used_at: now,
            expires_at: later(now, SESSION_TTL),
        };
        self.store().sessions().insert(&secret.hash(), &session).await?;
        self.store().users().seen(&user.id, now).await?;
        let deed = Deed {
            action: "session.open",
            user: Some(&user.id),
            workspace: session.workspace.as_ref(),
            address: Some(&session.address),
            target: Some(session.id.as_str()),
        };
        self.note(&deed, "ok");
        Ok(NewSession {
            secret,
            session: session.id,
        })
    }

    /// Who sits in the session of a cookie; `None` when it has ended, or never was.
    pub async fn seat(&self, secret: &str) -> Result<Option<Seat>, Problem> {
        let Ok(hash) = recognise(TokenKind::Session, secret) else {
            return Ok(None);
        };
        let now = self.now();
        let session = self.store().sessions().by_hash(&hash).await?;
        let Some(session) = session.filter(|session| session.expires_at > now) else {
            return Ok(None);
        };
        let user = self.store().users().get(&session.user).await?;
        let Some(user) = user.filter(|user| user.disabled_at.is_none()) else {
            return Ok(None);
        };
        if now.as_second() - session.last_used_at.as_second() >= NOTE_EVERY_S {
            let until = later(now, SESSION_TTL);
            self.store().sessions().touch(&session.id, now, until).await?;
            self.store().users().seen(&user.id, now).await?;
        }
        let csrf = self.csrf_of(&session.id);
        Ok(Some(Seat { session, user, csrf }))
    }

    /// What goes with every form and every change of a session.
    pub(crate) fn csrf_of(&self, session: &SessionId) -> String {
        URL_SAFE_NO_PAD.encode(self.signer().derived("csrf", session.as_str().as_bytes()))
    }

    /// The caller that a person in a session is: in the workspace that they look at.
    pub async fn admit_seat(&self, seat: &Seat, address: Option<String>) -> Result<Caller, Problem> {
        let place = self.place_of_seat(seat).await?;
        Ok(Caller {
            principal: Principal::Session {
                session: seat.session.id.clone(),
                role: place.role,
            },
            workspace: place.workspace,
            user: Some(seat.user.id.clone()),
            scopes: Scope::ALL.to_vec(),
            balance: Balance::PlanUnits,
            request: RequestId::generate(self.now()),
            address,
        })
    }

    async fn place_of_seat(&self, seat: &Seat) -> Result<Membership, Problem> {
        if let Some(workspace) = &seat.session.workspace
            && let Some(place) = self.store().users().membership(workspace, &seat.user.id).await?
        {
            return Ok(place);
        }
        let place = self.place_of(&seat.user).await?;
        self.store()
            .sessions()
            .set_workspace(&seat.session.id, &place.workspace)
            .await?;
        Ok(place)
    }

    /// Looks at another workspace from now on.
    pub async fn switch_workspace(
        &self,
        session: &SessionId,
        user: &UserId,
        workspace: &WorkspaceId,
    ) -> Result<(), Problem> {
        if self.store().users().membership(workspace, user).await?.is_none() {
            return Err(Problem::not_found("workspace", workspace).at("workspace_id"));
        }
        self.store().sessions().set_workspace(session, workspace).await
    }

    /// Ends the session of a cookie.
    pub async fn sign_out(&self, secret: &str) -> Result<(), Problem> {
        if let Some(seat) = self.seat(secret).await? {
            self.store().sessions().end(&seat.user.id, &seat.session.id).await?;
            let deed = Deed {
                action: "session.end",
                user: Some(&seat.user.id),
                workspace: seat.session.workspace.as_ref(),
                target: Some(seat.session.id.as_str()),
                ..Deed::default()
            };
            self.note(&deed, "ok");
        }
        Ok(())
    }

    /// Changes a password; every other session of the person ends. Where there is none yet, it is a new way in, which
    /// only somebody adds who has lately proved who they are.
    pub async fn change_password(
        &self,
        user: &UserId,
        session: &SessionId,
        current: Option<&str>,
        new: &str,
        address: &str,
    ) -> Result<(), Problem> {
        let person = self.user(user).await?;
        let current = current.unwrap_or_default();
        if person.password_hash.is_empty() {
            self.check_proved(session).await?;
        } else if !self.password_is_right(&person, current, address).await? {
            return Err(Problem::invalid("current_password", "That is not your password now."));
        }
        let hash = passwords::hash(new)
            .await
            .map_err(|problem| problem.at("new_password"))?;
        self.store().users().set_password(user, &hash).await?;
        self.store().sessions().end_others(user, Some(session)).await?;
        self.notify(&person, Occasion::PasswordChanged { at: self.now() }).await;
        Ok(())
    }

    /// A link to a new password, for the operator to hand over or for a letter. It works once, for a day.
    pub async fn mint_reset(&self, user: &UserId) -> Result<(Token, Timestamp), Problem> {
        self.user(user).await?;
        let token = self
            .mint_ticket(TokenKind::Ticket, RESET, Some(user.clone()), String::new(), RESET_TTL)
            .await?;
        Ok((token, later(self.now(), RESET_TTL)))
    }

    /// Whose password a link lets one set.
    pub async fn reset_of(&self, secret: &str) -> Result<Option<User>, Problem> {
        let Ok(hash) = recognise(TokenKind::Ticket, secret) else {
            return Ok(None);
        };
        let ticket = self.store().sessions().ticket(&hash, RESET, self.now()).await?;
        match ticket.and_then(|ticket| ticket.user) {
            Some(user) => self.store().users().get(&user).await,
            None => Ok(None),
        }
    }

    /// Sets a new password by link. All sessions end; who asks signs in with the new one.
    pub async fn reset_password(&self, secret: &str, new: &str) -> Result<(), Problem> {
        let used = || Problem::new(Code::Expired, "This link is used or past its time.").hint("Ask for a new one.");
        let hash = recognise(TokenKind::Ticket, secret).map_err(|_| used())?;
        if self.reset_of(secret).await?.is_none() {
            return Err(used());
        }
        let password_hash = passwords::hash(new).await?;
        let ticket = self.store().sessions().take_ticket(&hash, RESET, self.now()).await?;
        let user = ticket.and_then(|ticket| ticket.user).ok_or_else(used)?;
        self.store().users().set_password(&user, &password_hash).await?;
        self.store().sessions().end_others(&user, None).await?;
        let deed = Deed {
            action: "password.reset",
            user: Some(&user),
            ..Deed::default()
        };
        self.note(&deed, "ok");
        let person = self.user(&user).await?;
        self.notify(&person, Occasion::PasswordChanged { at: self.now() }).await;
        Ok(())
    }

    /// Whether a password is this person's; for what needs it a second time.
    pub(crate) async fn password_is_right(&self, user: &User, password: &str, address: &str) -> Result<bool, Problem> {
        let limits = Throttle::on_account(&format!("password {}", user.id), address);
        self.throttle().check(&limits, self.now())?;
        let is_right = passwords::verify(password, Some(&user.password_hash)).await?;
        if !is_right {
            self.throttle().count(&limits, self.now());
        }
        Ok(is_right)
    }

    /// The person of that id.
    pub(crate) async fn user(&self, id: &UserId) -> Result<User, Problem> {
        let found = self.store().users().get(id).await?;
        found.ok_or_else(|| Problem::new(Code::NotFound, format!("There is no person `{id}`.")).at("user_id"))
    }

    /// A secret that works once, for one purpose.
    pub(crate) async fn mint_ticket(
        &self,
        kind: TokenKind,
        purpose: &str,
        user: Option<UserId>,
        body: String,
        ttl: Duration,
    ) -> Result<Token, Problem> {
        let token = Token::mint(kind);
        let ticket = Ticket {
            user,
            body,
            expires_at: later(self.now(), ttl),
        };
        self.store()
            .sessions()
            .put_ticket(&token.hash(), purpose, &ticket)
            .await?;
        Ok(token)
    }
}

pub(crate) fn later(now: Timestamp, by: Duration) -> Timestamp {
    now.checked_add(by).unwrap_or(Timestamp::MAX)
}
