//! Who calls: API keys made, checked and revoked, and access tokens of apps that a person allowed in. What was
//! checked is remembered for a moment; the store's revision number tells within half a second that
//! any key, grant or membership has changed.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use aquatint_domain::{
    ApiKeyId, Balance, Caller, Code, GrantId, Plan, Principal, Problem, RequestId, Role, Scope, Timestamp, UserId,
    WorkspaceId, text,
};
use aquatint_store::{ApiKey, Grant, NewKey, NewUser, NewWorkspace, OauthToken, OauthTokenKind, User, Workspace};
use parking_lot::{Mutex, RwLock};
use tokio::time::Instant;

use crate::audit::Deed;
use crate::rate::Allowance;
use crate::studio::Studio;
use crate::tokens::{Token, TokenKind, recognise};

/// How old the knowledge of other processes' revocations may be.
const REVISION_MAX_AGE: Duration = Duration::from_millis(500);
/// Keys remembered at one time.
const MAX_CACHED: usize = 10_000;

#[derive(Clone)]
struct Known {
    credentials: Credentials,
    plan: Arc<Plan>,
}

#[derive(Clone)]
enum Credentials {
    Key(Arc<ApiKey>),
    Access(Arc<Access>),
}

/// An access token, and what its grant comes to at the moment.
struct Access {
    token: OauthToken,
    grant: Grant,
    workspace: WorkspaceId,
    role: Role,
}

/// Keys and tokens that were checked lately.
#[derive(Default)]
pub(crate) struct KeyCache {
    known: RwLock<HashMap<[u8; 32], Known>>,
    plans: RwLock<HashMap<WorkspaceId, (String, Plan)>>,
    revision: Mutex<Option<(i64, Instant)>>,
    used: Mutex<HashMap<ApiKeyId, Timestamp>>,
    used_grants: Mutex<HashMap<GrantId, Timestamp>>,
}

impl KeyCache {
    pub(crate) fn forget(&self) {
        self.known.write().clear();
        self.plans.write().clear();
    }
}

/// A caller and what is left of its rate limit.
pub struct Admission {
    pub caller: Caller,
    pub allowance: Option<Allowance>,
}

/// A key as its maker gets it, once.
pub struct MadeKey {
    pub id: ApiKeyId,
    pub secret: Token,
}

/// What a new key may do.
pub struct KeyOrder {
    pub workspace: WorkspaceId,
    pub name: String,
    pub scopes: Vec<Scope>,
    pub balance: Balance,
    pub expires_at: Option<Timestamp>,
    pub created_by: Option<UserId>,
}

impl Studio {
    /// Checks a Bearer secret, counts the request against its plan's limits, and says who calls. `endpoint` is the path
    /// that was asked, such as `/mcp`: an access token works only where it was made for.
    pub async fn admit(&self, bearer: &str, endpoint: &str, address: Option<String>) -> Result<Admission, Problem> {
        let is_access = bearer.starts_with(TokenKind::Access.prefix());
        let kind = if is_access { TokenKind::Access } else { TokenKind::Key };
        let known = self.known(kind, recognise(kind, bearer)?).await?;
        let now = self.now();
        let request = RequestId::generate(now);
        match &known.credentials {
            Credentials::Key(key) => {
                if key.revoked_at.is_some() {
                    return Err(Problem::new(Code::Unauthorized, "This API key was revoked."));
                }
                if key.expires_at.is_some_and(|expires_at| expires_at <= now) {
                    return Err(Problem::new(
                        Code::Unauthorized,
                        "This API key is past its expiry date.",
                    ));
                }
                let allowance = self.rates().count(key.id.as_str(), &known.plan, now)?;
                self.keys().used.lock().insert(key.id.clone(), now);
                let caller = Caller {
                    principal: Principal::Key { key: key.id.clone() },
                    workspace: key.workspace.clone(),
                    user: key.created_by.clone(),
                    scopes: key.scopes.clone(),
                    balance: key.balance,
                    request,
                    address,
                };
                Ok(Admission { caller, allowance })
            }
            Credentials::Access(access) => {
                if access.token.expires_at <= now {
                    return Err(Problem::new(Code::Unauthorized, "This access token is past its time.")
                        .hint("Exchange the refresh token for a new one, or sign in again."));
                }
                if !crate::oauth::covers(&self.public_url(), &access.token.resource, endpoint) {
                    return Err(
                        Problem::new(Code::Unauthorized, "This access token was made for another resource.")
                            .hint("Sign in again with the address of this endpoint as `resource`."),
                    );
                }
                let allowance = self.rates().count(access.grant.id.as_str(), &known.plan, now)?;
                self.keys().used_grants.lock().insert(access.grant.id.clone(), now);
                let caller = Caller {
                    principal: Principal::Grant {
                        grant: access.grant.id.clone(),
                        role: access.role,
                    },
                    workspace: access.workspace.clone(),
                    user: Some(access.grant.user.clone()),
                    scopes: access.token.scopes.clone(),
                    balance: Balance::PlanUnits,
                    request,
                    address,
                };
                Ok(Admission { caller, allowance })
            }
        }
    }

