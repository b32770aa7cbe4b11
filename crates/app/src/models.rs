//! Models of this machine: getting them from where they are published, and trying them out.

use std::fs::{File, OpenOptions};
use std::io::{Seek, SeekFrom, Write};
use std::path::Path;
use std::time::Duration;

use aquatint_domain::{Code, MediaType, Problem};
use aquatint_engines::models::{
    Family, Folder, Installed, Manifest, Pull, Task, digest_of, parts_of, sha256_of, sha256_of_parts,
};
use aquatint_engines::{Output, Work};
use aquatint_providers::Fetcher;
use aquatint_providers::fetch::Piece;
use bytes::Bytes;
use serde_json::json;
use tokio_util::sync::CancellationToken;

use crate::settings::Settings;
use crate::studio::Studio;

/// How often a broken download is taken up again.
const TRIES: u32 = 4;
/// The pause before it is, doubled each time.
const PAUSE: Duration = Duration::from_millis(500);
/// Model hubs send their files by way of other servers.
const REDIRECTS: u8 = 6;

/// A download that ended well.
pub struct Pulled {
    pub installed: Installed,
    /// The byte at which an earlier, broken download was taken up; 0 for a fresh one.
    pub resumed_at: u64,
}

/// Downloads a family's weights, checks them and installs them. What came of a broken download is kept and taken up the
/// next time. `progress` hears how many bytes are there, of how many where the server says.
pub async fn pull(
    settings: &Settings,
    folder: &Folder,
    family: &Family,
    from: Option<&str>,
    sha256: Option<&str>,
    progress: &mut (dyn FnMut(u64, Option<u64>) + Send),
) -> Result<Pulled, Problem> {
    let (url, md5) = match (from, family.pull) {
        (_, Pull::Checkpoint { base, files }) => {
            let base = from.unwrap_or(base);
            return pull_checkpoint(settings, folder, family, (base, files), sha256, progress).await;
        }
        (Some(url), Pull::Onnx { md5, .. }) => (url, md5),
        (Some(url), Pull::Convert { .. }) => (url, None),
        (None, Pull::Onnx { url, md5 }) => (url, md5),
        (None, Pull::Convert { how }) => return Err(Problem::invalid("name", how)),
    };
    let fetcher = patient(settings)?;
    let partial = folder.partial(family.id)?;
    let resumed_at = size_of(&partial);
    fetch(&fetcher, url, &partial, progress).await?;

    // Nothing is installed that is not what it should be.
    let found = sha256_of(&partial).map_err(Problem::internal)?;
    let is_as_said = sha256.is_none_or(|wanted| wanted.eq_ignore_ascii_case(&found));
    let is_as_published = match md5 {
        Some(wanted) if sha256.is_none() => digest_of::<md5::Md5>(&partial).map_err(Problem::internal)? == wanted,
        _ => true,
    };
    if !is_as_said || !is_as_published {
        let bytes = size_of(&partial);
        std::fs::remove_file(&partial).map_err(Problem::internal)?;
        return Err(Problem::new(
            Code::InvalidArgument,
            format!(
                "The downloaded file of {bytes} bytes is not the one that was published: its SHA-256 is {found}. It was thrown away."
            ),
        )
        .hint("Try again; if it happens again, the file was changed at its source, or something on the way changes it."));
    }
    let manifest = family.manifest(url, size_of(&partial), found, Vec::new());
    let installed = folder.install(&manifest, &partial)?;
    Ok(Pulled { installed, resumed_at })
}

/// Downloads the files of a checkpoint one after another. Its publisher names no hashes, so those of what came are pinned.
async fn pull_checkpoint(
    settings: &Settings,
    folder: &Folder,
    family: &Family,
    (base, files): (&str, &[&str]),
    sha256: Option<&str>,
    progress: &mut (dyn FnMut(u64, Option<u64>) + Send),
) -> Result<Pulled, Problem> {
    let fetcher = patient(settings)?;
    let place = folder.partial(family.id)?;
    let unwritable = |error: std::io::Error| {
        Problem::new(
            Code::Unavailable,
            format!("{} cannot be written: {error}.", place.display()),
        )
    };
    let (mut before, mut resumed_at) = (0, 0);
    for name in files {
        let file = place.join(name);
        // A finished file has its own name; one that is still growing another.
        let growing = place.join(format!("{name}.part"));
        if let Some(parent) = file.parent() {
            std::fs::create_dir_all(parent).map_err(unwritable)?;
        }
        resumed_at += size_of(&file) + size_of(&growing);
        if !file.is_file() {
            let url = format!("{}/{name}", base.trim_end_matches('/'));
            fetch(&fetcher, &url, &growing, &mut |done, _| progress(before + done, None)).await?;
            std::fs::rename(&growing, &file).map_err(unwritable)?;
        }
        before += size_of(&file);
        progress(before, None);
    }
    let names: Vec<String> = files.iter().map(|name| (*name).to_owned()).collect();
    let parts = parts_of(&place, &names).map_err(unwritable)?;
    let bytes = parts.iter().map(|part| part.bytes).sum();
    let found = sha256_of_parts(&parts);
    if sha256.is_some_and(|wanted| !wanted.eq_ignore_ascii_case(&found)) {
        std::fs::remove_dir_all(&place).map_err(unwritable)?;
        return Err(Problem::new(
            Code::InvalidArgument,
            format!(
                "The downloaded files are not those that were wanted: the SHA-256 of their list is {found}. They were thrown away."
            ),
        ));
    }
    let manifest = family.manifest(base, bytes, found, parts);
    let installed = folder.install(&manifest, &place)?;
    std::fs::remove_dir_all(&place).map_err(unwritable)?;
    Ok(Pulled { installed, resumed_at })
}

