//! The folder of installed models: one folder each, with `model.onnx` and `model.json`. Copying such a folder to another
//! machine installs the model there.

use std::io::Read;
use std::path::{Path, PathBuf};

use aquatint_domain::{Code, Problem};
use sha2::{Digest, Sha256};

use super::manifest::{Manifest, Task};

/// The weights within a model's folder.
const WEIGHTS: &str = "model.onnx";
const FACTS: &str = "model.json";
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
    pub weights: PathBuf,
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
        let weights = folder.join(WEIGHTS);
        let bytes = std::fs::metadata(&weights)
            .map_err(|_| refuse("its model.onnx is missing."))?
            .len();
        if bytes != manifest.bytes || bytes == 0 {
            return Err(refuse(&format!(
                "model.onnx has {bytes} bytes and should have {}. Copy or pull it again.",
                manifest.bytes
            )));
        }
        Ok(Installed { manifest, weights })
    }

    /// Where a download of that model grows.
    pub fn partial(&self, id: &str) -> Result<PathBuf, Problem> {
        check_name(id)?;
        std::fs::create_dir_all(&self.path).map_err(|error| unwritable(&self.path, &error))?;
        Ok(self.path.join(format!(".{id}.part")))
    }

    /// Puts weights in place. A file outside is copied; one of [`Folder::partial`] is moved.
    pub fn install(&self, manifest: &Manifest, file: &Path) -> Result<Installed, Problem> {
        check_name(&manifest.id)?;
        let folder = self.path.join(&manifest.id);
        // Made beside its place and renamed, so that no half-made model is ever found.
        let fresh = self.path.join(format!(".{}.new", manifest.id));
        let work = || -> std::io::Result<()> {
            let _ = std::fs::remove_dir_all(&fresh);
            std::fs::create_dir_all(&fresh)?;
            let weights = fresh.join(WEIGHTS);
            if file.starts_with(&self.path) {
                std::fs::rename(file, &weights)?;
            } else {
                std::fs::copy(file, &weights)?;
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
