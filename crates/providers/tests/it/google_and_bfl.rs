//! What only Google and Black Forest Labs have: the exact requests of their families, costs as answered, refusals that
//! come with a good status, polling URLs, signed webhooks.

mod webhooks;

use std::sync::Arc;
use std::time::Duration;

use aquatint_domain::{Credits, MediaType, SystemClock, Timestamp};
use aquatint_providers::layers::meter::Meter;
use aquatint_providers::price::usd;
use aquatint_providers::schema::settled;
use aquatint_providers::webhook::Delivery;
use aquatint_providers::{
    Bought, Cancelled, Desk, DeskConfig, Fault, FaultKind, FetcherConfig, Key, Medium, Order, Outcome, Service, Source,
    Submitted,
};
use aquatint_standins::vendors::{bfl, google};
use aquatint_standins::{Running, Spoil, StandIn, State, Step, files};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::HeaderMap;
use serde_json::{Value, json};

const NONE: &[&str] = &[];

fn desk(stand: &StandIn, base_url: String) -> Desk {
    let config = DeskConfig {
        base_url: Some(base_url),
        may_be_private: true,
        patience: None,
    };
    let fetching = FetcherConfig::default();
    Desk::open(
        stand.provider.facts(),
        Key::new(stand.key),
        &config,
        &fetching,
        Arc::new(SystemClock),
    )
    .expect("opens")
}

fn service(stand: &StandIn, running: &Running) -> Service {
    let desk = desk(stand, running.url());
    Service::new(stand.provider, desk, Arc::new(Meter::default())).with(Default::default(), Duration::from_millis(4))
}

fn order(stand: &StandIn, id: &str, call: Value, media: &[&str]) -> Order {
    let models = stand.provider.models();
    let model = models
        .into_iter()
        .find(|model| model.id == id)
        .unwrap_or_else(|| panic!("there is no {id}"));
    let medium = |field: &&str| Medium {
        field: (*field).to_owned(),
        media_type: if *field == "video" {
            MediaType::Mp4
        } else {
            MediaType::Png
        },
        bytes: if *field == "video" {
            files::mp4()
        } else {
            files::grey_png()
        },
        width: 8,
        height: 8,
        seconds: 0.0,
        url: None,
    };
    Order {
        inputs: settled(&model, call.as_object().expect("an object")),
        model: Arc::new(model),
        media: media.iter().map(medium).collect(),
        count: 1,
        purchase: "pur_0123456789".into(),
        webhook: None,
    }
}

async fn buy(service: &Service, order: &Order) -> Result<Outcome, Fault> {
    match service.submit(order).await? {
        Submitted::Done(outcome) => Ok(outcome),
        Submitted::Waiting(task) => service.wait(&task, 1, Duration::from_secs(5), &mut |_, _| {}).await,
    }
}

/// Buys each and compares what the vendor was sent, apart from what is the same for all.
async fn sent(stand: &'static StandIn, cases: Vec<(&str, Value, &[&str], Value)>) {
    for (id, call, media, wanted) in cases {
        let running = stand.start().await;
        let order = order(stand, id, call, media);
        let bought = buy(&service(stand, &running), &order).await;
        running.assert_sound();
        bought.unwrap_or_else(|fault| panic!("{id}: {fault}"));
        let note = running.shop(|shop| shop.tasks[0].note.clone());
        let sent: Value = serde_json::from_str(&note).expect("the stand-in notes JSON");
        assert_eq!(sent, wanted, "{id}");
    }
}

fn picture() -> String {
    STANDARD.encode(files::grey_png())
}

fn clip() -> String {
    STANDARD.encode(files::mp4())
}

