//! One asset: fresh URLs, how it was made, and how to make it again.

use aquatint_domain::{AssetId, Problem, Provenance, Recipe, Scope};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{AssetView, asset_view};
use crate::operation::{Context, Describe, Description, Effects, Operation, Preview, Spec, get};
use crate::toolset;

pub struct Get;

/// One asset with fresh URLs, its recipe (how it was made) and the call that makes it again.
#[derive(Deserialize, JsonSchema)]
pub struct Args {
    /// Asset id.
    pub asset_id: AssetId,
    /// Also return a small preview picture.
    #[serde(default)]
    pub preview: bool,
}

#[derive(Serialize, JsonSchema)]
pub struct Output {
    #[serde(flatten)]
    pub asset: AssetView,
    /// How it was made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub recipe: Option<Recipe>,
    /// The tool call that makes it again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub make_again: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub job_id: Option<aquatint_domain::JobId>,
    /// What the file itself says of where it came from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub provenance: Option<Provenance>,
    /// Assets that it was made from, as far as they are still there.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub parents: Vec<AssetView>,
    /// Assets that were made from it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub children: Vec<AssetId>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
    pub frames: u32,
    /// Of a video or a sound, by ffmpeg's name, such as h264.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub codec: Option<String>,
    /// Of the sound.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub channels: Option<u32>,
    /// Of the sound, in Hz.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sample_rate: Option<u32>,
    #[serde(skip)]
    wants_preview: bool,
}

impl Describe for Output {
    fn describe(&self) -> Description {
        let mut lines = vec![
            self.asset.line(),
            format!("URL until {}: {}", self.asset.url_expires_at, self.asset.url),
        ];
        if let Some(recipe) = &self.recipe {
            let model = recipe.model.as_deref().unwrap_or("no model");
            lines.push(format!(
                "Made by {} with {model} from {:?}.",
                recipe.operation, recipe.parents
            ));
        }
        if let Some(call) = &self.make_again {
            lines.push(format!("Make it again: {call}"));
        }
        lines.extend(self.provenance.as_ref().map(told));
        lines.extend(self.notes.iter().map(|note| format!("Note: {note}")));
        let preview = self.wants_preview.then(|| Preview::Asset(self.asset.asset_id.clone()));
        Description {
            text: lines.join("\n"),
            links: vec![self.asset.link()],
            preview,
        }
    }
}

impl Operation for Get {
    const SPEC: Spec = Spec::new(
        "assets.get",
        "Get an asset",
        Scope::AssetsRead,
        Effects::Reads,
        get("/assets/{asset_id}"),
    )
    .aliases(&[("id", "asset_id"), ("image_id", "asset_id"), ("imageId", "asset_id")]);
    type Args = Args;
    type Output = Output;

    async fn run(cx: &Context, args: Args) -> Result<Output, Problem> {
        let asset = cx.studio.asset(&cx.caller.workspace, &args.asset_id).await?;
        let children = cx
            .studio
            .store()
            .assets()
            .children(&cx.caller.workspace, &asset.id)
            .await?;
        let from = asset.recipe.as_ref().map(|recipe| recipe.parents.as_slice());
        let found = cx
            .studio
            .store()
            .assets()
            .get_many(&cx.caller.workspace, from.unwrap_or_default())
            .await?;
        // In the order in which they were used.
        let parents = from
            .unwrap_or_default()
            .iter()
            .filter_map(|id| found.iter().find(|parent| parent.id == *id))
            .map(|parent| asset_view(&cx.studio, parent))
            .collect();
        let provenance = cx.studio.provenance_of(&asset).await;
        Ok(Output {
            asset: asset_view(&cx.studio, &asset),
            make_again: asset.recipe.as_ref().and_then(make_again),
            recipe: asset.recipe,
            job_id: asset.job,
            provenance,
            parents,
            children,
            notes: asset.notes,
            frames: asset.frames,
            codec: asset.measures.codec,
            channels: asset.measures.channels,
            sample_rate: asset.measures.sample_rate,
            wants_preview: args.preview,
        })
    }
}

/// A line about provenance; words in it come from the file.
fn told(provenance: &Provenance) -> String {
    let mut parts = Vec::new();
    if let Some(kind) = &provenance.digital_source_type {
        parts.push(format!("digital source type {kind}"));
    }
    if let Some(tool) = &provenance.creator_tool {
        parts.push(format!("made with {tool}"));
    }
    if let Some(credentials) = &provenance.content_credentials {
        let by = credentials.signed_by.as_deref().unwrap_or("nobody named");
        parts.push(format!("content credentials {}, signed by {by}", credentials.state));
    }
    format!("The file says: {}.", parts.join("; "))
}

/// The native tool call that repeats a recipe.
fn make_again(recipe: &Recipe) -> Option<Value> {
    let (tool, action) = toolset::place_of(&recipe.operation)?;
    let mut arguments = recipe.arguments.clone();
    let map = arguments.as_object_mut()?;
    // A job row names one picture; the tool takes `images`.
    if let Some(image) = map.remove("image") {
        map.insert("images".into(), image);
    }
    // The style's words are added from the style again.
    map.remove("prompt_used");
    if map
        .get("images")
        .is_some_and(|images| images.as_array().is_some_and(Vec::is_empty))
    {
        map.remove("images");
    }
    if let Some(action) = action {
        map.insert("action".into(), json!(action));
    }
    Some(json!({ "tool": tool, "arguments": arguments }))
}
