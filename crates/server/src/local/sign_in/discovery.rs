//! Finding out where to sign in: the protected resource (RFC 9728), its authorization server (RFC 8414), and a client
//! there (RFC 7591).

use std::time::Duration;

use aquatint_domain::{Code, Problem, text};
use aquatint_providers::fetch::{Call, Fetcher};
use serde_json::{Value, json};
use url::Url;

use super::MAX_REPLY_BYTES;
use crate::local::Server;

/// Where to sign in, and for what.
#[derive(Clone, Debug)]
pub(super) struct Authority {
    pub issuer: String,
    pub authorization_endpoint: String,
    pub token_endpoint: String,
    registration_endpoint: Option<String>,
    /// Whether answers must carry `iss` (RFC 9207).
    pub names_issuer: bool,
    pub resource: String,
    pub scope: Option<String>,
}

/// Asks the server without a token, and follows what it says.
pub(super) async fn find(fetcher: &Fetcher, server: &Server) -> Result<Authority, Problem> {
    let body = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/list" }).to_string();
    let call = Call {
        headers: &[("accept", "application/json, text/event-stream")],
        body: Some(("application/json", body.into())),
        patience: Some(Duration::from_secs(30)),
        ..Call::default()
    };
    let endpoint = server.endpoint();
    let reply = fetcher.call(endpoint.as_str(), &call, MAX_REPLY_BYTES).await;
    let reply = reply.map_err(|unanswered| unreachable(endpoint.as_str(), &unanswered.cause))?;
    let challenge = reply.headers.get("www-authenticate");
    let challenge = challenge.and_then(|value| value.to_str().ok()).unwrap_or_default();
    let metadata = match parameter(challenge, "resource_metadata") {
        Some(url) => url,
        None => well_known(endpoint, "oauth-protected-resource"),
    };
    let (status, about) = get(fetcher, &metadata).await?;
    if status != 200 {
        return Err(cannot(&format!("{endpoint} does not say where to sign in")).hint("Give a key by --key instead."));
    }
    let resource = about["resource"].as_str().unwrap_or_default();
    // Tokens for another place are none of ours.
    let fits = Url::parse(resource).is_ok_and(|resource| resource.origin() == endpoint.origin());
    if !fits {
        return Err(cannot(&format!(
            "{endpoint} speaks for another resource, {}",
            text::one_line(resource, 120)
        )));
    }
    let issuer = about["authorization_servers"][0]
        .as_str()
        .map_or_else(|| endpoint.origin().ascii_serialization(), str::to_owned);
    let found = server_metadata(fetcher, &issuer).await?;
    let word = |member: &str| found[member].as_str().map(str::to_owned);
    let needed = |member: &str| word(member).ok_or_else(|| cannot(&format!("{issuer} names no `{member}`")));
    let methods = &found["code_challenge_methods_supported"];
    if !methods
        .as_array()
        .is_some_and(|methods| methods.contains(&json!("S256")))
    {
        return Err(cannot(&format!("{issuer} does not take PKCE with S256")));
    }
    let listed = |value: &Value| {
        let words: Vec<&str> = value.as_array()?.iter().filter_map(Value::as_str).collect();
        (!words.is_empty()).then(|| words.join(" "))
    };
    Ok(Authority {
        authorization_endpoint: needed("authorization_endpoint")?,
        token_endpoint: needed("token_endpoint")?,
        registration_endpoint: word("registration_endpoint"),
        names_issuer: found["authorization_response_iss_parameter_supported"] == true,
        scope: parameter(challenge, "scope").or_else(|| listed(&about["scopes_supported"])),
        resource: resource.to_owned(),
        issuer,
    })
}

