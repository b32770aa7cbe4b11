//! What tokens are for (RFC 8707): the endpoints of this server, or the server as a whole.

use url::Url;

/// Paths that are resources of their own, each with its metadata (RFC 9728).
pub const ENDPOINTS: [&str; 8] = [
    "/mcp",
    "/mcp/pixelcut",
    "/mcp/pixa",
    "/mcp/krea",
    "/mcp/pixola",
    "/mcp/aiphotogenerator",
    "/api/mcp",
    "/api/v1",
];

/// The canonical form of a `resource` that is ours; `None` for any other. A fragment is never allowed.
pub fn resource_of(public_url: &str, asked: &str) -> Option<String> {
    let parsed = Url::parse(asked).ok()?;
    if parsed.fragment().is_some() || parsed.query().is_some() || !parsed.username().is_empty() {
        return None;
    }
    // Parsed, so that upper case in the host and the scheme's own port do not matter.
    let asked = parsed.as_str().trim_end_matches('/');
    let own = Url::parse(public_url).ok()?;
    let path = asked.strip_prefix(own.as_str().trim_end_matches('/'))?;
    (path.is_empty() || ENDPOINTS.contains(&path)).then(|| format!("{public_url}{path}"))
}

/// Whether a token for `resource` works at a path of this server.
pub fn covers(public_url: &str, resource: &str, path: &str) -> bool {
    let Some(of) = resource.strip_prefix(public_url) else {
        return false;
    };
    of.is_empty()
        || path == of
        || path
            .strip_prefix(of)
            .is_some_and(|rest| of == "/api/v1" && rest.starts_with('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_for_one_endpoint_is_no_token_for_another() {
        let url = "https://studio.example.com";
        assert_eq!(resource_of(url, "https://studio.example.com/"), Some(url.to_owned()));
        assert_eq!(
            resource_of(url, "https://studio.example.com/mcp").as_deref(),
            Some("https://studio.example.com/mcp")
        );
        for foreign in [
            "https://studio.example.com.evil.com",
            "https://evil.com/mcp",
            "https://studio.example.com/other",
            "https://studio.example.com/mcp#x",
            "http://studio.example.com/mcp",
            "https://a@studio.example.com/mcp",
            "",
        ] {
            assert_eq!(resource_of(url, foreign), None, "{foreign}");
        }
        assert!(resource_of(url, "HTTPS://Studio.Example.com:443/mcp/").is_some());
        assert!(covers(url, url, "/mcp") && covers(url, url, "/api/v1/assets"));
        assert!(covers(url, "https://studio.example.com/mcp", "/mcp"));
        let krea = resource_of(url, "https://studio.example.com/mcp/krea").expect("a surface is a resource");
        assert!(covers(url, &krea, "/mcp/krea") && !covers(url, &krea, "/mcp") && !covers(url, &krea, "/mcp/pixa"));
        assert!(!covers(url, "https://studio.example.com/mcp", "/mcp/krea"));
        assert!(!covers(url, "https://studio.example.com/mcp", "/api/v1/assets"));
        assert!(covers(url, "https://studio.example.com/api/v1", "/api/v1/assets"));
        assert!(!covers(url, "https://studio.example.com/api/v1", "/api/v10"));
        assert!(!covers(url, "https://other.example.com", "/mcp"));
    }
}
