//! From a configuration to a running studio.

use std::path::Path;

use anyhow::{Context, Result};
use aquatint_app::Studio;
use aquatint_domain::Problem;

use crate::config::Config;

/// Makes the data folder, private to its owner, and opens the studio in it.
pub async fn open(config: &Config) -> Result<Studio> {
    make_private(&config.data).with_context(|| {
        format!(
            "the data folder {} cannot be made or used; say another with --data DIR",
            config.data.display()
        )
    })?;
    let mut settings = config.settings.clone();
    settings.public_url = config
        .public_url
        .clone()
        .unwrap_or_else(|| format!("http://{}", config.listen));
    Studio::open(settings).await.map_err(explain)
}

/// A problem on the command line: what happened, and what to do.
pub fn explain(problem: Problem) -> anyhow::Error {
    let mut text = problem.message.clone();
    if let Some(hint) = &problem.hint {
        text.push(' ');
        text.push_str(hint);
    }
    match problem.source {
        Some(source) => anyhow::anyhow!("{source}").context(text),
        None => anyhow::anyhow!(text),
    }
}

/// Makes a folder that only its owner can enter.
fn make_private(folder: &Path) -> std::io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)?;
    // A folder that exists may still be one that we cannot write to.
    let probe = folder.join(format!(".probe-{}", std::process::id()));
    std::fs::write(&probe, b"")?;
    std::fs::remove_file(probe)
}
