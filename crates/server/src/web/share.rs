//! What stands behind a share link: a page that works without JavaScript, its pictures, and all of them as one archive.
//! Every route goes through [`enter`], so none can forget the password.

use std::io::Write;
use std::net::SocketAddr;

use aquatint_app::{DOWNLOAD, ShareDoor, Studio, Visit};
use aquatint_domain::{Asset, AssetId, Code, MediaKind, MediaType, Problem};
use askama::Template;
use axum::body::{Body, Bytes};
use axum::extract::{ConnectInfo, Path, Query, State};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Form};
use futures::StreamExt;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use serde::Deserialize;
use tokio::sync::mpsc;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use super::{cookies, page, pages, see_other, sign_in};

const KEY_COOKIE: &str = "aquatint_share";
const KEY_AGE_S: u64 = 24 * 3_600;
/// Pictures on one page.
const PAGE: u32 = 60;
/// Pieces of an archive that may wait for a slow visitor.
const PIECES: usize = 16;

#[derive(Deserialize, Default)]
#[serde(default)]
pub(super) struct Turn {
    cursor: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct Password {
    #[serde(default)]
    password: String,
}

struct Shown {
    id: String,
    title: String,
    width: u32,
    height: u32,
    is_film: bool,
    is_sound: bool,
    has_picture: bool,
    /// Of the file, such as `GLB`.
    kind: String,
}

#[derive(Template)]
#[template(path = "share.html")]
struct SharePage {
    url: String,
    secret: String,
    title: String,
    count: u64,
    items: Vec<Shown>,
    next: Option<String>,
    allow_downloads: bool,
    cover: Option<String>,
}

#[derive(Template)]
#[template(path = "share_locked.html")]
struct LockedPage<'a> {
    secret: &'a str,
    wrong: &'a str,
}

/// The one way in, for every route.
async fn enter(studio: &Studio, headers: &HeaderMap, secret: &str) -> Result<ShareDoor, Problem> {
    studio.visit_share(secret, cookies::read(headers, KEY_COOKIE)).await
}

pub(super) async fn show(
    State(studio): State<Studio>,
    headers: HeaderMap,
    Path(secret): Path<String>,
    Query(turn): Query<Turn>,
) -> Response {
    let visit = match enter(&studio, &headers, &secret).await {
        Ok(ShareDoor::Open(visit)) => visit,
        Ok(ShareDoor::Locked) => return private(page(StatusCode::OK, &locked(&secret, ""))),
        Err(problem) => return private(pages::failure(&problem)),
    };
    match show_contents(&studio, &visit, secret, turn).await {
        Ok(response) => private(response),
        Err(problem) => private(pages::failure(&problem)),
    }
}

async fn show_contents(studio: &Studio, visit: &Visit, secret: String, turn: Turn) -> Result<Response, Problem> {
    let contents = studio.share_contents(visit, turn.cursor.as_deref(), PAGE).await?;
    if turn.cursor.is_none() {
        studio.count_view(visit).await;
    }
    let share = &visit.share;
    let cover = contents
        .items
        .iter()
        .find(|asset| asset.has_poster())
        .filter(|_| share.password_hash.is_none())
        .map(|asset| asset.id.to_string());
    Ok(page(
        StatusCode::OK,
        &SharePage {
            url: studio.public_url().to_string(),
            title: share.title.clone().unwrap_or_else(|| "Shared with you".to_owned()),
            count: share.asset_count,
            items: contents.items.into_iter().map(shown).collect(),
            next: contents.next_cursor,
            allow_downloads: share.allow_downloads,
            cover,
            secret,
        },
    ))
}

pub(super) async fn unlock(
    State(studio): State<Studio>,
    peer: Option<Extension<ConnectInfo<SocketAddr>>>,
    Path(secret): Path<String>,
    Form(form): Form<Password>,
) -> Response {
    let address = peer.map(|Extension(ConnectInfo(peer))| peer.ip().to_string());
    match studio
        .unlock_share(&secret, &form.password, &address.unwrap_or_default())
        .await
    {
        Ok(key) => {
            let path = format!("/s/{secret}");
            let mut response = see_other(&path);
            let cookie = cookies::cookie(&studio, KEY_COOKIE, &key, &path, KEY_AGE_S);
            response.headers_mut().append(header::SET_COOKIE, cookie);
            private(response)
        }
        Err(problem) => private(sign_in::wrong(&problem, &locked(&secret, &problem.message))),
    }
}

