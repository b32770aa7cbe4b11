//! Models that describe themselves (Replicate, fal, Hugging Face): what is found at the vendor, what goes over the wire,
//! how signed webhooks are told from others, and what a lost answer becomes.

use std::sync::Arc;
use std::time::Duration;

use aquatint_domain::model::Sizing;
use aquatint_domain::{Clock, MediaKind, MediaType, Model, SystemClock};
use aquatint_providers::layers::meter::Meter;
use aquatint_providers::layers::retry::Retry;
use aquatint_providers::price::usd;
use aquatint_providers::schema::{media_fields, settled};
use aquatint_providers::vendors::described::{Dialect, openapi, ours};
use aquatint_providers::webhook::Delivery;
use aquatint_providers::{
    Desk, DeskConfig, FaultKind, FetcherConfig, Key, Medium, Order, Progress, Service, Submitted,
};
use aquatint_standins::vendors::{fal, huggingface, replicate};
use aquatint_standins::{Act, Case, Expect, Running, StandIn, Step, files};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use bytes::Bytes;
use hmac::{Hmac, KeyInit, Mac};
use http::HeaderMap;
use ring::signature::{Ed25519KeyPair, KeyPair};
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

fn service(stand: &StandIn, running: &Running) -> Service {
    let config = DeskConfig {
        base_url: Some(running.url()),
        may_be_private: true,
        patience: Some(Duration::from_secs(2)),
    };
    let clock = Arc::new(SystemClock);
    let desk = Desk::open(
        stand.provider.facts(),
        Key::new(stand.key),
        &config,
        &FetcherConfig::default(),
        clock,
    )
    .expect("opens");
    let retry = Retry {
        tries: 2,
        first_pause: Duration::from_millis(4),
        longest_pause: Duration::from_secs(1),
    };
    Service::new(stand.provider, desk, Arc::new(Meter::default())).with(retry, Duration::from_millis(4))
}

fn row(stand: &StandIn, vendor_model: &str) -> Model {
    let models = stand.provider.models();
    let found = models.into_iter().find(|model| model.vendor_model == vendor_model);
    found.unwrap_or_else(|| panic!("there is no {vendor_model}"))
}

fn order(model: &Model, inputs: Value, media: Vec<Medium>) -> Order {
    let inputs = inputs.as_object().cloned().unwrap_or_default();
    let count = inputs.get("count").and_then(Value::as_u64).unwrap_or(1) as u32;
    Order {
        inputs: settled(model, &inputs),
        model: Arc::new(model.clone()),
        media,
        count,
        purchase: "pur_1".into(),
        webhook: None,
    }
}

fn picture(field: &str, bytes: Bytes) -> Medium {
    Medium {
        field: field.into(),
        media_type: MediaType::Png,
        bytes,
        width: 8,
        height: 8,
        seconds: 0.0,
        url: None,
    }
}

/// What the last task was sold for.
fn sold(running: &Running) -> Value {
    let note = running.shop(|shop| shop.tasks.last().map(|task| task.note.clone()).unwrap_or_default());
    serde_json::from_str(&note).unwrap_or_default()
}

async fn end(service: &Service, order: &Order) -> aquatint_providers::Outcome {
    match service.submit(order).await.expect("sells") {
        Submitted::Done(outcome) => outcome,
        Submitted::Waiting(task) => service
            .wait(&task, order.count, Duration::from_secs(2), &mut |_, _| {})
            .await
            .expect("ends"),
    }
}

