//! The pages for conversations: who is told of them, and how they are read.

use aquatint::mcp::{native_cards, page_cards};
use serde_json::{Value, json};

use super::*;

/// The native tools and the pages of a server with a public address; calls nothing.
struct Native;

#[async_trait::async_trait]
impl Toolbox for Native {
    fn cards(&self) -> Vec<Card> {
        native_cards()
    }

    fn page_cards(&self) -> Vec<Card> {
        page_cards()
    }

    fn public_url(&self) -> String {
        "https://studio.example.com/prefix".to_owned()
    }

    async fn admit(&self, _: &str, _: Option<String>) -> Result<Admission, Problem> {
        Ok(Admission {
            caller: caller(&[]),
            allowance: None,
        })
    }

    async fn call(&self, _: &Caller, tool: &str, _: Value, _: Option<ProgressSender>) -> Result<ToolReply, Problem> {
        Err(Problem::new(Code::Unavailable, format!("Nothing is behind `{tool}`.")))
    }
}

struct Door(SocketAddr);

impl Door {
    async fn open() -> Self {
        Self(start_behind(Arc::new(Native), |_| {}).await)
    }

    async fn post(&self, headers: &[(&str, &str)], body: &str) -> Answer {
        let mut all = vec![("authorization", "Bearer x")];
        all.extend_from_slice(headers);
        send(self.0, "POST", "/mcp", &all, body.as_bytes()).await
    }

