//! `aquatint catalogue check`: whether `catalogue.toml` and `workflows/` in the data folder say what can be.

use std::process::ExitCode;

use anyhow::Result;
use aquatint_app::catalogue::Catalogue;
use clap::Subcommand;

use crate::config::Config;

#[derive(Subcommand)]
pub(super) enum CatalogueCommand {
    /// Check `catalogue.toml` and `workflows/` in the data folder, and every model's examples against its own schema
    Check,
}

pub(super) fn run(config: &Config, command: &CatalogueCommand) -> Result<ExitCode> {
    let CatalogueCommand::Check = command;
    let (catalogue, mut wrong) = Catalogue::built_in(&config.settings).with_workflows(&config.settings.data);
    match catalogue.with_file(&config.settings.data) {
        Err(mistakes) => wrong.extend(mistakes),
        Ok(catalogue) => {
            wrong.extend(catalogue.check());
            println!("{} models", catalogue.all().len());
        }
    }
    for line in &wrong {
        eprintln!("wrong: {line}");
    }
    Ok(if wrong.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}