pub(super) async fn media(
    State(studio): State<Studio>,
    headers: HeaderMap,
    Path((secret, asset, how)): Path<(String, String, String)>,
) -> Response {
    let served = async {
        let visit = open(enter(&studio, &headers, &secret).await?)?;
        let asset: AssetId = asset.parse()?;
        studio.share_media(&visit, &asset, &how).await
    };
    let served = match served.await {
        Ok(served) => served,
        Err(problem) => return private(pages::failure(&problem)),
    };
    let is_file = how == DOWNLOAD || matches!(served.media_type, MediaType::Svg | MediaType::Glb);
    let disposition = if is_file { "attachment" } else { "inline" };
    let mut response = served.bytes.into_response();
    for (name, value) in [
        (header::CONTENT_TYPE, served.media_type.as_str().to_owned()),
        (
            header::CONTENT_DISPOSITION,
            format!("{disposition}; filename=\"{}\"", served.file_name),
        ),
        (header::CACHE_CONTROL, "private, max-age=600".to_owned()),
        (
            header::CONTENT_SECURITY_POLICY,
            "default-src 'none'; sandbox".to_owned(),
        ),
        (
            HeaderName::from_static("cross-origin-resource-policy"),
            "same-origin".to_owned(),
        ),
    ] {
        if let Ok(value) = HeaderValue::from_str(&value) {
            response.headers_mut().insert(name, value);
        }
    }
    private(response)
}

/// All of it as one archive, sent while it is made.
pub(super) async fn archive(State(studio): State<Studio>, headers: HeaderMap, Path(secret): Path<String>) -> Response {
    let prepared = async {
        let visit = open(enter(&studio, &headers, &secret).await?)?;
        let assets = studio.share_archive(&visit).await?;
        Ok((visit, assets))
    };
    let (visit, assets) = match prepared.await {
        Ok(prepared) => prepared,
        Err(problem) => return private(pages::failure(&problem)),
    };
    let (sender, receiver) = mpsc::channel::<std::io::Result<Bytes>>(PIECES);
    let runtime = tokio::runtime::Handle::current();
    tokio::task::spawn_blocking(move || {
        let written = write_archive(&studio, &visit, &assets, &runtime, Pieces(sender.clone()));
        if let Err(error) = written {
            // The transfer breaks off, so that the visitor's program sees that the archive is not whole.
            tracing::warn!(%error, "an archive could not be finished");
            let _ = sender.blocking_send(Err(std::io::Error::other("the archive broke off")));
        }
    });
    let pieces = futures::stream::unfold(receiver, |mut receiver| async move {
        receiver.recv().await.map(|piece| (piece, receiver))
    });
    let mut response = Body::from_stream(pieces.boxed()).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/zip"));
    headers.insert(
        header::CONTENT_DISPOSITION,
        HeaderValue::from_static("attachment; filename=\"aquatint.zip\""),
    );
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    private(response)
}

/// Names are ours: a number and the cleaned title, so nothing in an archive can climb out of its folder.
fn write_archive(
    studio: &Studio,
    visit: &Visit,
    assets: &[Asset],
    runtime: &tokio::runtime::Handle,
    pieces: Pieces,
) -> anyhow::Result<()> {
    let mut archive = ZipWriter::new_stream(pieces);
    let options = SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored);
    for (index, asset) in assets.iter().enumerate() {
        let served = match runtime.block_on(studio.share_media(visit, &asset.id, DOWNLOAD)) {
            Ok(served) => served,
            // It went into the trash while the archive was made.
            Err(problem) if problem.code == Code::NotFound => continue,
            Err(problem) => return Err(problem.into()),
        };
        archive.start_file(format!("{:04}-{}", index + 1, served.file_name), options)?;
        archive.write_all(&served.bytes)?;
    }
    archive.finish()?.into_inner().flush()?;
    Ok(())
}

/// Hands what is written on to the connection, and waits where the visitor is slow.
struct Pieces(mpsc::Sender<std::io::Result<Bytes>>);

impl Write for Pieces {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let gone = |_| std::io::Error::from(std::io::ErrorKind::BrokenPipe);
        self.0.blocking_send(Ok(Bytes::copy_from_slice(bytes))).map_err(gone)?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

fn open(door: ShareDoor) -> Result<Box<Visit>, Problem> {
    match door {
        ShareDoor::Open(visit) => Ok(visit),
        ShareDoor::Locked => Err(Problem::new(
            Code::Unauthorized,
            "A password is needed first; open the link itself.",
        )),
    }
}

fn shown(asset: Asset) -> Shown {
    Shown {
        is_film: asset.media_type.kind() == MediaKind::Video,
        is_sound: asset.kind == MediaKind::Audio,
        has_picture: asset.has_poster(),
        kind: asset.media_type.extension().to_uppercase(),
        id: asset.id.to_string(),
        title: asset.title,
        width: asset.width,
        height: asset.height,
    }
}

fn locked<'a>(secret: &'a str, wrong: &'a str) -> LockedPage<'a> {
    LockedPage { secret, wrong }
}

/// Nobody else hears of the link: not search engines, not the pages that links on it lead to.
fn private(mut response: Response) -> Response {
    let headers = response.headers_mut();
    headers.insert(
        HeaderName::from_static("x-robots-tag"),
        HeaderValue::from_static("noindex, nofollow"),
    );
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    response
}