#[tokio::test]
async fn bfl_pictures_are_asked_for_as_documented() {
    let picture = picture();
    let flux_3 = json!({ "prompt": "swap them", "images": [picture, picture], "aspect_ratio": "9:21", "resolution": "4k", "grounding": false, "safety_tolerance": 4 });
    let flux_2 = json!({ "prompt": "a poster", "input_image": picture, "input_image_2": picture, "seed": 7, "output_format": "webp", "safety_tolerance": 2, "disable_pup": true });
    let flex = json!({ "prompt": "a poster", "width": 512, "height": 768, "output_format": "jpeg", "safety_tolerance": 2, "prompt_upsampling": false, "steps": 20, "guidance": 3.5 });
    let kontext = json!({ "prompt": "red", "input_image": picture, "aspect_ratio": "4:3", "output_format": "png", "safety_tolerance": 2, "prompt_upsampling": false });
    let fill = json!({ "prompt": "a vase", "image": picture, "mask": picture, "steps": 50, "guidance": 60.0, "output_format": "jpeg", "safety_tolerance": 2, "prompt_upsampling": false });
    let erase = json!({ "image": picture, "mask": picture, "dilate_pixels": 10, "output_format": "png", "safety_tolerance": 2 });
    let outpaint = json!({ "input_image": picture, "width": 1536, "height": 1024, "mode": "fast", "auto_crop": false, "reference_offset_x": -20, "output_format": "png", "safety_tolerance": 2 });
    let try_on = json!({ "prompt": "the jacket", "person": picture, "garment": picture, "output_format": "jpeg", "safety_tolerance": 2 });
    let flex_call = json!({ "prompt": "a poster", "width": 512, "height": 768, "steps": 20, "guidance": 3.5, "prompt_upsampling": false });
    let two_call = json!({ "prompt": "a poster", "seed": 7, "output_format": "webp", "keep_size": true, "prompt_upsampling": false });
    let three_call = json!({ "prompt": "swap them", "aspect_ratio": "9:21", "resolution": "4k", "grounding": false, "safety_tolerance": 4 });
    sent(
        &bfl::STAND_IN,
        vec![
            ("image/bfl/flux-3-image", three_call, &["images", "images"][..], flux_3),
            ("image/bfl/flux-2-pro", two_call, &["images", "images"], flux_2),
            ("image/bfl/flux-2-flex", flex_call, NONE, flex),
            (
                "image/bfl/flux-kontext-max",
                json!({ "prompt": "red", "aspect_ratio": "4:3" }),
                &["images"],
                kontext,
            ),
            (
                "image/bfl/flux-1-fill",
                json!({ "prompt": "a vase" }),
                &["images", "mask"],
                fill,
            ),
            ("image/bfl/flux-erase", json!({}), &["images", "mask"], erase),
            (
                "image/bfl/flux-outpaint",
                json!({ "mode": "fast", "reference_offset_x": -20 }),
                &["images"],
                outpaint,
            ),
            (
                "image/bfl/flux-try-on-v2",
                json!({ "prompt": "the jacket" }),
                &["images", "images"],
                try_on,
            ),
        ],
    )
    .await;
}

