//! The plans that the configuration names.

use aquatint_domain::{Plan, Problem};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{operator, operators};
use crate::operation::{Context, Describe, Effects, Operation, Spec, get};

pub struct Plans;

/// The plans that workspaces can be on.
#[derive(Deserialize, JsonSchema)]
pub struct Args {}

#[derive(Serialize, JsonSchema)]
pub struct Output {
    pub plans: Vec<PlanView>,
    pub default_plan: String,
}

#[derive(Serialize, JsonSchema)]
pub struct PlanView {
    pub name: String,
    #[serde(flatten)]
    pub plan: Plan,
}

impl Describe for Output {}

impl Operation for Plans {
    const SPEC: Spec = operators("admin.plans", "Plans", Effects::Reads, get("/admin/plans"));
    type Args = Args;
    type Output = Output;

    async fn run(cx: &Context, _: Args) -> Result<Output, Problem> {
        operator(cx).await?;
        let settings = cx.studio.settings();
        Ok(Output {
            plans: settings
                .plans
                .iter()
                .map(|(name, plan)| PlanView {
                    name: name.clone(),
                    plan: plan.clone(),
                })
                .collect(),
            default_plan: settings.default_plan.clone(),
        })
    }
}
