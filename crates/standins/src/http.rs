//! Just enough HTTP/1.1 to be a vendor: whole requests in, replies out, one for each connection.

use std::io;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const MAX_HEAD_BYTES: usize = 64 * 1024;
const MAX_BODY_BYTES: usize = 64 * 1024 * 1024;

/// What a client asked.
#[derive(Clone, Debug)]
pub struct Request {
    pub method: String,
    /// Without the query.
    pub path: String,
    pub query: String,
    /// Names in lower case.
    pub headers: Vec<(String, String)>,
    pub body: Bytes,
}

/// A part of a form.
#[derive(Clone, Debug)]
pub struct Part {
    pub name: String,
    pub file_name: Option<String>,
    pub media_type: Option<String>,
    pub bytes: Bytes,
}

impl Part {
    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.bytes).into_owned()
    }
}

impl Request {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.as_str())
    }

    /// Whether a word stands anywhere in the headers or the query.
    pub fn carries(&self, word: &str) -> bool {
        self.query.contains(word) || self.headers.iter().any(|(_, value)| value.contains(word))
    }

    /// Refuses a request without this header and value.
    pub fn expect_header(&self, name: &str, value: &str) -> Result<(), String> {
        match self.header(name) {
            Some(given) if given == value => Ok(()),
            given => Err(format!("header {name} is {given:?} instead of {value:?}")),
        }
    }

    /// The body as JSON; the media type has to say so.
    pub fn json(&self) -> Result<Value, String> {
        if !self
            .header("content-type")
            .is_some_and(|kind| kind.starts_with("application/json"))
        {
            return Err(format!(
                "content-type is {:?} instead of application/json",
                self.header("content-type")
            ));
        }
        serde_json::from_slice(&self.body).map_err(|error| format!("the body is not JSON: {error}"))
    }

    /// The body as JSON that fits a JSON Schema: the vendor's documented one, written down with
    /// `"additionalProperties": false`, so that a field that it does not know is found.
    pub fn json_of(&self, schema: &Value) -> Result<Value, String> {
        let body = self.json()?;
        fits(schema, &body)?;
        Ok(body)
    }

    /// The body as a form with files.
    pub fn form(&self) -> Result<Vec<Part>, String> {
        let kind = self.header("content-type").unwrap_or_default();
        let boundary = kind
            .strip_prefix("multipart/form-data; boundary=")
            .ok_or_else(|| format!("content-type is {kind:?} instead of multipart/form-data"))?;
        parts(&self.body, boundary).ok_or_else(|| "the form is not well formed".to_owned())
    }
}

/// Holds a value against a JSON Schema.
pub fn fits(schema: &Value, value: &Value) -> Result<(), String> {
    let validator =
        jsonschema::draft202012::new(schema).map_err(|error| format!("the stand-in's schema is broken: {error}"))?;
    let complaints: Vec<String> = validator
        .iter_errors(value)
        .map(|error| {
            format!(
                "{}: {}",
                error.instance_path(),
                error.to_string().chars().take(200).collect::<String>()
            )
        })
        .collect();
    if complaints.is_empty() {
        Ok(())
    } else {
        Err(complaints.join("; "))
    }
}

/// The bytes of a `data:` URI with base64, and its media type.
pub fn data_uri(text: &str) -> Result<(String, Vec<u8>), String> {
    let (kind, data) = text
        .strip_prefix("data:")
        .and_then(|rest| rest.split_once(";base64,"))
        .ok_or_else(|| "not a data URI".to_owned())?;
    let bytes = STANDARD.decode(data).map_err(|error| format!("not base64: {error}"))?;
    Ok((kind.to_owned(), bytes))
}

