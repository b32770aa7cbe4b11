//! Named picture shapes.

use aquatint_domain::{Problem, Scope};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::operation::{Context, Describe, Description, Effects, Operation, Spec, get};
use crate::shapes::{SHAPES, Shape};

pub struct Shapes;

/// Named aspect ratios with their dimensions.
#[derive(Deserialize, JsonSchema)]
pub struct Args {}

#[derive(Serialize, JsonSchema)]
pub struct Output {
    pub shapes: Vec<Shape>,
}

impl Describe for Output {
    fn describe(&self) -> Description {
        let lines: Vec<String> = self
            .shapes
            .iter()
            .map(|shape| {
                format!(
                    "{}: {} ({}×{})",
                    shape.slug, shape.aspect_ratio, shape.width, shape.height
                )
            })
            .collect();
        Description {
            text: lines.join("\n"),
            ..Description::default()
        }
    }
}

impl Operation for Shapes {
    const SPEC: Spec = Spec::new(
        "models.shapes",
        "List shapes",
        Scope::ModelsRead,
        Effects::Reads,
        get("/shapes"),
    );
    type Args = Args;
    type Output = Output;

    async fn run(_: &Context, _: Args) -> Result<Output, Problem> {
        Ok(Output {
            shapes: SHAPES.to_vec(),
        })
    }
}
