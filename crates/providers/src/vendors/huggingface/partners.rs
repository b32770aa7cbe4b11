//! The partners behind the router: what each wants, and how it answers.

use aquatint_domain::text::one_line;
use aquatint_domain::{Capabilities, MediaKind};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

use crate::desk::{Answer, Desk};
use crate::fault::{Bought, Fault, FaultKind};
use crate::order::{Medium, Order};
use crate::outcome::{Outcome, Output, Progress, Source, Submitted, Task};
use crate::schema::{EXAMPLE_ASSET, Inputs};

/// Names a LoRA in a schema: the model of the Hub, and the file with its weights.
pub const ADAPTER: &str = "x-adapter";

/// A task of the Hub.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Work {
    TextToImage,
    ImageToImage,
    TextToVideo,
    ImageToVideo,
}

impl Work {
    pub const ALL: [Self; 4] = [
        Self::TextToImage,
        Self::ImageToImage,
        Self::TextToVideo,
        Self::ImageToVideo,
    ];

    pub fn task(self) -> &'static str {
        match self {
            Self::TextToImage => "text-to-image",
            Self::ImageToImage => "image-to-image",
            Self::TextToVideo => "text-to-video",
            Self::ImageToVideo => "image-to-video",
        }
    }

    pub fn named(task: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|work| work.task() == task)
    }

    pub fn kind(self) -> MediaKind {
        match self {
            Self::TextToImage | Self::ImageToImage => MediaKind::Image,
            Self::TextToVideo | Self::ImageToVideo => MediaKind::Video,
        }
    }

    pub fn capabilities(self) -> Capabilities {
        Capabilities {
            text_to_image: self == Self::TextToImage,
            image_to_image: self == Self::ImageToImage,
            text_to_video: self == Self::TextToVideo,
            image_to_video: self == Self::ImageToVideo,
            ..Capabilities::default()
        }
    }

    /// The parameters that the Hub documents for the task.
    pub fn inputs(self) -> Inputs {
        let diffusion = |inputs: Inputs| {
            inputs
                .with("num_inference_steps", json!({ "type": "integer", "minimum": 1, "maximum": 100, "description": "More steps, more detail." }))
                .with("guidance_scale", json!({ "type": "number", "minimum": 0, "maximum": 30, "description": "How closely the prompt is followed." }))
        };
        match self {
            Self::TextToImage => diffusion(
                Inputs::prompt(10_000)
                    .count()
                    .style()
                    .negative_prompt(2_000)
                    .size(256, 2_048, 1_024, 1_024)
                    .seed(2_147_483_647),
            )
            .example(json!({ "prompt": "a lighthouse in fog, one window lit", "width": 1024, "height": 768 })),
            Self::ImageToImage => diffusion(
                Inputs::optional_prompt(10_000)
                    .count()
                    .style()
                    .negative_prompt(2_000)
                    .images(1, "The picture to change.")
                    .require("images"),
            )
            .example(json!({ "prompt": "turn the sky into a clear night", "images": [EXAMPLE_ASSET] })),
            Self::TextToVideo => diffusion(
                Inputs::prompt(10_000)
                    .count()
                    .style()
                    .negative_prompt(2_000)
                    .with(
                        "num_frames",
                        json!({ "type": "integer", "minimum": 1, "maximum": 400, "description": "How many frames." }),
                    )
                    .seed(2_147_483_647),
            )
            .example(json!({ "prompt": "a kite over dunes" })),
            Self::ImageToVideo => diffusion(
                Inputs::optional_prompt(10_000)
                    .count()
                    .style()
                    .negative_prompt(2_000)
                    .medium("first_frame", "image/*", "The picture to set in motion.")
                    .require("first_frame")
                    .seed(2_147_483_647),
            )
            .example(json!({ "prompt": "the curtains move in the wind", "first_frame": EXAMPLE_ASSET })),
        }
    }
}

/// A model at a partner, as it stands in a row: `fal-ai/text-to-image/fal-ai/flux/dev`.
pub struct Place {
    pub partner: Partner,
    pub work: Work,
    /// The partner's own name for the model.
    pub model: String,
}

impl Place {
    pub fn text(&self) -> String {
        format!("{}/{}/{}", self.partner.name(), self.work.task(), self.model)
    }

