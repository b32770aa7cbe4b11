//! What only Stability AI, Recraft and Ideogram have: seeds and costs as answered, withheld pictures, balances.

use std::sync::Arc;
use std::time::Duration;

use aquatint_domain::{Credits, MediaType, SystemClock};
use aquatint_providers::layers::meter::Meter;
use aquatint_providers::order::Webhook;
use aquatint_providers::price::usd;
use aquatint_providers::schema::settled;
use aquatint_providers::webhook::Delivery;
use aquatint_providers::{
    Bought, Desk, DeskConfig, Fault, FaultKind, FetcherConfig, Key, Medium, Order, Outcome, Service, Submitted,
};
use aquatint_standins::{Running, StandIn, State, Step, files, vendors};
use serde_json::{Value, json};

fn service(stand: &StandIn, running: &Running) -> Service {
    let config = DeskConfig {
        base_url: Some(running.url()),
        may_be_private: true,
        patience: None,
    };
    let desk = Desk::open(
        stand.provider.facts(),
        Key::new(stand.key),
        &config,
        &FetcherConfig::default(),
        Arc::new(SystemClock),
    );
    Service::new(stand.provider, desk.expect("opens"), Arc::new(Meter::default()))
        .with(Default::default(), Duration::from_millis(4))
}

fn order(stand: &StandIn, id: &str, call: Value, files_of: &[&str], count: u32) -> Order {
    let models = stand.provider.models();
    let model = models
        .into_iter()
        .find(|model| model.id == id)
        .expect("a model of the vendor");
    let medium = |field: &&str| Medium {
        field: (*field).to_owned(),
        media_type: MediaType::Png,
        bytes: files::grey_png(),
        width: 8,
        height: 8,
        seconds: 0.0,
        url: None,
    };
    Order {
        inputs: settled(&model, call.as_object().expect("an object")),
        model: Arc::new(model),
        media: files_of.iter().map(medium).collect(),
        count,
        purchase: "pur_0123456789".into(),
        webhook: None,
    }
}

async fn buy(service: &Service, order: &Order) -> Result<Outcome, Fault> {
    match service.submit(order).await? {
        Submitted::Done(outcome) => Ok(outcome),
        Submitted::Waiting(task) => {
            service
                .wait(&task, order.count, Duration::from_secs(5), &mut |_, _| {})
                .await
        }
    }
}

#[tokio::test]
async fn stability_tells_its_seed_and_its_balance() {
    let stand = &vendors::stability::STAND_IN;
    let running = stand.start().await;
    let service = service(stand, &running);
    assert_eq!(
        service.check_key().await.expect("good").balance.as_deref(),
        Some("41.50 credits")
    );
    let order = order(
        stand,
        "image/stability/stable-image-core",
        json!({ "prompt": "a lighthouse" }),
        &[],
        1,
    );
    let outcome = buy(&service, &order).await.expect("bought");
    assert_eq!((outcome.outputs[0].seed, outcome.cost), (Some(343_940_597), None));
    running.assert_sound();
    // Six and a half credits of a cent each.
    let models = stand.provider.models();
    let large = models
        .iter()
        .find(|model| model.id == "image/stability/sd3.5-large")
        .expect("a row");
    assert_eq!(large.price.price(1, 1024, 1024, 0.0), Credits::from_micro(6_500_000));
}

#[tokio::test]
async fn a_blurred_picture_of_stability_is_a_refusal() {
    let stand = &vendors::stability::STAND_IN;
    let running = stand.start().await;
    running.shop(|shop| shop.states = vec![State::Running, State::Moderated]);
    let order = order(
        stand,
        "image/stability/upscale-creative",
        json!({ "prompt": "an old street" }),
        &["images"],
        1,
    );
    let fault = buy(&service(stand, &running), &order).await.expect_err("refused");
    assert_eq!(
        (fault.kind, fault.code.as_deref(), fault.bought),
        (FaultKind::Refused, Some("CONTENT_FILTERED"), Bought::Unknown)
    );
    running.assert_sound();
}

