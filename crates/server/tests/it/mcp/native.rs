//! The native tools as clients get them.

use aquatint::mcp::native_cards;
use serde_json::{Value, json};

use super::*;

/// A door that shows the native tools and calls none.
struct Shown;

#[async_trait::async_trait]
impl Toolbox for Shown {
    fn cards(&self) -> Vec<Card> {
        native_cards()
    }

    async fn admit(&self, _: &str, _: Option<String>) -> Result<Admission, Problem> {
        let caller = caller(&[]);
        Ok(Admission {
            caller,
            allowance: None,
        })
    }

    async fn call(&self, _: &Caller, _: &str, _: Value, _: Option<ProgressSender>) -> Result<ToolReply, Problem> {
        Err(Problem::new(Code::Unavailable, "Nothing is behind this door."))
    }
}

async fn tools(path: &str) -> Vec<Value> {
    let server = start_behind(Arc::new(Shown), |_| {}).await;
    let headers = [("authorization", "Bearer x")];
    let answer = send(server, "POST", path, &headers, br#"{"method":"tools/list"}"#).await;
    answer.json()["result"]["tools"].as_array().expect("tools").clone()
}

#[tokio::test]
async fn every_schema_is_clean_and_takes_a_failure_too() {
    let problem = json!({
        "code": "invalid_argument", "message": "m", "hint": "h", "retryable": false, "retry_after_s": 1, "field": "f",
        "upgrade_url": "u", "details": {}, "request_id": "req_1",
    });
    for tool in tools("/mcp").await {
        let name = tool["name"].as_str().expect("a name");
        for schema in [&tool["inputSchema"], &tool["outputSchema"]] {
            let text = schema.to_string();
            for noise in ["$schema", "$ref", "$defs", "uint", "int64", "\"title\":\""] {
                assert!(!text.contains(noise), "{name}: {noise} in {text}");
            }
            assert_eq!(schema["type"], "object", "{name}");
            let validator = jsonschema::validator_for(schema);
            validator.unwrap_or_else(|error| panic!("{name}: {error}"));
        }
        // SDK 1.x checks failures against the schema of results.
        let output = jsonschema::validator_for(&tool["outputSchema"]).expect("a schema");
        assert!(output.is_valid(&problem), "{name}: {}", tool["outputSchema"]);
    }
}

#[tokio::test]
async fn groups_and_names_narrow_the_native_list() {
    let names = async |query: &str| {
        let tools = tools(&format!("/mcp?tools={query}")).await;
        let names = tools
            .iter()
            .map(|tool| tool["name"].as_str().expect("a name").to_owned());
        names.collect::<Vec<_>>().join(" ")
    };
    assert_eq!(names("edit,assets").await, "edit_image assets");
    assert_eq!(names("jobs").await, "get_job_status cancel_job");
    assert_eq!(names("generate,generate_media").await, "generate_media");
}

#[tokio::test]
async fn hints_say_what_a_tool_does() {
    for tool in tools("/mcp").await {
        let hints = &tool["annotations"];
        let expected = match tool["name"].as_str().expect("a name") {
            "edit_image" | "generate_media" | "upload" | "pipelines" => (false, true),
            "collections" | "share_links" | "cancel_job" => (false, false),
            _ => (true, false),
        };
        let told = (hints["readOnlyHint"] == true, hints["openWorldHint"] == true);
        assert_eq!(told, expected, "{}", tool["name"]);
        assert_eq!(hints["destructiveHint"], false);
    }
}
