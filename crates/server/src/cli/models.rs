//! `aquatint models list|get`.

use anyhow::{Context, Result};
use aquatint_app::catalogue::Catalogue;
use clap::Subcommand;

use crate::config::Config;

#[derive(Subcommand)]
pub(super) enum ModelsCommand {
    /// List models
    List,
    /// One model with the JSON Schema of its inputs
    Get { model: String },
}

pub(super) fn run(config: &Config, command: ModelsCommand) -> Result<()> {
    let catalogue = Catalogue::built_in(&config.settings);
    match command {
        ModelsCommand::List => {
            for model in catalogue.all() {
                println!(
                    "{}  {}  {} credits  {}  {}",
                    model.id,
                    model.kind,
                    model.price.per_output,
                    model.speed,
                    model.label.as_deref().unwrap_or(&model.best_for)
                );
            }
        }
        ModelsCommand::Get { model } => {
            let found = catalogue
                .find(&model)
                .with_context(|| format!("there is no model `{model}`; see `aquatint models list`"))?;
            println!("{}", serde_json::to_string_pretty(found)?);
        }
    }
    Ok(())
}