#[tokio::test]
async fn the_mode_of_a_bfl_video_follows_from_its_inputs() {
    let (picture, clip) = (picture(), clip());
    let with = |more: Value| {
        let mut body = json!({ "prompt": "the wind rises", "aspect_ratio": "auto", "resolution": "hd", "duration": 5, "generate_audio": true, "draft": false, "safety_tolerance": 2 });
        for (name, value) in more.as_object().into_iter().flatten() {
            body[name] = value.clone();
        }
        body
    };
    let call = json!({ "prompt": "the wind rises" });
    let bundle = "https://delivery.eu4.bfl.ai/draft.bin?sig=1";
    let enhanced =
        json!({ "mode": "draft_enhance", "draft_cache": bundle, "resolution": "uhd", "safety_tolerance": 2 });
    let upscaled = json!({ "input_video": clip, "creativity": 0, "upscale_factor": 3, "safety_tolerance": 2 });
    sent(
        &bfl::STAND_IN,
        vec![
            ("video/bfl/flux-3", call.clone(), NONE, with(json!({ "mode": "t2v" }))),
            (
                "video/bfl/flux-3",
                call.clone(),
                &["first_frame", "last_frame"],
                with(json!({ "mode": "i2v", "keyframes": [picture, picture] })),
            ),
            (
                "video/bfl/flux-3",
                call.clone(),
                &["keyframes", "keyframes", "keyframes"],
                with(json!({ "mode": "i2v", "keyframes": [picture, picture, picture] })),
            ),
            (
                "video/bfl/flux-3-continue",
                call,
                &["video"],
                with(json!({ "mode": "v2v", "start_video": clip })),
            ),
            (
                "video/bfl/flux-3-enhance",
                json!({ "draft_cache": bundle, "resolution": "uhd" }),
                NONE,
                enhanced,
            ),
            (
                "video/bfl/flux-video-edit",
                json!({ "prompt": "no bucket" }),
                &["video"],
                json!({ "prompt": "no bucket", "video": clip, "safety_tolerance": 2 }),
            ),
            (
                "video/bfl/flux-video-upscale",
                json!({ "creativity": 0, "upscale_factor": 3 }),
                &["video"],
                upscaled,
            ),
        ],
    )
    .await;
}

#[tokio::test]
async fn what_bfl_would_refuse_later_is_refused_before_it_costs() {
    let running = bfl::STAND_IN.start().await;
    let service = service(&bfl::STAND_IN, &running);
    let call = json!({ "prompt": "the wind rises" });
    for (call, media, field) in [
        (call.clone(), &["last_frame"][..], "last_frame"),
        (call.clone(), &["first_frame", "keyframes"], "keyframes"),
        (
            json!({ "prompt": "the wind rises", "draft": true, "resolution": "uhd" }),
            NONE,
            "resolution",
        ),
    ] {
        let fault = buy(&service, &order(&bfl::STAND_IN, "video/bfl/flux-3", call, media))
            .await
            .expect_err("refused");
        assert_eq!(
            (fault.kind, fault.field.as_deref(), fault.bought),
            (FaultKind::InvalidInput, Some(field), Bought::No)
        );
    }
    assert_eq!(running.asked(Step::Submit), 0);
}

#[tokio::test]
async fn bfl_tells_costs_seeds_and_what_a_draft_is_good_for() {
    let running = bfl::STAND_IN.start().await;
    let service = service(&bfl::STAND_IN, &running);
    assert_eq!(
        service.check_key().await.expect("good").balance.as_deref(),
        Some("1234.50 credits")
    );
    let picture = buy(
        &service,
        &order(
            &bfl::STAND_IN,
            "image/bfl/flux-2-pro",
            json!({ "prompt": "a hare" }),
            NONE,
        ),
    )
    .await
    .expect("bought");
    // What the finished task says, and not the estimate of the submit.
    assert_eq!((picture.cost, picture.outputs[0].seed), (Some(usd(0.06)), Some(42)));
    assert_eq!(
        picture.outputs[0].revised_prompt.as_deref(),
        Some("as it was rewritten")
    );
    assert!(picture.notes.is_empty(), "{:?}", picture.notes);
    let draft = order(
        &bfl::STAND_IN,
        "video/bfl/flux-3",
        json!({ "prompt": "a hare", "draft": true }),
        NONE,
    );
    let draft = buy(&service, &draft).await.expect("bought");
    assert!(
        draft
            .notes
            .iter()
            .any(|note| note.contains("draft_cache") && note.contains("/results/draft.bin")),
        "{:?}",
        draft.notes
    );
    running.assert_sound();
}

