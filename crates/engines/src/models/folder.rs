//! The folder of installed models: one folder each, with `model.onnx` and `model.json`. Copying such a folder to another
//! machine installs the model there.

use std::io::Read;
use std::path::{Path, PathBuf};

use aquatint_domain::{Code, Problem};
use sha2::{Digest, Sha256};

use super::manifest::{Manifest, Part, Task};

/// The weights within a model's folder.
const WEIGHTS: &str = "model.onnx";
/// What a model is, within its folder.
pub const FACTS: &str = "model.json";
/// The longest `model.json`.
const FACTS_MAX: u64 = 64 * 1024;

/// Where models are.
#[derive(Clone, Debug)]
pub struct Folder {
    path: PathBuf,
}

/// An installed model.
#[derive(Clone, Debug)]
pub struct Installed {
    pub manifest: Manifest,
    pub folder: PathBuf,
}

impl Installed {
    /// Whether the files are those that were installed: the hashes of all of them are reckoned anew.
    pub fn is_whole(&self) -> std::io::Result<bool> {
        if self.manifest.files.is_empty() {
            return Ok(sha256_of(&self.folder.join(WEIGHTS))? == self.manifest.sha256);
        }
        for part in &self.manifest.files {
            if sha256_of(&self.folder.join(&part.path))? != part.sha256 {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

/// The files of a checkpoint in a folder, each with its size and hash, in the order of their names.
pub fn parts_of(folder: &Path, paths: &[String]) -> std::io::Result<Vec<Part>> {
    let mut paths = paths.to_vec();
    paths.sort();
    paths
        .into_iter()
        .map(|path| {
            let file = folder.join(&path);
            Ok(Part {
                bytes: std::fs::metadata(&file)?.len(),
                sha256: sha256_of(&file)?,
                path,
            })
        })
        .collect()
}

/// One hash for several files: that of the list of their hashes and names.
pub fn sha256_of_parts(parts: &[Part]) -> String {
    let list: String = parts
        .iter()
        .map(|part| format!("{}  {}\n", part.sha256, part.path))
        .collect();
    Sha256::digest(list.as_bytes())
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

/// A path that stays within its folder.
fn is_inside(path: &str) -> bool {
    !path.is_empty()
        && path
            .split('/')
            .all(|name| !name.is_empty() && name != "." && name != ".." && !name.contains(['\\', ':']))
}

impl Folder {
    pub fn new(path: PathBuf) -> Self {
        Self { path }
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Everything installed, by name; what cannot be read is told, not hidden.
    pub fn list(&self) -> (Vec<Installed>, Vec<Problem>) {
        let (mut found, mut broken) = (Vec::new(), Vec::new());
        for entry in std::fs::read_dir(&self.path).into_iter().flatten().flatten() {
            let name = entry.file_name().to_string_lossy().into_owned();
            if name.starts_with('.') || !entry.path().is_dir() {
                continue;
            }
            match self.read(&name) {
                Ok(installed) => found.push(installed),
                Err(problem) => broken.push(problem),
            }
        }
        found.sort_by(|a, b| a.manifest.id.cmp(&b.manifest.id));
        (found, broken)
    }

    /// The installed model of that name.
    pub fn get(&self, id: &str) -> Option<Installed> {
        is_name(id).then(|| self.read(id).ok()).flatten()
    }

    /// The installed model of a task that is preferred where nobody chooses.
    pub fn best(&self, task: Task) -> Option<Installed> {
        let (found, _) = self.list();
        found
            .into_iter()
            .filter(|installed| installed.manifest.task == task)
            .max_by_key(|installed| installed.manifest.rank)
    }

    fn read(&self, id: &str) -> Result<Installed, Problem> {
        let folder = self.path.join(id);
        let refuse = |what: &str| {
            Problem::new(
                Code::InvalidArgument,
                format!("The model in {} cannot be used: {what}", folder.display()),
            )
        };
        let facts = folder.join(FACTS);
        let size = std::fs::metadata(&facts)
            .map_err(|_| refuse("it has no model.json. Copy the whole folder of the model."))?
            .len();
        if size > FACTS_MAX {
            return Err(refuse("its model.json is too long."));
        }
        let text = std::fs::read(&facts).map_err(|error| refuse(&error.to_string()))?;
        let manifest: Manifest =
            serde_json::from_slice(&text).map_err(|error| refuse(&format!("model.json: {error}.")))?;
        if manifest.id != id {
            return Err(refuse(&format!(
                "it calls itself `{}`. Name the folder like that.",
                manifest.id
            )));
        }
        let own = [Part {
            path: WEIGHTS.to_owned(),
            bytes: manifest.bytes,
            sha256: String::new(),
        }];
        let parts: &[Part] = if manifest.files.is_empty() {
            &own
        } else {
            &manifest.files
        };
        for part in parts {
            if !is_inside(&part.path) {
                return Err(refuse("its model.json names a file outside of its folder."));
            }
            let bytes = std::fs::metadata(folder.join(&part.path))
                .map_err(|_| refuse(&format!("its {} is missing.", part.path)))?
                .len();
            if bytes != part.bytes || bytes == 0 {
                return Err(refuse(&format!(
                    "{} has {bytes} bytes and should have {}. Copy or pull it again.",
                    part.path, part.bytes
                )));
            }
        }
        Ok(Installed { manifest, folder })
    }

    /// Where a download of that model grows.
    pub fn partial(&self, id: &str) -> Result<PathBuf, Problem> {
        check_name(id)?;
        std::fs::create_dir_all(&self.path).map_err(|error| unwritable(&self.path, &error))?;
        Ok(self.path.join(format!(".{id}.part")))
    }

    /// Puts weights in place: a file, or the folder that holds the files of a checkpoint. What is outside is copied; what
    /// [`Folder::partial`] named is moved.
    pub fn install(&self, manifest: &Manifest, file: &Path) -> Result<Installed, Problem> {
        check_name(&manifest.id)?;
        if crate::find(&manifest.engine()).is_some() {
            return Err(Problem::invalid(
                "name",
                format!(
                    "`{}` is the name of a built-in engine. Choose another name.",
                    manifest.id
                ),
            ));
        }
        let folder = self.path.join(&manifest.id);
        // Made beside its place and renamed, so that no half-made model is ever found.
        let fresh = self.path.join(format!(".{}.new", manifest.id));
        if manifest.files.iter().any(|part| !is_inside(&part.path)) {
            return Err(Problem::invalid("file", "A model's files must be within its folder."));
        }
        let work = || -> std::io::Result<()> {
            let _ = std::fs::remove_dir_all(&fresh);
            std::fs::create_dir_all(&fresh)?;
            let place = |from: &Path, to: &Path| {
                if from.starts_with(&self.path) {
                    std::fs::rename(from, to)
                } else {
                    std::fs::copy(from, to).map(|_| ())
                }
            };
            if manifest.files.is_empty() {
                place(file, &fresh.join(WEIGHTS))?;
            }
            for part in &manifest.files {
                let to = fresh.join(&part.path);
                if let Some(parent) = to.parent() {
                    std::fs::create_dir_all(parent)?;
                }
                place(&file.join(&part.path), &to)?;
            }
            std::fs::write(fresh.join(FACTS), serde_json::to_vec_pretty(manifest)?)?;
            if folder.exists() {
                std::fs::remove_dir_all(&folder)?;
            }
            std::fs::rename(&fresh, &folder)
        };
        work().map_err(|error| unwritable(&folder, &error))?;
        self.read(&manifest.id)
    }

    /// Removes a model; `false` when it was not there.
    pub fn remove(&self, id: &str) -> Result<bool, Problem> {
        check_name(id)?;
        let folder = self.path.join(id);
        if !folder.is_dir() {
            return Ok(false);
        }
        std::fs::remove_dir_all(&folder).map_err(|error| unwritable(&folder, &error))?;
        Ok(true)
    }
}

fn is_name(id: &str) -> bool {
    let mut chars = id.chars();
    chars.next().is_some_and(|ch| ch.is_ascii_alphanumeric())
        && id.len() <= 64
        && chars.all(|ch| ch.is_ascii_lowercase() || ch.is_ascii_digit() || matches!(ch, '-' | '_'))
}

fn check_name(id: &str) -> Result<(), Problem> {
    if is_name(id) {
        return Ok(());
    }
    Err(Problem::invalid(
        "name",
        "A model's name has 1 to 64 small letters, digits, `-` or `_`, such as `my-cutout`.",
    ))
}

fn unwritable(path: &Path, error: &std::io::Error) -> Problem {
    Problem::new(
        Code::Unavailable,
        format!("{} cannot be written: {error}.", path.display()),
    )
    .hint("Free some space, or set `models.folder` to a place that can be written.")
}

/// SHA-256 of a file, in hexadecimal.
pub fn sha256_of(file: &Path) -> std::io::Result<String> {
    digest_of::<Sha256>(file)
}

/// A digest of a file, in hexadecimal.
pub fn digest_of<D: Digest>(file: &Path) -> std::io::Result<String> {
    let mut from = std::fs::File::open(file)?;
    let mut digest = D::new();
    let mut buffer = vec![0; 1024 * 1024];
    loop {
        let count = from.read(&mut buffer)?;
        if count == 0 {
            break;
        }
        digest.update(&buffer[..count]);
    }
    Ok(digest.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
}
