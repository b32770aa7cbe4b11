//! Sends a webhook: a POST of JSON through the guarded door, signed by Standard Webhooks 1.0
//! (<https://www.standardwebhooks.com>), tried again for a while where the receiver is away.
//!
//! A receiver may hear of one delivery more than once: its answer can be lost on the way. `webhook-id` stays the same then.

use std::time::Duration;

use aquatint_domain::{AssetId, Code, Credits, Problem, Scope, WorkspaceId, text};
use aquatint_providers::Call;
use aquatint_providers::webhook::sign_standard;
use bytes::Bytes;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use crate::jobs::{Item, JobContext, JobView, Order, Product, Spending, output_view, submit};
use crate::operation::{Context, Effects, Making, Operation, Spec, post};
use crate::operations::collections::all_existing;
use crate::studio::Studio;

/// The longest body, in bytes.
const BODY_MAX: usize = 256 * 1024;
/// How long a receiver may take.
const PATIENCE: Duration = Duration::from_secs(15);
/// What of its answer is read.
const ANSWER_MAX: u64 = 64 * 1024;

pub struct Send;

/// Tell another server: a signed POST of JSON to an https URL, tried again where it is away. Repeats have the same `webhook-id`.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
pub struct Args {
    /// Where to; on the public internet.
    #[schemars(length(min = 1, max = 2000))]
    pub url: String,
    /// What happened, as the receiver calls it.
    #[schemars(length(min = 1, max = 60), regex(pattern = "^[A-Za-z0-9_.-]+$"))]
    pub event: Option<String>,
    /// Media that are told with URLs.
    #[serde(default)]
    #[schemars(length(max = 100))]
    pub asset_ids: Vec<AssetId>,
    /// What else is told.
    #[serde(default)]
    pub data: Map<String, Value>,
    #[serde(flatten)]
    pub spending: Spending,
}

/// The arguments of one delivery.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct ItemArgs {
    url: String,
    event: String,
    asset_ids: Vec<AssetId>,
    data: Map<String, Value>,
    /// The same for every try of this delivery.
    delivery: Option<String>,
}

impl Operation for Send {
    const SPEC: Spec = Spec::new(
        "webhooks.send",
        "Send a webhook",
        Scope::Share,
        Effects::Writes,
        post("/webhooks"),
    );
    type Args = Args;
    type Output = JobView;

    async fn run(cx: &Context, args: Args) -> Result<JobView, Problem> {
        static SPEC: Spec = Send::SPEC;
        all_existing(cx, &args.asset_ids).await?;
        // Whatever is wrong with an address stays wrong.
        cx.studio.fetcher().check(&args.url).map_err(Problem::final_failure)?;
        let item = ItemArgs {
            url: args.url,
            event: args.event.unwrap_or_else(|| "aquatint.delivery".to_owned()),
            asset_ids: args.asset_ids,
            data: args.data,
            delivery: args.spending.idempotency_key.clone(),
        };
        let arguments = serde_json::to_value(item).map_err(Problem::internal)?;
        if arguments.to_string().len() > BODY_MAX {
            return Err(Problem::invalid(
                "data",
                format!("A delivery has at most {} KiB.", BODY_MAX / 1024),
            ));
        }
        let order = Order {
            spec: &SPEC,
            model: "webhook".to_owned(),
            fingerprint: json!([arguments]),
            items: vec![Item {
                arguments,
                price: Credits::ZERO,
                refused: None,
            }],
            is_batch: false,
            wait: Duration::from_secs(10),
        };
        submit(cx, order, &args.spending).await
    }
}

impl Making for Send {
    type Item = ItemArgs;

    fn price(_: &Studio, _: &Value) -> Result<Credits, Problem> {
        Ok(Credits::ZERO)
    }

    async fn make(cx: &JobContext, item: ItemArgs) -> Result<Product, Problem> {
        let id = item.delivery.clone().unwrap_or_else(|| cx.job.id.to_string());
        let body = body(cx, &item, &id).await?;
        cx.tell(0.3, "sending");
        let status = deliver(&cx.studio, &cx.job.workspace, &item.url, &id, body).await?;
        Ok(Product {
            assets: Vec::new(),
            facts: Some(json!({ "status": status, "delivery_id": id })),
            charge: Credits::ZERO,
            collection: None,
        })
    }
}

/// One try: signs the body with the workspace's secret and posts it. Gives the receiver's status; what may pass is retryable.
pub(crate) async fn deliver(
    studio: &Studio,
    workspace: &WorkspaceId,
    url: &str,
    id: &str,
    body: Bytes,
) -> Result<u16, Problem> {
    let secret = studio.webhook_secret(workspace).await?;
    let sent_at = studio.now().as_second().to_string();
    let signature = sign_standard(&secret, id, &sent_at, &body).map_err(|fault| Problem::internal(fault.message))?;
    let headers = [
        ("webhook-id", id),
        ("webhook-timestamp", &sent_at),
        ("webhook-signature", &signature),
    ];
    let call = Call {
        headers: &headers,
        body: Some(("application/json", body)),
        patience: Some(PATIENCE),
        ..Call::default()
    };
    let reply = studio.fetcher().call(url, &call, ANSWER_MAX).await;
    let reply = reply.map_err(|why| {
        tracing::info!(delivery = id, cause = why.cause, "a webhook was not delivered");
        away("The receiver could not be reached, or did not answer in time.".to_owned())
    })?;
    match reply.status {
        status @ 200..=299 => Ok(status),
        408 | 425 | 429 | 500..=599 => Err(away(format!("The receiver answered {}.", reply.status))),
        300..=399 => Err(refused(format!(
            "The receiver answered {}; redirects are not followed.",
            reply.status
        ))),
        status => Err(refused(format!("The receiver answered {status}."))),
    }
}

/// It may pass: the job is tried again.
fn away(words: String) -> Problem {
    Problem::new(Code::Unavailable, words)
        .hint("The URL has to be reachable from the public internet and to answer with a status from 200 to 299 within 15 seconds.")
}

fn refused(words: String) -> Problem {
    Problem::new(Code::FetchFailed, words)
        .hint("Look at the receiver's own log; the delivery is not tried again.")
        .final_failure()
}

async fn body(cx: &JobContext, item: &ItemArgs, id: &str) -> Result<Bytes, Problem> {
    let assets = cx
        .studio
        .store()
        .assets()
        .get_many(&cx.job.workspace, &item.asset_ids)
        .await?;
    // In the order in which they were named.
    let media: Vec<_> = item
        .asset_ids
        .iter()
        .filter_map(|id| assets.iter().find(|asset| asset.id == *id))
        .map(|asset| output_view(&cx.studio, asset))
        .collect();
    let mut body = json!({
        "id": id,
        "type": item.event,
        "timestamp": cx.studio.now(),
        "data": { "media": media },
    });
    if let Value::Object(data) = &mut body["data"] {
        for (name, value) in &item.data {
            data.entry(name.clone()).or_insert_with(|| value.clone());
        }
    }
    // Run and node are the first parts of a delivery that a pipeline sends.
    if let [run, node, _] = id.split('/').collect::<Vec<_>>()[..] {
        body["run_id"] = json!(text::one_line(run, 60));
        body["node"] = json!(text::one_line(node, 60));
    }
    serde_json::to_vec(&body).map(Bytes::from).map_err(Problem::internal)
}
