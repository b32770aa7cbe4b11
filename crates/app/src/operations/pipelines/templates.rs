//! Pipelines that come with the program: to be run as they are, or to begin with.

use std::sync::OnceLock;

use aquatint_domain::{Graph, Problem, Scope, text};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::operation::{Context, Describe, Description, Effects, Operation, Spec, get};

pub struct Templates;

/// Ready pipelines to begin with: pass a `slug` to `create` as `template`.
#[derive(Deserialize, JsonSchema)]
pub struct Args {}

#[derive(Serialize, JsonSchema)]
pub struct Output {
    pub templates: Vec<Template>,
}

/// A pipeline that comes with the program.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
pub struct Template {
    pub slug: String,
    pub name: String,
    pub description: String,
    pub graph: Graph,
}

/// One file each.
const FILES: [&str; 6] = [
    include_str!("../../../templates/pipelines/hero-banner.json"),
    include_str!("../../../templates/pipelines/marketplace-white.json"),
    include_str!("../../../templates/pipelines/social-set.json"),
    include_str!("../../../templates/pipelines/colour-variants.json"),
    include_str!("../../../templates/pipelines/before-after.json"),
    include_str!("../../../templates/pipelines/product-video.json"),
];

/// All of them, in the order in which they are shown.
pub(super) fn all() -> Result<&'static [Template], Problem> {
    static ALL: OnceLock<Vec<Template>> = OnceLock::new();
    if let Some(all) = ALL.get() {
        return Ok(all);
    }
    let all = FILES
        .iter()
        .map(|file| serde_json::from_str(file).map_err(Problem::internal))
        .collect::<Result<Vec<_>, _>>()?;
    Ok(ALL.get_or_init(|| all))
}

/// The one of that slug.
pub(super) fn named(slug: &str) -> Result<&'static Template, Problem> {
    let all = all()?;
    all.iter().find(|template| template.slug == slug.trim()).ok_or_else(|| {
        let slugs: Vec<&str> = all.iter().map(|template| template.slug.as_str()).collect();
        Problem::invalid(
            "template",
            format!("There is no template `{}`.", text::one_line(slug, 60)),
        )
        .hint(format!("There are: {}.", slugs.join(", ")))
    })
}

impl Describe for Output {
    fn describe(&self) -> Description {
        let lines: Vec<String> = self
            .templates
            .iter()
            .map(|template| format!("{}: {}. {}", template.slug, template.name, template.description))
            .collect();
        Description {
            text: lines.join("\n"),
            ..Description::default()
        }
    }
}

impl Operation for Templates {
    const SPEC: Spec = Spec::new(
        "pipelines.templates",
        "List templates",
        Scope::AssetsRead,
        Effects::Reads,
        get("/pipelines/templates"),
    );
    type Args = Args;
    type Output = Output;

    async fn run(_: &Context, _: Args) -> Result<Output, Problem> {
        Ok(Output {
            templates: all()?.to_vec(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::operations;
    use crate::pipelines::{PipelineLimits, Ready};

    #[test]
    fn every_template_holds_together_and_is_named_where_it_is_asked_for() {
        let entry = operations::find("pipelines.create").expect("an operation");
        let told = entry.input_schema()["properties"]["template"]["description"].to_string();
        for template in all().expect("templates") {
            let ready = Ready::of(&template.graph, &PipelineLimits::default());
            assert!(ready.is_ok(), "{}: {:?}", template.slug, ready.err());
            assert!(told.contains(&template.slug), "{}: {told}", template.slug);
            assert!(template.description.len() > 30, "{}", template.slug);
            // People read these names.
            for node in &template.graph.nodes {
                assert!(node.title.is_some(), "{}: {}", template.slug, node.id);
                assert!(
                    !node.kind.starts_with("input.") || node.alias.is_some(),
                    "{}: {} has no alias",
                    template.slug,
                    node.id
                );
            }
        }
    }
}
