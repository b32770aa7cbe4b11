//! People: who they are, how they prove it, and where they belong.

mod forgotten;
mod github;
mod id_token;
mod invites;
mod oidc;
mod passkeys;
pub(crate) mod passwords;
mod proof;
mod sessions;
mod throttle;
mod totp;
mod upstream;

use aquatint_domain::{Code, Problem, Role, UserId, WorkspaceId, text};
use aquatint_store::{Membership, NewUser, User, Workspace};

use crate::studio::Studio;

pub use github::GithubProvider;
pub use invites::Invitation;
pub(crate) use oidc::Descriptions;
pub use oidc::OidcProvider;
pub use passkeys::{Asserted, Created, Newcomer, PasskeyQuestion, browser_secret};
pub use proof::Proof;
pub(crate) use sessions::later;
pub use sessions::{NewSession, Seat, SignIn, Visitor};
pub(crate) use throttle::{Limit, Throttle, network};
pub use totp::Enrolment;
pub use upstream::{Arrival, Departure, Offer, Upstream};

/// A workspace of a person.
pub struct Place {
    pub workspace: Workspace,
    pub role: Role,
    pub is_default: bool,
}

/// Characters of a name.
const NAME_MAX_CHARS: usize = 80;
/// Characters of an address.
const EMAIL_MAX_CHARS: usize = 200;

impl Studio {
    /// A person as they want to be added: name, address and password are checked, the password is hashed.
    pub(crate) async fn new_user(&self, email: &str, name: &str, password: Option<&str>) -> Result<NewUser, Problem> {
        let name = person_name(name)?;
        let email = email_address(email)?;
        let password_hash = match password {
            Some(password) => passwords::hash(password).await?,
            None => String::new(),
        };
        Ok(NewUser {
            id: UserId::generate(self.now()),
            email,
            name,
            password_hash,
            passkey: None,
        })
    }

    /// Makes an account at the machine, as the operator does. The first person of a studio owns and runs it, as by the set-up link;
    /// that is decided here and nowhere further out, where a stranger could be the first.
    pub async fn create_user(
        &self,
        email: &str,
        name: &str,
        password: Option<&str>,
        place: Option<(WorkspaceId, Role)>,
        is_operator: bool,
    ) -> Result<User, Problem> {
        let users = self.store().users();
        if place.is_none() && !users.any_owner().await? {
            let new = self.new_user(email, name, password).await?;
            let first = self.ensure_workspace().await?;
            if let Some(user) = users.create_owner(None, new, &first.id, self.now()).await? {
                return Ok(user);
            }
        }
        let user = self.add_person(email, name, password, place).await?;
        if is_operator {
            users.set_operator(&user.id, true).await?;
        }
        self.user(&user.id).await
    }

    /// Adds a person with a place in a workspace, or with a workspace of their own; never as anybody's owner or operator.
    pub(crate) async fn add_person(
        &self,
        email: &str,
        name: &str,
        password: Option<&str>,
        place: Option<(WorkspaceId, Role)>,
    ) -> Result<User, Problem> {
        if place.as_ref().is_some_and(|(_, role)| *role == Role::Owner) {
            return Err(one_owner());
        }
        let new = self.new_user(email, name, password).await?;
        let taken = || Problem::new(Code::Conflict, "There is an account with this address.").at("email");
        let added = self.store().users().create(new, place, self.now()).await?;
        let user = added.ok_or_else(taken)?;
        self.place_of(&user).await?;
        Ok(user)
    }

    /// Where a person is at home: the default workspace if they still belong to it, else the first they joined.
    pub(crate) async fn default_place(&self, user: &User) -> Result<Option<Membership>, Problem> {
        let places = self.store().users().memberships(&user.id).await?;
        let wanted = user.default_workspace.as_ref();
        let at_home = places.iter().find(|place| Some(&place.workspace) == wanted).cloned();
        Ok(at_home.or_else(|| places.into_iter().next()))
    }

    /// The same; a person who belongs nowhere gets a workspace.
    pub(crate) async fn place_of(&self, user: &User) -> Result<Membership, Problem> {
        if let Some(place) = self.default_place(user).await? {
            return Ok(place);
        }
        let name = format!("{}'s studio", user.name);
        let plan = self.settings().default_plan.clone();
        self.create_workspace(&text::one_line(&name, NAME_MAX_CHARS), &plan, Some(user.id.clone()))
            .await?;
        self.default_place(user)
            .await?
            .ok_or_else(|| Problem::internal("a new workspace has no owner"))
    }

    /// The workspaces that a person may pick from, the default one first.
    pub async fn places_of(&self, user: &User) -> Result<Vec<Place>, Problem> {
        let home = self.place_of(user).await?.workspace;
        let mut places = Vec::new();
        for membership in self.store().users().memberships(&user.id).await? {
            if let Some(workspace) = self.store().workspaces().get(&membership.workspace).await? {
                places.push(Place {
                    is_default: workspace.id == home,
                    workspace,
                    role: membership.role,
                });
            }
        }
        places.sort_by_key(|place| !place.is_default);
        Ok(places)
    }

    /// Gives a person another name.
    pub async fn rename_user(&self, user: &UserId, name: &str) -> Result<(), Problem> {
        self.store().users().rename(user, &person_name(name)?).await
    }
}

/// What whoever asks for a second owner is told.
pub(crate) fn one_owner() -> Problem {
    Problem::invalid(
        "role",
        "A workspace has one owner; the role is admin, member or viewer.",
    )
    .hint("The owner can hand the workspace over to a member.")
}

pub(crate) fn person_name(name: &str) -> Result<String, Problem> {
    let name = text::one_line(name, NAME_MAX_CHARS + 1);
    if name.is_empty() || name.chars().count() > NAME_MAX_CHARS {
        return Err(Problem::invalid("name", "Say a name of up to 80 characters."));
    }
    Ok(name)
}

/// An address in the form in which it is kept: trimmed, in lower case.
pub(crate) fn email_address(email: &str) -> Result<String, Problem> {
    let email = email.trim().to_lowercase();
    let is_one = email.split_once('@').is_some_and(|(local, domain)| {
        !local.is_empty()
            && domain.contains('.')
            && !domain.starts_with('.')
            && !domain.ends_with('.')
            && !domain.contains('@')
    });
    let is_plain = email.chars().all(|ch| !ch.is_whitespace() && !ch.is_control());
    if !is_one || !is_plain || email.chars().count() > EMAIL_MAX_CHARS {
        return Err(Problem::invalid("email", "That does not look like an email address."));
    }
    Ok(email)
}
