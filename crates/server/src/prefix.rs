//! A public URL with a path: a proxy stands before the server, and every address that a browser is given begins with that
//! path. Pages are written as if there were none; here it is put before what they link to. The web app itself
//! knows its addresses and needs a host of its own.

use std::sync::Arc;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::middleware::{Next, from_fn};
use axum::response::Response;
use http::{HeaderValue, StatusCode, header};

/// The largest page that is rewritten; ours are far smaller.
const PAGE_BYTES: usize = 4 * 1024 * 1024;
/// How links to our own addresses are written in pages.
const LINKS: [&str; 3] = ["href=\"/", "src=\"/", "action=\"/"];

/// The same pages below the public URL's path, whether the proxy takes the path away or leaves it.
pub fn behind(router: Router, public_url: &str) -> Router {
    let prefix = url::Url::parse(public_url).map(|url| url.path().trim_end_matches('/').to_owned());
    let Some(prefix) = prefix.ok().filter(|prefix| !prefix.is_empty()) else {
        return router;
    };
    let shared: Arc<str> = prefix.as_str().into();
    let told = router.layer(from_fn(move |request: Request, next: Next| {
        let prefix = shared.clone();
        async move { tell(next.run(request).await, &prefix).await }
    }));
    Router::new().nest(&prefix, told.clone()).fallback_service(told)
}

/// Puts the path before redirects, cookies' paths and links of pages.
async fn tell(mut response: Response, prefix: &str) -> Response {
    let headers = response.headers_mut();
    if let Some(location) = headers
        .get(header::LOCATION)
        .and_then(|location| location.to_str().ok())
        && location.starts_with('/')
        && !location.starts_with("//")
        && let Ok(moved) = HeaderValue::from_str(&format!("{prefix}{location}"))
    {
        headers.insert(header::LOCATION, moved);
    }
    let cookies: Vec<HeaderValue> = headers.get_all(header::SET_COOKIE).iter().cloned().collect();
    headers.remove(header::SET_COOKIE);
    for cookie in cookies {
        // The session's cookie is for the whole host, as its name promises.
        let text = cookie.to_str().unwrap_or_default();
        let moved = match text.split_once("; Path=/") {
            Some((value, rest)) if !rest.starts_with(';') => {
                HeaderValue::from_str(&format!("{value}; Path={prefix}/{rest}")).ok()
            }
            _ => None,
        };
        headers.append(header::SET_COOKIE, moved.unwrap_or(cookie));
    }
    let is_page = headers
        .get(header::CONTENT_TYPE)
        .is_some_and(|kind| kind.as_bytes().starts_with(b"text/html"));
    if !is_page {
        return response;
    }
    let (mut parts, body) = response.into_parts();
    let Ok(bytes) = to_bytes(body, PAGE_BYTES).await else {
        parts.status = StatusCode::INTERNAL_SERVER_ERROR;
        return Response::from_parts(parts, Body::empty());
    };
    let mut page = String::from_utf8_lossy(&bytes).into_owned();
    for link in LINKS {
        let open = &link[..link.len() - 1];
        page = page.replace(link, &format!("{open}{prefix}/"));
    }
    parts.headers.remove(header::CONTENT_LENGTH);
    Response::from_parts(parts, Body::from(page))
}
