//! A file name for people, from what a server or a URL says. It is data: never a path on our disk.

use aquatint_domain::text;
use percent_encoding::percent_decode_str;
use url::Url;

const MAX_CHARS: usize = 120;

/// The name that the server gave, or else the last part of the first URL that has one.
pub(super) fn choose<const N: usize>(disposition: Option<&str>, urls: [&Url; N]) -> Option<String> {
    let given = disposition.and_then(from_disposition);
    given.or_else(|| urls.into_iter().find_map(from_url))
}

/// `filename*=UTF-8''…` before `filename="…"` (RFC 6266).
fn from_disposition(header: &str) -> Option<String> {
    let value = |key: &str| {
        header.split(';').find_map(|part| {
            let (name, value) = part.split_once('=')?;
            name.trim()
                .eq_ignore_ascii_case(key)
                .then(|| value.trim().trim_matches('"'))
        })
    };
    let extended = value("filename*").and_then(|value| {
        let (charset, rest) = value.split_once('\'')?;
        let (_language, encoded) = rest.split_once('\'')?;
        charset
            .eq_ignore_ascii_case("utf-8")
            .then(|| percent_decode_str(encoded).decode_utf8_lossy().into_owned())
    });
    extended
        .as_deref()
        .and_then(clean)
        .or_else(|| value("filename").and_then(clean))
}

fn from_url(url: &Url) -> Option<String> {
    let last = url.path_segments()?.next_back()?;
    clean(&percent_decode_str(last).decode_utf8_lossy())
}

/// The part after any separator, on one line, without hidden characters.
fn clean(name: &str) -> Option<String> {
    let last = name.rsplit(['/', '\\']).next().unwrap_or_default();
    let line = text::one_line(last, MAX_CHARS);
    let line = line.trim_matches(|ch: char| ch == '.' || ch == ' ');
    (!line.is_empty()).then(|| line.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_come_from_the_header_first_and_never_hold_a_path() {
        let url = Url::parse("https://cdn.example.com/a/red%20shoe.jpg?x=1").expect("a URL");
        let bare = Url::parse("https://cdn.example.com/").expect("a URL");
        for (disposition, url, expected) in [
            (None, &url, Some("red shoe.jpg")),
            (None, &bare, None),
            (Some("attachment; filename=\"cat.png\""), &bare, Some("cat.png")),
            (
                Some("attachment; filename=a.png; filename*=UTF-8''na%C3%AFve.png"),
                &bare,
                Some("naïve.png"),
            ),
            (Some("attachment; filename=\"../../etc/passwd\""), &bare, Some("passwd")),
            (
                Some("attachment; filename=\"C:\\\\temp\\\\x.png\""),
                &bare,
                Some("x.png"),
            ),
            (Some("attachment; filename=\"..\""), &url, Some("red shoe.jpg")),
            (
                Some("attachment; filename*=UTF-8''%E2%80%AEgpj.exe%00"),
                &bare,
                Some("gpj.exe"),
            ),
            (Some("inline"), &url, Some("red shoe.jpg")),
        ] {
            assert_eq!(choose(disposition, [url]).as_deref(), expected, "{disposition:?}");
        }
        let long = format!("attachment; filename={}", "n".repeat(5_000));
        assert!(choose(Some(&long), [&bare]).is_some_and(|name| name.chars().count() <= MAX_CHARS + 1));
    }
}
