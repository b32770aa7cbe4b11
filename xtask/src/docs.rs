//! The generated reference pages: written by the program itself, from the tables that it runs by.

use std::path::Path;

use anyhow::{Context, Result, bail};

use crate::{repository, running, studio};

/// Where they are kept.
const FOLDER: &str = "docs/reference";

/// Writes docs/reference again.
pub fn write() -> Result<()> {
    let program = repository::tested_program()?;
    write_to(&program, &repository::root().join(FOLDER))?;
    println!("{FOLDER} is written");
    Ok(())
}

fn write_to(program: &Path, folder: &Path) -> Result<()> {
    let nowhere = tempfile::tempdir()?;
    running::quietly(
        "aquatint reference",
        studio::aquatint(program, nowhere.path()).arg("reference").arg(folder),
    )
}

/// Fails when a page in the repository is not what the program writes.
pub fn check_fresh() -> Result<()> {
    let program = repository::tested_program()?;
    let fresh = tempfile::tempdir()?;
    write_to(&program, fresh.path())?;
    let kept = repository::root().join(FOLDER);
    for entry in std::fs::read_dir(fresh.path())? {
        let name = entry?.file_name();
        let text = std::fs::read_to_string(fresh.path().join(&name))?;
        let stands = std::fs::read_to_string(kept.join(&name)).unwrap_or_default();
        if text != stands {
            bail!("{FOLDER}/{} is old; run `cargo xtask docs`", name.display());
        }
    }
    for entry in std::fs::read_dir(&kept).with_context(|| format!("{FOLDER} is missing"))? {
        let name = entry?.file_name();
        if !fresh.path().join(&name).exists() {
            bail!("{FOLDER}/{} is not written any more; remove it", name.display());
        }
    }
    Ok(())
}