#[tokio::test]
async fn recraft_tells_what_it_took() {
    let stand = &vendors::recraft::STAND_IN;
    let running = stand.start().await;
    let service = service(stand, &running);
    let key = service.check_key().await.expect("good");
    assert_eq!(
        (key.account.as_deref(), key.balance.as_deref()),
        (Some("ada@studio.example"), Some("1250 API units"))
    );
    let order = order(
        stand,
        "image/recraft/recraft-v4.1-pro",
        json!({ "prompt": "a poster", "width": 2048, "height": 2048 }),
        &[],
        3,
    );
    let outcome = buy(&service, &order).await.expect("bought");
    assert_eq!((outcome.outputs.len(), outcome.cost), (3, Some(usd(0.63))));
    assert_eq!(outcome.request_id.as_deref(), Some("req-0123456789"));
    assert_eq!(order.model.price.price(3, 2048, 2048, 0.0), usd(0.63));
    running.assert_sound();
}

#[tokio::test]
async fn ideogram_tells_seed_prompt_and_cost() {
    let stand = &vendors::ideogram::STAND_IN;
    let running = stand.start().await;
    let order = order(
        stand,
        "image/ideogram/ideogram-4",
        json!({ "prompt": "a menu" }),
        &[],
        2,
    );
    let outcome = buy(&service(stand, &running), &order).await.expect("bought");
    assert_eq!(outcome.cost, Some(usd(0.12)));
    assert_eq!(
        (outcome.outputs[0].seed, outcome.outputs[0].revised_prompt.as_deref()),
        (Some(12_345), Some("a poster, rewritten"))
    );
    running.assert_sound();
}

#[tokio::test]
async fn what_ideogram_withholds_is_refused_and_billed() {
    let stand = &vendors::ideogram::STAND_IN;
    let running = stand.start().await;
    running.shop(|shop| shop.states = vec![State::Moderated]);
    let order = order(
        stand,
        "image/ideogram/ideogram-4.5",
        json!({ "prompt": "a poster" }),
        &[],
        1,
    );
    let fault = buy(&service(stand, &running), &order).await.expect_err("refused");
    assert_eq!((fault.kind, fault.bought), (FaultKind::Refused, Bought::Yes));
}

/// A delivery about a generation, signed with the secret of RFC 8032's first test vector at this second.
fn delivery(body: &'static [u8], signed_at: i64, now: i64) -> Delivery {
    const SECRET: [u8; 32] = [
        0x9d, 0x61, 0xb1, 0x9d, 0xef, 0xfd, 0x5a, 0x60, 0xba, 0x84, 0x4a, 0xf4, 0x92, 0xec, 0x2c, 0xc4, 0x44, 0x49,
        0xc5, 0x69, 0x7b, 0x32, 0x69, 0x19, 0x70, 0x3b, 0xac, 0x03, 0x1c, 0xae, 0x7f, 0x60,
    ];
    let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let hash = hex(ring::digest::digest(&ring::digest::SHA256, body).as_ref());
    let pair = ring::signature::Ed25519KeyPair::from_seed_unchecked(&SECRET).expect("a seed");
    let signature = pair.sign(format!("gen-1\nuser-1\n{signed_at}\n{hash}").as_bytes());
    let mut headers = http::HeaderMap::new();
    for (name, value) in [
        ("x-ideogram-webhook-generation-id", "gen-1".to_owned()),
        ("x-ideogram-webhook-user-id", "user-1".to_owned()),
        ("x-ideogram-webhook-timestamp", signed_at.to_string()),
        ("x-ideogram-webhook-key-id", "hook-1".to_owned()),
        ("x-ideogram-webhook-signature", hex(signature.as_ref())),
    ] {
        headers.insert(name, value.parse().expect("a header"));
    }
    let received_at = aquatint_domain::Timestamp::from_second(now).expect("a time");
    Delivery {
        headers,
        body: bytes::Bytes::from_static(body),
        received_at,
        secret: String::new(),
    }
}

