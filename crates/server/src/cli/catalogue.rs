//! `aquatint catalogue check`: whether `catalogue.toml` in the data folder says what can be.

use std::process::ExitCode;

use anyhow::Result;
use aquatint_app::catalogue::Catalogue;
use clap::Subcommand;

use crate::config::Config;

#[derive(Subcommand)]
pub(super) enum CatalogueCommand {
    /// Check `catalogue.toml` in the data folder, and every model's examples against its own schema
    Check,
}

pub(super) fn run(config: &Config, command: &CatalogueCommand) -> Result<ExitCode> {
    let CatalogueCommand::Check = command;
    match Catalogue::built_in(&config.settings).with_file(&config.settings.data) {
        Err(wrong) => {
            for line in wrong {
                eprintln!("wrong: {line}");
            }
            Ok(ExitCode::FAILURE)
        }
        Ok(catalogue) => {
            let wrong = catalogue.check();
            for line in &wrong {
                eprintln!("wrong: {line}");
            }
            println!("{} models", catalogue.all().len());
            Ok(if wrong.is_empty() {
                ExitCode::SUCCESS
            } else {
                ExitCode::FAILURE
            })
        }
    }
}
