//! `aquatint user list|create|reset|disable|enable|operator`, `aquatint plan list` and `aquatint credit grant|show`: what
//! an operator does at the machine, also when nobody can sign in.

use std::io::Read;

use anyhow::{Context, Result, bail};
use aquatint_app::Studio;
use aquatint_domain::Role;
use aquatint_store::User;
use clap::Subcommand;

use super::workspace;
use crate::boot::{self, explain};
use crate::config::Config;

#[derive(Subcommand)]
pub(super) enum UserCommand {
    /// List people
    List,
    /// Make an account and print its id; the password is read from standard input, else a link to set one is printed
    Create {
        /// The email address
        email: String,
        /// [default: what stands before the @]
        #[arg(long)]
        name: Option<String>,
        /// Read the password from standard input
        #[arg(long)]
        password_stdin: bool,
        /// The workspace to join, by id or name [default: one of their own; the first person owns the first one]
        #[arg(long)]
        workspace: Option<String>,
        /// viewer, member or admin, in that workspace
        #[arg(long, default_value = "member")]
        role: String,
        /// Let the person run the whole studio
        #[arg(long)]
        operator: bool,
    },
    /// Print a link with which a person sets a new password; it works once, for a day
    Reset {
        /// The email address
        email: String,
    },
    /// Close an account; its sessions and connected apps end
    Disable {
        /// The email address
        email: String,
    },
    /// Open a closed account
    Enable {
        /// The email address
        email: String,
    },
    /// Let a person run the whole studio, or no longer
    Operator {
        /// The email address
        email: String,
        /// Take it away
        #[arg(long)]
        remove: bool,
    },
}

#[derive(Subcommand)]
pub(super) enum PlanCommand {
    /// List the plans with what they give
    List,
}

#[derive(Subcommand)]
pub(super) enum CreditCommand {
    /// Show the balances of a workspace
    Show {
        /// By id or name [default: the first]
        workspace: Option<String>,
    },
    /// Add credits to a balance (the same as `workspace grant`)
    Grant {
        /// By id or name
        workspace: String,
        /// Credits, more than 0
        credits: f64,
        /// `api` (spent by keys) or `plan_units` (spent by people and apps)
        #[arg(long, default_value = "plan_units")]
        balance: String,
        /// A reference; the same one is granted only once
        #[arg(long)]
        reference: Option<String>,
    },
}

pub(super) async fn run(config: &Config, command: UserCommand) -> Result<()> {
    let studio = boot::open(config).await?;
    match command {
        UserCommand::List => list(&studio).await?,
        UserCommand::Create {
            email,
            name,
            password_stdin,
            workspace: named,
            role,
            operator,
        } => {
            let name = name.unwrap_or_else(|| email.split('@').next().unwrap_or_default().to_owned());
            let password = if password_stdin { Some(password()?) } else { None };
            let place = match named {
                Some(named) => {
                    let role: Role = role.parse().map_err(explain)?;
                    Some((workspace(&studio, Some(&named)).await?.id, role))
                }
                None => None,
            };
            let user = studio
                .create_user(&email, &name, password.as_deref(), place, operator)
                .await
                .map_err(explain)?;
            println!("{}", user.id);
            if password.is_none() {
                link(&studio, &user).await?;
            }
        }
        UserCommand::Reset { email } => link(&studio, &person(&studio, &email).await?).await?,
        UserCommand::Disable { email } => {
            let user = person(&studio, &email).await?;
            let now = studio.now();
            studio
                .store()
                .users()
                .set_disabled(&user.id, Some(now))
                .await
                .map_err(explain)?;
            eprintln!("the account of {} is closed", user.email);
        }
        UserCommand::Enable { email } => {
            let user = person(&studio, &email).await?;
            studio
                .store()
                .users()
                .set_disabled(&user.id, None)
                .await
                .map_err(explain)?;
            eprintln!("the account of {} is open", user.email);
        }
        UserCommand::Operator { email, remove } => {
            let user = person(&studio, &email).await?;
            studio
                .store()
                .users()
                .set_operator(&user.id, !remove)
                .await
                .map_err(explain)?;
            let word = if remove {
                "is no operator any more"
            } else {
                "is an operator"
            };
            eprintln!("{} {word}", user.email);
        }
    }
    studio.close().await;
    Ok(())
}

pub(super) fn plans(config: &Config, command: &PlanCommand) {
    let PlanCommand::List = command;
    for (name, plan) in &config.settings.plans {
        let default = if *name == config.settings.default_plan {
            "  (default)"
        } else {
            ""
        };
        println!(
            "{name}  plan units {}  API credits {}  {} jobs at a time  {} requests a minute, {} a day  {}{default}",
            plan.plan_units,
            plan.api_credits,
            plan.concurrent_jobs,
            limit(plan.requests_per_minute),
            limit(plan.requests_per_day),
            if plan.refuses {
                "refuses below zero"
            } else {
                "only meters"
            },
        );
    }
}

pub(super) async fn show_credits(config: &Config, named: Option<&str>) -> Result<()> {
    let studio = boot::open(config).await?;
    let found = workspace(&studio, named).await?;
    let balances = studio.store().ledger().balances(&found.id).await.map_err(explain)?;
    println!(
        "plan_units  {} (held {})",
        balances.plan_units.available, balances.plan_units.held
    );
    println!("api         {} (held {})", balances.api.available, balances.api.held);
    studio.close().await;
    Ok(())
}

async fn list(studio: &Studio) -> Result<()> {
    let mut cursor = None;
    loop {
        let page = studio
            .store()
            .users()
            .list("", cursor.as_deref(), 100)
            .await
            .map_err(explain)?;
        for user in page.items {
            let state = if user.disabled_at.is_some() { "closed" } else { "open" };
            let kind = if user.is_operator { "operator" } else { "person" };
            println!("{}  {}  {}  {kind}  {state}", user.id, user.email, user.name);
        }
        cursor = page.next_cursor;
        if cursor.is_none() {
            return Ok(());
        }
    }
}

async fn person(studio: &Studio, email: &str) -> Result<User> {
    let email = email.trim().to_lowercase();
    let found = studio.store().users().by_email(&email).await.map_err(explain)?;
    found.with_context(|| format!("there is nobody with the address {email}; see `aquatint user list`"))
}

async fn link(studio: &Studio, user: &User) -> Result<()> {
    let (secret, expires_at) = studio.mint_reset(&user.id).await.map_err(explain)?;
    println!("{}/reset/{}", studio.public_url(), secret.reveal());
    eprintln!("the link works once, until {expires_at:.0}");
    Ok(())
}

/// One line of standard input.
fn password() -> Result<String> {
    let mut text = String::new();
    std::io::stdin().take(1_000).read_to_string(&mut text)?;
    match text.lines().next() {
        Some(password) if !password.is_empty() => Ok(password.to_owned()),
        _ => bail!("no password came on standard input"),
    }
}

fn limit(limit: u32) -> String {
    if limit == 0 {
        "unlimited".into()
    } else {
        limit.to_string()
    }
}