#[tokio::test]
async fn bfls_key_goes_to_its_clusters_and_to_nobody_else() {
    let desk = desk(&bfl::STAND_IN, "https://api.bfl.ai".into());
    assert!(desk.check_host("https://api.eu4.bfl.ai/v1/get_result?id=1").is_ok());
    for foreign in [
        "http://api.eu4.bfl.ai/v1",
        "https://bfl.ai.attacker.example/",
        "https://xbfl.ai/",
        "https://api.bfl.ai:8443/",
        "https://a@attacker.example/.bfl.ai",
    ] {
        assert!(desk.check_host(foreign).is_err(), "{foreign}");
    }
    let running = bfl::STAND_IN.start().await;
    running.shop(|shop| shop.spoil = Some(Spoil::ForeignPollUrl));
    let order = order(
        &bfl::STAND_IN,
        "image/bfl/flux-2-pro",
        json!({ "prompt": "a hare" }),
        NONE,
    );
    let fault = buy(&service(&bfl::STAND_IN, &running), &order)
        .await
        .expect_err("a stranger's URL");
    assert_eq!(
        (fault.kind, fault.bought, running.asked(Step::Poll)),
        (FaultKind::Unreadable, Bought::Yes, 0)
    );
}

#[tokio::test]
async fn a_bfl_task_that_was_moderated_says_why() {
    let running = bfl::STAND_IN.start().await;
    running.shop(|shop| shop.states = vec![State::Running, State::Moderated]);
    let order = order(
        &bfl::STAND_IN,
        "image/bfl/flux-2-pro",
        json!({ "prompt": "a hare" }),
        NONE,
    );
    let fault = buy(&service(&bfl::STAND_IN, &running), &order)
        .await
        .expect_err("refused");
    assert_eq!(
        (fault.kind, fault.code.as_deref()),
        (FaultKind::Refused, Some("Content Moderated"))
    );
    assert_eq!(fault.categories, ["Violence"]);
}

#[tokio::test]
async fn google_pictures_are_asked_for_as_documented() {
    let inline = json!({ "inlineData": { "mimeType": "image/png", "data": picture() } });
    let threshold =
        |category: &str| json!({ "category": format!("HARM_CATEGORY_{category}"), "threshold": "BLOCK_ONLY_HIGH" });
    let full = json!({
        "contents": [{ "role": "user", "parts": [inline, inline, { "text": "swap them" }] }],
        "generationConfig": {
            "responseModalities": ["IMAGE"],
            "imageConfig": { "aspectRatio": "8:1", "imageSize": "4K" },
            "seed": 7,
            "thinkingConfig": { "thinkingLevel": "HIGH" }
        },
        "tools": [{ "googleSearch": {} }],
        "safetySettings": [threshold("HARASSMENT"), threshold("HATE_SPEECH"), threshold("SEXUALLY_EXPLICIT"), threshold("DANGEROUS_CONTENT")]
    });
    let full_call = json!({ "prompt": "swap them", "aspect_ratio": "8:1", "resolution": "4k", "seed": 7, "thinking": "high", "web_search": true, "safety_threshold": "BLOCK_ONLY_HIGH" });
    let plain = json!({
        "contents": [{ "role": "user", "parts": [{ "text": "a hare" }] }],
        "generationConfig": { "responseModalities": ["IMAGE"], "imageConfig": { "imageSize": "1K" } }
    });
    let imagen = json!({ "instances": [{ "prompt": "a hare" }], "parameters": { "sampleCount": 1, "aspectRatio": "16:9", "personGeneration": "dont_allow", "imageSize": "2K" } });
    let imagen_call =
        json!({ "prompt": "a hare", "aspect_ratio": "16:9", "person_generation": "dont_allow", "resolution": "2k" });
    sent(
        &google::STAND_IN,
        vec![
            (
                "image/google/nano-banana-2.1",
                full_call,
                &["images", "images"][..],
                full,
            ),
            (
                "image/google/nano-banana-pro",
                json!({ "prompt": "a hare" }),
                NONE,
                plain,
            ),
            ("image/google/imagen-4", imagen_call, NONE, imagen),
        ],
    )
    .await;
}