/// A fetcher for large files of model hubs.
fn patient(settings: &Settings) -> Result<Fetcher, Problem> {
    let mut config = settings.fetcher.clone();
    config.max_redirects = REDIRECTS;
    config.first_byte_timeout = config.first_byte_timeout.max(Duration::from_secs(30));
    Fetcher::new(config)
}

/// Downloads one file into a growing one, and takes it up where it broke, a few times.
async fn fetch(
    fetcher: &Fetcher,
    url: &str,
    partial: &Path,
    progress: &mut (dyn FnMut(u64, Option<u64>) + Send),
) -> Result<(), Problem> {
    let mut tries = 0;
    loop {
        let before = size_of(partial);
        match pour(fetcher, url, partial, progress).await {
            Ok(()) => return Ok(()),
            Err(problem) => {
                // Progress earns new patience.
                tries = if size_of(partial) > before { 1 } else { tries + 1 };
                if tries >= TRIES || !is_worth_another_try(&problem) {
                    let there = size_of(partial);
                    return Err(problem.hint(format!(
                        "{there} bytes are there and are kept; run the same command to go on. A machine without a network takes a copied folder of the model instead."
                    )));
                }
                tokio::time::sleep(PAUSE * 2u32.pow(tries)).await;
            }
        }
    }
}

/// A refusal of the server or of the address stays one.
fn is_worth_another_try(problem: &Problem) -> bool {
    let cause = problem.source.as_ref().map(ToString::to_string).unwrap_or_default();
    problem.field.is_none()
        || ["broke", "took too long", "connecting"]
            .iter()
            .any(|word| cause.contains(word))
}

fn size_of(path: &Path) -> u64 {
    std::fs::metadata(path).map(|facts| facts.len()).unwrap_or(0)
}

async fn pour(
    fetcher: &Fetcher,
    url: &str,
    partial: &Path,
    progress: &mut (dyn FnMut(u64, Option<u64>) + Send),
) -> Result<(), Problem> {
    let mut file: File = OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .open(partial)
        .map_err(|error| {
            Problem::new(
                Code::Unavailable,
                format!("{} cannot be written: {error}.", partial.display()),
            )
        })?;
    let (mut done, mut all) = (0u64, None);
    let from = size_of(partial);
    let poured = fetcher
        .download(url, from, &mut |piece| match piece {
            Piece::Begin { from, total } => {
                (done, all) = (from, total);
                file.set_len(from)?;
                file.seek(SeekFrom::Start(from))?;
                progress(done, all);
                Ok(())
            }
            Piece::Bytes(bytes) => {
                file.write_all(bytes)?;
                done += bytes.len() as u64;
                progress(done, all);
                Ok(())
            }
        })
        .await;
    file.sync_all().map_err(Problem::internal)?;
    match poured {
        // The whole file was there already, or its source is another one now: begin anew.
        Err(problem)
            if from > 0
                && problem
                    .source
                    .as_ref()
                    .is_some_and(|cause| cause.to_string().contains("status 416")) =>
        {
            file.set_len(0).map_err(Problem::internal)?;
            Box::pin(pour(fetcher, url, partial, progress)).await
        }
        other => other,
    }
}

/// Lets a model work on a small picture, as a user's would be.
pub async fn try_out(studio: &Studio, manifest: &Manifest) -> Result<(), Problem> {
    const PICTURE: &[u8] = include_bytes!("models/test-picture.png");
    let arguments = match manifest.task {
        Task::Cutout => json!({ "output": "mask" }),
        Task::Upscale => json!({ "scale": manifest.scale.unwrap_or(4).clamp(2, 4) }),
        Task::Inpaint => json!({ "region": { "boxes": [[20, 20, 16, 16]] } }),
        Task::Generate => json!({ "prompt": "a cup", "width": 64, "height": 64, "seed": 1, "steps": 1 }),
        Task::Embed => return Ok(()),
    };
    let work = Work {
        engine: manifest.engine(),
        arguments,
        output: Output {
            format: Some(MediaType::Png),
            ..Output::default()
        },
    };
    studio
        .crew()
        .make(
            &work,
            if manifest.task == Task::Generate {
                Vec::new()
            } else {
                vec![Bytes::from_static(PICTURE)]
            },
            &CancellationToken::new(),
            &mut |_, _| {},
        )
        .await?;
    Ok(())
}
