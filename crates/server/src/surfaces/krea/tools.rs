//! The seven tools of the table, and the one that stands in the prose.

use aquatint_app::operation::Effects;
use serde_json::{Value, json};

use crate::surfaces::service::Tool;

/// Other spellings of a job's id.
const JOB: &[(&str, &str)] = &[("job_id", "jobId"), ("id", "jobId")];

const TOOL: Tool = Tool {
    name: "",
    title: "",
    description: "",
    input: any,
    output: any,
    aliases: &[],
    effects: Effects::Reads,
    takes_media: false,
    widget: None,
    is_patient: false,
};

pub(super) static TOOLS: [Tool; 8] = [
    Tool {
        name: "list_models",
        title: "List models",
        description: "Image and video models. One with `deprecation` goes: it says since when, until when and what takes its place.",
        input: || json!({ "type": "object", "properties": { "type": { "type": "string", "enum": ["image", "video"], "description": "Only these." } } }),
        output: || json!({ "type": "object", "properties": { "models": { "type": "array", "items": { "type": "object" } } }, "required": ["models"] }),
        widget: Some("models"),
        ..TOOL
    },
    Tool {
        name: "get_model_schema",
        title: "Get a model's inputs",
        description: "The JSON Schema of a model's inputs; look at it before `generate`. The API takes the same.",
        input: || json!({ "type": "object", "properties": { "model": model() }, "required": ["model"] }),
        output: || json!({ "type": "object", "properties": { "model": { "type": "string" }, "input_schema": { "type": "object" } }, "required": ["model", "input_schema"] }),
        aliases: &[("model_id", "model"), ("modelId", "model"), ("id", "model")],
        widget: Some("form"),
        ..TOOL
    },
    Tool {
        name: "generate",
        title: "Generate",
        description: "Submit an image or video job. Answers at once with `job_id`; poll `get_job`. Inputs are those of \
                      `get_model_schema`, within `inputs` or beside `model`. A media input takes an https URL, a base64 data URI or \
                      an uploaded asset's URL, one for each field or list item. Set `sync` only when the user asks to wait.",
        input: generate,
        output: job,
        aliases: &[
            ("model_id", "model"),
            ("modelId", "model"),
            ("input", "inputs"),
            ("parameters", "inputs"),
            ("params", "inputs"),
            ("wait", "sync"),
        ],
        effects: Effects::Spends,
        takes_media: true,
        widget: Some("job-result-frame"),
        is_patient: true,
    },
    Tool {
        name: "execute_node_app",
        title: "Run a node app",
        description: "Run a node app: a published pipeline with named inputs. Answers at once with `job_id`; poll `get_job`.",
        input: execute,
        output: job,
        aliases: &[
            ("versionId", "version_id"),
            ("node_app_version_id", "version_id"),
            ("nodeAppVersionId", "version_id"),
            ("node_app_id", "version_id"),
            ("id", "version_id"),
            ("input", "inputs"),
            ("wait", "sync"),
        ],
        effects: Effects::Spends,
        takes_media: true,
        widget: Some("job-result-frame"),
        is_patient: true,
    },
    Tool {
        name: "get_job",
        title: "Get a job",
        description: "Status and output of a job. Poll every 2 to 5 seconds until it is completed, failed or cancelled.",
        input: job_id,
        output: job,
        aliases: JOB,
        widget: Some("job-result-frame"),
        ..TOOL
    },
    Tool {
        name: "cancel_job",
        title: "Cancel a job",
        description: "Cancel a job that has not ended, and take it out of listings. A cancelled job is not billed.",
        input: job_id,
        output: || json!({ "type": "object", "properties": { "job_id": { "type": "string" }, "deleted": { "type": "boolean" } }, "required": ["job_id", "deleted"] }),
        aliases: JOB,
        effects: Effects::Writes,
        ..TOOL
    },
    Tool {
        name: "get_upload_url",
        title: "Get an upload URL",
        description: "A URL for one local file, good for three hours: POST multipart/form-data with the single field `file`; the \
                      answer holds the asset's `url`, which media inputs take.",
        input: || json!({ "type": "object", "properties": { "file_name": { "type": "string", "maxLength": 500, "description": "The local file, to fill in the command." } } }),
        output: || json!({ "type": "object", "properties": { "upload_url": { "type": "string" }, "expires_at": { "type": "string" } }, "required": ["upload_url", "expires_at"] }),
        aliases: &[("filename", "file_name"), ("fileName", "file_name")],
        effects: Effects::Writes,
        widget: Some("upload"),
        ..TOOL
    },
    Tool {
        name: "upload_asset",
        title: "Upload an asset",
        description: "Save a file to the workspace, from a public https URL or a base64 data URI. For a local file use `get_upload_url`.",
        input: upload,
        output: || json!({ "type": "object", "properties": { "id": { "type": "string" }, "image_url": { "type": "string" } }, "required": ["id", "image_url"] }),
        aliases: &[
            ("file", "url"),
            ("image_url", "url"),
            ("data", "url"),
            ("name", "description"),
        ],
        effects: Effects::Writes,
        takes_media: true,
        ..TOOL
    },
];

fn any() -> Value {
    json!({ "type": "object", "properties": {} })
}

fn model() -> Value {
    json!({ "type": "string", "minLength": 1, "maxLength": 200, "description": "Model id from `list_models`, such as `image/aquatint/scene-preview`." })
}

fn inputs(about: &str) -> Value {
    json!({ "type": "object", "description": about })
}

fn sync() -> Value {
    json!({ "type": "boolean", "default": false, "description": "Wait for the final result." })
}

fn generate() -> Value {
    json!({
        "type": "object",
        "properties": { "model": model(), "inputs": inputs("The model's inputs, such as `prompt`."), "sync": sync() },
        "required": ["model"],
        // The model's inputs may stand beside it too.
        "additionalProperties": true,
    })
}

fn execute() -> Value {
    json!({
        "type": "object",
        "properties": {
            "version_id": { "type": "string", "minLength": 1, "maxLength": 200, "description": "Id of the node app's version." },
            "inputs": inputs("By name of each input: text, number, or media as a URL, data URI or asset URL."),
            "sync": sync(),
        },
        "required": ["version_id"],
    })
}

fn job_id() -> Value {
    json!({ "type": "object", "properties": { "jobId": { "type": "string", "minLength": 1, "maxLength": 200, "description": "Job id." } }, "required": ["jobId"] })
}

fn upload() -> Value {
    json!({
        "type": "object",
        "properties": {
            "url": { "type": "string", "minLength": 1, "description": "https URL or base64 data URI." },
            "description": { "type": "string", "maxLength": 120, "description": "A title." },
        },
        "required": ["url"],
    })
}

fn job() -> Value {
    json!({ "type": "object", "properties": { "job_id": { "type": "string" }, "status": { "type": "string" } }, "required": ["job_id", "status"] })
}
