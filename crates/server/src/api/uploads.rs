//! Receiving uploads: multipart with the field `file`, or the bytes alone. The secret in the URL is
//! the permission; it works once. That is why any page may send here: a page in a conversation has
//! no origin of its own, and no cookie counts for anything.

use aquatint_app::operations::assets::AssetView;
use aquatint_domain::{Code, Problem};
use aquatint_store::Upload;
use axum::body::Body;
use axum::extract::{FromRequest, Multipart, Path, Request, State};
use axum::response::{IntoResponse, Response};
use bytes::{Bytes, BytesMut};
use futures::{Stream, StreamExt};
use http::{HeaderMap, HeaderValue, StatusCode, header};

use super::Api;
use super::problem::problem_response;

/// What a browser asks before a page elsewhere sends a file and watches it go.
pub(super) async fn ask() -> Response {
    let mut response = StatusCode::NO_CONTENT.into_response();
    for (name, value) in [
        (header::ACCESS_CONTROL_ALLOW_METHODS, "POST, PUT"),
        (
            header::ACCESS_CONTROL_ALLOW_HEADERS,
            "Content-Type, Content-Disposition",
        ),
        (header::ACCESS_CONTROL_MAX_AGE, "600"),
    ] {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    open(response)
}

/// Lets a page of any origin read the answer.
fn open(mut response: Response) -> Response {
    let any = HeaderValue::from_static("*");
    response.headers_mut().insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, any);
    response
}

pub(super) async fn receive(State(api): State<Api>, Path(token): Path<String>, request: Request) -> Response {
    open(match receive_for(&api, &token, request).await {
        Ok(asset) => {
            let mut body = serde_json::to_value(&asset).unwrap_or_default();
            body["id"] = body["asset_id"].clone();
            (
                [
                    (header::CONTENT_TYPE, "application/json"),
                    (header::CACHE_CONTROL, "no-store"),
                ],
                format!("{body}\n"),
            )
                .into_response()
        }
        Err(problem) => problem_response(&problem),
    })
}

/// Takes the file of a request for the upload of this secret.
pub(crate) async fn receive_for(api: &Api, token: &str, request: Request) -> Result<AssetView, Problem> {
    let Ok(_slot) = api.receiving.try_acquire() else {
        return Err(Problem::new(
            Code::Unavailable,
            "Too many uploads at the same time; try again in a moment.",
        )
        .retry_after(2));
    };
    let upload = api.studio.begin_upload(token).await?;
    // The right to upload goes back if the client or this future goes away in the middle.
    let mut guard = GiveBack {
        api: api.clone(),
        upload: Some(upload.clone()),
    };
    let received = read(request, upload.max_bytes).await;
    guard.upload = None;
    match received {
        Ok((bytes, name)) => api.studio.finish_upload(&upload, bytes, name).await,
        Err(problem) => {
            // Before the answer: whoever reads it may send again at once.
            api.studio.give_back_upload(&upload).await;
            Err(problem)
        }
    }
}

struct GiveBack {
    api: Api,
    upload: Option<Upload>,
}

impl Drop for GiveBack {
    fn drop(&mut self) {
        if let Some(upload) = self.upload.take() {
            let studio = self.api.studio.clone();
            tokio::spawn(async move { studio.give_back_upload(&upload).await });
        }
    }
}

async fn read(request: Request, max_bytes: u64) -> Result<(Bytes, Option<String>), Problem> {
    refuse_large(request.headers(), max_bytes)?;
    let is_multipart = request
        .headers()
        .get(header::CONTENT_TYPE)
        .and_then(|kind| kind.to_str().ok())
        .is_some_and(|kind| kind.starts_with("multipart/form-data"));
    if !is_multipart {
        let name = file_name(request.headers());
        let body: Body = request.into_body();
        let bytes = collect(
            body.into_data_stream().map(|chunk| chunk.map_err(|_| broken())),
            max_bytes,
        )
        .await?;
        return Ok((bytes, name));
    }
    let mut form = Multipart::from_request(request, &()).await.map_err(|_| {
        Problem::new(
            Code::MalformedRequest,
            "The multipart body has no boundary; let curl set the header with `-F file=@PATH`.",
        )
    })?;
    while let Some(field) = form.next_field().await.map_err(|_| broken())? {
        if field.name() == Some("file") {
            let name = field.file_name().map(str::to_owned);
            let bytes = collect(field.map(|chunk| chunk.map_err(|_| broken())), max_bytes).await?;
            return Ok((bytes, name));
        }
    }
    Err(Problem::invalid(
        "file",
        "The multipart body has no field named `file`; send `-F file=@PATH`.",
    ))
}

fn refuse_large(headers: &HeaderMap, max_bytes: u64) -> Result<(), Problem> {
    // A multipart body is a little larger than its file.
    let announced = headers
        .get(header::CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.parse::<u64>().ok());
    match announced {
        Some(length) if length > max_bytes.saturating_add(64 * 1024) => Err(too_large(max_bytes)),
        _ => Ok(()),
    }
}

async fn collect(chunks: impl Stream<Item = Result<Bytes, Problem>>, max_bytes: u64) -> Result<Bytes, Problem> {
    let mut chunks = std::pin::pin!(chunks);
    let mut bytes = BytesMut::new();
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk?;
        if (bytes.len() + chunk.len()) as u64 > max_bytes {
            return Err(too_large(max_bytes));
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes.freeze())
}

fn file_name(headers: &HeaderMap) -> Option<String> {
    let disposition = headers.get(header::CONTENT_DISPOSITION)?.to_str().ok()?;
    let name = disposition
        .split(';')
        .find_map(|part| part.trim().strip_prefix("filename="))?;
    Some(name.trim_matches('"').to_owned())
}

fn too_large(max_bytes: u64) -> Problem {
    Problem::new(
        Code::TooLarge,
        format!("The file is larger than {max_bytes} bytes. Make it smaller and run the command again."),
    )
}

fn broken() -> Problem {
    Problem::new(
        Code::MalformedRequest,
        "The upload broke off before its end; run the command again.",
    )
}
