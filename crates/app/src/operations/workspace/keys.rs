//! API keys of the workspace: owners and admins only.

use std::time::Duration;

use aquatint_domain::{ApiKeyId, Balance, Code, Problem, Role, Scope, Timestamp, UserId};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::by;
use crate::access::KeyOrder;
use crate::operation::{Context, Describe, Done, Effects, Operation, Spec, delete, get, post};
use crate::people::later;

/// Live keys of one workspace.
const KEYS_MAX: usize = 200;

pub struct List;
pub struct Create;
pub struct Revoke;

/// The API keys of the workspace, newest first, revoked ones too.
#[derive(Deserialize, JsonSchema)]
pub struct ListArgs {}

/// Make an API key; its secret is shown only now.
#[derive(Deserialize, JsonSchema)]
pub struct CreateArgs {
    /// A name by which you will recognise it.
    #[schemars(length(min = 1, max = 80))]
    pub name: String,
    /// What it may do; everything when nothing is said.
    #[serde(default)]
    #[schemars(length(max = 20))]
    pub scopes: Vec<Scope>,
    /// Days until it ends; never when nothing is said.
    #[schemars(range(min = 1, max = 3650))]
    pub expires_in_days: Option<u32>,
    /// Which balance it spends.
    pub balance: Option<Balance>,
}

/// Revoke an API key at once.
#[derive(Deserialize, JsonSchema)]
pub struct RevokeArgs {
    /// Key id.
    pub key_id: ApiKeyId,
}

#[derive(Serialize, JsonSchema)]
pub struct Keys {
    pub keys: Vec<KeyView>,
}

#[derive(Serialize, JsonSchema)]
pub struct KeyView {
    pub key_id: ApiKeyId,
    pub name: String,
    pub prefix: String,
    pub last4: String,
    pub scopes: Vec<Scope>,
    pub balance: Balance,
    pub created_at: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_used_at: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub revoked_at: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub created_by: Option<UserId>,
}

#[derive(Serialize, JsonSchema)]
pub struct Made {
    pub key_id: ApiKeyId,
    pub name: String,
    /// The key itself.
    pub secret: String,
    pub scopes: Vec<Scope>,
    pub balance: Balance,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
}

impl Describe for Keys {}
impl Describe for Made {}

impl Operation for List {
    const SPEC: Spec = by(Role::Admin, "keys.list", "API keys", Effects::Reads, get("/keys"));
    type Args = ListArgs;
    type Output = Keys;

    async fn run(cx: &Context, _: ListArgs) -> Result<Keys, Problem> {
        // What was used a moment ago should say so.
        cx.studio.save_key_uses().await;
        let keys = cx.studio.store().keys().list(&cx.caller.workspace).await?;
        Ok(Keys {
            keys: keys
                .into_iter()
                .map(|key| KeyView {
                    key_id: key.id,
                    name: key.name,
                    prefix: key.prefix,
                    last4: key.last4,
                    scopes: key.scopes,
                    balance: key.balance,
                    created_at: key.created_at,
                    expires_at: key.expires_at,
                    last_used_at: key.last_used_at,
                    revoked_at: key.revoked_at,
                    created_by: key.created_by,
                })
                .collect(),
        })
    }
}

impl Operation for Create {
    const SPEC: Spec = by(
        Role::Admin,
        "keys.create",
        "Make an API key",
        Effects::Writes,
        post("/keys"),
    );
    type Args = CreateArgs;
    type Output = Made;

    async fn run(cx: &Context, args: CreateArgs) -> Result<Made, Problem> {
        let keys = cx.studio.store().keys().list(&cx.caller.workspace).await?;
        if keys.iter().filter(|key| key.revoked_at.is_none()).count() >= KEYS_MAX {
            return Err(Problem::new(
                Code::Conflict,
                format!("A workspace has at most {KEYS_MAX} live keys; revoke one first."),
            ));
        }
        let expires_at = args
            .expires_in_days
            .map(|days| later(cx.studio.now(), Duration::from_secs(u64::from(days) * 86_400)));
        let scopes = if args.scopes.is_empty() {
            Scope::ALL.to_vec()
        } else {
            args.scopes
        };
        let balance = args.balance.unwrap_or(Balance::Api);
        let order = KeyOrder {
            workspace: cx.caller.workspace.clone(),
            name: args.name.clone(),
            scopes: scopes.clone(),
            balance,
            expires_at,
            created_by: cx.caller.user.clone(),
        };
        let made = cx.studio.create_key(order).await?;
        Ok(Made {
            key_id: made.id,
            name: aquatint_domain::text::one_line(&args.name, 80),
            secret: made.secret.reveal().to_owned(),
            scopes,
            balance,
            expires_at,
        })
    }
}

impl Operation for Revoke {
    const SPEC: Spec = by(
        Role::Admin,
        "keys.revoke",
        "Revoke an API key",
        Effects::Writes,
        delete("/keys/{key_id}"),
    );
    type Args = RevokeArgs;
    type Output = Done;

    async fn run(cx: &Context, args: RevokeArgs) -> Result<Done, Problem> {
        cx.studio.revoke_key(&cx.caller.workspace, &args.key_id).await?;
        Ok(Done::YES)
    }
}
