//! `aquatint workspace list|create|set-plan|grant`.

use anyhow::{Context, Result};
use aquatint_domain::{Balance, Credits, EntryId};
use clap::Subcommand;

use super::workspace;
use crate::boot::{self, explain};
use crate::config::Config;

#[derive(Subcommand)]
pub(super) enum WorkspaceCommand {
    /// List workspaces with plan and balances
    List,
    /// Make a workspace and print its id
    Create {
        name: String,
        /// [default: the configured one]
        #[arg(long)]
        plan: Option<String>,
    },
    /// Move a workspace to another plan
    SetPlan {
        /// By id or name
        workspace: String,
        plan: String,
    },
    /// Add credits to a balance
    Grant {
        /// By id or name
        workspace: String,
        /// Credits, more than 0
        credits: f64,
        /// `api` (spent by keys) or `plan_units`
        #[arg(long, default_value = "api")]
        balance: String,
        /// A reference; the same one is granted only once
        #[arg(long)]
        reference: Option<String>,
    },
}

pub(super) async fn run(config: &Config, command: WorkspaceCommand) -> Result<()> {
    let studio = boot::open(config).await?;
    match command {
        WorkspaceCommand::List => {
            for workspace in studio.store().workspaces().list().await.map_err(explain)? {
                let balances = studio.store().ledger().balances(&workspace.id).await.map_err(explain)?;
                println!(
                    "{}  {}  plan {}  plan units {} (held {})  API {} (held {})",
                    workspace.id,
                    workspace.name,
                    workspace.plan,
                    balances.plan_units.available,
                    balances.plan_units.held,
                    balances.api.available,
                    balances.api.held
                );
            }
        }
        WorkspaceCommand::Create { name, plan } => {
            let plan = plan.unwrap_or_else(|| config.settings.default_plan.clone());
            let made = studio.create_workspace(&name, &plan, None).await.map_err(explain)?;
            println!("{}", made.id);
        }
        WorkspaceCommand::SetPlan { workspace: named, plan } => {
            let found = workspace(&studio, Some(&named)).await?;
            studio.set_plan(&found.id, &plan).await.map_err(explain)?;
            eprintln!("{} is on plan {plan}", found.id);
        }
        WorkspaceCommand::Grant {
            workspace: named,
            credits,
            balance,
            reference,
        } => {
            let found = workspace(&studio, Some(&named)).await?;
            let amount = Credits::from_f64(credits).context("that is no amount of credits")?;
            let balance: Balance = balance.parse().map_err(explain)?;
            let now = studio.now();
            let reference = reference.unwrap_or_else(|| format!("cli:{}", EntryId::generate(now)));
            let is_new = studio
                .store()
                .ledger()
                .grant(&found.id, balance, amount, &reference, "Granted by the operator", now)
                .await
                .map_err(explain)?;
            eprintln!(
                "{}",
                if is_new {
                    format!("{amount} credits added to {} of {}", balance, found.id)
                } else {
                    format!("the reference {reference} was used before; nothing was added")
                }
            );
        }
    }
    studio.close().await;
    Ok(())
}
