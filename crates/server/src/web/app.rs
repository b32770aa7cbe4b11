//! The web app's files, embedded. Every path below `/app/` that is no file is a page of the app, which finds its own way.

use std::collections::HashMap;
use std::io::Write;

use aquatint_app::Studio;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Response};
use flate2::Compression;
use flate2::write::GzEncoder;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, Uri, header};
use include_dir::{Dir, include_dir};
use tokio::sync::OnceCell;

use super::{cookies, pages, to_sign_in};

static FILES: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/../../web/dist");

const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; \
    media-src 'self' blob:; connect-src 'self'; font-src 'self'; form-action 'self'; frame-ancestors 'none'; \
    base-uri 'none'; require-trusted-types-for 'script'; trusted-types svelte-trusted-html";

pub(super) async fn serve(
    State(studio): State<Studio>,
    Path(path): Path<String>,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    if let Some(file) = FILES.get_file(&path).filter(|_| path != "index.html") {
        // Names in `assets` change with their contents; the few others may change under the same name.
        let cache = if path.starts_with("assets/") {
            "public, max-age=31536000, immutable"
        } else {
            "public, max-age=300"
        };
        let small = if takes_gzip(&headers) {
            zipped(&path, file.contents()).await
        } else {
            None
        };
        let mut response = answer(small.unwrap_or(file.contents()), kind_of(&path), cache);
        let about = response.headers_mut();
        about.insert(header::VARY, HeaderValue::from_static("Accept-Encoding"));
        if small.is_some() {
            about.insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        }
        return response;
    }
    // A file that is not there is not a page: an old tab that asks for one should notice.
    if path.starts_with("assets/") {
        return pages::failure(&crate::listen::nowhere(uri.path()));
    }
    match cookies::seat(&studio, &headers).await {
        Ok(Some(_)) => {}
        Ok(None) => return to_sign_in(uri.path_and_query().map_or("/app/library", |path| path.as_str())),
        Err(problem) => return pages::failure(&problem),
    }
    match FILES.get_file("index.html") {
        Some(index) => answer(index.contents(), "text/html; charset=utf-8", "no-store"),
        None => pages::failure(&crate::listen::nowhere(uri.path())),
    }
}

fn takes_gzip(headers: &HeaderMap) -> bool {
    let accepted = headers
        .get(header::ACCEPT_ENCODING)
        .and_then(|accepted| accepted.to_str().ok());
    accepted
        .into_iter()
        .flat_map(|accepted| accepted.split(','))
        .any(|coding| coding.trim().split(';').next() == Some("gzip") && !coding.contains("q=0"))
}

/// A text file of the app, compressed once for all. Pictures are small already.
async fn zipped(path: &str, bytes: &'static [u8]) -> Option<&'static [u8]> {
    static ZIPPED: OnceCell<HashMap<String, Vec<u8>>> = OnceCell::const_new();
    if !kind_of(path).starts_with("text/") {
        return None;
    }
    let all = ZIPPED
        .get_or_try_init(|| {
            tokio::task::spawn_blocking(|| {
                let mut all = HashMap::new();
                gather(&FILES, &mut all);
                all
            })
        })
        .await
        .ok()?;
    all.get(path)
        .filter(|small| small.len() < bytes.len())
        .map(Vec::as_slice)
}

fn gather(folder: &Dir<'_>, all: &mut HashMap<String, Vec<u8>>) {
    for file in folder.files() {
        let path = file.path().to_string_lossy().replace('\\', "/");
        if kind_of(&path).starts_with("text/") {
            let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
            // Writing to memory cannot fail; if it did, the file would be sent as it is.
            if encoder.write_all(file.contents()).is_ok()
                && let Ok(small) = encoder.finish()
            {
                all.insert(path, small);
            }
        }
    }
    folder.dirs().for_each(|folder| gather(folder, all));
}

fn answer(bytes: &'static [u8], kind: &'static str, cache: &'static str) -> Response {
    let mut response = (StatusCode::OK, bytes).into_response();
    for (name, value) in [
        (header::CONTENT_TYPE, kind),
        (header::CACHE_CONTROL, cache),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (header::REFERRER_POLICY, "same-origin"),
        (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    ] {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}

fn kind_of(path: &str) -> &'static str {
    match path.rsplit('.').next().unwrap_or_default() {
        "js" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "ico" => "image/x-icon",
        "webmanifest" | "json" => "application/json",
        "woff2" => "font/woff2",
        "html" => "text/html; charset=utf-8",
        "txt" => "text/plain; charset=utf-8",
        _ => "application/octet-stream",
    }
}