    pub fn read(text: &str) -> Result<Self, Fault> {
        let mut parts = text.splitn(3, '/');
        let partner = parts.next().and_then(Partner::named);
        let work = parts.next().and_then(Work::named);
        let model = parts.next().filter(|model| is_model(model));
        match (partner, work, model) {
            (Some(partner), Some(work), Some(model)) => Ok(Self {
                partner,
                work,
                model: model.to_owned(),
            }),
            _ => Err(Fault::new(
                FaultKind::NoSuchModel,
                "the row does not say which partner runs it: PARTNER/TASK/MODEL",
            )),
        }
    }
}

/// What may stand in a path: words between slashes, none of them hidden or empty, and a version after a colon.
fn is_model(model: &str) -> bool {
    model.len() <= 300
        && model.split('/').all(|word| {
            !word.is_empty()
                && !word.starts_with('.')
                && word
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || b"-_.:".contains(&byte))
        })
}

/// A partner that we can speak to, in the order in which one is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Partner {
    Fal,
    Replicate,
    WaveSpeed,
    Together,
    Nscale,
    Novita,
    HfInference,
}

impl Partner {
    pub const ALL: [Self; 7] = [
        Self::Fal,
        Self::Replicate,
        Self::WaveSpeed,
        Self::Together,
        Self::Nscale,
        Self::Novita,
        Self::HfInference,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Self::Fal => "fal-ai",
            Self::Replicate => "replicate",
            Self::WaveSpeed => "wavespeed",
            Self::Together => "together",
            Self::Nscale => "nscale",
            Self::Novita => "novita",
            Self::HfInference => "hf-inference",
        }
    }

    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|partner| partner.name() == name)
    }

    pub fn does(self, work: Work) -> bool {
        match self {
            Self::Fal | Self::WaveSpeed => true,
            Self::Replicate => work != Work::ImageToVideo,
            Self::Together => work != Work::ImageToVideo,
            Self::Nscale => work == Work::TextToImage,
            Self::Novita => work == Work::TextToVideo,
            Self::HfInference => matches!(work, Work::TextToImage | Work::ImageToImage),
        }
    }

    /// Sends an order to the partner.
    pub async fn submit(self, desk: &Desk, order: &Order, place: &Place) -> Result<Submitted, Fault> {
        let body = self.body(order, place);
        let path = self.path(place);
        // A partner without tasks holds the request open until the picture is there.
        let mut ask = desk.post(path).json(&body).buying();
        ask = match self {
            Self::Replicate => ask.header("prefer", "wait").slow(),
            Self::HfInference | Self::Nscale | Self::Together => ask.slow(),
            _ => ask,
        };
        let answer = ask.send().await?;
        match self {
            Self::HfInference => pictures(&answer),
            Self::Nscale => encoded(&answer),
            Self::Together if place.work.kind() == MediaKind::Image => encoded(&answer),
            Self::Replicate => prediction(&answer.json()?)
                .ok_or_else(|| answer.unreadable("the answer is no prediction"))
                .map(|read| read.submitted(self)),
            _ => self.queued(&answer),
        }
    }

    fn path(self, place: &Place) -> String {
        let name = self.name();
        let model = &place.model;
        match self {
            Self::Fal => format!("/{name}/{model}?_subdomain=queue"),
            Self::Replicate if model.contains(':') => format!("/{name}/v1/predictions"),
            Self::Replicate => format!("/{name}/v1/models/{model}/predictions"),
            Self::WaveSpeed => format!("/{name}/api/v3/{model}"),
            Self::Together if place.work.kind() == MediaKind::Video => format!("/{name}/v2/videos"),
            Self::Together | Self::Nscale => format!("/{name}/v1/images/generations"),
            Self::Novita => format!("/{name}/v3/async/{model}"),
            Self::HfInference => format!("/{name}/models/{model}"),
        }
    }

    fn body(self, order: &Order, place: &Place) -> Value {
        let parameters = parameters(order);
        let prompt = order.text("prompt");
        let picture = order.medium("images").or_else(|| order.medium("first_frame"));
        let uri = picture.map(Medium::data_uri);
        let mut flat = parameters.clone();
        if let Some(prompt) = prompt {
            flat.insert("prompt".to_owned(), json!(prompt));
        }
        let adapter = order.model.input_schema.get(ADAPTER);
        match self {
            Self::HfInference => {
                // The documented form of the task itself. An input picture is base64 without a heading.
                let mut body = json!({ "inputs": picture.map_or_else(|| prompt.unwrap_or_default().to_owned(), |picture| picture.base64()) });
                let mut parameters = parameters;
                if picture.is_some()
                    && let Some(prompt) = prompt
                {
                    parameters.insert("prompt".to_owned(), json!(prompt));
                }
                if !parameters.is_empty() {
                    body["parameters"] = Value::Object(parameters);
                }
                body
            }
            Self::Fal => {
                // fal takes both sides as one thing.
                if let (Some(width), Some(height)) = (flat.shift_remove("width"), flat.shift_remove("height")) {
                    flat.insert("image_size".to_owned(), json!({ "width": width, "height": height }));
                }
                if let Some(uri) = uri {
                    flat.insert("image_url".to_owned(), json!(uri));
                    // Some endpoints want one picture, some a list; each passes over the other.
                    if place.work == Work::ImageToImage {
                        flat.insert("image_urls".to_owned(), json!([uri]));
                    }
                }
                if let Some(adapter) = adapter {
                    let file = format!(
                        "https://huggingface.co/{}/resolve/main/{}",
                        word(adapter, "model"),
                        word(adapter, "weights")
                    );
                    flat.insert("loras".to_owned(), json!([{ "path": file, "scale": 1 }]));
                }
                Value::Object(flat)
            }
            Self::Replicate => {
                if let Some(uri) = uri {
                    // Models call it differently; each passes over the others.
                    for name in ["image", "input_image"] {
                        flat.insert(name.to_owned(), json!(uri));
                    }
                    for name in ["images", "input_images"] {
                        flat.insert(name.to_owned(), json!([uri]));
                    }
                }
                if let Some(adapter) = adapter {
                    flat.insert(
                        "lora_weights".to_owned(),
                        json!(format!("https://huggingface.co/{}", word(adapter, "model"))),
                    );
                }
                let mut body = json!({ "input": flat });
                if let Some((_, version)) = place.model.split_once(':') {
                    body["version"] = json!(version);
                }
                body
            }
            Self::WaveSpeed => {
                if let Some(picture) = picture {
                    flat.insert("image".to_owned(), json!(picture.base64()));
                    flat.insert("images".to_owned(), json!([picture.base64()]));
                }
                if let Some(adapter) = adapter {
                    flat.insert(
                        "loras".to_owned(),
                        json!([{ "path": word(adapter, "model"), "scale": 1 }]),
                    );
                }
                Value::Object(flat)
            }
            Self::Together => {
                rename(&mut flat, "num_inference_steps", "steps");
                flat.insert("model".to_owned(), json!(place.model));
                if place.work.kind() == MediaKind::Image {
                    flat.insert("response_format".to_owned(), json!("base64"));
                }
                if let Some(uri) = uri {
                    // FLUX.1 Kontext knows one picture alone, every other model a list of references.
                    let lower = place.model.to_lowercase();
                    if lower.contains("kontext") && lower.contains("flux.1") {
                        flat.insert("image_url".to_owned(), json!(uri));
                    } else {
                        flat.insert("reference_images".to_owned(), json!([uri]));
                    }
                }
                Value::Object(flat)
            }
            Self::Nscale => {
                flat.insert("model".to_owned(), json!(place.model));
                flat.insert("response_format".to_owned(), json!("b64_json"));
                Value::Object(flat)
            }
            Self::Novita => {
                rename(&mut flat, "num_inference_steps", "steps");
                Value::Object(flat)
            }
        }
    }

    /// A task in the partner's words.
    fn queued(self, answer: &Answer) -> Result<Submitted, Fault> {
        let body = answer.json()?;
        let (id, place) = match self {
            // Where it is asked about is told by `response_url`; only its path counts, the host is the router.
            Self::Fal => (&body["request_id"], path_of(&body["response_url"])),
            Self::WaveSpeed => (&body["data"]["id"], path_of(&body["data"]["urls"]["get"])),
            Self::Together => (&body["id"], None),
            _ => (&body["task_id"], None),
        };
        let id = id.as_str().filter(|id| !id.is_empty() && id.len() <= 200);
        let id = id.ok_or_else(|| answer.unreadable("the answer names no task"))?;
        if matches!(self, Self::Fal | Self::WaveSpeed) && place.is_none() {
            return Err(answer.unreadable("the answer does not say where to ask"));
        }
        Ok(Submitted::Waiting(
            Task::new(id).with(json!({ "partner": self.name(), "place": place })),
        ))
    }

    /// How a task of the partner stands.
    pub async fn poll(self, desk: &Desk, task: &Task) -> Result<Progress, Fault> {
        let name = self.name();
        let place = task.data["place"].as_str().unwrap_or_default();
        let id = path_part(&task.id);
        match self {
            Self::Fal => {
                let status = desk
                    .get(format!("/{name}{place}/status?_subdomain=queue"))
                    .send()
                    .await?
                    .json()?;
                let state = state_of(&status["status"])?;
                if state != "COMPLETED" {
                    return Ok(Progress::running(&state.to_lowercase().replace('_', " ")));
                }
                match desk.get(format!("/{name}{place}?_subdomain=queue")).send().await {
                    Ok(answer) => Ok(Progress::Done(found(
                        &answer.json()?,
                        &["images", "image", "video", "videos"],
                    ))),
                    // With a code it is the endpoint that speaks; without one it may be anything on the way.
                    Err(fault) if fault.code.is_some() => Ok(Progress::Failed(fault.bought(Bought::No))),
                    Err(fault) => Err(fault),
                }
            }
            Self::Replicate => {
                let answer = desk.get(format!("/{name}/v1/predictions/{id}")).send().await?;
                let read =
                    prediction(&answer.json()?).ok_or_else(|| answer.unreadable("the answer is no prediction"))?;
                Ok(read.progress())
            }
            Self::WaveSpeed => {
                let body = desk.get(format!("/{name}{place}")).send().await?.json()?;
                let data = &body["data"];
                Ok(match state_of(&data["status"])?.as_str() {
                    "completed" => Progress::Done(found(data, &["outputs"])),
                    "failed" => Progress::Failed(failure(data["error"].as_str().unwrap_or_default())),
                    other => Progress::running(other),
                })
            }
            Self::Together => {
                let body = desk.get(format!("/{name}/v2/videos/{id}")).send().await?.json()?;
                Ok(match state_of(&body["status"])?.as_str() {
                    "completed" => Progress::Done(found(&body["outputs"], &["video_url"])),
                    "failed" => Progress::Failed(failure(
                        body.pointer("/error/message")
                            .and_then(Value::as_str)
                            .unwrap_or_default(),
                    )),
                    "cancelled" => Progress::Failed(Fault::new(FaultKind::Cancelled, "the task was cancelled")),
                    other => Progress::running(other),
                })
            }
            Self::Novita => {
                let body = desk
                    .get(format!("/{name}/v3/async/task-result?task_id={id}"))
                    .send()
                    .await?
                    .json()?;
                Ok(match state_of(&body["task"]["status"])?.as_str() {
                    "TASK_STATUS_SUCCEED" => Progress::Done(found(&body, &["videos", "images"])),
                    "TASK_STATUS_FAILED" => Progress::Failed(failure(
                        body.pointer("/task/reason").and_then(Value::as_str).unwrap_or_default(),
                    )),
                    other => Progress::running(&other.trim_start_matches("TASK_STATUS_").to_lowercase()),
                })
            }
            Self::HfInference | Self::Nscale => Err(Fault::unreadable(format!("{name} has no tasks"))),
        }
    }
}

