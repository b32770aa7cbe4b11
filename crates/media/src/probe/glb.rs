//! Binary glTF: <https://registry.khronos.org/glTF/specs/2.0/glTF-2.0.html#glb-file-format-specification>.

use aquatint_domain::{MediaType, Problem};

use super::cursor::Cursor;
use super::{Header, broken, cut_off, unsupported};

const HEADER: usize = 12;

pub(super) fn header(bytes: &[u8]) -> Result<Header<'_>, Problem> {
    let mut cursor = Cursor::at(bytes, 4);
    let (Some(version), Some(length), Some(chunk), Some(kind)) =
        (cursor.le32(), cursor.le32(), cursor.le32(), cursor.array())
    else {
        return Err(cut_off("GLB"));
    };
    if version != 2 {
        return Err(unsupported(format!(
            "The GLB file is of version {version}; version 2 is taken. Export it as glTF 2.0 and send that."
        )));
    }
    match bytes.len().cmp(&(length as usize)) {
        std::cmp::Ordering::Less => return Err(cut_off("GLB")),
        std::cmp::Ordering::Greater => return Err(broken("GLB", "more follows than its header says")),
        std::cmp::Ordering::Equal => {}
    }
    if &kind != b"JSON" || chunk as usize > bytes.len().saturating_sub(HEADER + 8) {
        return Err(broken("GLB", "it does not begin with its description"));
    }
    let json = cursor.take(chunk as usize).unwrap_or_default();
    // Only its form: nothing here draws the model.
    let is_object =
        json.trim_ascii_start().starts_with(b"{") && serde_json::from_slice::<serde::de::IgnoredAny>(json).is_ok();
    if !is_object {
        return Err(broken("GLB", "its description is no JSON object"));
    }
    Ok(Header::new(MediaType::Glb, 0, 0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn glb(version: u32, json: &str, more: u32) -> Vec<u8> {
        let mut bytes = b"glTF".to_vec();
        for number in [version, 20 + json.len() as u32 + more, json.len() as u32] {
            bytes.extend(number.to_le_bytes());
        }
        bytes.extend(b"JSON");
        bytes.extend(json.as_bytes());
        bytes
    }

    #[test]
    fn a_model_is_taken_by_magic_version_and_length() {
        assert!(header(&glb(2, r#"{"asset":{"version":"2.0"}}"#, 0)).is_ok());
        for (bytes, why) in [
            (glb(1, "{}", 0), "version 1"),
            (glb(2, "{}", 4), "header"),
            (glb(2, "[]", 0), "JSON object"),
            (glb(2, "{", 0), "JSON object"),
            (b"glTF\x02\0\0".to_vec(), "header"),
        ] {
            let problem = header(&bytes).expect_err(why);
            assert!(problem.message.contains(why), "{why}: {problem}");
        }
    }
}