fn parts(body: &[u8], boundary: &str) -> Option<Vec<Part>> {
    let mark = format!("--{boundary}");
    let mut parts = Vec::new();
    let mut rest = body.strip_prefix(mark.as_bytes())?;
    loop {
        if rest == b"--\r\n" || rest == b"--" {
            return Some(parts);
        }
        rest = rest.strip_prefix(b"\r\n")?;
        let head_end = find(rest, b"\r\n\r\n")?;
        let head = std::str::from_utf8(&rest[..head_end]).ok()?;
        rest = &rest[head_end + 4..];
        let end = find(rest, format!("\r\n{mark}").as_bytes())?;
        let attribute = |name: &str| {
            let (_, after) = head.split_once(&format!("{name}=\""))?;
            Some(after.split_once('"')?.0.to_owned())
        };
        parts.push(Part {
            name: attribute("; name")?,
            file_name: attribute("filename"),
            media_type: head
                .split_once("Content-Type: ")
                .map(|(_, kind)| kind.trim().to_owned()),
            bytes: Bytes::copy_from_slice(&rest[..end]),
        });
        rest = &rest[end + 2 + mark.len()..];
    }
}

fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes.windows(wanted.len()).position(|window| window == wanted)
}

/// What a stand-in says.
#[derive(Clone, Debug)]
pub struct Reply {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Bytes,
}

impl Reply {
    pub fn json(status: u16, body: &Value) -> Self {
        Self::of(status, "application/json", body.to_string())
    }

    pub fn text(status: u16, body: &str) -> Self {
        Self::of(status, "text/plain", body.to_owned())
    }

    pub fn html(status: u16) -> Self {
        Self::of(
            status,
            "text/html",
            "<!doctype html><html><head><title>Bad gateway</title></head><body><h1>Oh no</h1></body></html>",
        )
    }

    pub fn of(status: u16, media_type: &str, body: impl Into<Bytes>) -> Self {
        Self {
            status,
            headers: vec![("content-type".into(), media_type.into())],
            body: body.into(),
        }
    }

    pub fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    /// Status line and headers, with a length of the caller's choice.
    pub fn head(&self, length: usize) -> String {
        let mut head = format!(
            "HTTP/1.1 {} Said\r\nconnection: close\r\ncontent-length: {length}\r\n",
            self.status
        );
        for (name, value) in &self.headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        head.push_str("\r\n");
        head
    }
}

/// Reads a whole request.
pub async fn read(stream: &mut TcpStream) -> io::Result<Request> {
    let broken = |why: &str| io::Error::new(io::ErrorKind::InvalidData, why.to_owned());
    let mut bytes = Vec::new();
    let end = loop {
        if let Some(end) = find(&bytes, b"\r\n\r\n") {
            break end;
        }
        if bytes.len() > MAX_HEAD_BYTES || stream.read_buf(&mut bytes).await? == 0 {
            return Err(broken("the head does not end"));
        }
    };
    let head = String::from_utf8_lossy(&bytes[..end]).into_owned();
    let mut lines = head.split("\r\n");
    let mut words = lines.next().unwrap_or_default().split(' ');
    let (method, target) = (
        words.next().unwrap_or_default().to_owned(),
        words.next().unwrap_or_default(),
    );
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let headers: Vec<(String, String)> = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_ascii_lowercase(), value.trim().to_owned()))
        .collect();
    let length = headers
        .iter()
        .find(|(name, _)| name == "content-length")
        .and_then(|(_, value)| value.parse::<usize>().ok())
        .unwrap_or(0);
    if length > MAX_BODY_BYTES {
        return Err(broken("the body is too large"));
    }
    let mut body = bytes.split_off(end + 4);
    while body.len() < length {
        if stream.read_buf(&mut body).await? == 0 {
            return Err(broken("the body does not end"));
        }
    }
    Ok(Request {
        method,
        path: path.to_owned(),
        query: query.to_owned(),
        headers,
        body: body.into(),
    })
}

/// Writes a whole reply and ends.
pub async fn write(stream: &mut TcpStream, reply: &Reply) -> io::Result<()> {
    stream.write_all(reply.head(reply.body.len()).as_bytes()).await?;
    stream.write_all(&reply.body).await?;
    stream.shutdown().await
}
