//! Style presets.

use aquatint_domain::{Problem, Scope};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::operation::{Context, Describe, Description, Effects, Operation, Spec, get};
use crate::styles::{STYLES, Style};

pub struct Styles;

/// Style presets and the words that each adds to a prompt.
#[derive(Deserialize, JsonSchema)]
pub struct Args {
    /// Only this category.
    #[schemars(length(max = 60))]
    pub category: Option<String>,
}

#[derive(Serialize, JsonSchema)]
pub struct Output {
    pub styles: Vec<Style>,
}

impl Describe for Output {
    fn describe(&self) -> Description {
        let lines: Vec<String> = self
            .styles
            .iter()
            .map(|style| format!("{} ({}): {}", style.slug, style.category, style.prompt))
            .collect();
        Description {
            text: lines.join("\n"),
            ..Description::default()
        }
    }
}

impl Operation for Styles {
    const SPEC: Spec = Spec::new(
        "models.styles",
        "List styles",
        Scope::ModelsRead,
        Effects::Reads,
        get("/styles"),
    );
    type Args = Args;
    type Output = Output;

    async fn run(_: &Context, args: Args) -> Result<Output, Problem> {
        let styles = STYLES
            .iter()
            .filter(|style| {
                args.category
                    .as_deref()
                    .is_none_or(|category| style.category == category)
            })
            .copied()
            .collect();
        Ok(Output { styles })
    }
}
