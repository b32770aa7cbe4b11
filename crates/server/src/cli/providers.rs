//! `aquatint provider add|list|check|remove`: vendors and their keys, for the server or one workspace.

use std::io::Read;

use anyhow::{Context, Result, bail};
use aquatint_app::ProviderKeyOrder;
use clap::Subcommand;

use super::as_operator;
use crate::boot::explain;
use crate::config::Config;

/// More than any key has.
const KEY_MAX_BYTES: u64 = 8_192;

#[derive(Subcommand)]
pub(super) enum ProviderCommand {
    /// Check a vendor's key and keep it sealed; the key is read from standard input, so that it stays out of the shell's history
    Add {
        /// The vendor, such as `openai`
        name: String,
        /// A server that speaks the vendor's API, in place of the vendor's own
        #[arg(long)]
        base_url: Option<String>,
        /// For one workspace, by id or name [default: the whole server]
        #[arg(long)]
        workspace: Option<String>,
    },
    /// List vendors and whose keys there are
    List {
        /// Only this vendor
        name: Option<String>,
        /// Also the models that a key brings, with their prices
        #[arg(long)]
        models: bool,
        #[arg(long)]
        workspace: Option<String>,
    },
    /// Check a vendor's key by a call that costs nothing
    Check {
        name: String,
        #[arg(long)]
        workspace: Option<String>,
    },
    /// Forget a vendor's key
    Remove {
        name: String,
        /// Of one workspace, by id or name [default: the server's]
        #[arg(long)]
        workspace: Option<String>,
    },
}

pub(super) async fn run(config: &Config, command: ProviderCommand) -> Result<()> {
    let (ProviderCommand::Add { workspace, .. }
    | ProviderCommand::List { workspace, .. }
    | ProviderCommand::Check { workspace, .. }
    | ProviderCommand::Remove { workspace, .. }) = &command;
    let (studio, caller) = as_operator(config, workspace.as_deref()).await?;
    let place = workspace.as_ref().map(|_| caller.workspace.clone());
    match command {
        ProviderCommand::Add { name, base_url, .. } => {
            let mut key = String::new();
            std::io::stdin()
                .take(KEY_MAX_BYTES)
                .read_to_string(&mut key)
                .context("the key cannot be read from standard input")?;
            let order = ProviderKeyOrder {
                workspace: place,
                provider: name,
                key: Some(key.trim().to_owned()).filter(|key| !key.is_empty()),
                base_url,
                created_by: None,
            };
            let (key, told) = studio.put_provider_key(order).await.map_err(explain)?;
            let verdict = key.verdict.as_deref().unwrap_or("not checked");
            println!("{}: the key …{} is kept ({verdict})", key.provider, key.tail);
            for line in [told.account, told.balance].into_iter().flatten() {
                println!("{line}");
            }
        }
        ProviderCommand::List { name, models, .. } => {
            let states = studio.provider_states(&caller.workspace).await.map_err(explain)?;
            let is_known = |name: &String| states.iter().any(|state| state.provider == name);
            if let Some(unknown) = name.as_ref().filter(|name| !is_known(name)) {
                bail!("there is no vendor `{unknown}`; see `aquatint provider list`");
            }
            let catalogue = studio.catalogue();
            for state in states {
                if name.as_ref().is_some_and(|name| name != state.provider) {
                    continue;
                }
                let mut keys = Vec::new();
                keys.extend(state.own.map(|key| format!("workspace …{}", key.tail)));
                keys.extend(state.server.map(|key| format!("server …{}", key.tail)));
                keys.extend(state.is_configured.then(|| "configuration".to_owned()));
                let keys = if keys.is_empty() {
                    "no key".to_owned()
                } else {
                    keys.join(", ")
                };
                println!(
                    "{:<20} {:<28} {:>3} models  {keys}",
                    state.provider, state.name, state.models
                );
                if models {
                    for model in catalogue.all().iter().filter(|model| model.maker == state.provider) {
                        println!("    {}", aquatint_app::line_of_model(model));
                    }
                }
            }
        }
        ProviderCommand::Check { name, .. } => {
            let (told, _) = studio
                .check_provider_key(&caller.workspace, &name)
                .await
                .map_err(explain)?;
            println!("{name}: the key is good");
            for line in [told.account, told.balance].into_iter().flatten() {
                println!("{line}");
            }
        }
        ProviderCommand::Remove { name, .. } => {
            if name.is_empty() {
                bail!("name a vendor; see `aquatint provider list`");
            }
            studio
                .remove_provider_key(place.as_ref(), &name)
                .await
                .map_err(explain)?;
            println!("{name}: the key is forgotten");
        }
    }
    studio.close().await;
    Ok(())
}
