//! The pages that clients with MCP Apps (`io.modelcontextprotocol/ui`, 2026-01-26) show in a conversation. They are built in
//! `web/widgets` and embedded; each is one file that loads nothing but media of ours. Clients without the extension never hear
//! of them and lose nothing: every answer is complete without.

use rmcp::model::{ClientCapabilities, ExtensionCapabilities, JsonObject, MetaObject, Resource, ResourceContents};
use serde_json::json;

/// The name of the extension.
const EXTENSION: &str = "io.modelcontextprotocol/ui";
/// What a page says it is.
const MEDIA_TYPE: &str = "text/html;profile=mcp-app";

/// One page.
struct Page {
    name: &'static str,
    uri: &'static str,
    title: &'static str,
    about: &'static str,
    html: &'static str,
}

macro_rules! built {
    ($name:literal) => {
        include_str!(concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../../web/widgets/dist/",
            $name,
            ".html"
        ))
    };
}

const fn page(
    name: &'static str,
    uri: &'static str,
    title: &'static str,
    about: &'static str,
    html: &'static str,
) -> Page {
    Page {
        name,
        uri,
        title,
        about,
        html,
    }
}

/// Every page. A card names one by its name.
static PAGES: [Page; 9] = [
    page(
        "job",
        "ui://aquatint/job",
        "Job",
        "How a job goes, and what it made: results, before and after, download, retry.",
        built!("job"),
    ),
    page(
        "gallery",
        "ui://aquatint/gallery",
        "Gallery",
        "Assets and collections to look at and choose from.",
        built!("gallery"),
    ),
    page(
        "models",
        "ui://aquatint/models",
        "Models",
        "Models with prices and filters, and a form for each.",
        built!("models"),
    ),
    page(
        "account",
        "ui://aquatint/account",
        "Account",
        "Credits, and what they were spent on.",
        built!("account"),
    ),
    page(
        "form",
        "ui://aquatint/form",
        "Generate",
        "A form made from a model's schema.",
        built!("form"),
    ),
    page(
        "share",
        "ui://aquatint/share",
        "Share link",
        "A share link, what it shows and who may see it.",
        built!("share"),
    ),
    page(
        "upload",
        "ui://aquatint/upload",
        "Upload",
        "A place to drop local files.",
        built!("upload"),
    ),
    page(
        "pipeline",
        "ui://aquatint/pipeline",
        "Pipeline",
        "A pipeline as a graph, and how a run goes through it.",
        built!("pipeline"),
    ),
    // The name that clients of Krea know.
    page(
        "job-result-frame",
        "ui://krea-public-api/job-result-frame",
        "Job",
        "How a job goes, and what it made.",
        built!("job"),
    ),
];

/// The address of a page by its name. A name that is not there is a mistake of ours.
pub fn uri(name: &str) -> &'static str {
    let page = PAGES.iter().find(|page| page.name == name);
    page.unwrap_or_else(|| panic!("there is no page `{name}`")).uri
}

/// What the server says of the extension.
pub(super) fn extension() -> ExtensionCapabilities {
    ExtensionCapabilities::from([(EXTENSION.to_owned(), JsonObject::new())])
}

/// Whether a client said that it shows pages.
pub(super) fn are_shown_by(capabilities: &ClientCapabilities) -> bool {
    let extensions = capabilities.extensions.as_ref();
    extensions
        .and_then(|extensions| extensions.get(EXTENSION))
        .is_some_and(
            |settings| match settings.get("mimeTypes").and_then(|types| types.as_array()) {
                Some(types) => types.iter().any(|one| one == MEDIA_TYPE),
                None => true,
            },
        )
}

/// Every page as a resource.
pub fn list() -> Vec<Resource> {
    let resource = |page: &Page| {
        Resource::new(page.uri, page.name)
            .with_title(page.title)
            .with_description(page.about)
            .with_mime_type(MEDIA_TYPE)
            .with_size(page.html.len() as u64)
    };
    PAGES.iter().map(resource).collect()
}

/// The page at an address, with what it may reach: media and uploads of the server, nothing else.
pub fn read(uri: &str, public_url: &str) -> Option<ResourceContents> {
    let page = PAGES.iter().find(|page| page.uri == uri)?;
    let origin = url::Url::parse(public_url).ok().map(|url| url.origin());
    let origins: Vec<String> = origin
        .filter(url::Origin::is_tuple)
        .map(|origin| origin.ascii_serialization())
        .into_iter()
        .collect();
    let mut meta = MetaObject::new();
    meta.insert(
        "ui".to_owned(),
        json!({ "csp": { "connectDomains": origins, "resourceDomains": origins }, "prefersBorder": true }),
    );
    let contents = ResourceContents::text(page.html, page.uri).with_mime_type(MEDIA_TYPE);
    Some(contents.with_meta(meta))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_may_reach_the_origin_of_the_server_and_nothing_else() {
        let ui = |public: &str| {
            let contents = read("ui://aquatint/job", public).expect("a page");
            serde_json::to_value(contents).expect("JSON")["_meta"]["ui"]["csp"].clone()
        };
        let own = json!(["https://studio.example.com"]);
        assert_eq!(
            ui("https://studio.example.com/prefix"),
            json!({ "connectDomains": own, "resourceDomains": own })
        );
        assert_eq!(ui(""), json!({ "connectDomains": [], "resourceDomains": [] }));
        assert!(read("ui://aquatint/nothing", "").is_none());
    }

    #[test]
    fn every_page_is_small_whole_and_loads_nothing() {
        for page in &PAGES {
            assert!(page.html.len() < 60_000, "{}: {} bytes", page.name, page.html.len());
            for outside in ["src=\"", "href=\"http", "@import", "localStorage", "innerHTML", "eval("] {
                assert!(!page.html.contains(outside), "{} holds {outside}", page.name);
            }
            assert!(page.html.trim_end().ends_with("</html>"), "{}", page.name);
        }
        assert_eq!(
            read("ui://krea-public-api/job-result-frame", "").and_then(|contents| match contents {
                ResourceContents::TextResourceContents { text, .. } => Some(text),
                _ => None,
            }),
            Some(PAGES[0].html.to_owned())
        );
    }

    #[test]
    fn a_client_says_that_it_shows_pages() {
        let shows = |extensions: serde_json::Value| {
            let capabilities = json!({ "extensions": extensions });
            are_shown_by(&serde_json::from_value(capabilities).expect("capabilities"))
        };
        assert!(shows(json!({ EXTENSION: { "mimeTypes": [MEDIA_TYPE] } })) && shows(json!({ EXTENSION: {} })));
        assert!(!shows(json!({ EXTENSION: { "mimeTypes": ["text/html+skybridge"] } })) && !shows(json!({})));
    }
}
