//! `aquatint ledger check`.

use anyhow::Result;
use clap::Subcommand;

use crate::boot::{self, explain};
use crate::config::Config;

#[derive(Subcommand)]
pub(super) enum LedgerCommand {
    /// Verify every invariant of the books; fails with the first broken one
    Check,
}

pub(super) async fn run(config: &Config, command: LedgerCommand) -> Result<()> {
    let LedgerCommand::Check = command;
    let studio = boot::open(config).await?;
    let books = studio.store().ledger().check().await.map_err(explain)?;
    println!(
        "the books are right: {} accounts, {} transactions, {} entries",
        books.accounts, books.transactions, books.entries
    );
    studio.close().await;
    Ok(())
}