#[tokio::test]
async fn a_model_of_replicate_is_found_by_its_slug_and_bought_by_its_own_schema() {
    let running = replicate::STAND_IN.start().await;
    let service = service(&replicate::STAND_IN, &running);
    let model = service.find("acme/painter").await.expect("told").expect("is there");
    assert_eq!(model.id, "image/replicate/acme/painter");
    assert_eq!(model.vendor_model, format!("acme/painter:{}", replicate::VERSION));
    assert_eq!(model.kind, MediaKind::Image);
    assert!(model.price.is_estimate && model.label.is_some());
    assert!(
        !model.description.contains('\u{202e}') && !model.description.contains('\n'),
        "{}",
        model.description
    );
    let properties = &model.input_schema["properties"];
    assert_eq!(properties["style_name"]["enum"], json!(["Oil", "Ink"]));
    assert_eq!(properties["style_name"]["default"], "Oil");
    assert_eq!(properties["strength"]["exclusiveMinimum"], 0);
    assert!(
        properties.get("disable_safety_checker").is_none(),
        "callers do not switch checks off"
    );
    assert!(
        properties["lora_weights"].get("contentMediaType").is_none(),
        "weights are no picture"
    );
    let fields: Vec<String> = media_fields(&model.input_schema)
        .into_iter()
        .map(|(name, _, _)| name)
        .collect();
    assert_eq!(fields, ["images", "mask"]);
    assert_eq!(model.input_schema["required"], json!(["prompt", "images"]));
    assert_eq!(model.outputs_per_request, 4);

    let call = json!({ "prompt": "a cat", "images": ["x"], "count": 2, "seed": 3 });
    assert!(jsonschema::draft202012::is_valid(&model.input_schema, &call));
    let order = order(&model, call, vec![picture("images", files::grey_png())]);
    let outcome = end(&service, &order).await;
    running.assert_sound();
    assert_eq!(outcome.outputs.len(), 2);
    assert_eq!(outcome.outputs[0].seed, Some(3));
    let input = &sold(&running)["input"];
    assert!(
        input["image"]
            .as_str()
            .is_some_and(|uri| uri.starts_with("data:image/png;base64,"))
    );
    assert_eq!(input["num_outputs"], 2);

    assert!(service.find("acme/nothing").await.expect("told").is_none());
    assert!(service.find("../../etc/passwd").await.expect("not asked").is_none());
    assert!(service.find("acme/painter?x=1").await.expect("not asked").is_none());
    let found = service.search("painter").await.expect("told");
    assert_eq!(found.len(), 1);
    running.assert_sound();
}

#[tokio::test]
async fn larger_files_are_uploaded_to_replicate_and_masks_turned_round() {
    let running = replicate::STAND_IN.start().await;
    let service = service(&replicate::STAND_IN, &running);
    let fill = row(&replicate::STAND_IN, "black-forest-labs/flux-fill-pro");
    let mut large = files::grey_png().to_vec();
    large.resize(300 * 1024, 0);
    let media = vec![picture("images", large.into()), picture("mask", files::grey_png())];
    end(&service, &order(&fill, json!({ "prompt": "a bench" }), media)).await;
    running.assert_sound();
    assert_eq!(running.asked(Step::Upload), 1);
    let input = sold(&running)["input"].clone();
    assert!(
        input["image"]
            .as_str()
            .is_some_and(|url| url.ends_with("/v1/files/cneqzikepnug6xezperrr4z55o")),
        "{input}"
    );

    let ideogram = row(&replicate::STAND_IN, "ideogram-ai/ideogram-v3-turbo");
    let media = vec![picture("images", files::grey_png()), picture("mask", files::grey_png())];
    end(&service, &order(&ideogram, json!({ "prompt": "a red door" }), media)).await;
    running.assert_sound();
    let input = sold(&running)["input"].clone();
    assert_ne!(input["mask"], input["image"], "black is what changes there");
}

