//! What a call would cost.

use aquatint_domain::{Credits, Problem, Scope};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::operation::{Context, Describe, Description, Effects, Operation, Spec, post};
use crate::toolset;

pub struct Estimate;

/// The price of a call, without making or charging anything.
#[derive(Deserialize, JsonSchema)]
pub struct Args {
    /// `edit_image` or `generate_media`.
    #[schemars(length(min = 1, max = 60))]
    pub tool: String,
    /// The arguments of that call.
    #[serde(default)]
    pub arguments: Map<String, Value>,
}

#[derive(Serialize, JsonSchema)]
pub struct Output {
    pub price_credits: Credits,
    pub operation: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    /// Whether the balance suffices now.
    pub affordable: bool,
}

impl Describe for Output {
    fn describe(&self) -> Description {
        let affordable = if self.affordable {
            "The balance suffices."
        } else {
            "The balance does not suffice."
        };
        Description {
            text: format!("{} costs {} credits. {affordable}", self.operation, self.price_credits),
            ..Description::default()
        }
    }
}

impl Operation for Estimate {
    const SPEC: Spec = Spec::new(
        "account.estimate",
        "Estimate a price",
        Scope::AccountRead,
        Effects::Reads,
        post("/account/estimate"),
    );
    type Args = Args;
    type Output = Output;

    async fn run(cx: &Context, args: Args) -> Result<Output, Problem> {
        let (entry, mut arguments) = toolset::resolve(&args.tool, Value::Object(args.arguments))?;
        if entry.spec.effects != Effects::Spends {
            return Err(Problem::invalid("tool", format!("`{}` costs nothing.", args.tool)));
        }
        arguments["dry_run"] = Value::Bool(true);
        let arguments = entry.accept(arguments)?;
        // Only the price is asked for, so this reads although the operation itself would spend.
        let reply = Box::pin(entry.run(cx, arguments)).await?;
        let price: Credits = serde_json::from_value(reply.value["price_credits"].clone()).map_err(Problem::internal)?;
        let balances = cx.studio.store().ledger().balances(&cx.caller.workspace).await?;
        let funds = match cx.caller.balance {
            aquatint_domain::Balance::PlanUnits => &balances.plan_units,
            aquatint_domain::Balance::Api => &balances.api,
        };
        Ok(Output {
            price_credits: price,
            operation: entry.spec.name.to_owned(),
            model: reply.value["model"].as_str().map(str::to_owned),
            affordable: balances.may_overdraw || funds.available >= price,
        })
    }
}
