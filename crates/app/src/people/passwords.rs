//! Passwords: argon2id with 19 MiB, 2 passes, 1 lane, as PHC strings (the OWASP password storage cheat sheet's first choice).

use aquatint_domain::Problem;
use argon2::{Algorithm, Argon2, Params, PasswordHasher, PasswordVerifier, Version};
use tokio::sync::Semaphore;

/// Characters of a password.
const LENGTH: std::ops::RangeInclusive<usize> = 10..=200;
/// Hashes computed at the same time: each takes 19 MiB and a core, and strangers can ask for them.
static AT_ONCE: Semaphore = Semaphore::const_new(4);

fn hasher() -> Argon2<'static> {
    let params = Params::new(19 * 1024, 2, 1, None).expect("parameters within argon2's own limits");
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
}

/// Hashes a new password, if it is long enough.
pub(crate) async fn hash(password: &str) -> Result<String, Problem> {
    if !LENGTH.contains(&password.chars().count()) {
        return Err(Problem::invalid(
            "password",
            "The password must have 10 to 200 characters.",
        ));
    }
    hash_any(password).await
}

/// Hashes a password whose length is somebody else's business, such as that of a share link.
pub(crate) async fn hash_any(password: &str) -> Result<String, Problem> {
    let password = password.to_owned();
    compute(move || {
        let hash = hasher().hash_password(password.as_bytes());
        hash.map(|hash| hash.to_string())
            .map_err(|error| Problem::internal(error.to_string()))
    })
    .await?
}

/// Whether a password is the one that was hashed. Without a hash (no such person, or one who has no password) the same work is
/// done, so that the time tells nothing.
pub(crate) async fn verify(password: &str, hash: Option<&str>) -> Result<bool, Problem> {
    if password.chars().count() > *LENGTH.end() {
        return Ok(false);
    }
    let (password, hash) = (
        password.to_owned(),
        hash.filter(|hash| !hash.is_empty()).map(str::to_owned),
    );
    compute(move || match hash {
        Some(hash) => hasher().verify_password(password.as_bytes(), hash.as_str()).is_ok(),
        None => {
            // The outcome does not matter, the work does.
            let _ = hasher().hash_password(password.as_bytes());
            false
        }
    })
    .await
}

async fn compute<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, Problem> {
    let _slot = AT_ONCE.acquire().await.map_err(Problem::internal)?;
    tokio::task::spawn_blocking(work).await.map_err(Problem::internal)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_password_is_known_again_and_another_is_not() {
        let hash = hash("correct horse").await.expect("hashed");
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
        assert!(verify("correct horse", Some(&hash)).await.expect("verified"));
        for (password, hash) in [
            ("wrong horse", Some(&*hash)),
            ("", None),
            ("x", Some("")),
            ("x", Some("nonsense")),
        ] {
            assert!(!verify(password, hash).await.expect("verified"), "{password}");
        }
        assert!(super::hash("short").await.is_err());
        assert!(super::hash(&"é".repeat(200)).await.is_ok() && super::hash(&"é".repeat(201)).await.is_err());
    }
}