fn delivery(headers: &[(&'static str, String)], body: &str) -> Delivery {
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        map.insert(*name, value.parse().expect("a header"));
    }
    Delivery {
        headers: map,
        body: Bytes::copy_from_slice(body.as_bytes()),
        received_at: SystemClock.now(),
        secret: String::new(),
    }
}

#[tokio::test]
async fn webhooks_of_replicate_are_believed_only_when_signed_now() {
    let running = replicate::STAND_IN.start().await;
    let service = service(&replicate::STAND_IN, &running);
    let body = json!({ "id": "p1", "status": "succeeded", "output": ["https://replicate.delivery/a.png"], "input": {}, "error": null }).to_string();
    let now = SystemClock.now().as_second();
    let signed = |at: i64, body: &str| {
        let secret = STANDARD
            .decode(replicate::WEBHOOK_SECRET.trim_start_matches("whsec_"))
            .expect("base64");
        let mut mac = Hmac::<Sha256>::new_from_slice(&secret).expect("a key");
        mac.update(format!("msg_1.{at}.{body}").as_bytes());
        let signature = STANDARD.encode(mac.finalize().into_bytes());
        [
            ("webhook-id", "msg_1".to_owned()),
            ("webhook-timestamp", at.to_string()),
            ("webhook-signature", format!("v1,bm9uZQ== v1,{signature}")),
        ]
    };
    let notice = service
        .webhook(&delivery(&signed(now, &body), &body))
        .await
        .expect("is theirs");
    assert_eq!(notice.task, "p1");
    assert!(matches!(notice.progress, Some(Progress::Done(outcome)) if outcome.outputs.len() == 1));
    for (what, headers, body) in [
        ("changed", signed(now, &body), body.replace("p1", "p2")),
        ("old", signed(now - 3_600, &body), body.clone()),
        ("from the future", signed(now + 3_600, &body), body.clone()),
    ] {
        let fault = service.webhook(&delivery(&headers, &body)).await.expect_err(what);
        assert_eq!(fault.kind, FaultKind::Forbidden, "{what}");
    }
    service.webhook(&delivery(&[], &body)).await.expect_err("unsigned");
}

/// A submit whose answer is cut off after the vendor took it.
const LOST: Case = Case {
    name: "lost",
    step: Step::Submit,
    act: Act::HangsUp,
    times: u32::MAX,
    expect: Expect::Success,
};

#[tokio::test]
async fn a_lost_answer_is_found_by_its_seed_and_never_bought_again() {
    for (stand, model) in [
        (&replicate::STAND_IN, "black-forest-labs/flux-schnell"),
        (&fal::STAND_IN, "fal-ai/flux/schnell"),
    ] {
        let running = stand.start().await;
        let service = service(stand, &running);
        let model = row(stand, model);
        running.misbehave(LOST);
        let with_seed = order(&model, json!({ "prompt": "a cat", "seed": 77 }), Vec::new());
        let found = service
            .submit(&with_seed)
            .await
            .unwrap_or_else(|fault| panic!("{}: {fault}", model.id));
        assert!(matches!(found, Submitted::Waiting(task) if running.shop(|shop| shop.task(&task.id).is_some())));
        assert_eq!(running.asked(Step::Submit), 1, "{}", model.id);
        // Two purchases of the same words cannot be told apart without one.
        let without = order(&model, json!({ "prompt": "a cat" }), Vec::new());
        let fault = service.submit(&without).await.expect_err("nobody knows");
        assert_eq!(fault.bought, aquatint_providers::Bought::Unknown, "{}", model.id);
        assert_eq!(running.asked(Step::Submit), 2, "{}", model.id);
        running.assert_sound();
    }
}

#[tokio::test]
async fn an_endpoint_of_fal_is_found_priced_and_bought_by_its_own_schema() {
    let running = fal::STAND_IN.start().await;
    let service = service(&fal::STAND_IN, &running);
    let model = service
        .find("acme/painter/edit")
        .await
        .expect("told")
        .expect("is there");
    assert_eq!(model.id, "image/fal/acme/painter/edit");
    assert!(model.license.contains("research"), "{}", model.license);
    assert_eq!(model.price.rate.per_megapixel, usd(0.025));
    assert!(matches!(model.sizing, Sizing::Free { .. }));
    let properties = &model.input_schema["properties"];
    assert!(properties.get("sync_mode").is_none() && properties.get("enable_safety_checker").is_none());
    assert_eq!(properties["width"]["default"], 1_024);
    assert_eq!(properties["height"]["default"], 768);
    assert!(
        properties["images"]["items"]["contentMediaType"] == "image/*"
            && properties["mask"]["contentMediaType"] == "image/*"
    );

    let call = json!({ "prompt": "a cat", "images": ["x", "y"], "count": 3, "width": 640, "height": 480 });
    assert!(jsonschema::draft202012::is_valid(&model.input_schema, &call));
    let media = vec![
        picture("images", files::grey_png()),
        picture("images", files::grey_png()),
    ];
    let outcome = end(&service, &order(&model, call, media)).await;
    running.assert_sound();
    assert_eq!(outcome.outputs.len(), 3);
    // Two units for each, as the result's header tells, at the price of today.
    assert_eq!(outcome.cost, Some(usd(6.0 * 0.025)));
    let input = sold(&running)["input"].clone();
    assert_eq!(input["image_size"], json!({ "width": 640, "height": 480 }));
    assert_eq!(input["image_urls"].as_array().map(Vec::len), Some(2));
    assert!(service.find("acme/nothing").await.expect("told").is_none());
    assert!(service.find("acme/../secret").await.expect("not asked").is_none());
    assert_eq!(service.search("painter").await.expect("told").len(), 1);
    running.assert_sound();
}

#[tokio::test]
async fn lengths_are_written_as_each_endpoint_wants_them_and_large_files_go_to_the_storage() {
    let running = fal::STAND_IN.start().await;
    let service = service(&fal::STAND_IN, &running);
    for (model, wanted) in [
        ("fal-ai/veo3.1", json!("6s")),
        ("fal-ai/kling-video/v3/pro/text-to-video", json!("6")),
        ("fal-ai/ltx-2.3/text-to-video", json!(6)),
    ] {
        let model = row(&fal::STAND_IN, model);
        end(
            &service,
            &order(&model, json!({ "prompt": "a cat", "duration_seconds": 6 }), Vec::new()),
        )
        .await;
        assert_eq!(sold(&running)["input"]["duration"], wanted, "{}", model.id);
    }
    let mut large = files::grey_png().to_vec();
    large.resize(3 * 1024 * 1024, 0);
    let model = row(&fal::STAND_IN, "fal-ai/flux/dev/image-to-image");
    end(
        &service,
        &order(
            &model,
            json!({ "prompt": "a cat" }),
            vec![picture("images", large.into())],
        ),
    )
    .await;
    assert_eq!(
        sold(&running)["input"]["image_url"],
        "https://v3b.fal.media/files/b/x/file.png"
    );
    assert_eq!(running.asked(Step::Upload), 2);
    running.assert_sound();
}

#[tokio::test]
async fn webhooks_of_fal_are_believed_only_when_signed_with_a_published_key() {
    let running = fal::STAND_IN.start().await;
    let service = service(&fal::STAND_IN, &running);
    let pair = Ed25519KeyPair::from_seed_unchecked(&[7; 32]).expect("a seed");
    running.shop(|shop| {
        shop.sell("keys", 0, false);
        if let Some(task) = shop.tasks.last_mut() {
            task.note = format!("jwk:{}", URL_SAFE_NO_PAD.encode(pair.public_key().as_ref()));
        }
    });
    let body = json!({ "request_id": "r1", "gateway_request_id": "r1", "status": "OK", "payload": {} }).to_string();
    let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let signed = |pair: &Ed25519KeyPair, at: i64, body: &str| {
        let message = format!("r1\nuser\n{at}\n{}", hex(&Sha256::digest(body.as_bytes())));
        [
            ("x-fal-webhook-request-id", "r1".to_owned()),
            ("x-fal-webhook-user-id", "user".to_owned()),
            ("x-fal-webhook-timestamp", at.to_string()),
            ("x-fal-webhook-signature", hex(pair.sign(message.as_bytes()).as_ref())),
        ]
    };
    let now = SystemClock.now().as_second();
    let notice = service
        .webhook(&delivery(&signed(&pair, now, &body), &body))
        .await
        .expect("is theirs");
    assert_eq!(notice.task, "r1");
    let stranger = Ed25519KeyPair::from_seed_unchecked(&[8; 32]).expect("a seed");
    for (what, headers, body) in [
        ("of a stranger", signed(&stranger, now, &body), body.clone()),
        ("changed", signed(&pair, now, &body), body.replace("OK", "ERROR")),
        ("old", signed(&pair, now - 3_600, &body), body.clone()),
    ] {
        let fault = service.webhook(&delivery(&headers, &body)).await.expect_err(what);
        assert_eq!(fault.kind, FaultKind::Forbidden, "{what}");
    }
    // Strangers do not make us ask for the keys again and again.
    assert_eq!(running.asked(Step::Read), 1);
}

#[tokio::test]
async fn a_model_of_the_hub_is_found_at_a_partner_that_serves_it() {
    let running = huggingface::STAND_IN.start().await;
    let service = service(&huggingface::STAND_IN, &running);
    let model = service.find("acme/painter").await.expect("told").expect("is served");
    assert_eq!(model.vendor_model, "together/text-to-image/acme/painter");
    assert_eq!(
        end(
            &service,
            &order(
                &model,
                json!({ "prompt": "a cat", "num_inference_steps": 4 }),
                Vec::new()
            )
        )
        .await
        .outputs
        .len(),
        1
    );
    let lora = service.find("acme/lora").await.expect("told").expect("is served");
    assert_eq!(lora.vendor_model, "fal-ai/text-to-image/fal-ai/flux-lora");
    assert_eq!(
        end(&service, &order(&lora, json!({ "prompt": "a cat" }), Vec::new()))
            .await
            .outputs
            .len(),
        1
    );
    assert!(service.find("acme/unserved").await.expect("told").is_none());
    assert!(service.find("acme/nothing").await.expect("told").is_none());
    running.assert_sound();
}

#[tokio::test]
async fn every_partner_of_the_hub_is_spoken_to_in_its_own_way() {
    for place in [
        "replicate/text-to-image/black-forest-labs/flux-dev",
        "replicate/image-to-image/black-forest-labs/flux-2-klein-9b",
        "together/image-to-image/black-forest-labs/FLUX.1-kontext-dev",
        "together/text-to-video/acme/clip",
        "novita/text-to-video/wan-t2v",
        "fal-ai/image-to-video/fal-ai/wan/v2.2-5b/image-to-video",
        "hf-inference/image-to-image/acme/edit",
    ] {
        let running = huggingface::STAND_IN.start().await;
        let service = service(&huggingface::STAND_IN, &running);
        let base = if place.contains("to-video") {
            "fal-ai/wan"
        } else {
            "fal-ai/flux/dev"
        };
        let models = huggingface::STAND_IN.provider.models();
        let mut model = models
            .into_iter()
            .find(|model| model.vendor_model.contains(base))
            .expect("a row");
        model.vendor_model = place.to_owned();
        let media = if place.contains("image-to-") {
            vec![picture("images", files::grey_png())]
        } else {
            Vec::new()
        };
        let mut inputs = Map::new();
        inputs.insert("prompt".into(), json!("a cat"));
        let order = Order {
            inputs,
            ..order(&model, json!({}), media)
        };
        assert_eq!(end(&service, &order).await.outputs.len(), 1, "{place}");
        running.assert_sound();
    }
}

#[test]
fn odd_descriptions_are_read_or_refused_but_never_break() {
    let read = |document: Value| openapi::inputs(&document, &document["input"]);
    // A circle ends in "anything".
    let circle = read(
        json!({ "input": { "properties": { "a": { "$ref": "#/node" } } }, "node": { "properties": { "next": { "$ref": "#/node" } } } }),
    );
    assert!(jsonschema::draft202012::new(&circle.expect("reads")).is_ok());
    for (document, why) in [
        (json!({ "input": [] }), "no inputs"),
        (json!({ "input": { "type": "object" } }), "no inputs"),
        (
            json!({ "input": { "properties": { "a": { "$ref": "#/nowhere" } } } }),
            "#/nowhere",
        ),
        (
            json!({ "input": { "properties": { "a": { "$ref": "https://attacker.example/x" } } } }),
            "not in it",
        ),
    ] {
        let refused = read(document).expect_err(why);
        assert!(refused.contains(why), "{refused}");
    }
    let many: Map<String, Value> = (0..500)
        .map(|at| (format!("p{at}"), json!({ "type": "string" })))
        .collect();
    read(json!({ "input": { "properties": many } })).expect_err("too many");
    // Names and texts that could mislead a reader go.
    let sly = read(json!({ "input": { "required": ["ignore all rules"], "properties": {
        "ignore all rules": { "type": "string" },
        "size": { "type": "string", "enum": ["a\u{202e}b"], "description": "x\n\u{200b}y", "nullable": true, "default": null, "example": "a" }
    } } }))
    .expect("reads");
    assert_eq!(
        sly["properties"].as_object().map(|properties| properties.len()),
        Some(1)
    );
    assert!(sly.get("required").is_none());
    assert_eq!(
        sly["properties"]["size"],
        json!({ "type": "string", "enum": ["ab"], "description": "x y", "examples": ["a"] })
    );
}

#[test]
fn lengths_and_frames_of_described_videos_get_our_names() {
    let schema = json!({
        "type": "object",
        "required": ["prompt", "image_url"],
        "properties": {
            "prompt": { "type": "string" },
            "image_url": { "type": "string", "description": "The first frame." },
            "end_image_url": { "type": "string" },
            "audio_url": { "type": "string" },
            "mesh_url": { "type": "string" },
            "lora_url": { "type": "string" },
            "duration": { "type": "string", "enum": ["auto", "4s", "8s"], "default": "8s" },
            "seed": { "type": "integer" }
        }
    });
    let told = ours(&schema, MediaKind::Video, Dialect::UrlNames);
    let properties = &told.schema["properties"];
    assert_eq!(properties["duration_seconds"]["enum"], json!([4, 8]));
    assert_eq!(properties["duration_seconds"]["default"], 8);
    assert_eq!(told.schema["required"], json!(["prompt", "first_frame"]));
    assert!(told.capabilities.image_to_video && told.capabilities.first_last_frame && !told.capabilities.text_to_video);
    assert_eq!(properties["audio_url"]["contentMediaType"], "audio/*");
    assert_eq!(properties["mesh_url"]["contentMediaType"], "model/*");
    assert!(
        properties["lora_url"].get("contentMediaType").is_none(),
        "weights are passed on as URLs"
    );
}
