//! The outer shape of a JSON-RPC request, read before rmcp sees it, so that whatever is wrong with
//! it is answered in JSON-RPC, and so that a bare `curl` needs neither `jsonrpc` nor `id`.

use std::borrow::Cow;
use std::ops::Range;

use bytes::Bytes;
use serde::Deserialize;
use serde_json::value::RawValue;

/// Requests may nest this deep.
const MAX_DEPTH: usize = 64;

/// The id of an answer to a request that had none.
const MISSING_ID: &str = "1";

/// What is wrong with a body.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// Not JSON (-32700).
    NotJson(String),
    /// JSON, but not a request (-32600).
    NotARequest(&'static str),
}

/// The members of a request, still as text.
#[derive(Deserialize)]
struct Wire<'a> {
    #[serde(borrow, default)]
    jsonrpc: Option<&'a RawValue>,
    #[serde(borrow, default)]
    id: Option<&'a RawValue>,
    #[serde(borrow, default)]
    method: Option<&'a RawValue>,
    #[serde(borrow, default)]
    params: Option<&'a RawValue>,
}

/// What the front needs to know of a request.
#[derive(Debug)]
pub(super) struct Envelope {
    /// The request's id as JSON text; `None` for a notification and for an id of a wrong type.
    pub id: Option<String>,
    pub method: Option<String>,
    /// Whether this is a request by the letter, perhaps after completion.
    pub is_whole: bool,
    body: Bytes,
    jsonrpc: Option<Range<usize>>,
    raw_id: Option<Range<usize>>,
    raw_method: Option<Range<usize>>,
    params: Option<Range<usize>>,
    is_to_be_completed: bool,
}

