//! The twelve tools of the studio contract, with the actions that it names and no others. They are the native ones: the same
//! operations, the same arguments.

use super::{Action, Tool};

const fn action(name: &'static str, operation: &'static str) -> Action {
    Action { name, operation }
}

/// The tools of `/mcp/pixelcut` and `/mcp/pixa`.
pub static TWELVE: [Tool; 12] = [
    Tool::new(
        "edit_image",
        "Edit images",
        "Edit one image, or an array of up to 100 in parallel.",
        &[
            action("remove_background", "edit.remove_background"),
            action("upscale", "edit.upscale"),
            action("expand", "edit.expand"),
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
        ],
    ),
    Tool::new(
        "share_links",
        "Share links",
        "Public links to assets or to a collection.",
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
            action("list_node_types", "pipelines.list_node_types"),
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
        ],
    ),
    Tool::new("get_job_status", "Get job status", "", &[action("", "jobs.get")]),
    Tool::new("display", "Display a gallery", "", &[action("", "display.gallery")]),
];

#[cfg(test)]
mod tests {
    use super::super::NATIVE;
    use super::TWELVE;

    #[test]
    fn the_twelve_are_native_tools_with_fewer_actions() {
        for tool in &TWELVE {
            let native = NATIVE
                .iter()
                .find(|native| native.name == tool.name)
                .expect("a native tool");
            for action in tool.actions {
                assert!(
                    native
                        .actions
                        .iter()
                        .any(|own| own.name == action.name && own.operation == action.operation),
                    "{} {}",
                    tool.name,
                    action.name
                );
            }
        }
    }
}
