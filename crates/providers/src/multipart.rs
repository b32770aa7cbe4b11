//! Forms with files (RFC 7578), put together in memory.

use bytes::Bytes;

use crate::order::Medium;

/// A form on its way to a vendor.
#[derive(Default)]
pub struct Form {
    parts: Vec<Part>,
}

struct Part {
    name: String,
    file: Option<(String, String)>,
    bytes: Bytes,
}

impl Form {
    pub fn new() -> Self {
        Self::default()
    }

    pub fn text(mut self, name: &str, value: impl Into<String>) -> Self {
        self.parts.push(Part {
            name: name.to_owned(),
            file: None,
            bytes: value.into().into(),
        });
        self
    }

    pub fn file(mut self, name: &str, file_name: &str, media_type: &str, bytes: Bytes) -> Self {
        self.parts.push(Part {
            name: name.to_owned(),
            file: Some((file_name.to_owned(), media_type.to_owned())),
            bytes,
        });
        self
    }

    pub fn medium(self, name: &str, medium: &Medium) -> Self {
        self.file(
            name,
            &medium.file_name(),
            medium.media_type.as_str(),
            medium.bytes.clone(),
        )
    }

    /// The media type with the boundary, and the body.
    pub fn finish(self) -> (String, Bytes) {
        let boundary = self.boundary();
        let mut body = Vec::with_capacity(self.parts.iter().map(|part| part.bytes.len() + 256).sum());
        for part in &self.parts {
            body.extend_from_slice(
                format!(
                    "--{boundary}\r\nContent-Disposition: form-data; name=\"{}\"",
                    quoted(&part.name)
                )
                .as_bytes(),
            );
            if let Some((file_name, media_type)) = &part.file {
                body.extend_from_slice(
                    format!("; filename=\"{}\"\r\nContent-Type: {media_type}", quoted(file_name)).as_bytes(),
                );
            }
            body.extend_from_slice(b"\r\n\r\n");
            body.extend_from_slice(&part.bytes);
            body.extend_from_slice(b"\r\n");
        }
        body.extend_from_slice(format!("--{boundary}--\r\n").as_bytes());
        (format!("multipart/form-data; boundary={boundary}"), body.into())
    }

    /// Words that stand in no part. The same form gives the same boundary, so that a second try is the same request.
    fn boundary(&self) -> String {
        let mut number = 0u32;
        loop {
            let boundary = format!("aquatint-form-{number:08x}");
            let is_free = self
                .parts
                .iter()
                .all(|part| memchr::memmem::find(&part.bytes, boundary.as_bytes()).is_none());
            if is_free {
                return boundary;
            }
            number += 1;
        }
    }
}

/// As browsers write names (HTML Standard, multipart/form-data): quotes and line breaks are percent-encoded.
fn quoted(text: &str) -> String {
    text.replace('"', "%22").replace('\r', "%0D").replace('\n', "%0A")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_is_written_whole_and_its_boundary_stands_in_no_part() {
        let form = Form::new().text("prompt", "aquatint-form-00000000").file(
            "image[]",
            "a\"b.png",
            "image/png",
            Bytes::from_static(b"\x89PNG"),
        );
        let (kind, body) = form.finish();
        assert_eq!(kind, "multipart/form-data; boundary=aquatint-form-00000001");
        let text = String::from_utf8_lossy(&body);
        assert!(
            text.contains("name=\"prompt\"\r\n\r\naquatint-form-00000000\r\n"),
            "{text}"
        );
        assert!(
            text.contains("name=\"image[]\"; filename=\"a%22b.png\"\r\nContent-Type: image/png\r\n\r\n"),
            "{text}"
        );
        assert!(text.ends_with("\r\n--aquatint-form-00000001--\r\n"), "{text}");
    }
}