impl Envelope {
    /// Reads a body. With `complete`, missing `jsonrpc` and `id` are added.
    pub(super) fn read(body: Bytes, complete: bool) -> Result<Self, Fault> {
        if is_deeper_than(&body, MAX_DEPTH) {
            return Err(Fault::NotJson(format!(
                "The JSON nests deeper than {MAX_DEPTH} levels."
            )));
        }
        let text = std::str::from_utf8(&body).map_err(|error| Fault::NotJson(format!("Not UTF-8: {error}.")))?;
        // A struct could also be read from an array, so the shape is checked first.
        if !text.trim_start().starts_with('{') {
            return Err(not_an_object(text));
        }
        let wire: Wire<'_> = serde_json::from_str(text).map_err(|error| fault(text, &error))?;
        let method = wire
            .method
            .and_then(|raw| serde_json::from_str::<Cow<'_, str>>(raw.get()).ok());
        if wire.method.is_some() && method.is_none() {
            return Err(Fault::NotARequest("`method` must be a string."));
        }
        let is_notification = method
            .as_deref()
            .is_some_and(|method| method.starts_with("notifications/"));
        let lacks_id = complete && wire.id.is_none() && !is_notification;
        let lacks_version = complete && wire.jsonrpc.is_none();
        let id = match wire.id.map(RawValue::get) {
            None if lacks_id => Some(MISSING_ID.to_owned()),
            id => id.filter(|id| is_id(id)).map(str::to_owned),
        };
        let is_jsonrpc = lacks_version || wire.jsonrpc.is_some_and(|version| version.get() == r#""2.0""#);
        Ok(Self {
            is_whole: id.is_some() && is_jsonrpc && method.is_some(),
            is_to_be_completed: method.is_some() && (lacks_id || lacks_version),
            id,
            method: method.map(Cow::into_owned),
            jsonrpc: place(text, wire.jsonrpc),
            raw_id: place(text, wire.id),
            raw_method: place(text, wire.method),
            params: place(text, wire.params),
            body,
        })
    }

    /// The params as JSON text.
    pub(super) fn params(&self) -> Option<&str> {
        self.text(self.params.as_ref())
    }

    /// The body for rmcp: as it came, or with everything that JSON-RPC asks for.
    pub(super) fn into_body(self) -> Bytes {
        if !self.is_to_be_completed {
            return self.body;
        }
        let mut body = String::from(r#"{"jsonrpc":"#);
        body.push_str(self.text(self.jsonrpc.as_ref()).unwrap_or(r#""2.0""#));
        let id = self.text(self.raw_id.as_ref()).or(self.id.as_deref());
        let (method, params) = (self.text(self.raw_method.as_ref()), self.params());
        for (name, value) in [("id", id), ("method", method), ("params", params)] {
            if let Some(value) = value {
                body.push_str(",\"");
                body.push_str(name);
                body.push_str("\":");
                body.push_str(value);
            }
        }
        body.push('}');
        body.into()
    }

    fn text(&self, place: Option<&Range<usize>>) -> Option<&str> {
        std::str::from_utf8(self.body.get(place?.clone())?).ok()
    }
}

/// Where a member stands in the text that it was read from.
fn place(text: &str, member: Option<&RawValue>) -> Option<Range<usize>> {
    let member = member?.get();
    let start = member.as_ptr().addr().checked_sub(text.as_ptr().addr())?;
    Some(start..start + member.len())
}

fn not_an_object(text: &str) -> Fault {
    if text.trim().is_empty() {
        return Fault::NotJson("The body is empty; send a JSON-RPC request.".to_owned());
    }
    match serde_json::from_str::<&RawValue>(text) {
        Ok(raw) if raw.get().starts_with('[') => {
            Fault::NotARequest("Batches are not supported; send one request at a time.")
        }
        Ok(_) => Fault::NotARequest("A request is a JSON object with `method`."),
        Err(error) => Fault::NotJson(format!("Not JSON: {error}.")),
    }
}

/// Why an object could not be read: it is no JSON, or a member that counts stands in it twice.
fn fault(text: &str, error: &serde_json::Error) -> Fault {
    match serde_json::from_str::<&RawValue>(text) {
        Ok(_) => Fault::NotARequest("A member of the request is given twice."),
        Err(_) => Fault::NotJson(format!("Not JSON: {error}.")),
    }
}

/// Whether this is JSON text that MCP takes as an id: a string or a whole number.
fn is_id(raw: &str) -> bool {
    raw.starts_with('"') || raw.parse::<i64>().is_ok()
}

/// Counts brackets outside strings; linear, without a stack, before any parser recurses.
fn is_deeper_than(body: &[u8], limit: usize) -> bool {
    let (mut depth, mut in_string, mut escaped) = (0usize, false, false);
    for byte in body {
        match (in_string, byte) {
            (true, _) if escaped => escaped = false,
            (true, b'\\') => escaped = true,
            (_, b'"') => in_string = !in_string,
            (false, b'[' | b'{') => {
                depth += 1;
                if depth > limit {
                    return true;
                }
            }
            (false, b']' | b'}') => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(body: &str) -> Result<Envelope, Fault> {
        Envelope::read(Bytes::copy_from_slice(body.as_bytes()), true)
    }

    #[test]
    fn a_bare_request_is_completed_and_a_whole_one_is_left_alone() {
        let bare = read(r#"{"method":"tools/list"}"#).expect("a request");
        assert!(bare.is_whole);
        assert_eq!(
            &bare.into_body()[..],
            br#"{"jsonrpc":"2.0","id":1,"method":"tools/list"}"#
        );
        let null = read(r#"{"method":"tools/call","id":null,"params":{"name":"a"}}"#).expect("a request");
        assert_eq!(
            &null.into_body()[..],
            br#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"a"}}"#
        );
        let whole = r#"{ "jsonrpc":"2.0", "id":"x", "method":"ping" }"#;
        let read_whole = read(whole).expect("a request");
        assert_eq!((read_whole.is_whole, read_whole.id.as_deref()), (true, Some("\"x\"")));
        assert_eq!(&read_whole.into_body()[..], whole.as_bytes());
        let call = read(r#"{"method":"tools/call", "params" : {"name":"é"} }"#).expect("a request");
        assert_eq!(call.params(), Some(r#"{"name":"é"}"#));
        let notification = read(r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#).expect("a request");
        assert!(notification.id.is_none() && !notification.is_whole);
        let strict = Envelope::read(Bytes::from_static(br#"{"method":"ping"}"#), false).expect("readable");
        assert_eq!(&strict.into_body()[..], br#"{"method":"ping"}"#);
    }

    #[test]
    fn faults_are_told_apart() {
        for body in [
            "",
            "  ",
            "{",
            "nul",
            r#"{"a":NaN}"#,
            "{} x",
            "\u{feff}{}",
            &"[".repeat(100_000),
        ] {
            assert!(
                matches!(read(body), Err(Fault::NotJson(_))),
                "{}",
                body.chars().take(20).collect::<String>()
            );
        }
        for body in [
            "[]",
            r#"[{"method":"ping"}]"#,
            "1",
            "\"x\"",
            "null",
            r#"{"method":1}"#,
            r#"{"id":1,"id":2}"#,
        ] {
            assert!(matches!(read(body), Err(Fault::NotARequest(_))), "{body}");
        }
        assert!(matches!(
            Envelope::read(Bytes::from_static(b"{\"method\":\"\xff\"}"), true),
            Err(Fault::NotJson(_))
        ));
    }

    #[test]
    fn depth_is_counted_outside_strings() {
        let nested = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
        assert!(!is_deeper_than(nested(64).as_bytes(), 64));
        assert!(is_deeper_than(nested(65).as_bytes(), 64));
        assert!(!is_deeper_than(
            format!(r#"{{"a":"\"{}"}}"#, "[".repeat(99)).as_bytes(),
            64
        ));
    }
}
