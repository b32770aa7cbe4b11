//! Routes that are no operations, and who may use them.

use super::*;

/// Routes that are no operations: what a stranger with nothing in hand gets there.
pub(super) const OTHERS: &[(&str, &str, u16)] = &[
    ("GET", "/", 200),
    ("GET", "/style.css", 200),
    ("GET", "/icons/edit.svg", 200),
    ("GET", "/icons/nothing.svg", 404),
    ("GET", "/healthz", 200),
    ("GET", "/readyz", 200),
    ("GET", "/metrics", 200),
    ("GET", "/api/v1", 307),
    ("GET", "/api/v1/reference", 200),
    ("GET", "/api/v1/openapi.json", 200),
    ("GET", "/api/v1/events", 401),
    ("GET", "/api/v1/jobs/job_00000000000000000000000000/events", 401),
    (
        "GET",
        "/api/v1/pipelines/runs/run_00000000000000000000000000/events",
        401,
    ),
    ("GET", "/.well-known/oauth-protected-resource", 200),
    ("GET", "/.well-known/oauth-protected-resource/mcp", 200),
    ("GET", "/.well-known/oauth-protected-resource/elsewhere", 404),
    ("GET", "/.well-known/oauth-authorization-server", 200),
    ("GET", "/.well-known/openid-configuration", 200),
    ("POST", "/oauth/token", 400),
    ("POST", "/oauth/register", 400),
    ("POST", "/oauth/revoke", 400),
    ("GET", "/oauth/authorize", 400),
    ("GET", "/oauth/consent", 303),
    ("POST", "/oauth/consent", 422),
    ("GET", "/setup", 410),
    ("GET", "/sign-in", 200),
    ("GET", "/sign-in/code", 303),
    ("GET", "/sign-in/oidc/nobody", 404),
    ("GET", "/sign-in/oidc/nobody/callback", 404),
    ("POST", "/sign-out", 303),
    ("GET", "/invite/aqt_inv_x", 410),
    ("GET", "/reset/aqt_tkt_x", 410),
    ("GET", "/s/aqt_shr_x", 404),
    ("GET", "/s/aqt_shr_x/zip", 404),
    ("GET", "/s/aqt_shr_x/ast_00000000000000000000000000/256", 404),
    ("GET", "/app", 307),
    ("GET", "/app/library", 303),
    ("GET", "/app/assets/none.js", 404),
    ("PUT", "/u/aqt_upl_x", 404),
    ("OPTIONS", "/u/aqt_upl_x", 204),
    ("GET", "/media/ast_00000000000000000000000000/256.webp", 403),
    ("POST", "/mcp", 401),
    ("GET", "/mcp", 405),
    ("POST", "/mcp/pixelcut", 401),
    ("GET", "/mcp/pixelcut", 405),
    ("GET", "/.well-known/oauth-protected-resource/mcp/pixelcut", 200),
    ("POST", "/mcp/pixa", 401),
    ("GET", "/mcp/pixa", 405),
    ("GET", "/.well-known/oauth-protected-resource/mcp/pixa", 200),
    ("POST", "/mcp/krea", 401),
    ("GET", "/mcp/krea", 405),
    ("GET", "/.well-known/oauth-protected-resource/mcp/krea", 200),
    ("POST", "/mcp/pixola", 401),
    ("GET", "/mcp/pixola", 405),
    ("GET", "/.well-known/oauth-protected-resource/mcp/pixola", 200),
    ("POST", "/mcp/aiphotogenerator", 401),
    ("GET", "/mcp/aiphotogenerator", 405),
    ("GET", "/.well-known/oauth-protected-resource/mcp/aiphotogenerator", 200),
    ("POST", "/api/mcp", 401),
    ("GET", "/api/mcp", 405),
    ("GET", "/.well-known/oauth-protected-resource/api/mcp", 200),
    ("POST", "/krea/generate/image/aquatint/scene-preview", 401),
    ("GET", "/krea/jobs", 401),
    ("GET", "/krea/jobs/job_00000000000000000000000000", 401),
    ("GET", "/krea/assets", 401),
    ("POST", "/krea/assets", 401),
    ("GET", "/krea/assets/ast_00000000000000000000000000", 401),
    ("GET", "/krea/node-apps", 401),
    ("GET", "/krea/node-apps/banner", 401),
    ("POST", "/krea/node-apps/banner/execute", 401),
    ("GET", "/pixola/api/v1/models", 200),
    ("GET", "/pixola/api/v1/models/none", 404),
    ("GET", "/pixola/api/v1/styles", 200),
    ("GET", "/pixola/api/v1/styles/none", 404),
    ("GET", "/pixola/api/v1/shapes", 200),
    ("GET", "/pixola/api/v1/shapes/none", 404),
    ("GET", "/pixola/api/v1/credits", 401),
    ("POST", "/pixola/api/v1/generate", 401),
    ("GET", "/pixola/api/v1/batches/job_00000000000000000000000000", 401),
    ("GET", "/pixola/api/v1/openapi.json", 200),
    ("GET", "/nowhere", 404),
    ("GET", "/.well-known/oauth-authorization-server/mcp", 200),
    ("GET", "/.well-known/openid-configuration/mcp", 200),
    ("POST", "/setup", 422),
    ("POST", "/sign-in", 422),
    ("POST", "/sign-in/code", 422),
    ("POST", "/invite/aqt_inv_x", 410),
    ("POST", "/reset/aqt_tkt_x", 422),
    ("POST", "/s/aqt_shr_x", 422),
    ("POST", "/u/aqt_upl_x", 404),
    ("POST", "/webhooks/stripe", 404),
    (
        "POST",
        "/webhooks/providers/fal/job_00000000000000000000000000.0.x",
        404,
    ),
    ("GET", "/sign-in/github", 404),
    ("GET", "/sign-in/github/callback", 404),
    ("GET", "/forgotten", 404),
    ("POST", "/forgotten", 422),
    ("GET", "/passkey.js", 200),
    ("POST", "/sign-in/passkey", 415),
    ("POST", "/sign-in/passkey/begin", 200),
    ("POST", "/setup/passkey", 415),
    ("POST", "/setup/passkey/begin", 415),
    ("POST", "/invite/aqt_inv_x/passkey", 415),
    ("POST", "/invite/aqt_inv_x/passkey/begin", 415),
];