    /// The person at the machine's own command line, who may do everything in a workspace.
    pub fn operator(&self, workspace: &WorkspaceId) -> Caller {
        Caller {
            principal: Principal::Operator,
            workspace: workspace.clone(),
            user: None,
            scopes: Scope::ALL.to_vec(),
            balance: Balance::PlanUnits,
            request: RequestId::generate(self.now()),
            address: None,
        }
    }

    async fn known(&self, kind: TokenKind, hash: [u8; 32]) -> Result<Known, Problem> {
        self.forget_if_changed().await?;
        if let Some(known) = self.keys().known.read().get(&hash) {
            return Ok(known.clone());
        }
        let known = if kind == TokenKind::Access {
            let access = self.access_of(&hash).await?;
            let (_, plan) = self.plan_of(&access.workspace).await?;
            Known {
                credentials: Credentials::Access(Arc::new(access)),
                plan: Arc::new(plan),
            }
        } else {
            let key = self.store().keys().by_hash(&hash).await?;
            let key = key.ok_or_else(|| {
                Problem::new(
                    Code::Unauthorized,
                    "This API key is not known here; make one with `aquatint key create NAME`.",
                )
            })?;
            let (_, plan) = self.plan_of(&key.workspace).await?;
            Known {
                credentials: Credentials::Key(Arc::new(key)),
                plan: Arc::new(plan),
            }
        };
        let mut cache = self.keys().known.write();
        if cache.len() >= MAX_CACHED {
            cache.clear();
        }
        cache.insert(hash, known.clone());
        Ok(known)
    }

    /// What an access token comes to: its grant must live, and its person must still belong to the workspace.
    async fn access_of(&self, hash: &[u8; 32]) -> Result<Access, Problem> {
        let gone =
            || Problem::new(Code::Unauthorized, "This access token does not work any more.").hint("Sign in again.");
        let token = self.store().oauth().token(hash).await?;
        let token = token
            .filter(|token| token.kind == OauthTokenKind::Access)
            .ok_or_else(gone)?;
        let grant = self.store().oauth().get_grant(&token.grant).await?;
        let grant = grant.filter(|grant| grant.revoked_at.is_none()).ok_or_else(gone)?;
        let user = self.store().users().get(&grant.user).await?;
        let user = user.filter(|user| user.disabled_at.is_none()).ok_or_else(gone)?;
        let place = match &grant.workspace {
            Some(workspace) => self.store().users().membership(workspace, &user.id).await?,
            None => self.default_place(&user).await?,
        };
        let place = place.ok_or_else(|| {
            Problem::new(
                Code::Unauthorized,
                "The person who allowed this app in does not belong to its workspace any more.",
            )
            .hint("Sign in again and pick another workspace.")
        })?;
        Ok(Access {
            token,
            grant,
            workspace: place.workspace,
            role: place.role,
        })
    }

    /// Empties the cache when any process has made or revoked a key, or moved a workspace.
    async fn forget_if_changed(&self) -> Result<(), Problem> {
        let before = *self.keys().revision.lock();
        if before.is_some_and(|(_, read)| read.elapsed() < REVISION_MAX_AGE) {
            return Ok(());
        }
        let revision = self.store().keys().revision().await?;
        *self.keys().revision.lock() = Some((revision, Instant::now()));
        if before.map(|(known, _)| known) != Some(revision) {
            self.keys().forget();
        }
        Ok(())
    }

