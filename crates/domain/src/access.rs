//! Who may do what: roles of people in a workspace, scopes of keys and grants, and the caller that
//! every operation receives.

use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::error::Problem;
use crate::ids::{ApiKeyId, GrantId, RequestId, RunId, SessionId, UserId, WorkspaceId};

macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $( $(#[$vdoc:meta])* $variant:ident = $word:literal ),* $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
        #[schemars(inline)]
        pub enum $name { $( $(#[$vdoc])* #[serde(rename = $word)] $variant, )* }

        impl $name {
            pub const ALL: &'static [$name] = &[$($name::$variant),*];

            pub const fn as_str(self) -> &'static str {
                match self { $($name::$variant => $word),* }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl FromStr for $name {
            type Err = Problem;
            fn from_str(text: &str) -> Result<Self, Problem> {
                match text {
                    $($word => Ok($name::$variant),)*
                    other => Err(Problem::invalid(
                        stringify!($name).to_lowercase(),
                        format!("`{}` is not one of: {}.", crate::text::clip(other, 40), [$($word),*].join(", ")),
                    )),
                }
            }
        }
    };
}
pub(crate) use words;

words! {
    /// What a person may do in a workspace, from least to most.
    Role { Viewer = "viewer", Member = "member", Admin = "admin", Owner = "owner" }
}

words! {
    /// What a key or grant may be used for.
    Scope {
        /// List, search and read assets and collections.
        AssetsRead = "assets:read",
        /// Upload, import, and make collections.
        AssetsWrite = "assets:write",
        /// Edit and generate: everything that spends credits.
        Generate = "generate",
        /// Read the model catalogue.
        ModelsRead = "models:read",
        /// Read jobs and cancel them.
        Jobs = "jobs",
        /// Read balances, usage and prices.
        AccountRead = "account:read",
        /// Make, change and list public share links.
        Share = "share",
    }
}

words! {
    /// Which of a workspace's two balances is spent.
    Balance {
        /// The units of the plan, spent by people and OAuth grants.
        PlanUnits = "plan_units",
        /// The separate balance that API keys spend.
        Api = "api",
    }
}

/// How the caller proved who it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Principal {
    /// A request with an API key.
    Key { key: ApiKeyId },
    /// An app that a person allowed in, with the person's role in the workspace.
    Grant { grant: GrantId, role: Role },
    /// A person in the web app.
    Session { session: SessionId, role: Role },
    /// A run of a pipeline, for whoever started it.
    Run { run: RunId },
    /// The operator at the machine's own command line.
    Operator,
}

/// Who calls: one workspace, what it may do, and which balance pays.
#[derive(Clone, Debug)]
pub struct Caller {
    pub principal: Principal,
    pub workspace: WorkspaceId,
    pub user: Option<UserId>,
    pub scopes: Vec<Scope>,
    pub balance: Balance,
    pub request: RequestId,
    /// The address of the client, for the audit log.
    pub address: Option<String>,
}

impl Caller {
    pub fn has(&self, scope: Scope) -> bool {
        self.scopes.contains(&scope)
    }

    /// The key that pays, if a key does.
    pub fn key(&self) -> Option<&ApiKeyId> {
        match &self.principal {
            Principal::Key { key } => Some(key),
            Principal::Grant { .. } | Principal::Session { .. } | Principal::Run { .. } | Principal::Operator => None,
        }
    }

    /// The permission under which an app calls.
    pub fn grant(&self) -> Option<&GrantId> {
        match &self.principal {
            Principal::Grant { grant, .. } => Some(grant),
            Principal::Key { .. } | Principal::Session { .. } | Principal::Run { .. } | Principal::Operator => None,
        }
    }

    /// What the person behind the call may do in the workspace; a key has no person behind it.
    pub fn role(&self) -> Option<Role> {
        match &self.principal {
            Principal::Key { .. } | Principal::Run { .. } => None,
            Principal::Grant { role, .. } | Principal::Session { role, .. } => Some(*role),
            Principal::Operator => Some(Role::Owner),
        }
    }

    /// Whether a person acts by hand, not an agent or a program.
    pub fn is_person(&self) -> bool {
        matches!(self.principal, Principal::Session { .. } | Principal::Operator)
    }
}
