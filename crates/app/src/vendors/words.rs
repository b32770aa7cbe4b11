//! Words from a language model, bought within a job like everything else: a row before the vendor is asked, the words stored
//! before anything is done with them. After a crash in between nobody knows what was bought, and it is not asked again.

use aquatint_domain::{Code, Credits, Problem, WorkspaceId};
use aquatint_providers::chat::ChatRates;
use aquatint_providers::{Bought, ChatModel, ChatOrder, Fault, FaultKind, Medium, provider};
use aquatint_store::{Buying, Purchase};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::failpoint;
use crate::jobs::{JobContext, Product};
use crate::studio::Studio;

/// Models of servers that an operator named have no list; their price is the operator's to set.
const NAMED: ChatModel = ChatModel {
    id: "",
    vendor_model: "",
    best_for: "",
    picture_tokens: 0,
    rates: ChatRates {
        input: 0.0,
        output: 0.0,
    },
    until: None,
};

/// A language model as one workspace asks it.
pub(crate) struct Writer {
    pub model: ChatModel,
    /// The vendor's id, and its own name of the model.
    pub vendor: &'static str,
    pub slug: String,
    /// The workspace's own key pays.
    pub is_own: bool,
}

/// What a job needs to ask.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub struct WordsItem {
    pub model: String,
    pub prompt: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instructions: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub images: Vec<String>,
    pub max_tokens: u32,
    #[serde(default)]
    pub is_own_key: bool,
}

/// What a purchase row tells.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(untagged)]
enum Body {
    Words(Words),
    Problem(Problem),
}

#[derive(Clone, Debug, Deserialize, Serialize)]
struct Words {
    text: String,
    tokens: Option<(u64, u64)>,
    is_cut: bool,
    request_id: Option<String>,
    version: Option<String>,
}

/// Every listed language model.
pub(crate) fn all() -> impl Iterator<Item = (&'static str, &'static ChatModel)> {
    provider::ALL.iter().flat_map(|provider| {
        let vendor = provider.facts().id;
        provider.chat_models().iter().map(move |model| (vendor, model))
    })
}

impl Studio {
    /// The language model of that id, or the first whose vendor the workspace can use.
    pub(crate) async fn writer(&self, workspace: &WorkspaceId, named: Option<&str>) -> Result<Writer, Problem> {
        let Some(id) = named else {
            let usable = self.usable_vendors(workspace).await?;
            let (vendor, model) = all()
                .find(|(vendor, _)| usable.contains(*vendor))
                .ok_or_else(no_writer)?;
            let account = self.vendor(workspace, vendor).await?;
            return Ok(Writer {
                model: *model,
                vendor,
                slug: model.vendor_model.to_owned(),
                is_own: account.is_own,
            });
        };
        let listed = all().find(|(_, model)| model.id == id);
        let mut parts = id.strip_prefix("text/").unwrap_or_default().splitn(2, '/');
        let (vendor, slug) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
        let provider = provider::find(vendor).filter(|provider| !provider.chat_models().is_empty() && !slug.is_empty());
        let provider = provider.ok_or_else(|| no_such_model(id))?;
        let account = self.vendor(workspace, vendor).await?;
        let model = match listed {
            Some((_, model)) => *model,
            // A server of one's own has models of its own.
            None if !account.service.is_at_home() => NAMED,
            None => return Err(no_such_model(id)),
        };
        Ok(Writer {
            model,
            vendor: provider.facts().id,
            slug: slug.to_owned(),
            is_own: account.is_own,
        })
    }

    /// The most that it can cost to ask so much.
    pub(crate) fn price_of_words(
        &self,
        model: &ChatModel,
        is_own: bool,
        bytes: usize,
        pictures: usize,
        most: u32,
    ) -> Credits {
        if is_own {
            return self.settings().own_key_fee;
        }
        self.marked_up(model.most(bytes, pictures, most, self.now()))
    }

    fn marked_up(&self, cost: Credits) -> Credits {
        let scaled = cost.micro() as f64 * self.settings().vendor_price_factor();
        Credits::from_micro(scaled.ceil() as i64)
    }
}