#[tokio::test]
async fn google_videos_are_asked_for_as_documented() {
    let image = json!({ "type": "image", "mime_type": "image/png", "data": picture() });
    let body = |input: Value, format: Value, task: &str| {
        json!({
            "model": "gemini-omni-1.2-flash",
            "input": input,
            "response_format": format,
            "background": true,
            "store": true,
            "generation_config": { "video_config": { "task": task } }
        })
    };
    let made =
        json!({ "type": "video", "delivery": "uri", "resolution": "720p", "aspect_ratio": "16:9", "duration": "8s" });
    let changed = json!({ "type": "video", "delivery": "uri", "resolution": "720p" });
    let says = |words: &str| json!({ "type": "text", "text": words });
    let framed = says("[# Sources <FIRST_FRAME>@Image1 <LAST_FRAME>@Image2] it opens");
    let referred = says("[# References <IMAGE_REF_0>@Image1 <IMAGE_REF_1>@Image2] it opens");
    let video = json!({ "type": "video", "mime_type": "video/mp4", "data": clip() });
    let mut again = body(json!([says("it opens")]), changed.clone(), "edit");
    again["previous_interaction_id"] = json!("v1_abc");
    let frame = json!({ "bytesBase64Encoded": picture(), "mimeType": "image/png" });
    let veo = json!({
        "instances": [{ "prompt": "it opens", "image": frame, "lastFrame": frame }],
        "parameters": { "sampleCount": 1, "aspectRatio": "9:16", "resolution": "1080p", "durationSeconds": 8, "personGeneration": "allow_adult", "negativePrompt": "rain" }
    });
    let call = json!({ "prompt": "it opens" });
    let omni = "video/google/gemini-omni-1.2-flash";
    sent(
        &google::STAND_IN,
        vec![
            (omni, call.clone(), NONE, body(json!([says("it opens")]), made.clone(), "text_to_video")),
            (omni, call.clone(), &["first_frame", "last_frame"], body(json!([image, image, framed]), made.clone(), "image_to_video")),
            (omni, call.clone(), &["images", "images"], body(json!([image, image, referred]), made, "reference_to_video")),
            (omni, call.clone(), &["video"], body(json!([video, says("it opens")]), changed, "edit")),
            (omni, json!({ "prompt": "it opens", "previous_interaction_id": "v1_abc" }), NONE, again),
            ("video/google/veo-3.1", json!({ "prompt": "it opens", "aspect_ratio": "9:16", "resolution": "1080p", "negative_prompt": "rain" }), &["first_frame", "last_frame"], veo),
        ],
    )
    .await;
}

#[tokio::test]
async fn google_costs_follow_the_tokens_of_the_answer() {
    let running = google::STAND_IN.start().await;
    let order = order(
        &google::STAND_IN,
        "image/google/nano-banana-2.1",
        json!({ "prompt": "a hare", "seed": 7 }),
        NONE,
    );
    let outcome = buy(&service(&google::STAND_IN, &running), &order)
        .await
        .expect("bought");
    // 20 tokens in at 1.50 a million, 110 of words at 7.50, 1,120 of the picture at 30; the draft is not handed on.
    assert_eq!(outcome.cost, Some(Credits::from_micro(3_445_500)));
    assert_eq!((outcome.outputs.len(), outcome.outputs[0].seed), (1, Some(7)));
    assert_eq!(outcome.request_id.as_deref(), Some("resp-0123456789"));
    assert_eq!(outcome.version.as_deref(), Some("gemini-nano-banana-2.1"));
    running.assert_sound();
}

