//! `aquatint mail test|list`: whether mail leaves, and what became of letters.

use anyhow::Result;
use aquatint_store::MailState;
use clap::Subcommand;

use crate::boot::{self, explain};
use crate::config::Config;

#[derive(Subcommand)]
pub(super) enum MailCommand {
    /// Send a letter at once and say what the mail server answers
    Test {
        /// Where to
        address: String,
    },
    /// List the newest letters: waiting, sent, or given up with what the mail server said
    List {
        /// How many
        #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=1_000))]
        limit: u32,
    },
}

pub(super) async fn run(config: &Config, command: MailCommand) -> Result<()> {
    let studio = boot::open(config).await?;
    match command {
        MailCommand::Test { address } => {
            studio.send_test_mail(address.trim()).await.map_err(explain)?;
            let (server, from) = studio.mail_server().unwrap_or_default();
            println!("{server} has taken a letter from {from} to {}", address.trim());
            eprintln!("if it does not come, look among the unwanted mail and in the server's log");
        }
        MailCommand::List { limit } => {
            for mail in studio.store().mails().list(limit).await.map_err(explain)? {
                let state = match mail.state {
                    MailState::Waiting if mail.problem.is_some() => {
                        format!("waiting  tried {} times, next at {:.0}", mail.attempts, mail.due_at)
                    }
                    state => state.as_str().replace('_', " "),
                };
                let problem = mail.problem.map(|problem| format!("  {problem}")).unwrap_or_default();
                println!(
                    "{}  {:.0}  {}  {}  {state}{problem}",
                    mail.id, mail.created_at, mail.kind, mail.recipient
                );
            }
        }
    }
    studio.close().await;
    Ok(())
}
