//! An asset's title and tags. Its bytes never change.

use aquatint_domain::{AssetId, Problem, Scope, text};
use schemars::JsonSchema;
use serde::Deserialize;

use super::{AssetView, asset_view};
use crate::library::clean_title;
use crate::operation::{Context, Effects, Operation, Spec, post};

const TAGS_MAX: usize = 50;
const TAG_MAX_CHARS: usize = 60;

pub struct Update;

/// Change an asset's title or tags; what is left out stays.
#[derive(Deserialize, JsonSchema)]
pub struct Args {
    /// Asset id.
    pub asset_id: AssetId,
    /// The new title.
    #[schemars(length(max = 200))]
    pub title: Option<String>,
    /// All its tags from now on.
    #[schemars(length(max = 50))]
    pub tags: Option<Vec<String>>,
}

impl Operation for Update {
    const SPEC: Spec = Spec::new(
        "assets.update",
        "Change an asset's title or tags",
        Scope::AssetsWrite,
        Effects::Writes,
        post("/assets/{asset_id}"),
    )
    .aliases(&[("id", "asset_id"), ("name", "title")]);
    type Args = Args;
    type Output = AssetView;

    async fn run(cx: &Context, args: Args) -> Result<AssetView, Problem> {
        let mut asset = cx.studio.asset(&cx.caller.workspace, &args.asset_id).await?;
        if let Some(title) = &args.title {
            asset.title = clean_title(title);
            if asset.title.is_empty() {
                return Err(Problem::invalid("title", "A title needs visible characters."));
            }
        }
        if let Some(tags) = &args.tags {
            let mut clean: Vec<String> = Vec::new();
            for tag in tags.iter().map(|tag| text::one_line(tag, TAG_MAX_CHARS)) {
                if !tag.is_empty() && !clean.contains(&tag) && clean.len() < TAGS_MAX {
                    clean.push(tag);
                }
            }
            asset.tags = clean;
        }
        cx.studio.store().assets().rename(&asset).await?;
        Ok(asset_view(&cx.studio, &asset))
    }
}
