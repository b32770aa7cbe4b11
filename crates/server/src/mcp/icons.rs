//! Small pictures for menus of clients: of tools, prompts and resources. They are served below `/icons`, so that a list holds an address
//! of a few bytes and not a picture. On tools only clients that show pages are told of them; a list that a model reads stays as it was.

use std::fmt::Write as _;

use axum::Router;
use axum::extract::Path;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use http::{HeaderName, StatusCode, header};
use rmcp::model::{Icon, Prompt, Resource, ResourceTemplate};

/// Names, and lines on a square of 24 units.
static DRAWINGS: [(&str, &str); 14] = [
    (
        "edit",
        "M5 19 15.5 8.5M13.8 6.8l3.4 3.4 1.6-1.6a2.4 2.4 0 0 0-3.4-3.4ZM7 5v4M5 7h4",
    ),
    (
        "generate",
        "M12 4.5l1.9 5.6 5.6 1.9-5.6 1.9L12 19.5l-1.9-5.6L4.5 12l5.6-1.9ZM18 4.5v3M16.5 6h3",
    ),
    (
        "models",
        "M12 4.5l6.5 3.7v7.6L12 19.5l-6.5-3.7V8.2ZM5.7 8.3 12 12l6.3-3.7M12 12v7.3",
    ),
    ("asset", "M5 6h14v12H5ZM5 15.5l4-4 3.5 3.5 2.5-2.5 4 4M15.5 9.2h.01"),
    ("collection", "M4.5 7.5V18h15V8.8h-8L9.7 6.5h-5.2Z"),
    (
        "pipeline",
        "M4.5 6h5v4h-5ZM14.5 6h5v4h-5ZM14.5 14h5v4h-5ZM9.5 8h5M12 8v8h2.5",
    ),
    (
        "share",
        "M10.3 13.7a3 3 0 0 0 4.3 0l3-3a3 3 0 0 0-4.3-4.3l-1 1M13.7 10.3a3 3 0 0 0-4.3 0l-3 3a3 3 0 0 0 4.3 4.3l1-1",
    ),
    ("upload", "M12 15.5V5M8 9l4-4 4 4M5 15.5V19h14v-3.5"),
    (
        "account",
        "M12 5a7 7 0 1 1 0 14 7 7 0 0 1 0-14ZM14.6 9.6a3.4 3.4 0 1 0 0 4.8",
    ),
    ("job", "M12 5a7 7 0 1 1 0 14 7 7 0 0 1 0-14ZM12 8.5V12l2.8 1.8"),
    (
        "cancel",
        "M12 5a7 7 0 1 1 0 14 7 7 0 0 1 0-14ZM9.5 9.5l5 5M14.5 9.5l-5 5",
    ),
    ("gallery", "M5 5h6v6H5ZM13 5h6v6h-6ZM5 13h6v6H5ZM13 13h6v6h-6Z"),
    (
        "style",
        "M12 4.5c3.6 4.4 5.4 7.3 5.4 9.6a5.4 5.4 0 0 1-10.8 0c0-2.3 1.8-5.2 5.4-9.6ZM9.3 14.3a2.8 2.8 0 0 0 2.7 2.6",
    ),
    (
        "guide",
        "M5 5.5h5a2 2 0 0 1 2 2v11a2 2 0 0 0-2-2H5ZM19 5.5h-5a2 2 0 0 0-2 2v11a2 2 0 0 1 2-2h5Z",
    ),
];

/// The drawing for a tool of any surface.
fn of_tool(tool: &str) -> Option<&'static str> {
    Some(match tool {
        "edit_image" => "edit",
        "generate_media" | "generate" | "generate_image" => "generate",
        "models" | "list_models" | "get_model_schema" => "models",
        "assets" | "get_image" | "asset_preview" => "asset",
        "collections" => "collection",
        "pipelines" | "display_pipeline" | "execute_node_app" => "pipeline",
        "share_links" => "share",
        "upload" | "upload_data" | "upload_asset" | "get_upload_url" => "upload",
        "account" | "check_credits" => "account",
        "get_job_status" | "get_job" | "get_batch" => "job",
        "cancel_job" => "cancel",
        "display" | "list_images" => "gallery",
        "list_styles" | "list_shapes" => "style",
        _ => return None,
    })
}

