//! Checking a graph without saving it.

use aquatint_domain::{Credits, Graph, Problem, Scope};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::save::checked;
use crate::operation::{Context, Describe, Description, Effects, Operation, Spec, post};
use crate::pipelines::{Fault, price};

pub struct Validate;

/// Check a graph without saving it.
#[derive(Deserialize, JsonSchema)]
pub struct Args {
    /// `{nodes: [{id, type, settings, alias?, title?}], edges: [{from: "node.port", to: "node.port"}]}`; without a port the first is meant.
    pub graph: Graph,
}

#[derive(Serialize, JsonSchema)]
pub struct Output {
    pub is_valid: bool,
    pub faults: Vec<Fault>,
    /// What one run costs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub price_credits: Option<Credits>,
}

impl Describe for Output {
    fn describe(&self) -> Description {
        let mut lines: Vec<String> = self.faults.iter().map(|fault| format!("- {}", fault.message)).collect();
        if self.is_valid {
            let price = self.price_credits.unwrap_or(Credits::ZERO);
            lines.push(format!("The graph is sound. One run costs up to {price} credits."));
        }
        Description {
            text: lines.join("\n"),
            ..Description::default()
        }
    }
}

impl Operation for Validate {
    const SPEC: Spec = Spec::new(
        "pipelines.validate",
        "Check a graph",
        Scope::AssetsRead,
        Effects::Reads,
        post("/pipelines/validate"),
    );
    type Args = Args;
    type Output = Output;

    async fn run(cx: &Context, args: Args) -> Result<Output, Problem> {
        let mut graph = args.graph;
        Ok(match checked(cx, &mut graph) {
            Ok(graph) => Output {
                is_valid: true,
                faults: Vec::new(),
                price_credits: Some(price(&cx.studio, &graph)?),
            },
            Err(faults) => Output {
                is_valid: false,
                faults,
                price_credits: None,
            },
        })
    }
}
