//! Starting runs: from what a caller brings to rows that wait for the conductor.

use std::collections::HashMap;

use aquatint_domain::pipeline::media_value;
use aquatint_domain::{Code, CollectionId, Credits, Port, PortKind, Problem, RunId, RunState, text};
use aquatint_store::{Pipeline, PipelineVersion, Run, RunKey};
use serde_json::{Map, Value, json};

use super::graph::{Ready, ReadyNode, ready};
use crate::inputs::Source;
use crate::nodes::Work;
use crate::operation::Context;
use crate::studio::Studio;

type Values = Map<String, Value>;

/// URLs that one call may bring; each is fetched before the answer.
const URLS_MAX: usize = 20;

/// A call that starts runs.
pub(crate) struct Order {
    pub pipeline: Pipeline,
    pub version: PipelineVersion,
    pub inputs: Values,
    /// Only this node and what it needs.
    pub until: Option<String>,
    pub collection: Option<CollectionId>,
    pub uses_cache: bool,
    pub idempotency_key: Option<String>,
    pub max_credits: Option<Credits>,
    pub dry_run: bool,
}

pub(crate) struct Started {
    /// Empty for a dry run.
    pub runs: Vec<RunId>,
    pub how_many: usize,
    /// What all of them are estimated to cost, where nothing comes from earlier work.
    pub price: Credits,
    pub replayed: bool,
}

/// Checks everything, prices it, and writes the runs.
pub(crate) async fn start(cx: &Context, order: Order) -> Result<Started, Problem> {
    let studio = &cx.studio;
    let limits = studio.settings().pipelines;
    let graph = ready(&order.version.graph, order.until.as_deref(), &limits)?;
    check_scopes(cx, &graph)?;
    let mut brought = order.inputs.clone();
    if order.until.is_some() {
        // Whoever runs a part may bring what the whole takes.
        let elsewhere = order
            .version
            .graph
            .nodes
            .iter()
            .filter(|node| graph.place(&node.id).is_none());
        for node in elsewhere {
            brought.remove(&node.id);
            node.alias.iter().for_each(|alias| {
                brought.remove(alias);
            });
        }
    }
    let named = by_node(&graph, &brought)?;
    let how_many = fan_out(&named, limits.fan_out)?;
    let price = price(studio, &graph)?.times(how_many as i64);
    check_price(price, order.max_credits)?;
    // The same request is told by what came, before pictures become assets.
    let mut fingerprint = json!([order.pipeline.id, order.version.version, order.inputs, order.collection]);
    if let (Some(until), Value::Array(parts)) = (&order.until, &mut fingerprint) {
        parts.push(json!(until));
    }
    let key = order.idempotency_key.map(|key| run_key(key, fingerprint));
    let values = accepted(cx, &graph, named, order.dry_run).await?;
    if order.dry_run {
        return Ok(Started {
            runs: Vec::new(),
            how_many,
            price,
            replayed: false,
        });
    }
    let now = studio.now();
    let mut runs: Vec<Run> = Vec::with_capacity(how_many);
    for index in 0..how_many {
        let inputs: Values = values
            .iter()
            .map(|(node, value)| match value {
                Value::Array(list) => (node.clone(), list[index].clone()),
                one => (node.clone(), one.clone()),
            })
            .collect();
        let id = RunId::generate(now);
        runs.push(Run {
            group: runs.first().map_or_else(|| id.clone(), |first| first.id.clone()),
            id,
            workspace: cx.caller.workspace.clone(),
            pipeline: order.pipeline.id.clone(),
            version: order.version.version,
            position: u32::try_from(index).unwrap_or(u32::MAX),
            state: RunState::Queued,
            inputs,
            outputs: None,
            user: cx.caller.user.clone(),
            key: cx.caller.key().cloned(),
            grant: cx.caller.grant().cloned(),
            balance: cx.caller.balance,
            collection: order.collection.clone(),
            uses_cache: order.uses_cache,
            until: order.until.clone(),
            retry_of: None,
            price: price_of_one(price, how_many),
            charged: Credits::ZERO,
            problem: None,
            created_at: now,
            started_at: None,
            finished_at: None,
        });
    }
    let (ids, replayed) = studio.store().runs().start(&runs, key.as_ref()).await?;
    studio.conductor().wake();
    Ok(Started {
        runs: ids,
        how_many,
        price,
        replayed,
    })
}