/// Makes a client for this sign-in. It has no secret, because a program on somebody's machine cannot keep one.
pub(super) async fn register(fetcher: &Fetcher, authority: &Authority, redirect: &str) -> Result<String, Problem> {
    let Some(endpoint) = &authority.registration_endpoint else {
        return Err(cannot(&format!("{} registers no clients", authority.issuer))
            .hint("Ask its operator for a client id and give it by --client-id, or give a key by --key."));
    };
    let about = json!({
        "client_name": "Aquatint on this machine",
        "redirect_uris": [redirect],
        "grant_types": ["authorization_code", "refresh_token"],
        "response_types": ["code"],
        "token_endpoint_auth_method": "none",
        "application_type": "native",
        "software_id": "aquatint-stdio",
        "software_version": env!("CARGO_PKG_VERSION"),
    });
    let call = Call {
        body: Some(("application/json", about.to_string().into())),
        patience: Some(Duration::from_secs(30)),
        ..Call::default()
    };
    let (status, said) = ask(fetcher, endpoint, &call).await?;
    match said["client_id"].as_str() {
        Some(id) if (200..300).contains(&status) => Ok(id.to_owned()),
        _ => Err(super::refused("register this client", status, &said)),
    }
}

/// The metadata of an authorization server, which must name itself as it was named.
async fn server_metadata(fetcher: &Fetcher, issuer: &str) -> Result<Value, Problem> {
    let url = Url::parse(issuer).map_err(|_| cannot("the issuer is no address"))?;
    let beside = format!("{}/.well-known/openid-configuration", issuer.trim_end_matches('/'));
    for place in [
        well_known(&url, "oauth-authorization-server"),
        well_known(&url, "openid-configuration"),
        beside,
    ] {
        let (status, found) = get(fetcher, &place).await?;
        if status == 200 && found["issuer"] == issuer {
            return Ok(found);
        }
    }
    Err(cannot(&format!("{issuer} has no metadata that fits it")))
}

async fn get(fetcher: &Fetcher, url: &str) -> Result<(u16, Value), Problem> {
    let call = Call {
        patience: Some(Duration::from_secs(30)),
        ..Call::default()
    };
    ask(fetcher, url, &call).await
}

/// One exchange of JSON.
pub(super) async fn ask(fetcher: &Fetcher, url: &str, call: &Call<'_>) -> Result<(u16, Value), Problem> {
    let reply = fetcher.call(url, call, MAX_REPLY_BYTES).await;
    let reply = reply.map_err(|unanswered| unreachable(url, &unanswered.cause))?;
    Ok((reply.status, serde_json::from_slice(&reply.bytes).unwrap_or_default()))
}

/// The well-known address before the path, as RFC 8414 and 9728 write it.
fn well_known(of: &Url, name: &str) -> String {
    let path = of.path().trim_end_matches('/');
    format!("{}/.well-known/{name}{path}", of.origin().ascii_serialization())
}

/// A quoted parameter of a challenge.
fn parameter(challenge: &str, name: &str) -> Option<String> {
    let begin = format!("{name}=\"");
    let at = challenge.match_indices(&begin).find(|(at, _)| {
        let before = challenge[..*at].chars().next_back();
        before.is_none_or(|ch| matches!(ch, ' ' | ','))
    });
    let (value, _) = challenge[at?.0 + begin.len()..].split_once('"')?;
    (!value.is_empty()).then(|| value.to_owned())
}

fn cannot(why: &str) -> Problem {
    Problem::new(Code::Unauthorized, format!("Signing in is not possible: {why}."))
}

fn unreachable(url: &str, cause: &str) -> Problem {
    let host = Url::parse(url).ok().and_then(|url| url.host_str().map(str::to_owned));
    let host = host.unwrap_or_else(|| text::clip(url, 80));
    Problem::new(Code::Unavailable, format!("{host} cannot be reached: {cause}."))
        .hint("Check the network and the address of the server.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn challenges_and_well_known_addresses_are_read_as_the_rfcs_write_them() {
        let challenge = r#"Bearer error="invalid_token", scope="a b", resource_metadata="https://h/x", xscope="no""#;
        assert_eq!(
            parameter(challenge, "resource_metadata").as_deref(),
            Some("https://h/x")
        );
        assert_eq!(parameter(challenge, "scope").as_deref(), Some("a b"));
        assert_eq!(parameter(challenge, "realm"), None);
        let url = Url::parse("https://h/a/mcp").expect("a URL");
        assert_eq!(
            well_known(&url, "oauth-protected-resource"),
            "https://h/.well-known/oauth-protected-resource/a/mcp"
        );
    }
}