/// The documented parameters that were given, by the Hub's names.
fn parameters(order: &Order) -> Map<String, Value> {
    order.pick(&[
        "negative_prompt",
        "width",
        "height",
        "num_inference_steps",
        "guidance_scale",
        "num_frames",
        "seed",
        "scheduler",
    ])
}

/// An id in a path or query.
fn path_part(id: &str) -> String {
    const PART: &percent_encoding::AsciiSet = &percent_encoding::NON_ALPHANUMERIC.remove(b'-').remove(b'_');
    percent_encoding::utf8_percent_encode(id, PART).collect()
}

fn rename(map: &mut Map<String, Value>, from: &str, to: &str) {
    if let Some(value) = map.shift_remove(from) {
        map.insert(to.to_owned(), value);
    }
}

fn word<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap_or_default()
}

/// The path of a URL that a partner named. It is asked at the router, so the rest of it does not count.
fn path_of(url: &Value) -> Option<String> {
    let path = url::Url::parse(url.as_str()?).ok()?.path().to_owned();
    (path.starts_with('/') && path.len() <= 500).then_some(path)
}

fn state_of(state: &Value) -> Result<String, Fault> {
    let state = state.as_str().filter(|state| !state.is_empty());
    state
        .map(|state| one_line(state, 60))
        .ok_or_else(|| Fault::unreadable("the answer tells no state"))
}