/// Refuses what costs more than the caller allows.
pub(super) fn check_price(price: Credits, limit: Option<Credits>) -> Result<(), Problem> {
    let Some(limit) = limit.filter(|limit| price > *limit) else {
        return Ok(());
    };
    Err(Problem::new(
        Code::PriceAboveLimit,
        format!("This costs up to {price} credits, more than your `max_credits` of {limit}."),
    )
    .hint("Raise `max_credits`, or run it on fewer inputs.")
    .at("max_credits")
    .details(json!({ "price_credits": price, "max_credits": limit })))
}

/// A key with what its call asked for.
pub(super) fn run_key(key: String, mut fingerprint: Value) -> RunKey {
    fingerprint.sort_all_objects();
    RunKey {
        key,
        request_hash: *blake3::hash(fingerprint.to_string().as_bytes()).as_bytes(),
    }
}

/// A run may do no more than whoever starts it: each node asks for the scope of its operation.
pub(super) fn check_scopes(cx: &Context, graph: &Ready) -> Result<(), Problem> {
    for node in &graph.nodes {
        let (Work::Make { entry, .. } | Work::Send { entry, .. } | Work::Act { entry, .. }) = &node.kind.work else {
            continue;
        };
        crate::studio::check_scope(&cx.caller, entry).map_err(|problem| problem.at(format!("nodes.{}", node.id)))?;
    }
    Ok(())
}

fn price_of_one(price: Credits, how_many: usize) -> Credits {
    Credits::from_micro(price.micro() / i64::try_from(how_many.max(1)).unwrap_or(1))
}

/// What every node of one run costs together, with one item each.
pub(crate) fn price(studio: &Studio, graph: &Ready) -> Result<Credits, Problem> {
    graph.nodes.iter().map(|node| price_of_node(studio, node)).sum()
}

pub(super) fn price_of_node(studio: &Studio, node: &ReadyNode) -> Result<Credits, Problem> {
    let connected: Vec<&Port> = node.joins.iter().map(|join| &node.inputs[join.port]).collect();
    let price = node.kind.price(studio, &node.settings, &connected);
    price.map_err(|problem| problem.at(format!("nodes.{}", node.id)))
}

/// What was brought, by the ids of the input nodes; defaults where nothing was.
fn by_node<'a>(graph: &'a Ready, brought: &Values) -> Result<HashMap<&'a str, Value>, Problem> {
    let inputs: Vec<&ReadyNode> = graph.run_inputs().collect();
    let names = || {
        let names: Vec<String> = inputs
            .iter()
            .map(|node| {
                format!(
                    "`{}` ({})",
                    node.alias.as_ref().unwrap_or(&node.id),
                    node.outputs[0].kind
                )
            })
            .collect();
        if names.is_empty() {
            "This pipeline takes no inputs.".to_owned()
        } else {
            format!("Its inputs are {}.", names.join(", "))
        }
    };
    let mut values: HashMap<&str, Value> = HashMap::new();
    for (name, value) in brought {
        let node = inputs
            .iter()
            .find(|node| node.id == *name || node.alias.as_deref() == Some(name))
            .ok_or_else(|| {
                Problem::invalid(
                    format!("inputs.{}", text::one_line(name, 60)),
                    format!("There is no input `{}`. {}", text::one_line(name, 60), names()),
                )
            })?;
        if values.insert(&node.id, value.clone()).is_some() {
            return Err(Problem::invalid(
                format!("inputs.{name}"),
                format!("The input `{}` comes twice, by its id and by its alias.", node.id),
            ));
        }
    }
    for node in &inputs {
        if values.contains_key(node.id.as_str()) {
            continue;
        }
        let default = node.settings.get("default").cloned().or_else(|| {
            let options = node.settings.get("options")?.as_array()?;
            options.first().cloned()
        });
        match default {
            Some(default) => {
                values.insert(&node.id, default);
            }
            None if node.is_used => {
                return Err(Problem::invalid(
                    format!("inputs.{}", node.alias.as_ref().unwrap_or(&node.id)),
                    format!(
                        "The input `{}` is missing. {}",
                        node.alias.as_ref().unwrap_or(&node.id),
                        names()
                    ),
                ));
            }
            None => {}
        }
    }
    Ok(values)
}

/// How many runs the lists among the inputs make.
fn fan_out(values: &HashMap<&str, Value>, most: usize) -> Result<usize, Problem> {
    let mut length: Option<(&str, usize)> = None;
    let mut names: Vec<&&str> = values.keys().collect();
    names.sort_unstable();
    for name in names {
        let Some(Value::Array(list)) = values.get(*name) else {
            continue;
        };
        if list.is_empty() {
            return Err(Problem::invalid(
                format!("inputs.{name}"),
                format!("The list for `{name}` is empty."),
            ));
        }
        match length {
            Some((first, known)) if known != list.len() => {
                return Err(Problem::invalid(
                    format!("inputs.{name}"),
                    format!(
                        "Lists make one run for each item, so they must have the same length: `{first}` has {known}, `{name}` has {}.",
                        list.len()
                    ),
                ));
            }
            _ => length = Some((name, list.len())),
        }
    }
    let many = length.map_or(1, |(_, length)| length);
    if many > most {
        return Err(Problem::invalid(
            "inputs",
            format!("That makes {many} runs; at most {most} are started by one call. Split it."),
        ));
    }
    Ok(many)
}

