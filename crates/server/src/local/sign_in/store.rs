//! Tokens of hosted servers, one file each, which only its owner can read.

use std::fs::{self, File, OpenOptions};
use std::path::PathBuf;

use aquatint_app::write_private;
use aquatint_domain::{Clock, Code, Problem, SystemClock};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::Digest;

use crate::local::Server;

/// A folder of tokens. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Store {
    folder: PathBuf,
}

/// What a sign-in came to.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Tokens {
    pub server: String,
    pub issuer: String,
    pub token_endpoint: String,
    pub client_id: String,
    pub resource: String,
    pub access_token: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refresh_token: Option<String>,
    /// Seconds since 1970.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<i64>,
}

impl Tokens {
    /// Takes what a token endpoint answered.
    pub(super) fn take(&mut self, said: &Value) -> Result<(), Problem> {
        let is_bearer = said["token_type"]
            .as_str()
            .is_none_or(|kind| kind.eq_ignore_ascii_case("bearer"));
        let token = said["access_token"]
            .as_str()
            .filter(|token| !token.is_empty() && is_bearer);
        let Some(token) = token else {
            return Err(Problem::new(
                Code::Unauthorized,
                "The server gave no token that can be used.",
            ));
        };
        self.access_token = token.to_owned();
        if let Some(token) = said["refresh_token"].as_str() {
            self.refresh_token = Some(token.to_owned());
        }
        self.expires_at = said["expires_in"]
            .as_i64()
            .map(|seconds| SystemClock.now().as_second().saturating_add(seconds));
        Ok(())
    }
}

impl Store {
    /// In this folder, which is made when something is stored.
    pub fn new(folder: PathBuf) -> Self {
        Self { folder }
    }

    fn path(&self, server: &Server) -> PathBuf {
        let hash = sha2::Sha256::digest(server.resource().as_bytes());
        let name: String = hash.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
        self.folder.join(format!("{name}.json"))
    }

    pub(super) fn read(&self, server: &Server) -> Result<Option<Tokens>, Problem> {
        let path = self.path(server);
        match fs::read_to_string(&path) {
            // A file that cannot be understood is as good as none.
            Ok(text) => Ok(serde_json::from_str(&text).ok()),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(unusable(&path, &error)),
        }
    }

    /// Replaces the file whole, so that no reader sees half of it.
    pub(super) fn write(&self, server: &Server, tokens: &Tokens) -> Result<(), Problem> {
        let path = self.path(server);
        let text = serde_json::to_string_pretty(tokens).map_err(Problem::internal)?;
        let fresh = self.folder.join(format!("{}.new", std::process::id()));
        let _ = fs::remove_file(&fresh);
        self.make()
            .and_then(|()| write_private(&fresh, &text))
            .and_then(|()| fs::rename(&fresh, &path))
            .map_err(|error| unusable(&path, &error))
    }

    /// Forgets a server; `false` where nothing was known of it.
    pub fn forget(&self, server: &Server) -> Result<bool, Problem> {
        let path = self.path(server);
        match fs::remove_file(&path) {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(unusable(&path, &error)),
        }
    }

    /// Held while a refresh token is used, which works once: several clients may each have started a bridge.
    pub(super) async fn lock(&self) -> Result<File, Problem> {
        let path = self.folder.join("lock");
        self.make().map_err(|error| unusable(&path, &error))?;
        let opened = path.clone();
        let locked = tokio::task::spawn_blocking(move || {
            let file = OpenOptions::new()
                .create(true)
                .truncate(false)
                .write(true)
                .open(&opened)?;
            file.lock()?;
            Ok(file)
        });
        let locked = locked.await.map_err(Problem::internal)?;
        locked.map_err(|error: std::io::Error| unusable(&path, &error))
    }

    fn make(&self) -> std::io::Result<()> {
        let mut builder = fs::DirBuilder::new();
        builder.recursive(true);
        #[cfg(unix)]
        std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
        builder.create(&self.folder)
    }
}

fn unusable(path: &std::path::Path, error: &std::io::Error) -> Problem {
    Problem::new(
        Code::Unavailable,
        format!("The file of the sign-in, {}, cannot be used: {error}.", path.display()),
    )
}