/// The picture itself is the answer.
fn pictures(answer: &Answer) -> Result<Submitted, Fault> {
    let kind = answer.header("content-type").unwrap_or_default();
    if kind.starts_with("application/json") {
        return encoded(answer);
    }
    if !["image/", "video/", "application/octet-stream"]
        .iter()
        .any(|known| kind.starts_with(known))
    {
        return Err(answer.unreadable("the answer is no picture"));
    }
    Ok(Submitted::Done(Outcome {
        outputs: vec![Output::bytes(answer.bytes.clone())],
        request_id: answer.request_id(),
        ..Outcome::default()
    }))
}

/// `{"data": [{"b64_json"} or {"url"}]}`.
fn encoded(answer: &Answer) -> Result<Submitted, Fault> {
    let body = answer.json()?;
    let list = body["data"]
        .as_array()
        .ok_or_else(|| answer.unreadable("there is no `data`"))?;
    let mut outputs = Vec::with_capacity(list.len());
    for one in list {
        let source = match (one["b64_json"].as_str(), one["url"].as_str()) {
            (Some(text), _) => Source::Bytes(
                STANDARD
                    .decode(text)
                    .map_err(|_| answer.unreadable("`b64_json` is not base64"))?
                    .into(),
            ),
            (None, Some(url)) => Source::Url(url.to_owned()),
            (None, None) => return Err(answer.unreadable("a picture has neither `b64_json` nor `url`")),
        };
        outputs.push(Output::of(source));
    }
    Ok(Submitted::Done(Outcome {
        outputs,
        request_id: answer.request_id(),
        ..Outcome::default()
    }))
}

