//! Everybody's accounts.

use aquatint_domain::{Code, Problem, Timestamp, UserId};
use aquatint_store::User;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{operator, operators};
use crate::operation::{Context, Describe, Effects, Operation, Spec, get, post};

pub struct List;
pub struct Change;
pub struct Reset;

/// People of the studio, newest first.
#[derive(Deserialize, JsonSchema)]
pub struct ListArgs {
    /// Part of a name or address.
    #[schemars(length(max = 200))]
    pub query: Option<String>,
    /// At most this many.
    #[schemars(range(min = 1, max = 100))]
    pub limit: Option<u32>,
    /// `next_cursor` of the page before.
    #[schemars(length(max = 400))]
    pub cursor: Option<String>,
}

/// Close or open an account, or make a person an operator.
#[derive(Deserialize, JsonSchema)]
pub struct ChangeArgs {
    /// The person.
    pub user_id: UserId,
    /// true closes the account and ends its sessions.
    pub disabled: Option<bool>,
    /// Whether the whole studio is this person's to run.
    pub is_operator: Option<bool>,
}

/// A link with which a person sets a new password. It works once, for a day.
#[derive(Deserialize, JsonSchema)]
pub struct ResetArgs {
    /// The person.
    pub user_id: UserId,
}

#[derive(Serialize, JsonSchema)]
pub struct Users {
    pub users: Vec<UserView>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
}

#[derive(Serialize, JsonSchema)]
pub struct UserView {
    pub user_id: UserId,
    pub name: String,
    pub email: String,
    pub created_at: Timestamp,
    pub is_operator: bool,
    pub has_totp: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub disabled_at: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_seen_at: Option<Timestamp>,
    /// How many workspaces the person belongs to.
    pub workspaces: usize,
}

#[derive(Serialize, JsonSchema)]
pub struct Link {
    pub url: String,
    pub expires_at: Timestamp,
}

impl Describe for Users {}
impl Describe for UserView {}
impl Describe for Link {}

impl Operation for List {
    const SPEC: Spec = operators("admin.users", "People", Effects::Reads, get("/admin/users"));
    type Args = ListArgs;
    type Output = Users;

    async fn run(cx: &Context, args: ListArgs) -> Result<Users, Problem> {
        operator(cx).await?;
        let page = cx
            .studio
            .store()
            .users()
            .list(
                args.query.as_deref().unwrap_or_default(),
                args.cursor.as_deref(),
                args.limit.unwrap_or(50),
            )
            .await?;
        let mut users = Vec::new();
        for user in page.items {
            users.push(view(cx, user).await?);
        }
        Ok(Users {
            users,
            next_cursor: page.next_cursor,
        })
    }
}

impl Operation for Change {
    const SPEC: Spec = operators(
        "admin.change_user",
        "Change an account",
        Effects::Writes,
        post("/admin/users/{user_id}"),
    );
    type Args = ChangeArgs;
    type Output = UserView;

    async fn run(cx: &Context, args: ChangeArgs) -> Result<UserView, Problem> {
        operator(cx).await?;
        let (store, user) = (cx.studio.store(), cx.studio.user(&args.user_id).await?);
        let is_self = cx.caller.user.as_ref() == Some(&user.id);
        if is_self && (args.disabled == Some(true) || args.is_operator == Some(false)) {
            return Err(Problem::new(
                Code::Conflict,
                "You cannot close your own account or stop being the operator; let another operator do it.",
            ));
        }
        if let Some(disabled) = args.disabled {
            let at = disabled.then(|| cx.studio.now());
            store.users().set_disabled(&user.id, at).await?;
            cx.studio.keys().forget();
        }
        if let Some(is_operator) = args.is_operator {
            store.users().set_operator(&user.id, is_operator).await?;
        }
        let user = cx.studio.user(&args.user_id).await?;
        view(cx, user).await
    }
}

impl Operation for Reset {
    const SPEC: Spec = operators(
        "admin.reset_password",
        "A link to a new password",
        Effects::Writes,
        post("/admin/users/{user_id}/reset"),
    );
    type Args = ResetArgs;
    type Output = Link;

    async fn run(cx: &Context, args: ResetArgs) -> Result<Link, Problem> {
        operator(cx).await?;
        let (secret, expires_at) = cx.studio.mint_reset(&args.user_id).await?;
        Ok(Link {
            url: format!("{}/reset/{}", cx.studio.public_url(), secret.reveal()),
            expires_at,
        })
    }
}

async fn view(cx: &Context, user: User) -> Result<UserView, Problem> {
    Ok(UserView {
        workspaces: cx.studio.store().users().memberships(&user.id).await?.len(),
        has_totp: user.totp.secret.is_some(),
        user_id: user.id,
        name: user.name,
        email: user.email,
        created_at: user.created_at,
        is_operator: user.is_operator,
        disabled_at: user.disabled_at,
        last_seen_at: user.last_seen_at,
    })
}