/// Asks, once, and keeps what was said.
pub(crate) async fn write(cx: &JobContext, item: &WordsItem) -> Result<Product, Problem> {
    let writer = cx.studio.writer(&cx.job.workspace, Some(&item.model)).await?;
    let account = cx.studio.vendor(&cx.job.workspace, writer.vendor).await?;
    if item.is_own_key && !account.is_own {
        return Err(Problem::new(
            Code::ProviderKeyRefused,
            "The workspace's own key, for which this was priced, is gone.",
        )
        .hint("Send the call again; it is priced anew."));
    }
    let mut pictures = Vec::new();
    for image in &item.images {
        let (asset, _) = cx.input(image).await?;
        let side = aquatint_providers::chat::PICTURE_SIDE.to_string();
        let served = cx.studio.serve_variant(&asset, &side).await?;
        pictures.push(Medium {
            field: "images".into(),
            media_type: served.media_type,
            bytes: served.bytes,
            width: asset.width,
            height: asset.height,
            seconds: 0.0,
            url: None,
        });
    }
    failpoint::hit("job-inputs-ready");
    let _place = account.service.place().await;
    let facts = account.service.facts();
    let purchases = cx.studio.store().purchases();
    let cost = if account.is_own { Credits::ZERO } else { cx.job.price };
    let buying = Buying {
        provider: facts.id,
        key: &account.key,
        cost,
    };
    let begun = purchases.begin::<Body>(&cx.job.id, 0, &buying, cx.studio.now()).await?;
    let words = match begun {
        Purchase::Made(Body::Words(words)) => words,
        Purchase::Failed(Body::Problem(problem)) => return Err(problem.final_failure()),
        Purchase::New => {
            // The row counts already, so that two jobs cannot both take what is left.
            if let Err(problem) = cx.studio.check_budget(facts, account.is_own, Credits::ZERO).await {
                purchases.forget(&cx.job.id, 0).await?;
                return Err(problem);
            }
            failpoint::hit("purchase-begun");
            cx.tell(0.2, "writing");
            let order = ChatOrder {
                model: writer.slug.clone(),
                instructions: item.instructions.clone(),
                prompt: item.prompt.clone(),
                pictures,
                max_tokens: item.max_tokens,
            };
            match account.service.chat(&order).await {
                Ok(answer) => {
                    let words = Words {
                        text: answer.text,
                        tokens: answer.tokens,
                        is_cut: answer.is_cut,
                        request_id: answer.request_id,
                        version: answer.version,
                    };
                    let body = Body::Words(words.clone());
                    purchases.made(&cx.job.id, 0, &body, cx.studio.now()).await?;
                    failpoint::hit("purchase-made");
                    words
                }
                Err(fault) => return Err(end(cx, fault, facts.name).await?),
            }
        }
        // The row was begun and says no more: the answer never came to be stored.
        _ => {
            let doubt = Fault::new(FaultKind::Unreachable, "").bought(Bought::Unknown);
            return Err(end(cx, doubt, facts.name).await?);
        }
    };
    let settings = cx.studio.settings();
    let charge = match words.tokens {
        _ if account.is_own => settings.own_key_fee,
        Some((input, output)) => cx
            .studio
            .marked_up(writer.model.cost(input, output, cx.job.created_at))
            .min(cx.job.price),
        None => cx.job.price,
    };
    let mut notes = Vec::new();
    if words.is_cut {
        notes.push("The text ends where `max_tokens` was reached.");
    }
    Ok(Product {
        assets: Vec::new(),
        facts: Some(json!({
            "text": words.text,
            "model": item.model,
            "model_version": words.version,
            "vendor": facts.name,
            "vendor_request": words.request_id,
            "tokens": words.tokens.map(|(input, output)| json!({ "input": input, "output": output })),
            "notes": notes,
        })),
        charge,
        collection: None,
    })
}

/// Writes how it ended. Only what surely was not answered leaves no row behind.
async fn end(cx: &JobContext, fault: Fault, vendor: &str) -> Result<Problem, Problem> {
    let purchases = cx.studio.store().purchases();
    let bought = fault.bought;
    let problem = fault.into_problem(vendor);
    if bought == Bought::No {
        purchases.forget(&cx.job.id, 0).await?;
        return Ok(problem);
    }
    let problem = problem.final_failure();
    let body = Body::Problem(problem.clone());
    purchases.failed(&cx.job.id, 0, &body, cx.studio.now()).await?;
    Ok(problem)
}

fn listed() -> String {
    let ids: Vec<String> = all().map(|(_, model)| format!("`{}`", model.id)).collect();
    ids.join(", ")
}

fn no_such_model(id: &str) -> Problem {
    Problem::invalid(
        "model",
        format!(
            "There is no language model `{}`.",
            aquatint_domain::text::one_line(id, 80)
        ),
    )
    .hint(format!(
        "There are {}; and, where `providers.openai.base_url` names a server of one's own, `text/openai/` with the name of a model there.",
        listed()
    ))
}

fn no_writer() -> Problem {
    Problem::new(
        Code::ProviderKeyRefused,
        "There is no key for a language model here, so no text can be written.",
    )
    .at("model")
    .hint(format!(
        "A person puts one in under Settings, or an operator with `aquatint provider add openai`. Then there are {}.",
        listed()
    ))
}