/// Replicate's prediction, as far as it matters here.
struct Read {
    id: String,
    status: String,
    output: Value,
    error: String,
}

fn prediction(body: &Value) -> Option<Read> {
    Some(Read {
        id: body["id"].as_str().filter(|id| !id.is_empty())?.to_owned(),
        status: body["status"].as_str()?.to_owned(),
        output: body["output"].clone(),
        error: body["error"].as_str().unwrap_or_default().to_owned(),
    })
}

impl Read {
    fn submitted(&self, partner: Partner) -> Submitted {
        match self.progress() {
            Progress::Done(outcome) => Submitted::Done(outcome),
            _ => Submitted::Waiting(Task::new(&self.id).with(json!({ "partner": partner.name() }))),
        }
    }

    fn progress(&self) -> Progress {
        match self.status.as_str() {
            "succeeded" => Progress::Done(found(&json!({ "output": self.output }), &["output"])),
            "failed" => Progress::Failed(failure(&self.error)),
            "canceled" | "aborted" => {
                Progress::Failed(Fault::new(FaultKind::Cancelled, "the prediction was cancelled"))
            }
            other => Progress::running(other),
        }
    }
}

/// A task that ended without results, in a partner's words.
fn failure(words: &str) -> Fault {
    let lower = words.to_lowercase();
    if ["sensitive", "nsfw", "content policy", "moderat", "safety"]
        .iter()
        .any(|word| lower.contains(word))
    {
        return Fault::refused(words, ["content".to_owned()]);
    }
    Fault::new(FaultKind::TaskFailed, words)
}

/// The files of an answer, from the first of these fields that has any.
fn found(body: &Value, names: &[&str]) -> Outcome {
    let seed = body["seed"].as_u64();
    let urls = names
        .iter()
        .map(|name| urls(&body[*name]))
        .find(|urls| !urls.is_empty())
        .unwrap_or_default();
    Outcome {
        outputs: urls
            .into_iter()
            .map(|url| Output {
                seed,
                ..Output::url(url)
            })
            .collect(),
        ..Outcome::default()
    }
}

/// A URL, an object with one, or a list of either.
fn urls(value: &Value) -> Vec<String> {
    match value {
        Value::String(text) if text.starts_with("http://") || text.starts_with("https://") => vec![text.clone()],
        Value::Array(list) => list.iter().flat_map(urls).collect(),
        Value::Object(_) => ["url", "video_url", "image_url"]
            .iter()
            .find_map(|name| value[*name].as_str())
            .map(str::to_owned)
            .into_iter()
            .collect(),
        _ => Vec::new(),
    }
}
