//! Work that does nothing, as a job with a hold and a charge like any other: what remains is what a run itself costs.
//! Benchmarks and tests switch it on with `AQUATINT_TEST_NOTHING=1`; nobody else sees it.

use std::sync::LazyLock;
use std::time::Duration;

use aquatint_domain::{Credits, Port, PortKind, Problem, Scope};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::{NodeType, Ports, Work, schema};
use crate::jobs::{Item, JobContext, JobView, Order, Product, Spending, submit};
use crate::operation::{Context, Effects, Entry, Making, Operation, Spec, post};
use crate::studio::Studio;

struct Nothing;

const SPEC: Spec = Spec::new(
    "test.nothing",
    "Do nothing",
    Scope::Generate,
    Effects::Spends,
    post("/test/nothing"),
);
static ENTRY: Entry = Entry::making::<Nothing>();

/// Do nothing for a while.
#[derive(Deserialize, JsonSchema)]
struct Args {
    /// Tells one from another.
    name: Option<String>,
    /// How long it takes.
    #[schemars(range(min = 0, max = 600_000))]
    milliseconds: Option<u64>,
    /// It fails where this file is not there.
    needs: Option<String>,
    /// What comes before it.
    after: Option<Vec<String>>,
    #[serde(flatten)]
    spending: Spending,
}

#[derive(Deserialize, Serialize)]
struct Nap {
    milliseconds: u64,
    needs: Option<String>,
}

/// Whether this process knows it.
pub(crate) fn is_on() -> bool {
    static IS_ON: LazyLock<bool> = LazyLock::new(|| std::env::var_os("AQUATINT_TEST_NOTHING").is_some());
    *IS_ON
}

/// The operation, where it is that one.
pub(crate) fn entry(name: &str) -> Option<&'static Entry> {
    (name == SPEC.name && is_on()).then_some(&ENTRY)
}

pub(super) fn kind() -> NodeType {
    NodeType {
        name: SPEC.name.into(),
        version: SPEC.version,
        title: SPEC.title.into(),
        about: "Does nothing for a while.".into(),
        category: "test",
        settings: schema(
            &json!({
                "name": { "type": "string", "description": "Tells one from another." },
                "milliseconds": { "type": "integer", "minimum": 0, "description": "How long it takes." },
                "needs": { "type": "string", "description": "It fails where this file is not there." },
            }),
            &[],
        ),
        inputs: Ports::Fixed(vec![Port::new("after", PortKind::Any).list()]),
        outputs: Ports::Fixed(vec![Port::new("nothing", PortKind::Any)]),
        work: Work::Make {
            entry: &ENTRY,
            arguments: |settings, _| Ok(settings.clone()),
        },
    }
}

impl Operation for Nothing {
    const SPEC: Spec = SPEC;
    type Args = Args;
    type Output = JobView;

    async fn run(cx: &Context, args: Args) -> Result<JobView, Problem> {
        let nap = Nap {
            milliseconds: args.milliseconds.unwrap_or(0),
            needs: args.needs,
        };
        let order = Order {
            spec: &ENTRY.spec,
            model: "nothing".into(),
            items: vec![Item {
                arguments: json!(nap),
                price: PRICE,
                refused: None,
            }],
            is_batch: false,
            wait: Duration::ZERO,
            fingerprint: json!([args.name, nap, args.after]),
        };
        submit(cx, order, &args.spending).await
    }
}

/// A hundredth of a credit, so that the books have something to do.
const PRICE: Credits = Credits::from_micro(10_000);

impl Making for Nothing {
    type Item = Nap;

    fn price(_: &Studio, _: &Value) -> Result<Credits, Problem> {
        Ok(PRICE)
    }

    async fn make(cx: &JobContext, nap: Nap) -> Result<Product, Problem> {
        if nap.milliseconds > 0 {
            tokio::time::sleep(Duration::from_millis(nap.milliseconds)).await;
        }
        if let Some(file) = nap.needs.filter(|file| !std::path::Path::new(file).exists()) {
            return Err(Problem::invalid("needs", format!("`{file}` is not there.")));
        }
        Ok(Product {
            assets: Vec::new(),
            facts: None,
            charge: cx.job.price,
            collection: None,
        })
    }
}
