//! `aquatint call TOOL --json …`: one tool call, in this process.

use std::io::Read;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, Result};
use aquatint_app::toolset;
use serde_json::Value;

use super::{as_operator, passing_worker};
use crate::config::Config;

pub(super) async fn run(config: &Config, tool: &str, json: &str, workspace: Option<&str>) -> Result<ExitCode> {
    let text = match json {
        "-" => {
            let mut text = String::new();
            std::io::stdin()
                .read_to_string(&mut text)
                .context("standard input cannot be read")?;
            text
        }
        given => given.to_owned(),
    };
    let arguments: Value = serde_json::from_str(&text).context("--json must be a JSON object")?;
    let (studio, caller) = as_operator(config, workspace).await?;
    let worker = studio.spawn_worker(passing_worker());
    let outcome = toolset::call(&studio, &caller, tool, arguments, None).await;
    worker.stop(Duration::from_secs(config.drain_seconds)).await;
    studio.close().await;
    match outcome {
        Ok(reply) => {
            println!("{}", serde_json::to_string_pretty(&reply.structured)?);
            Ok(ExitCode::SUCCESS)
        }
        Err(problem) => {
            println!("{}", serde_json::to_string_pretty(&problem)?);
            Ok(ExitCode::FAILURE)
        }
    }
}
