//! `aquatint models …`: the catalogue, and models on this machine.

use std::io::{IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use aquatint_app::Studio;
use aquatint_app::catalogue::Catalogue;
use aquatint_app::models::{Pulled, pull};
use aquatint_engines::models::{
    Activation, FAMILIES, Family, Folder, Manifest, Pull, Range, Task, family, parts_of, sha256_of, sha256_of_parts,
};
use clap::Subcommand;
use indicatif::{ProgressBar, ProgressStyle};

use crate::boot::{self, explain};
use crate::config::Config;

/// The folders of a checkpoint.
const CHECKPOINT_PARTS: [&str; 7] = [
    "scheduler",
    "text_encoder",
    "text_encoder_2",
    "tokenizer",
    "tokenizer_2",
    "unet",
    "vae",
];

#[derive(Subcommand)]
pub(super) enum ModelsCommand {
    /// List models: those that generate, and those that edit on this machine
    List {
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// One model with the JSON Schema of its inputs
    Get { model: String },
    /// Download a model, after its licence was shown
    Pull {
        /// One that `aquatint models list` shows
        name: String,
        /// Agree to the licence without being asked
        #[arg(long)]
        yes: bool,
        /// Another address of the same file, such as a mirror of your own
        #[arg(long, value_name = "URL")]
        from: Option<String>,
        /// What the file's SHA-256 must be
        #[arg(long, value_name = "HEX")]
        sha256: Option<String>,
    },
    /// Register a model of your own: an ONNX file, or the folder of a checkpoint in the layout of Diffusers
    Add {
        file: PathBuf,
        /// What it does: cutout, upscale, inpaint or generate
        #[arg(long)]
        task: String,
        /// Its name [default: the file's]
        #[arg(long)]
        name: Option<String>,
        /// The square that it looks at, in pixels [default: any size]
        #[arg(long)]
        side: Option<u32>,
        /// Both sides of its input must be multiples of this
        #[arg(long, default_value_t = 1)]
        multiple: u32,
        /// How many times an upscaler enlarges
        #[arg(long)]
        scale: Option<u32>,
        /// Subtracted from red, green, blue, such as 0.485,0.456,0.406
        #[arg(long, value_delimiter = ',', value_name = "R,G,B")]
        mean: Vec<f32>,
        /// What they are divided by after
        #[arg(long, value_delimiter = ',', value_name = "R,G,B")]
        deviation: Vec<f32>,
        /// Its colours in and out are 0 to 255 instead of 0 to 1
        #[arg(long)]
        bytes: bool,
        /// What makes shares of a cut-out's output: none, sigmoid, min_max, sigmoid_min_max
        #[arg(long, default_value = "min_max")]
        activation: String,
        /// The name of its licence
        #[arg(long, default_value = "unknown")]
        licence: String,
        /// Steps that a generator takes [default: 25]
        #[arg(long)]
        steps: Option<usize>,
        /// How strongly words count for a generator; 1 for turbo models [default: 7.5]
        #[arg(long)]
        guidance: Option<f64>,
    },
    /// Remove a model from this machine
    Remove { name: String },
    /// Check the files of installed models, and let each work on a test picture
    Verify { name: Option<String> },
}

pub(super) async fn run(config: &Config, command: ModelsCommand) -> Result<ExitCode> {
    let folder = Folder::new(config.settings.models.clone());
    match command {
        ModelsCommand::List { json } => list(config, &folder, json)?,
        ModelsCommand::Get { model } => {
            let catalogue = Catalogue::with_installed(&config.settings, &folder.list().0);
            let found = catalogue
                .find(&model)
                .with_context(|| format!("there is no model `{model}`; see `aquatint models list`"))?;
            println!("{}", serde_json::to_string_pretty(found)?);
        }
        ModelsCommand::Pull {
            name,
            yes,
            from,
            sha256,
        } => {
            let family =
                family(&name).with_context(|| format!("there is no family `{name}`; see `aquatint models list`"))?;
            download(config, &folder, family, yes, from, sha256).await?;
        }
        ModelsCommand::Add {
            file,
            task,
            name,
            side,
            multiple,
            scale,
            mean,
            deviation,
            bytes,
            activation,
            licence,
            steps,
            guidance,
        } => {
            let task = Task::parse(&task).filter(|task| task.can_run()).context(
                "--task must be cutout, upscale or inpaint; generate in a program built with the feature `diffusion`",
            )?;
            if task == Task::Upscale && scale.is_none() {
                bail!("an upscaler needs --scale, such as --scale 4");
            }
            if task == Task::Inpaint && side.is_none() {
                bail!("an inpainting model needs --side, such as --side 512");
            }
            let id = match name {
                Some(name) => name,
                None => file
                    .file_stem()
                    .map(|stem| stem.to_string_lossy().to_lowercase().replace([' ', '.'], "-"))
                    .context("the file has no name; give --name")?,
            };
            let files = if task == Task::Generate {
                parts_of(&file, &checkpoint_files(&file)?)?
            } else {
                Vec::new()
            };
            let size = if files.is_empty() {
                std::fs::metadata(&file)
                    .with_context(|| format!("{} cannot be read", file.display()))?
                    .len()
            } else {
                files.iter().map(|part| part.bytes).sum()
            };
            if size == 0 {
                bail!("{} is empty", file.display());
            }
            let range = if bytes { Range::Byte } else { Range::Unit };
            let activation: Activation = serde_json::from_value(activation.clone().into())
                .with_context(|| format!("--activation `{activation}` is unknown; see --help"))?;
            let manifest = Manifest {
                title: id.clone(),
                id,
                task,
                licence,
                source: file.display().to_string(),
                bytes: size,
                sha256: if files.is_empty() {
                    sha256_of(&file)?
                } else {
                    sha256_of_parts(&files)
                },
                files,
                steps,
                guidance,
                side,
                multiple: multiple.max(1),
                mean: three(&mean, 0.0)?,
                deviation: three(&deviation, 1.0)?,
                input: range,
                output: range,
                activation,
                scale,
                rank: 80,
            };
            let installed = folder.install(&manifest, &file).map_err(explain)?;
            let studio = boot::open(config).await?;
            let tried = try_out(&studio, &installed.manifest).await;
            studio.close().await;
            if let Err(error) = tried {
                folder.remove(&manifest.id).map_err(explain)?;
                return Err(error.context("the model was not added"));
            }
            println!("{} is installed as the engine {}", manifest.id, manifest.engine());
        }
        ModelsCommand::Remove { name } => {
            if !folder.remove(&name).map_err(explain)? {
                bail!("there is no model `{name}` on this machine");
            }
            println!("{name} is removed");
        }
        ModelsCommand::Verify { name } => return verify(config, &folder, name.as_deref()).await,
    }
    Ok(ExitCode::SUCCESS)
}

fn list(config: &Config, folder: &Folder, json: bool) -> Result<()> {
    let (installed, broken) = folder.list();
    let catalogue = Catalogue::with_installed(&config.settings, &installed);
    if json {
        let families: Vec<_> = FAMILIES
            .iter()
            .map(|family| {
                serde_json::json!({
                    "name": family.id,
                    "task": family.task,
                    "title": family.title,
                    "licence": family.licence,
                    "megabytes": family.megabytes,
                    "speed": family.speed,
                    "source": family.page,
                    "installed": installed.iter().any(|model| model.manifest.id == family.id),
                })
            })
            .collect();
        let manifests: Vec<_> = installed.iter().map(|model| &model.manifest).collect();
        let all = serde_json::json!({
            "catalogue": catalogue.all(), "families": families, "installed": manifests,
        });
        println!("{}", serde_json::to_string_pretty(&all)?);
        return Ok(());
    }
    println!("Models that generate:");
    for model in catalogue.all() {
        println!(
            "  {}  {}  {} credits  {}  {}",
            model.id,
            model.kind,
            model.price.rate.per_output,
            model.speed,
            model.label.as_deref().unwrap_or(&model.best_for)
        );
    }
    println!("\nModels for editing on this machine (`aquatint models pull NAME`):");
    for family in &FAMILIES {
        let state = if installed.iter().any(|model| model.manifest.id == family.id) {
            "installed"
        } else if !family.task.can_run() {
            "not in this build"
        } else if matches!(family.pull, Pull::Onnx { .. } | Pull::Checkpoint { .. }) {
            "can be pulled"
        } else {
            "bring your own"
        };
        println!(
            "  {:18} {:8} {:>6} MB  {:6}  {state:14}  {}  [{}]  {}",
            family.id,
            family.task.prefix(),
            family.megabytes,
            family.speed,
            family.title,
            family.licence,
            family.page
        );
    }
    for model in &installed {
        if family(&model.manifest.id).is_none() {
            let manifest = &model.manifest;
            println!(
                "  {:18} {:8} {:>6} MB  {:6}  {:14}  {}  [{}]  {}",
                manifest.id,
                manifest.task.prefix(),
                manifest.bytes.div_ceil(1_000_000),
                "",
                "installed",
                manifest.title,
                manifest.licence,
                manifest.source
            );
        }
    }
    for problem in broken {
        eprintln!("warning: {}", problem.message);
    }
    Ok(())
}

async fn download(
    config: &Config,
    folder: &Folder,
    family: &'static Family,
    agreed: bool,
    from: Option<String>,
    sha256: Option<String>,
) -> Result<()> {
    println!("{}", family.title);
    println!("licence: {}", family.licence);
    println!("source:  {}", family.page);
    println!("size:    about {} MB", family.megabytes);
    if family.task == Task::Generate && !family.task.can_run() {
        bail!(
            "this program was built without the feature `diffusion`; build it with `--features diffusion` to run such models"
        );
    }
    if let Pull::Convert { how } = family.pull
        && from.is_none()
    {
        bail!("`{}` cannot be pulled by itself. {how}", family.id);
    }
    if !agreed {
        if !std::io::stdin().is_terminal() {
            bail!("say --yes to agree to the licence");
        }
        print!("Download it under this licence? [y/N] ");
        std::io::stdout().flush()?;
        let mut answer = String::new();
        std::io::stdin().read_line(&mut answer)?;
        if !matches!(answer.trim().to_lowercase().as_str(), "y" | "yes") {
            bail!("nothing was downloaded");
        }
    }
    let bar = ProgressBar::new(u64::from(family.megabytes) * 1_000_000);
    if let Ok(style) = ProgressStyle::with_template("{wide_bar} {bytes}/{total_bytes}  {bytes_per_sec}  {eta}") {
        bar.set_style(style);
    }
    let told = bar.clone();
    let Pulled { installed, resumed_at } = pull(
        &config.settings,
        folder,
        family,
        from.as_deref(),
        sha256.as_deref(),
        &mut |done, total| {
            if let Some(total) = total {
                told.set_length(total);
            }
            told.set_position(done);
        },
    )
    .await
    .map_err(explain)?;
    bar.finish_and_clear();
    if resumed_at > 0 {
        println!("went on at byte {resumed_at}");
    }
    println!("sha256:  {}", installed.manifest.sha256);
    let studio = boot::open(config).await?;
    let tried = try_out(&studio, &installed.manifest).await;
    studio.close().await;
    tried.context("the model is installed but does not work here; remove it with `aquatint models remove`")?;
    println!(
        "{} is installed as the engine {}",
        family.id,
        installed.manifest.engine()
    );
    Ok(())
}

/// Lets a model work on a small picture.
async fn try_out(studio: &Studio, manifest: &Manifest) -> Result<()> {
    aquatint_app::models::try_out(studio, manifest).await.map_err(explain)
}

async fn verify(config: &Config, folder: &Folder, named: Option<&str>) -> Result<ExitCode> {
    let (installed, broken) = folder.list();
    let mut failures = broken.len();
    for problem in &broken {
        println!("PROBLEM  {}", problem.message);
    }
    let studio = boot::open(config).await?;
    for model in installed
        .iter()
        .filter(|model| named.is_none_or(|named| model.manifest.id == named))
    {
        let id = &model.manifest.id;
        let is_whole = model
            .is_whole()
            .with_context(|| format!("the files of {id} cannot be read"))?;
        if !is_whole {
            println!("PROBLEM  {id}: the file is not what was installed; pull or add it again");
            failures += 1;
        } else if let Err(error) = try_out(&studio, &model.manifest).await {
            println!("PROBLEM  {id}: {error:#}");
            failures += 1;
        } else {
            println!("ok       {id}");
        }
    }
    studio.close().await;
    Ok(if failures == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// The files of a checkpoint that are needed to run it.
fn checkpoint_files(folder: &Path) -> Result<Vec<String>> {
    let mut found = Vec::new();
    for part in CHECKPOINT_PARTS {
        let Ok(entries) = std::fs::read_dir(folder.join(part)) else {
            continue;
        };
        for entry in entries {
            let name = entry?.file_name().to_string_lossy().into_owned();
            if name.ends_with(".json") || name.ends_with(".txt") || name.ends_with(".safetensors") {
                found.push(format!("{part}/{name}"));
            }
        }
    }
    if !found.iter().any(|name| name.starts_with("unet/")) {
        bail!(
            "{} is no checkpoint in the layout of Diffusers: it has no folder `unet`",
            folder.display()
        );
    }
    // Of two precisions of the same weights the smaller is enough.
    let halves: Vec<String> = found
        .iter()
        .filter_map(|name| {
            name.strip_suffix(".fp16.safetensors")
                .map(|stem| format!("{stem}.safetensors"))
        })
        .collect();
    found.retain(|name| !halves.contains(name));
    Ok(found)
}

fn three(given: &[f32], usual: f32) -> Result<[f32; 3]> {
    match given {
        [] => Ok([usual; 3]),
        [one] => Ok([*one; 3]),
        [r, g, b] => Ok([*r, *g, *b]),
        _ => bail!("three numbers are needed, such as 0.5,0.5,0.5"),
    }
}