    /// A modern request, with what the client says of itself.
    async fn modern(&self, method: &str, params: Value, extensions: Value) -> Value {
        let uri = params["uri"].as_str().map(str::to_owned);
        let mut headers = modern_headers(method);
        headers.extend(uri.as_deref().map(|uri| ("mcp-name", uri)));
        let body = modern_body(method, params).replace(
            r#""io.modelcontextprotocol/clientCapabilities":{}"#,
            &format!(r#""io.modelcontextprotocol/clientCapabilities":{{"extensions":{extensions}}}"#),
        );
        self.post(&headers, &body).await.json()
    }

    async fn older(&self, method: &str, params: Value) -> Value {
        let body = json!({ "jsonrpc": "2.0", "id": 7, "method": method, "params": params }).to_string();
        let answer = self.post(&[("mcp-protocol-version", LEGACY[0]), ACCEPT, JSON], &body);
        answer.await.json()
    }
}

/// What a list tells of pages: the page of each tool, and the tools for pages alone.
fn told(answer: &Value) -> (Vec<String>, Vec<String>) {
    let tools = answer["result"]["tools"]
        .as_array()
        .unwrap_or_else(|| panic!("no tools in {answer}"));
    let (mut pages, mut hidden) = (Vec::new(), Vec::new());
    for tool in tools {
        let (name, meta) = (tool["name"].as_str().expect("a name"), &tool["_meta"]);
        if meta["ui"]["visibility"] == json!(["app"]) {
            hidden.push(name.to_owned());
        }
        if let Some(uri) = meta["ui"]["resourceUri"].as_str() {
            assert_eq!(meta["ui/resourceUri"], uri, "older hosts look for the flat name");
            pages.push(format!("{name} {uri}"));
        }
    }
    (pages, hidden)
}

#[tokio::test]
async fn only_clients_that_may_show_pages_are_told_of_them() {
    let door = Door::open().await;
    let nothing = (Vec::new(), Vec::new());
    let ui = json!({ "io.modelcontextprotocol/ui": { "mimeTypes": ["text/html;profile=mcp-app"] } });
    let bare = door.post(&[], r#"{"method":"tools/list"}"#).await;
    assert_eq!(told(&bare.json()), nothing, "a bare curl");
    // A cursor of null goes the long way, which must give the same.
    let long_way = json!({ "cursor": null });
    let shown = told(&door.modern("tools/list", json!({}), ui.clone()).await);
    // The Inspector looks at pages without saying that it shows them.
    let only_named = (shown.0.clone(), Vec::new());
    let undeclared = door.modern("tools/list", json!({}), json!({})).await;
    assert_eq!(told(&undeclared), only_named, "no extension");
    assert_eq!(told(&door.modern("tools/list", long_way.clone(), ui).await), shown);
    assert_eq!(
        told(&door.modern("tools/list", long_way.clone(), json!({})).await),
        only_named
    );
    assert_eq!(
        told(&door.older("tools/list", json!({})).await),
        shown,
        "an older client may show pages"
    );
    assert_eq!(told(&door.older("tools/list", long_way).await), shown);
    assert_eq!(shown.1, ["asset_preview", "upload_data"]);
    for expected in [
        "edit_image ui://aquatint/job",
        "generate_media ui://aquatint/job",
        "display ui://aquatint/gallery",
        "models ui://aquatint/models",
        "account ui://aquatint/account",
        "share_links ui://aquatint/share",
        "upload ui://aquatint/upload",
        "display_pipeline ui://aquatint/pipeline",
        "pipelines ui://aquatint/pipeline",
    ] {
        assert!(
            shown.0.iter().any(|one| one == expected),
            "{expected} is not in {:?}",
            shown.0
        );
    }
}

#[tokio::test]
async fn pages_are_listed_and_read_in_both_eras_with_what_they_may_reach() {
    let door = Door::open().await;
    for is_modern in [true, false] {
        let ask = async |method: &str, params: Value| {
            if is_modern {
                door.modern(method, params, json!({})).await
            } else {
                door.older(method, params).await
            }
        };
        let listed = ask("resources/list", json!({})).await["result"].clone();
        let resources = listed["resources"].as_array().expect("resources").clone();
        assert!(resources.len() >= 9, "{resources:?}");
        for resource in &resources {
            let uri = resource["uri"].as_str().expect("an address");
            assert_eq!(resource["mimeType"], "text/html;profile=mcp-app", "{uri}");
            let read = ask("resources/read", json!({ "uri": uri })).await["result"].clone();
            let page = &read["contents"][0];
            assert_eq!(
                (&page["uri"], &page["mimeType"]),
                (&resource["uri"], &resource["mimeType"])
            );
            let html = page["text"].as_str().expect("a page");
            assert_eq!(resource["size"].as_u64(), Some(html.len() as u64), "{uri}");
            let own = json!(["https://studio.example.com"]);
            assert_eq!(
                page["_meta"]["ui"]["csp"],
                json!({ "connectDomains": own, "resourceDomains": own })
            );
            if is_modern {
                assert_eq!(
                    (&read["resultType"], &read["cacheScope"]),
                    (&json!("complete"), &json!("public"))
                );
                assert!(read["ttlMs"].as_u64().expect("a time") > 0);
            } else {
                assert!(read.get("resultType").is_none() && read.get("ttlMs").is_none());
            }
        }
        let krea = ask(
            "resources/read",
            json!({ "uri": "ui://krea-public-api/job-result-frame" }),
        )
        .await;
        let own = ask("resources/read", json!({ "uri": "ui://aquatint/job" })).await;
        assert_eq!(
            krea["result"]["contents"][0]["text"],
            own["result"]["contents"][0]["text"]
        );
        let none = ask("resources/read", json!({ "uri": "ui://aquatint/nothing" })).await;
        assert_eq!(none["error"]["code"], -32602, "{none}");
        let next = ask("resources/list", json!({ "cursor": "2" })).await;
        assert_eq!(next["error"]["code"], -32602, "{next}");
    }
}

#[tokio::test]
async fn what_only_pages_call_can_be_called_whatever_was_selected() {
    let server = Door::open().await;
    let body = r#"{"method":"tools/call","params":{"name":"asset_preview","arguments":{}}}"#;
    let headers = [("authorization", "Bearer x")];
    let answer = send(server.0, "POST", "/mcp?tools=account", &headers, body.as_bytes()).await;
    assert_eq!(
        answer.json()["result"]["structuredContent"]["code"],
        "unavailable",
        "{}",
        answer.body
    );
}