#[tokio::test(flavor = "multi_thread")]
pub(super) async fn every_other_route_is_closed_to_strangers_where_it_should_be() {
    let folder = tempfile::tempdir().expect("a folder");
    let studio = Process::start(folder.path());
    let client = browser();
    let mut wrong = Vec::new();
    for (method, path, status) in OTHERS {
        let verb = reqwest::Method::from_bytes(method.as_bytes()).expect("a method");
        let mut request = client.request(verb, format!("{}{path}", studio.url));
        if *method == "POST" {
            request = request.form(&[("x", "y")]);
        }
        let answer = send(request).await;
        if answer.status != *status {
            wrong.push(format!("{method} {path}: {} {}", answer.status, answer.body));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The routers' own source names every route; one without a row above fails here.
#[test]
pub(super) fn every_route_in_the_source_has_a_row() {
    let mut routes = Vec::new();
    gather(
        std::path::Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/src")),
        &mut routes,
    );
    assert!(routes.len() > 35, "only {} routes were found: {routes:?}", routes.len());
    let missing: Vec<_> = routes
        .iter()
        .filter(|(verb, route)| {
            !OTHERS
                .iter()
                .any(|(method, path, _)| method == verb && fits(route, path.split('?').next().unwrap_or(path)))
        })
        .collect();
    assert!(missing.is_empty(), "routes without a row: {missing:?}");
}

/// `.route("PATH", get(…).post(…))` in every file of a folder, as verb and path. Operations have their own matrix.
pub(super) fn gather(folder: &std::path::Path, routes: &mut Vec<(&'static str, String)>) {
    for entry in std::fs::read_dir(folder).expect("a folder of sources") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            gather(&path, routes);
            continue;
        }
        let text = std::fs::read_to_string(&path).expect("a source file");
        // What a test serves is nobody's door.
        let text = text.split("#[cfg(test)]").next().unwrap_or_default();
        for rest in text.split(".route(").skip(1) {
            let Some(route) = rest
                .trim_start()
                .strip_prefix('"')
                .and_then(|rest| rest.split('"').next())
            else {
                continue;
            };
            let handlers = rest.split(';').next().unwrap_or_default();
            let before = routes.len();
            for (word, verb) in [
                ("get(", "GET"),
                ("post(", "POST"),
                ("put(", "PUT"),
                ("any(", "GET"),
                ("any(", "POST"),
            ] {
                if handlers.contains(word) {
                    routes.push((verb, route.to_owned()));
                }
            }
            if routes.len() == before {
                // The handler has a name: it is for reading, at least.
                routes.push(("GET", route.to_owned()));
            }
        }
    }
}

/// Whether a path is one of a route such as `/s/{secret}/zip` or `/app/{*path}`.
pub(super) fn fits(route: &str, path: &str) -> bool {
    let mut parts = path.split('/');
    for wanted in route.split('/') {
        if wanted.starts_with("{*") {
            return parts.next().is_some_and(|part| !part.is_empty());
        }
        match parts.next() {
            Some(part) if part == wanted || (wanted.starts_with('{') && !part.is_empty()) => {}
            _ => return false,
        }
    }
    parts.next().is_none()
}
