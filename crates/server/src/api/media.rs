//! Media by signed URL: fixed types, a sandboxing policy, and ranges for video.

use aquatint_domain::MediaType;
use axum::extract::{Path, RawQuery, State};
use axum::response::{IntoResponse, Response};
use http::{HeaderMap, HeaderValue, StatusCode, header};

use super::Api;
use super::problem::problem_response;

pub(super) async fn serve(
    State(api): State<Api>,
    Path((asset, file)): Path<(String, String)>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    let path = format!("/media/{asset}/{file}");
    let served = match api
        .studio
        .serve_media(&path, query.as_deref().unwrap_or_default())
        .await
    {
        Ok(served) => served,
        Err(problem) => return problem_response(&problem),
    };
    if headers
        .get(header::IF_NONE_MATCH)
        .is_some_and(|known| known.as_bytes() == served.etag.as_bytes())
    {
        return StatusCode::NOT_MODIFIED.into_response();
    }
    let whole = served.bytes.len();
    let range = headers
        .get(header::RANGE)
        .and_then(|range| range.to_str().ok())
        .and_then(|range| part(range, whole));
    let mut response = match range {
        Some(Ok((first, last))) => {
            let mut response = (StatusCode::PARTIAL_CONTENT, served.bytes.slice(first..=last)).into_response();
            insert(
                &mut response,
                header::CONTENT_RANGE,
                &format!("bytes {first}-{last}/{whole}"),
            );
            response
        }
        Some(Err(())) => {
            let mut response = StatusCode::RANGE_NOT_SATISFIABLE.into_response();
            insert(&mut response, header::CONTENT_RANGE, &format!("bytes */{whole}"));
            return response;
        }
        None => served.bytes.into_response(),
    };
    // What may hold scripts, or is no picture, film or sound, is not shown by the browser itself.
    let is_shown = !matches!(served.media_type, MediaType::Svg | MediaType::Glb);
    let disposition = if is_shown { "inline" } else { "attachment" };
    // A drawing within a page keeps its own styles; nothing of it runs.
    let policy = if served.media_type == MediaType::Svg {
        "default-src 'none'; style-src 'unsafe-inline'; sandbox"
    } else {
        "default-src 'none'; sandbox"
    };
    for (name, value) in [
        (header::CONTENT_TYPE, served.media_type.as_str()),
        (
            header::CONTENT_DISPOSITION,
            &format!("{disposition}; filename=\"{}\"", served.file_name),
        ),
        (header::ETAG, &served.etag),
        (header::ACCEPT_RANGES, "bytes"),
        (header::CACHE_CONTROL, "private, max-age=600"),
        (header::CONTENT_SECURITY_POLICY, policy),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (
            header::HeaderName::from_static("cross-origin-resource-policy"),
            "cross-origin",
        ),
    ] {
        insert(&mut response, name, value);
    }
    response
}

fn insert(response: &mut Response, name: header::HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        response.headers_mut().insert(name, value);
    }
}

/// One byte range, first and last included; several are answered with the whole.
fn part(range: &str, length: usize) -> Option<Result<(usize, usize), ()>> {
    let (first, last) = range.strip_prefix("bytes=")?.split_once('-')?;
    if last.contains(',') || length == 0 {
        return None;
    }
    let found = match (first.parse::<usize>(), last.parse::<usize>()) {
        (Ok(first), Ok(last)) if first <= last => (first, last.min(length - 1)),
        (Ok(first), Err(_)) if last.is_empty() => (first, length - 1),
        (Err(_), Ok(suffix)) if first.is_empty() && suffix > 0 => (length.saturating_sub(suffix), length - 1),
        _ => return None,
    };
    Some(if found.0 < length { Ok(found) } else { Err(()) })
}

#[cfg(test)]
mod tests {
    use super::part;

    #[test]
    fn ranges_are_read_as_rfc_9110_says() {
        assert_eq!(part("bytes=0-9", 100), Some(Ok((0, 9))));
        assert_eq!(part("bytes=90-", 100), Some(Ok((90, 99))));
        assert_eq!(part("bytes=-10", 100), Some(Ok((90, 99))));
        assert_eq!(part("bytes=0-999", 100), Some(Ok((0, 99))));
        assert_eq!(part("bytes=100-", 100), Some(Err(())));
        for whole in ["bytes=9-0", "bytes=0-1,3-4", "lines=0-1", "bytes=-0", "bytes=-"] {
            assert_eq!(part(whole, 100), None, "{whole}");
        }
    }
}