/// The values as nodes take them: media become assets of the workspace.
async fn accepted(cx: &Context, graph: &Ready, named: HashMap<&str, Value>, dry_run: bool) -> Result<Values, Problem> {
    let mut urls = 0;
    let mut accepted = Values::new();
    for node in graph.run_inputs() {
        let Some(value) = named.get(node.id.as_str()) else {
            continue;
        };
        let field = format!("inputs.{}", node.alias.as_ref().unwrap_or(&node.id));
        let value = match value {
            Value::Array(list) => {
                let mut all = Vec::with_capacity(list.len());
                for (index, one) in list.iter().enumerate() {
                    all.push(accept(cx, node, one, &format!("{field}[{index}]"), &mut urls, dry_run).await?);
                }
                Value::Array(all)
            }
            one => accept(cx, node, one, &field, &mut urls, dry_run).await?,
        };
        accepted.insert(node.id.clone(), value);
    }
    Ok(accepted)
}

async fn accept(
    cx: &Context,
    node: &ReadyNode,
    value: &Value,
    field: &str,
    urls: &mut usize,
    dry_run: bool,
) -> Result<Value, Problem> {
    let wrong = |wanted: &str| {
        Problem::invalid(
            field,
            format!(
                "`{field}` must be {wanted}; it was `{}`.",
                text::clip(&value.to_string(), 60)
            ),
        )
    };
    match node.outputs[0].kind {
        kind @ (PortKind::Image | PortKind::Video) => {
            let name = value
                .as_str()
                .or_else(|| value.get("asset_id").and_then(Value::as_str))
                .ok_or_else(|| wrong("an asset id, an https URL or a data URI"))?;
            let source = cx.studio.accept_source(&cx.caller.workspace, name, field).await?;
            let asset = match source {
                Source::Asset(id) => cx.studio.asset(&cx.caller.workspace, &id).await?,
                // A dry run fetches nothing.
                Source::Url(url) if dry_run => return Ok(json!(url)),
                Source::Url(url) => {
                    *urls += 1;
                    if *urls > URLS_MAX {
                        return Err(Problem::invalid(
                            field,
                            format!(
                                "One call brings at most {URLS_MAX} URLs; bring the others in with `upload` first."
                            ),
                        ));
                    }
                    let import = cx.studio.import(&cx.caller.workspace, &url, None, Vec::new(), None);
                    import.await.map_err(|problem| problem.at(field))?
                }
            };
            if asset.kind.as_str() != kind.as_str() {
                return Err(Problem::invalid(
                    field,
                    format!("`{field}` takes an {kind}; {} is an {}.", asset.id, asset.kind.as_str()),
                ));
            }
            Ok(media_value(&asset.id))
        }
        PortKind::Number => {
            let number = value
                .as_f64()
                .or_else(|| value.as_str()?.trim().parse().ok())
                .filter(|number| number.is_finite())
                .ok_or_else(|| wrong("a number"))?;
            for (bound, is_bad) in [
                ("minimum", number < limit_of(node, "minimum", f64::NEG_INFINITY)),
                ("maximum", number > limit_of(node, "maximum", f64::INFINITY)),
            ] {
                if is_bad {
                    return Err(Problem::invalid(
                        field,
                        format!("`{field}` is {number}; its {bound} is {}.", node.settings[bound]),
                    ));
                }
            }
            Ok(if value.is_number() {
                value.clone()
            } else {
                json!(number)
            })
        }
        _ => {
            let words = match value {
                Value::String(words) => words.clone(),
                Value::Number(number) => number.to_string(),
                _ => return Err(wrong("text")),
            };
            if let Some(Value::Array(options)) = node.settings.get("options")
                && !options.iter().any(|option| option.as_str() == Some(&words))
            {
                let options: Vec<&str> = options.iter().filter_map(Value::as_str).collect();
                return Err(wrong(&format!("one of {}", options.join(", "))));
            }
            Ok(json!(words))
        }
    }
}

fn limit_of(node: &ReadyNode, name: &str, otherwise: f64) -> f64 {
    node.settings.get(name).and_then(Value::as_f64).unwrap_or(otherwise)
}
