//! `cargo xtask pictures`: the pictures of the README, made by the program itself.

use anyhow::{Context, Result};

use crate::{repository, running, studio};

/// Where they are kept.
const FOLDER: &str = "docs/pictures";

/// A picture: its file and what it shows.
struct Scene {
    file: &'static str,
    prompt: &'static str,
    seed: &'static str,
    size: (&'static str, &'static str),
}

const SCENES: &[Scene] = &[Scene {
    file: "scene.webp",
    prompt: "a perfume bottle on a marble countertop, soft light",
    seed: "7",
    size: ("1024", "640"),
}];

/// Makes each again.
pub fn run() -> Result<()> {
    let program = repository::released_program()?;
    for scene in SCENES {
        let folder = tempfile::tempdir()?;
        let out = folder.path().join("out");
        let mut command = studio::aquatint(&program, &folder.path().join("data"));
        command
            .args(["generate", "media", "--model", "image/aquatint/scene-preview"])
            .args(["--prompt", scene.prompt, "--seed", scene.seed])
            .args(["--width", scene.size.0, "--height", scene.size.1])
            .args([
                "--output-format",
                "webp",
                "--quality",
                "85",
                "--wait-seconds",
                "25",
                "-o",
            ])
            .arg(&out);
        running::output(&mut command)?;
        let made = std::fs::read_dir(&out)?.next().context("no picture was made")??.path();
        let kept = repository::root().join(FOLDER).join(scene.file);
        std::fs::create_dir_all(repository::root().join(FOLDER))?;
        std::fs::copy(made, &kept)?;
        println!("{FOLDER}/{} is made: {}, seed {}", scene.file, scene.prompt, scene.seed);
    }
    Ok(())
}