#[tokio::test]
async fn a_delivery_of_ideogram_is_believed_by_its_signature_alone() {
    let stand = &vendors::ideogram::STAND_IN;
    let running = stand.start().await;
    let service = service(stand, &running);
    let now = 1_795_000_000;
    let notice = service.webhook(&delivery(b"{}", now, now)).await.expect("signed");
    assert_eq!((notice.task.as_str(), notice.progress.is_none()), ("gen-1", true));
    running.assert_sound();
    let changed = Delivery {
        body: bytes::Bytes::from_static(b"{ }"),
        ..delivery(b"{}", now, now)
    };
    let mut renamed = delivery(b"{}", now, now);
    renamed
        .headers
        .insert("x-ideogram-webhook-generation-id", "gen-2".parse().expect("a header"));
    let mut unknown = delivery(b"{}", now, now);
    unknown
        .headers
        .insert("x-ideogram-webhook-key-id", "hook-9".parse().expect("a header"));
    for false_one in [changed, renamed, unknown, delivery(b"{}", now - 3_600, now)] {
        let fault = service.webhook(&false_one).await.expect_err("not theirs");
        assert_eq!(fault.kind, FaultKind::Forbidden, "{fault}");
    }
}

#[tokio::test]
async fn an_address_goes_only_where_ideogram_takes_one() {
    let stand = &vendors::ideogram::STAND_IN;
    for (id, call, files_of) in [
        ("image/ideogram/ideogram-4", json!({ "prompt": "a menu" }), &[][..]),
        ("image/ideogram/ideogram-remove-background", json!({}), &["images"][..]),
        (
            "image/ideogram/ideogram-3-replace-background",
            json!({ "prompt": "a beach" }),
            &["images"][..],
        ),
    ] {
        let running = stand.start().await;
        let mut order = order(stand, id, call, files_of, 1);
        order.webhook = Some(Webhook {
            url: "https://studio.aquatint.dev/webhooks/ideogram/1".into(),
            secret: "secret".into(),
        });
        buy(&service(stand, &running), &order).await.expect("bought");
        running.assert_sound();
    }
}

#[tokio::test]
async fn what_cannot_go_together_is_never_sent() {
    let stand = &vendors::ideogram::STAND_IN;
    let running = stand.start().await;
    let call = json!({ "prompt": "a teapot", "style_preset": "aura" });
    let order = order(stand, "image/ideogram/ideogram-3", call, &["style_reference_images"], 1);
    let fault = buy(&service(stand, &running), &order).await.expect_err("refused");
    assert_eq!(
        (fault.kind, fault.field.as_deref()),
        (FaultKind::InvalidInput, Some("style_preset"))
    );
    assert_eq!(running.asked(Step::Submit), 0);
}

#[test]
fn prices_follow_the_inputs() {
    let stand = &vendors::ideogram::STAND_IN;
    let price = |id: &str, inputs: Value| {
        let models = stand.provider.models();
        let model = models.iter().find(|model| model.id == id).expect("a row");
        let inputs = settled(model, inputs.as_object().expect("an object"));
        model.price.price_of(&aquatint_domain::model::Sale {
            outputs: 2,
            width: 1024,
            height: 1024,
            seconds: 0.0,
            media: 1,
            inputs: &inputs,
        })
    };
    assert_eq!(
        price(
            "image/ideogram/ideogram-4.5-edit",
            json!({ "prompt": "a", "quality": "very_low" })
        ),
        usd(0.016)
    );
    assert_eq!(
        price("image/ideogram/ideogram-4.5-edit", json!({ "prompt": "a" })),
        usd(0.12)
    );
    assert_eq!(
        price(
            "image/ideogram/ideogram-3-character",
            json!({ "prompt": "a", "quality": "turbo" })
        ),
        usd(0.2)
    );
    assert_eq!(
        price(
            "image/ideogram/ideogram-3-transparent",
            json!({ "prompt": "a", "upscale_factor": "x2", "quality": "quality" })
        ),
        usd(0.44)
    );
}