    /// The plan of a workspace, remembered like keys are. One that the configuration no longer names is an operator's
    /// mistake, said as such.
    pub async fn plan_of(&self, workspace: &WorkspaceId) -> Result<(String, Plan), Problem> {
        self.forget_if_changed().await?;
        if let Some(known) = self.keys().plans.read().get(workspace) {
            return Ok(known.clone());
        }
        let found = self.store().workspaces().get(workspace).await?;
        let found = found.ok_or_else(|| Problem::not_found("workspace", workspace))?;
        let plan = self.settings().plans.get(&found.plan).cloned().ok_or_else(|| {
            Problem::new(
                Code::Unavailable,
                format!("The plan `{}` of this workspace is not configured.", found.plan),
            )
            .hint("The operator must add it under [plans] or move the workspace with `aquatint workspace set-plan`.")
        })?;
        let known = (found.plan, plan);
        let mut plans = self.keys().plans.write();
        if plans.len() >= MAX_CACHED {
            plans.clear();
        }
        plans.insert(workspace.clone(), known.clone());
        Ok(known)
    }

    /// Makes an API key. Its secret exists only in the answer.
    pub async fn create_key(&self, order: KeyOrder) -> Result<MadeKey, Problem> {
        let name = text::one_line(&order.name, 80);
        if name.is_empty() {
            return Err(Problem::invalid(
                "name",
                "A key needs a name by which you will recognise it.",
            ));
        }
        let now = self.now();
        let secret = Token::mint(TokenKind::Key);
        let id = ApiKeyId::generate(now);
        let row = NewKey {
            id: id.clone(),
            workspace: order.workspace,
            name,
            kind_prefix: TokenKind::Key.prefix().to_owned(),
            last4: secret.last4().to_owned(),
            hash: secret.hash(),
            scopes: order.scopes,
            balance: order.balance,
            expires_at: order.expires_at,
            created_by: order.created_by,
            created_at: now,
        };
        self.store().keys().insert(row).await?;
        Ok(MadeKey { id, secret })
    }

    /// Revokes a key; requests with it fail at once here and within half a second elsewhere.
    pub async fn revoke_key(&self, workspace: &WorkspaceId, id: &ApiKeyId) -> Result<(), Problem> {
        let revoked = self.store().keys().revoke(workspace, id, self.now()).await?;
        self.keys().forget();
        if revoked {
            Ok(())
        } else {
            Err(Problem::not_found("live key", id).hint("See `aquatint key list`."))
        }
    }

    /// Writes when keys were last used.
    pub(crate) async fn save_key_uses(&self) {
        let used: Vec<(ApiKeyId, Timestamp)> = self.keys().used.lock().drain().collect();
        if !used.is_empty()
            && let Err(problem) = self.store().keys().touch(&used).await
        {
            tracing::warn!(?problem, "could not note when keys were last used");
        }
        let used: Vec<(GrantId, Timestamp)> = self.keys().used_grants.lock().drain().collect();
        if !used.is_empty()
            && let Err(problem) = self.store().oauth().touch(&used).await
        {
            tracing::warn!(?problem, "could not note when grants were last used");
        }
    }

    /// The first workspace, made when there is none.
    pub async fn ensure_workspace(&self) -> Result<Workspace, Problem> {
        if let Some(first) = self.store().workspaces().list().await?.into_iter().next() {
            return Ok(first);
        }
        let plan_name = self.settings().default_plan.clone();
        let (new, plan) = self.new_workspace("My studio", &plan_name)?;
        let Some(workspace) = self.store().workspaces().create_first(new, self.now()).await? else {
            let made = self.store().workspaces().list().await?.into_iter().next();
            return made.ok_or_else(|| Problem::internal("the first workspace vanished"));
        };
        self.grant_plan(&workspace.id, &plan_name, &plan).await?;
        Ok(workspace)
    }

    /// Makes a workspace on a plan and grants the plan's credits.
    pub async fn create_workspace(
        &self,
        name: &str,
        plan_name: &str,
        owner: Option<UserId>,
    ) -> Result<Workspace, Problem> {
        let (mut new, plan) = self.new_workspace(name, plan_name)?;
        new.owner = owner;
        let workspace = self.store().workspaces().create(new, self.now()).await?;
        self.grant_plan(&workspace.id, plan_name, &plan).await?;
        Ok(workspace)
    }

