//! `aquatint key create|list|revoke`.

use anyhow::{Context, Result};
use aquatint_app::KeyOrder;
use aquatint_domain::{ApiKeyId, Balance, Clock, Scope, SystemClock};
use clap::Subcommand;

use super::{as_operator, workspace};
use crate::boot::explain;
use crate::config::Config;

#[derive(Subcommand)]
pub(super) enum KeyCommand {
    /// Make a key and print it, alone, on standard output; it is shown only now
    Create {
        /// A name by which you will recognise it
        name: String,
        /// The workspace, by id or name [default: the first]
        #[arg(long)]
        workspace: Option<String>,
        /// What it may do, comma-separated [default: everything]
        #[arg(long, value_delimiter = ',')]
        scopes: Vec<String>,
        /// Days until it ends [default: never]
        #[arg(long)]
        days: Option<u32>,
    },
    /// List keys
    List {
        #[arg(long)]
        workspace: Option<String>,
    },
    /// Revoke a key at once
    Revoke {
        /// Its id (`key_…`)
        id: String,
    },
}

pub(super) async fn run(config: &Config, command: KeyCommand) -> Result<()> {
    let named = match &command {
        KeyCommand::Create { workspace, .. } | KeyCommand::List { workspace } => workspace.clone(),
        KeyCommand::Revoke { .. } => None,
    };
    let (studio, caller) = as_operator(config, named.as_deref()).await?;
    match command {
        KeyCommand::Create { name, scopes, days, .. } => {
            let scopes = if scopes.is_empty() {
                Scope::ALL.to_vec()
            } else {
                scopes
                    .iter()
                    .map(|scope| scope.trim().parse())
                    .collect::<Result<_, _>>()
                    .map_err(explain)?
            };
            let expires_at = days
                .map(|days| {
                    SystemClock
                        .now()
                        .checked_add(std::time::Duration::from_secs(u64::from(days) * 86_400))
                })
                .transpose()
                .context("that is too far away")?;
            let order = KeyOrder {
                workspace: caller.workspace.clone(),
                name,
                scopes,
                balance: Balance::Api,
                expires_at,
                created_by: None,
            };
            let made = studio.create_key(order).await.map_err(explain)?;
            eprintln!("{} in {}; it is shown only now:", made.id, caller.workspace);
            println!("{}", made.secret.reveal());
        }
        KeyCommand::List { .. } => {
            for key in studio.store().keys().list(&caller.workspace).await.map_err(explain)? {
                let state = if key.revoked_at.is_some() { "revoked" } else { "live" };
                let used = key
                    .last_used_at
                    .map_or("never used".to_owned(), |at| format!("last used {at:.0}"));
                let scopes: Vec<&str> = key.scopes.iter().map(|scope| scope.as_str()).collect();
                println!(
                    "{}  {}…{}  {state}  {used}  {}  {}",
                    key.id,
                    key.prefix,
                    key.last4,
                    key.name,
                    scopes.join(",")
                );
            }
        }
        KeyCommand::Revoke { id } => {
            let id: ApiKeyId = id.parse().map_err(explain)?;
            let key = studio.store().keys().get(&id).await.map_err(explain)?;
            let key = key.with_context(|| format!("there is no key {id}; see `aquatint key list`"))?;
            let owner = workspace(&studio, Some(key.workspace.as_str())).await?;
            studio.revoke_key(&owner.id, &id).await.map_err(explain)?;
            eprintln!("{id} is revoked");
        }
    }
    studio.close().await;
    Ok(())
}
