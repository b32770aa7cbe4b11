//! What a program hears of a model that goes: `Deprecation` (RFC 9745), `Sunset` (RFC 8594), and a link to what takes its place.

use aquatint_domain::Timestamp;
use aquatint_domain::model::Deprecation;
use http::{HeaderMap, HeaderName, HeaderValue, header};

const DEPRECATION: HeaderName = HeaderName::from_static("deprecation");
const SUNSET: HeaderName = HeaderName::from_static("sunset");

/// Tells a model's end in the headers of an answer that has to do with it.
pub(crate) fn tell(headers: &mut HeaderMap, deprecation: &Deprecation) {
    if let Some(since) = midnight(&deprecation.since)
        && let Ok(value) = HeaderValue::from_str(&format!("@{}", since.as_second()))
    {
        headers.insert(DEPRECATION, value);
    }
    if let Some(sunset) = deprecation.sunset.as_deref().and_then(midnight)
        && let Ok(value) = HeaderValue::from_str(&sunset.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string())
    {
        headers.insert(SUNSET, value);
    }
    if let Some(replacement) = &deprecation.replacement
        && let Ok(value) = HeaderValue::from_str(&format!("</api/v1/models/{replacement}>; rel=\"successor-version\""))
    {
        headers.append(header::LINK, value);
    }
}

/// The first moment of a day such as `2026-06-02`, in UTC.
fn midnight(day: &str) -> Option<Timestamp> {
    format!("{day}T00:00:00Z").parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_headers_are_written_as_their_rfcs_say() {
        let mut headers = HeaderMap::new();
        let deprecation = Deprecation {
            since: "2026-06-02".into(),
            sunset: Some("2026-12-31".into()),
            replacement: Some("image/acme/two".into()),
        };
        tell(&mut headers, &deprecation);
        assert_eq!(headers[DEPRECATION], "@1780358400");
        assert_eq!(headers[SUNSET], "Thu, 31 Dec 2026 00:00:00 GMT");
        assert_eq!(
            headers[header::LINK],
            "</api/v1/models/image/acme/two>; rel=\"successor-version\""
        );
        // A day that is none is left out.
        let mut headers = HeaderMap::new();
        tell(
            &mut headers,
            &Deprecation {
                since: "soon".into(),
                sunset: None,
                replacement: None,
            },
        );
        assert!(headers.is_empty());
    }
}
