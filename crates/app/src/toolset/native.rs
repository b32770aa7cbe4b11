//! The list of native tools.

use super::{Action, Tool};

const fn action(name: &'static str, operation: &'static str) -> Action {
    Action { name, operation }
}

/// Every native tool, in the order in which agents see them.
pub static NATIVE: [Tool; 13] = [
    Tool::new(
        "edit_image",
        "Edit images",
        "Edit one image, or up to 100 in parallel as one batch.",
        &[
            action("remove_background", "edit.remove_background"),
            action("upscale", "edit.upscale"),
            action("expand", "edit.expand"),
            action("replace_background", "edit.replace_background"),
            action("erase", "edit.erase"),
            action("enhance", "edit.enhance"),
            action("adjust", "edit.adjust"),
            action("compose", "edit.compose"),
            action("resize", "edit.resize"),
            action("crop", "edit.crop"),
            action("rotate", "edit.rotate"),
            action("convert", "edit.convert"),
        ],
    ),
    Tool::new("generate_media", "Generate media", "", &[action("", "generate.media")]),
    Tool::new(
        "models",
        "Models",
        "The models that `generate_media` can use.",
        &[
            action("list", "models.list"),
            action("search", "models.search"),
            action("get", "models.get"),
            action("recommend", "models.recommend"),
            action("schema", "models.schema"),
            action("styles", "models.styles"),
            action("shapes", "models.shapes"),
        ],
    ),
    Tool::new(
        "assets",
        "Assets",
        "The workspace's images and videos.",
        &[
            action("list", "assets.list"),
            action("search", "assets.search"),
            action("get", "assets.get"),
        ],
    ),
    Tool::new(
        "upload",
        "Upload",
        "Bring media in.",
        &[action("url", "upload.url"), action("upload_url", "upload.upload_url")],
    ),
    Tool::new(
        "collections",
        "Collections",
        "Named groups of assets.",
        &[
            action("list", "collections.list"),
            action("search", "collections.search"),
            action("get", "collections.get"),
            action("create", "collections.create"),
            action("add", "collections.add"),
        ],
    ),
    Tool::new(
        "share_links",
        "Share links",
        "Public links.",
        &[
            action("list", "share_links.list"),
            action("get", "share_links.get"),
            action("create", "share_links.create"),
            action("update", "share_links.update"),
            action("contents", "share_links.contents"),
        ],
    ),
    Tool::new(
        "pipelines",
        "Pipelines",
        "Reusable graphs of work.",
        &[
            action("list", "pipelines.list"),
            action("search", "pipelines.search"),
            action("get", "pipelines.get"),
            action("run", "pipelines.run"),
            action("list_runs", "pipelines.list_runs"),
            action("get_run", "pipelines.get_run"),
            action("cancel_run", "pipelines.cancel_run"),
            action("retry_run", "pipelines.retry_run"),
            action("list_node_types", "pipelines.list_node_types"),
            action("validate", "pipelines.validate"),
            action("create", "pipelines.create"),
            action("update", "pipelines.update"),
            action("duplicate", "pipelines.duplicate"),
            action("export", "pipelines.export"),
            action("import", "pipelines.import"),
            action("publish", "pipelines.publish"),
        ],
    ),
    Tool::new(
        "display_pipeline",
        "Display a pipeline",
        "",
        &[action("", "display.pipeline")],
    ),
    Tool::new(
        "account",
        "Account",
        "Credits of the workspace.",
        &[
            action("credits", "account.credits"),
            action("usage_history", "account.usage_history"),
            action("estimate", "account.estimate"),
        ],
    ),
    Tool::new("get_job_status", "Get job status", "", &[action("", "jobs.get")]),
    Tool::new("cancel_job", "Cancel a job", "", &[action("", "jobs.cancel")]),
    Tool::new("display", "Display a gallery", "", &[action("", "display.gallery")]),
];

/// What only the pages in conversations call, on every surface; models are not told of these.
pub static PAGES: [Tool; 2] = [
    // For hosts that do not let a page load pictures from us: the picture itself, small.
    Tool::new(
        "asset_preview",
        "Show an asset in a page",
        "",
        &[action("", "assets.get")],
    ),
    // For hosts that do not let a page send files to us.
    Tool::new(
        "upload_data",
        "Upload a file from a page",
        "",
        &[action("", "upload.url")],
    ),
];

/// The tool of that name.
pub fn find(name: &str) -> Option<&'static Tool> {
    NATIVE.iter().chain(&PAGES).find(|tool| tool.name == name)
}

/// The tool and action under which agents reach an operation.
pub fn place_of(operation: &str) -> Option<(&'static str, Option<&'static str>)> {
    NATIVE.iter().find_map(|tool| {
        let action = tool.actions.iter().find(|action| action.operation == operation)?;
        Some((tool.name, (!action.name.is_empty()).then_some(action.name)))
    })
}