/// The drawing for a resource, by its address.
fn of_resource(uri: &str) -> Option<&'static str> {
    let (scheme, rest) = uri.split_once("://")?;
    Some(match scheme {
        "asset" => "asset",
        "job" => "job",
        "model" => "models",
        "guide" | "skill" => "guide",
        "ui" => match rest.rsplit('/').next()? {
            "job" | "job-result-frame" => "job",
            "form" => "generate",
            "models" => "models",
            "account" => "account",
            "share" => "share",
            "upload" => "upload",
            "pipeline" => "pipeline",
            _ => "gallery",
        },
        _ => return None,
    })
}

/// The icon of that name at a server; none where it has no address.
fn icon(public_url: &str, name: Option<&'static str>) -> Option<Vec<Icon>> {
    let name = name.filter(|_| !public_url.is_empty())?;
    let icon = Icon::new(format!("{}/icons/{name}.svg", public_url.trim_end_matches('/')))
        .with_mime_type("image/svg+xml")
        .with_sizes(vec!["any".to_owned()]);
    Some(vec![icon])
}

pub(super) fn for_tool(public_url: &str, tool: &str) -> Option<Vec<Icon>> {
    icon(public_url, of_tool(tool))
}

pub(super) fn on_resources(public_url: &str, resources: &mut [Resource]) {
    for resource in resources {
        resource.icons = icon(public_url, of_resource(&resource.uri));
    }
}

pub(super) fn on_templates(public_url: &str, templates: &mut [ResourceTemplate]) {
    for template in templates {
        template.icons = icon(public_url, of_resource(&template.uri_template));
    }
}

pub(super) fn on_prompts(public_url: &str, prompts: &mut [Prompt]) {
    for prompt in prompts {
        prompt.icons = icon(public_url, Some("generate"));
    }
}

/// A drawing as the studio's own icon is drawn: light lines on a coloured square, for light menus and dark ones.
fn svg(lines: &str) -> String {
    let mut text = String::from(r#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24">"#);
    text.push_str(r##"<rect width="24" height="24" rx="6" fill="#1f6f78"/>"##);
    let _ = write!(
        text,
        r##"<path d="{lines}" fill="none" stroke="#faf8f5" stroke-width="1.5" stroke-linecap="round" stroke-linejoin="round"/></svg>"##
    );
    text
}

/// The route of the drawings.
pub fn routes() -> Router {
    Router::new().route("/icons/{name}", get(serve))
}

async fn serve(Path(name): Path<String>) -> Response {
    let wanted = name.strip_suffix(".svg").unwrap_or_default();
    let Some((_, lines)) = DRAWINGS.iter().find(|(name, _)| *name == wanted) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let headers = [
        (header::CONTENT_TYPE, "image/svg+xml"),
        (header::CACHE_CONTROL, "public, max-age=86400"),
        (header::CONTENT_SECURITY_POLICY, "default-src 'none'; sandbox"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        // Clients show them on pages of their own.
        (HeaderName::from_static("cross-origin-resource-policy"), "cross-origin"),
    ];
    (headers, svg(lines)).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_that_is_told_is_drawn() {
        let told = [
            "edit_image",
            "generate",
            "list_models",
            "get_image",
            "collections",
            "execute_node_app",
        ]
        .into_iter()
        .chain([
            "share_links",
            "upload",
            "account",
            "get_job",
            "cancel_job",
            "display",
            "list_styles",
        ])
        .map(of_tool)
        .chain(
            [
                "asset://{id}",
                "job://1",
                "model://a/schema",
                "guide://x",
                "ui://aquatint/form",
            ]
            .map(of_resource),
        );
        for name in told {
            let name = name.expect("it has a drawing");
            assert!(DRAWINGS.iter().any(|(known, _)| *known == name), "{name}");
        }
        assert!(of_tool("nothing").is_none() && of_resource("https://a.example").is_none());
    }

    #[test]
    fn a_server_without_an_address_has_no_icons() {
        assert!(for_tool("", "edit_image").is_none());
        let icons = for_tool("https://studio.example.com/prefix/", "edit_image").expect("icons");
        assert_eq!(icons[0].src, "https://studio.example.com/prefix/icons/edit.svg");
    }
}