#[tokio::test]
async fn refusals_of_google_come_with_a_good_status() {
    for (state, code, category) in [
        (State::Moderated, "PROHIBITED_CONTENT", "PROHIBITED_CONTENT"),
        (State::Failed, "IMAGE_SAFETY", "HARM_CATEGORY_DANGEROUS_CONTENT"),
    ] {
        let running = google::STAND_IN.start().await;
        running.shop(|shop| shop.states = vec![state]);
        let order = order(
            &google::STAND_IN,
            "image/google/nano-banana-pro",
            json!({ "prompt": "a hare" }),
            NONE,
        );
        let fault = buy(&service(&google::STAND_IN, &running), &order)
            .await
            .expect_err("refused");
        assert_eq!((fault.kind, fault.code.as_deref()), (FaultKind::Refused, Some(code)));
        assert!(
            fault.categories.iter().any(|known| known == category),
            "{:?}",
            fault.categories
        );
        assert_eq!(running.asked(Step::Submit), 1, "a refusal is not asked for again");
    }
}

#[tokio::test]
async fn a_google_video_is_fetched_with_the_key_and_a_running_one_is_cancelled() {
    let running = google::STAND_IN.start().await;
    let service = service(&google::STAND_IN, &running);
    let order = order(
        &google::STAND_IN,
        "video/google/gemini-omni-1.2-flash",
        json!({ "prompt": "a hare" }),
        NONE,
    );
    let outcome = buy(&service, &order).await.expect("bought");
    assert!(matches!(&outcome.outputs[0].source, Source::UrlWithKey(url) if url.ends_with(":download?alt=media")));
    assert_eq!(
        service
            .collect(&order.model, &outcome.outputs[0])
            .await
            .expect("fetched")
            .media_type,
        MediaType::Mp4
    );
    // A later change names the interaction.
    assert_eq!(outcome.request_id.as_deref(), Some("v1_1"));
    let Ok(Submitted::Waiting(task)) = service.submit(&order).await else {
        panic!("a task")
    };
    assert_eq!(service.cancel(&task).await.expect("asked"), Cancelled::Stopped);
    assert_eq!(running.shop(|shop| shop.cancelled.clone()), ["v1_2"]);
    running.assert_sound();
}

#[tokio::test]
async fn what_google_would_refuse_later_is_refused_before_it_costs() {
    let running = google::STAND_IN.start().await;
    let service = service(&google::STAND_IN, &running);
    let long = json!({ "prompt": "it opens", "duration_seconds": 12 });
    let short = json!({ "prompt": "it opens", "duration_seconds": 4, "resolution": "1080p" });
    for (id, call, media, field) in [
        (
            "video/google/gemini-omni-1.2-flash",
            long,
            &["first_frame", "last_frame"][..],
            "duration_seconds",
        ),
        (
            "video/google/gemini-omni-1.2-flash",
            json!({ "prompt": "it opens" }),
            &["last_frame"],
            "last_frame",
        ),
        ("video/google/veo-3.1", short, NONE, "duration_seconds"),
    ] {
        let fault = buy(&service, &order(&google::STAND_IN, id, call, media))
            .await
            .expect_err("refused");
        assert_eq!(
            (fault.kind, fault.field.as_deref(), fault.bought),
            (FaultKind::InvalidInput, Some(field), Bought::No)
        );
    }
    assert_eq!(running.asked(Step::Submit), 0);
}

#[test]
fn what_google_shut_down_names_what_lives() {
    let models = google::STAND_IN.provider.models();
    let (gone, living): (Vec<_>, Vec<_>) = models.iter().partition(|model| model.deprecation.is_some());
    let living: Vec<_> = living.iter().map(|model| model.vendor_model.as_str()).collect();
    assert_eq!(
        living,
        [
            "gemini-nano-banana-2.1",
            "gemini-3-pro-image",
            "gemini-3.1-flash-lite-image",
            "gemini-omni-1.2-flash",
            "gemini-omni-1.1-flash"
        ]
    );
    for model in gone {
        let replacement = model
            .deprecation
            .as_ref()
            .and_then(|deprecation| deprecation.replacement.clone())
            .expect("a replacement");
        let replacement = models.iter().find(|model| model.id == replacement).expect("a row");
        assert!(
            replacement.deprecation.is_none(),
            "{} is replaced by {}",
            model.id,
            replacement.id
        );
    }
}