    fn new_workspace(&self, name: &str, plan_name: &str) -> Result<(NewWorkspace, Plan), Problem> {
        let name = text::one_line(name, 80);
        if name.is_empty() {
            return Err(Problem::invalid("name", "A workspace needs a name."));
        }
        let plan = self.plan_named(plan_name)?;
        let new = NewWorkspace {
            id: WorkspaceId::generate(self.now()),
            name,
            plan: plan_name.to_owned(),
            owner: None,
            may_overdraw: !plan.refuses,
            concurrent_jobs: plan.concurrent_jobs,
        };
        Ok((new, plan))
    }

    /// Moves a workspace to another plan; the plan's credits are granted once per workspace and plan.
    pub async fn set_plan(&self, workspace: &WorkspaceId, plan_name: &str) -> Result<(), Problem> {
        let plan = self.plan_named(plan_name)?;
        self.store()
            .workspaces()
            .set_plan(workspace, plan_name, !plan.refuses, plan.concurrent_jobs)
            .await?;
        self.grant_plan(workspace, plan_name, &plan).await?;
        self.keys().forget();
        Ok(())
    }

    async fn grant_plan(&self, workspace: &WorkspaceId, plan_name: &str, plan: &Plan) -> Result<(), Problem> {
        for (balance, amount) in [(Balance::PlanUnits, plan.plan_units), (Balance::Api, plan.api_credits)] {
            if !amount.is_zero() {
                let reference = format!("plan:{plan_name}:{workspace}:{balance}");
                self.store()
                    .ledger()
                    .grant(
                        workspace,
                        balance,
                        amount,
                        &reference,
                        &format!("Plan {plan_name}"),
                        self.now(),
                    )
                    .await?;
            }
        }
        Ok(())
    }

    fn plan_named(&self, name: &str) -> Result<Plan, Problem> {
        self.settings().plans.get(name).cloned().ok_or_else(|| {
            let known: Vec<&str> = self.settings().plans.keys().map(String::as_str).collect();
            Problem::invalid(
                "plan",
                format!(
                    "There is no plan `{}`; there are: {}.",
                    text::one_line(name, 40),
                    known.join(", ")
                ),
            )
        })
    }

    /// A new one-time set-up secret, unless an owner exists.
    pub async fn mint_setup_token(&self, ttl: Duration) -> Result<Option<Token>, Problem> {
        if self.store().users().any_owner().await? {
            return Ok(None);
        }
        let token = Token::mint(TokenKind::Setup);
        let expires_at = self.now().checked_add(ttl).unwrap_or(Timestamp::MAX);
        self.store().users().put_setup_token(&token.hash(), expires_at).await?;
        Ok(Some(token))
    }

    /// Whether a set-up secret still works.
    pub async fn setup_token_works(&self, secret: &str) -> Result<bool, Problem> {
        match recognise(TokenKind::Setup, secret) {
            Ok(hash) => self.store().users().setup_token_valid(&hash, self.now()).await,
            Err(_) => Ok(false),
        }
    }

    /// Makes the owner of the first workspace, once.
    pub async fn set_up_owner(&self, secret: &str, email: &str, name: &str, password: &str) -> Result<User, Problem> {
        // A link that is used up must not cost the work of hashing.
        if !self.setup_token_works(secret).await? {
            return Err(setup_used());
        }
        let new = self.new_user(email, name, Some(password)).await?;
        self.make_owner(secret, new).await
    }

    /// Makes a new person the owner by the set-up link, which is used up.
    pub(crate) async fn make_owner(&self, secret: &str, new: NewUser) -> Result<User, Problem> {
        let hash = recognise(TokenKind::Setup, secret).map_err(|_| setup_used())?;
        let workspace = self.ensure_workspace().await?;
        let owner = self
            .store()
            .users()
            .create_owner(Some(&hash), new, &workspace.id, self.now())
            .await?
            .ok_or_else(setup_used)?;
        let deed = Deed {
            action: "studio.set_up",
            user: Some(&owner.id),
            workspace: Some(&workspace.id),
            ..Deed::default()
        };
        self.note(&deed, "ok");
        Ok(owner)
    }
}

pub(crate) fn setup_used() -> Problem {
    Problem::new(Code::Expired, "This set-up link is used or past its time.")
        .hint("Restart the studio for a new one, if no owner exists yet.")
}
