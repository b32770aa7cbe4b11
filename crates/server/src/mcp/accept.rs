//! What a client takes as an answer, read leniently: a bare `curl` says `*/*` or nothing at all.

use http::{HeaderMap, header};

/// The answers that a client takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Accepts {
    /// One JSON document.
    pub json: bool,
    /// A stream of server-sent events. Only when named: who says `*/*` wants a plain answer.
    pub stream: bool,
}

impl Accepts {
    pub(super) fn read(headers: &HeaderMap) -> Self {
        let mut accepts = Self {
            json: false,
            stream: false,
        };
        let mut named = false;
        for value in headers.get_all(header::ACCEPT) {
            let Ok(value) = value.to_str() else { continue };
            for entry in value.split(',') {
                let mut parts = entry.split(';').map(str::trim);
                let range = parts.next().unwrap_or_default();
                if range.is_empty() {
                    continue;
                }
                named = true;
                if parts.any(is_excluded) {
                    continue;
                }
                let is = |wanted: &str| range.eq_ignore_ascii_case(wanted);
                accepts.json |= is("application/json") || is("application/*") || is("*/*");
                accepts.stream |= is("text/event-stream") || is("text/*");
            }
        }
        accepts.json |= !named;
        accepts
    }
}

/// `q=0`, in any of its spellings.
fn is_excluded(parameter: &str) -> bool {
    let Some((name, value)) = parameter.split_once('=') else {
        return false;
    };
    name.trim().eq_ignore_ascii_case("q") && value.trim().parse::<f32>().is_ok_and(|quality| quality <= 0.0)
}

/// Whether the body is announced as JSON.
pub(super) fn is_json(headers: &HeaderMap) -> bool {
    let value = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    value.is_some_and(|value| {
        let essence = value.split(';').next().unwrap_or_default();
        essence.trim().eq_ignore_ascii_case("application/json")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accept_is_read_as_clients_write_it() {
        let read = |value: Option<&str>| {
            let mut headers = HeaderMap::new();
            if let Some(value) = value {
                headers.insert(header::ACCEPT, value.parse().expect("a header value"));
            }
            let accepts = Accepts::read(&headers);
            (accepts.json, accepts.stream)
        };
        assert_eq!(read(None), (true, false));
        assert_eq!(read(Some("")), (true, false));
        assert_eq!(read(Some("*/*")), (true, false));
        assert_eq!(read(Some("application/json, text/event-stream")), (true, true));
        assert_eq!(read(Some("Application/JSON;q=0.9")), (true, false));
        assert_eq!(read(Some("text/event-stream;q=0, */*;q=0.1")), (true, false));
        assert_eq!(read(Some("text/html")), (false, false));
        assert_eq!(read(Some("text/event-stream")), (false, true));
    }
}
