//! Nodes that act on the world, and the pipelines that come with the program, through the front door.

use std::net::Ipv4Addr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use aquatint_domain::{Clock, SystemClock};
use aquatint_providers::webhook::{Delivery, verify_standard};
use aquatint_standins::{Step, vendors::google, vendors::openai};
use axum::http::{HeaderMap, StatusCode};
use bytes::Bytes;
use image::{DynamicImage, GenericImageView, ImageFormat, Rgb, RgbImage};
use parking_lot::Mutex;
use serde_json::{Value, json};

use crate::pictures::{data_uri, encode, product};
use crate::process::{Process, run};

async fn create(studio: &Process, name: &str, graph: Value) -> String {
    let made = studio
        .call("pipelines", json!({ "action": "create", "name": name, "graph": graph }))
        .await;
    made["pipeline_id"].as_str().expect("an id").to_owned()
}

async fn bring(studio: &Process, picture: &[u8]) -> Value {
    let asset = studio
        .call("upload", json!({ "action": "url", "url": data_uri(picture) }))
        .await;
    asset["asset_id"].clone()
}

async fn start(studio: &Process, pipeline: &str, inputs: Value) -> Value {
    let started = studio
        .call(
            "pipelines",
            json!({ "action": "run", "pipeline_id": pipeline, "inputs": inputs }),
        )
        .await;
    started["run_id"].clone()
}

async fn ended(studio: &Process, run: &Value) -> Value {
    for _ in 0..8 {
        let run = studio
            .call("pipelines", json!({ "action": "get_run", "run_id": run, "sync": true }))
            .await;
        if !["queued", "running"].contains(&run["status"].as_str().unwrap_or_default()) {
            return run;
        }
    }
    panic!("the run {run} does not end");
}

async fn done(studio: &Process, pipeline: &str, inputs: Value) -> Value {
    let run = start(studio, pipeline, inputs).await;
    let run = ended(studio, &run).await;
    assert_eq!(run["status"], "succeeded", "{run}");
    run
}

fn medium<'a>(run: &'a Value, asset: &Value) -> &'a Value {
    let media = run["media"].as_array().expect("media");
    media
        .iter()
        .find(|medium| medium["asset_id"] == *asset)
        .unwrap_or_else(|| panic!("{asset} is not among {media:?}"))
}

/// The picture that came out under a name.
async fn picture(studio: &Process, run: &Value, output: &Value) -> DynamicImage {
    medium(run, &output["asset_id"]);
    let call = json!({ "action": "convert", "images": output["asset_id"], "output_format": "png", "sync": true });
    let made = studio.call("edit_image", call).await;
    let bytes = studio.bytes(&made["outputs"][0]["url"]).await;
    image::load_from_memory(&bytes).expect("a picture")
}

fn is_near(pixel: image::Rgba<u8>, color: [u8; 3], most: u8) -> bool {
    pixel.0.iter().zip(color).all(|(a, b)| a.abs_diff(b) <= most)
}

/// A product photograph as the built-in engines see it: a bottle with a label on a grey ground.
fn bottle() -> Vec<u8> {
    product(480, 640)
}

#[tokio::test(flavor = "multi_thread")]
async fn every_template_gives_what_it_promises_with_built_in_engines() {
    let folder = tempfile::tempdir().expect("a folder");
    let studio = Process::start(folder.path());
    let (status, told) = studio.rest("GET", "/pipelines/templates", None).await;
    assert_eq!(status, 200, "{told}");
    let slugs: Vec<&str> = told["templates"]
        .as_array()
        .expect("templates")
        .iter()
        .map(|template| template["slug"].as_str().expect("a slug"))
        .collect();
    assert_eq!(
        slugs,
        [
            "hero-banner",
            "marketplace-white",
            "social-set",
            "colour-variants",
            "before-after",
            "product-video"
        ]
    );
    let wrong = studio
        .refused("pipelines", json!({ "action": "create", "template": "herobanner" }))
        .await;
    assert!(wrong["hint"].to_string().contains("hero-banner"), "{wrong}");
    let photo = bring(&studio, &bottle()).await;
    let other = bring(&studio, &product(300, 500)).await;
    let from_template = async |slug: &str| {
        let made = studio
            .call("pipelines", json!({ "action": "create", "template": slug }))
            .await;
        assert!(made["price_credits"].as_f64() > Some(0.0), "{made}");
        made["pipeline_id"].as_str().expect("an id").to_owned()
    };

    // Hero banner: the words on the left, the product on the right, on the colours that were asked for.
    let id = from_template("hero-banner").await;
    let run_done = done(
        &studio,
        &id,
        json!({ "product": photo, "headline": "A very long headline that has to shrink until it fits beside the product", "backdrop": "#e0e8f0" }),
    )
    .await;
    let banner = picture(&studio, &run_done, &run_done["outputs"]["banner"]).await;
    assert_eq!(banner.dimensions(), (1920, 800));
    assert!(
        is_near(banner.get_pixel(4, 4), [0xe0, 0xe8, 0xf0], 4),
        "{:?}",
        banner.get_pixel(4, 4)
    );
    let count = |from: u32, to: u32, is: &dyn Fn(image::Rgba<u8>) -> bool| {
        banner
            .pixels()
            .filter(|(x, _, pixel)| (from..to).contains(x) && is(*pixel))
            .count()
    };
    let is_red = |pixel: image::Rgba<u8>| pixel.0[0] > 110 && pixel.0[1] < 70;
    let is_dark = |pixel: image::Rgba<u8>| pixel.0.iter().take(3).all(|channel| *channel < 60);
    assert!(count(1000, 1920, &is_red) > 20_000, "the product is on the right");
    assert_eq!(count(0, 960, &is_red), 0, "and nowhere else");
    assert!(count(100, 960, &is_dark) > 3_000, "the words are on the left");
    assert_eq!(count(0, 100, &is_dark), 0, "within their margin");

    // Marketplace: a white square, the product large in its middle.
    let id = from_template("marketplace-white").await;
    let run_done = done(&studio, &id, json!({ "product": photo })).await;
    let main = picture(&studio, &run_done, &run_done["outputs"]["main"]).await;
    assert_eq!(main.dimensions(), (2000, 2000));
    for (x, y) in [(0, 0), (1999, 0), (0, 1999), (1999, 1999), (1000, 60)] {
        assert!(
            is_near(main.get_pixel(x, y), [255; 3], 1),
            "{x} {y}: {:?}",
            main.get_pixel(x, y)
        );
    }
    let rows: Vec<u32> = main
        .pixels()
        .filter(|(_, _, pixel)| is_red(*pixel))
        .map(|(_, y, _)| y)
        .collect();
    let tall = rows.iter().max().expect("a product") - rows.iter().min().expect("a product");
    assert!((1600..1800).contains(&tall), "it fills {tall} of 2000 px");

    // Social set: five shapes, the product in each.
    let id = from_template("social-set").await;
    let run_done = done(&studio, &id, json!({ "photo": photo })).await;
    for (name, size) in [
        ("square", (1080, 1080)),
        ("portrait", (1080, 1350)),
        ("story", (1080, 1920)),
        ("landscape", (1920, 1080)),
        ("pin", (1000, 1500)),
    ] {
        let made = picture(&studio, &run_done, &run_done["outputs"][name]).await;
        assert_eq!(made.dimensions(), size, "{name}");
        let red = made.pixels().filter(|(_, _, pixel)| is_red(*pixel)).count();
        assert!(red > 20_000, "{name}: {red}");
    }

    // Colour variants: six, of six different colours, each on the ground.
    let id = from_template("colour-variants").await;
    let run_done = done(&studio, &id, json!({ "product": photo })).await;
    let variants = run_done["outputs"]["variants"].as_array().expect("a list").clone();
    assert_eq!(variants.len(), 6, "{run_done}");
    let mut colors: Vec<[u8; 4]> = Vec::new();
    for variant in &variants {
        let made = picture(&studio, &run_done, variant).await;
        assert_eq!(made.dimensions(), (1200, 1200));
        assert!(is_near(made.get_pixel(3, 3), [0xf7, 0xf7, 0xf5], 4));
        let own = made.get_pixel(600, 700).0;
        assert!(
            colors.iter().all(|other| own
                .iter()
                .zip(other)
                .map(|(a, b)| u32::from(a.abs_diff(*b)))
                .sum::<u32>()
                > 40),
            "{own:?} among {colors:?}"
        );
        colors.push(own);
    }
    assert!(is_red(image::Rgba(colors[0])), "the first is as it was: {colors:?}");

    // Before and after: two halves, labels in their corners.
    let id = from_template("before-after").await;
    let run_done = done(
        &studio,
        &id,
        json!({ "before": photo, "after": other, "after_label": "Later" }),
    )
    .await;
    let made = picture(&studio, &run_done, &run_done["outputs"]["comparison"]).await;
    assert_eq!(made.dimensions(), (2000, 1125));
    assert!(
        is_near(made.get_pixel(1000, 500), [255; 3], 6),
        "a white line between them"
    );
    let is_plate = |x: u32, y: u32| is_dark(made.get_pixel(x, y));
    assert!(is_plate(60, 1050) && is_plate(1940, 1050), "labels in both corners");

    // Product video: six seconds of 16:9, and its still.
    let id = from_template("product-video").await;
    let run_done = done(&studio, &id, json!({ "product": photo })).await;
    let film = medium(&run_done, &run_done["outputs"]["video"]["asset_id"]).clone();
    assert_eq!(
        (&film["content_type"], &film["width"], &film["height"]),
        (&json!("video/mp4"), &json!(960), &json!(540)),
        "{film}"
    );
    let asset = studio
        .call("assets", json!({ "action": "get", "asset_id": film["asset_id"] }))
        .await;
    let seconds = asset["duration_seconds"].as_f64().expect("a duration");
    assert!((seconds - 6.0).abs() < 0.2, "{seconds} s");
    let still = picture(&studio, &run_done, &run_done["outputs"]["poster"]).await;
    assert_eq!(still.dimensions(), (1600, 900));
    drop(studio);
    run(folder.path(), &["ledger", "check"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_watermark_lies_in_a_corner_or_all_over() {
    let folder = tempfile::tempdir().expect("a folder");
    let studio = Process::start(folder.path());
    let graph = json!({
        "nodes": [
            { "id": "photo", "type": "input.image" },
            { "id": "logo", "type": "input.image" },
            { "id": "corner", "type": "image.watermark", "settings": { "width": 100, "opacity": 1, "margin": 20 } },
            { "id": "all_over", "type": "image.watermark", "settings": { "text": "PROOF", "tile": true, "size": 40, "color": "#000000" } },
        ],
        "edges": [
            { "from": "photo", "to": "corner.image" }, { "from": "logo", "to": "corner.mark" }, { "from": "photo", "to": "all_over.image" },
        ],
    });
    let id = create(&studio, "Marks", graph).await;
    let plain = |color: [u8; 3], w, h| {
        encode(
            &DynamicImage::ImageRgb8(RgbImage::from_pixel(w, h, Rgb(color))),
            ImageFormat::Png,
        )
    };
    let photo = bring(&studio, &plain([240, 240, 240], 900, 600)).await;
    let logo = bring(&studio, &plain([10, 120, 30], 50, 20)).await;
    let run_done = done(&studio, &id, json!({ "photo": photo, "logo": logo })).await;
    let corner = picture(&studio, &run_done, &run_done["outputs"]["corner"]).await;
    assert!(is_near(corner.get_pixel(830, 560), [10, 120, 30], 4));
    assert!(is_near(corner.get_pixel(770, 560), [240; 3], 2) && is_near(corner.get_pixel(890, 560), [240; 3], 2));
    let tiled = picture(&studio, &run_done, &run_done["outputs"]["all_over"]).await;
    // In each of twelve parts of the picture something of the mark is seen, and nothing covers.
    for part in 0..12u32 {
        let (left, top) = (part % 4 * 225, part / 4 * 200);
        let marked = (0..225 * 200)
            .filter(|at| !is_near(tiled.get_pixel(left + at % 225, top + at / 225), [240; 3], 10))
            .count();
        assert!(marked > 50, "part {part}: {marked}");
    }
    assert!(tiled.pixels().all(|(_, _, pixel)| pixel.0[0] > 150));
}

/// A graph that shares what comes.
fn sharing() -> Value {
    json!({
        "nodes": [
            { "id": "photo", "type": "input.image" },
            { "id": "small", "type": "edit.resize", "settings": { "width": 16 } },
            { "id": "link", "type": "share.link", "settings": { "title": "For you", "expires_in_days": 7 } },
            { "id": "url", "type": "output" },
        ],
        "edges": [
            { "from": "photo", "to": "small" }, { "from": "small", "to": "link.media" }, { "from": "photo", "to": "link.media" },
            { "from": "link", "to": "url" },
        ],
    })
}

async fn links(studio: &Process) -> Vec<Value> {
    let listed = studio.call("share_links", json!({ "action": "list" })).await;
    listed["share_links"].as_array().expect("links").clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_makes_one_share_link_whatever_happens() {
    let folder = tempfile::tempdir().expect("a folder");
    let studio = Process::start(folder.path());
    let id = create(&studio, "Share", sharing()).await;
    let photo = bring(&studio, &product(40, 40)).await;
    let run_done = done(&studio, &id, json!({ "photo": photo })).await;
    let url = run_done["outputs"]["url"].as_str().expect("a URL").to_owned();
    let page = studio.client.get(&url).send().await.expect("an answer");
    assert_eq!(page.status(), 200);
    assert!(page.text().await.expect("a page").contains("For you"));
    assert_eq!(links(&studio).await.len(), 1);
    assert_eq!(links(&studio).await[0]["asset_count"], 2);
    // Another run is another link.
    done(&studio, &id, json!({ "photo": photo })).await;
    assert_eq!(links(&studio).await.len(), 2);
    // The same call again finds the same link; the key is not for another one.
    let call = json!({ "action": "create", "asset_ids": [photo], "title": "Once", "idempotency_key": "a-key" });
    let first = studio.call("share_links", call.clone()).await;
    let again = studio.call("share_links", call.clone()).await;
    assert_eq!((&first["share_id"], &first["url"]), (&again["share_id"], &again["url"]));
    let mut other = call;
    other["title"] = json!("Another");
    let refused = studio.refused("share_links", other).await;
    assert_eq!(refused["code"], "idempotency_mismatch", "{refused}");
    drop(studio);

    // Killed between the link and the note that it is made.
    let mut armed = Process::start_with(folder.path(), &[("AQUATINT_FAILPOINT", "node-acted")]);
    let call = json!({ "action": "run", "pipeline_id": id, "inputs": { "photo": photo }, "idempotency_key": "killed" });
    let _ = armed.tool_or_broken("pipelines", call.clone()).await;
    assert!(armed.wait_for_end(Duration::from_secs(30)), "passed alive");
    drop(armed);
    let studio = Process::start(folder.path());
    let started = studio.call("pipelines", call).await;
    let run_done = ended(&studio, &started["run_id"]).await;
    assert_eq!(run_done["status"], "succeeded", "{run_done}");
    assert!(run_done["outputs"]["url"].is_string(), "{run_done}");
    assert_eq!(links(&studio).await.len(), 4, "three by runs, one by hand");
}

/// What a receiver of webhooks heard, and how it answers.
#[derive(Clone, Default)]
struct Heard {
    deliveries: Arc<Mutex<Vec<Delivery>>>,
    /// Statuses of the next answers; 200 when there are none.
    answers: Arc<Mutex<Vec<u16>>>,
}

impl Heard {
    async fn start() -> (Self, u16) {
        let heard = Self::default();
        let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
            .await
            .expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let own = heard.clone();
        let hook = axum::routing::post(async move |headers: HeaderMap, body: Bytes| {
            own.deliveries.lock().push(Delivery {
                headers,
                body,
                secret: String::new(),
                received_at: SystemClock.now(),
            });
            let mut answers = own.answers.lock();
            let status = if answers.is_empty() { 200 } else { answers.remove(0) };
            StatusCode::from_u16(status).expect("a status")
        });
        let router = axum::Router::new().route("/hook", hook);
        tokio::spawn(async move { axum::serve(listener, router).await });
        (heard, port)
    }

    fn ids(&self) -> Vec<String> {
        let deliveries = self.deliveries.lock();
        deliveries
            .iter()
            .map(|delivery| delivery.header("webhook-id").expect("an id").to_owned())
            .collect()
    }

    fn bodies(&self) -> Vec<Value> {
        let deliveries = self.deliveries.lock();
        deliveries
            .iter()
            .map(|delivery| serde_json::from_slice(&delivery.body).expect("JSON"))
            .collect()
    }
}

fn telling(url: &str) -> Value {
    json!({
        "nodes": [
            { "id": "photo", "type": "input.image" },
            { "id": "words", "type": "input.text", "settings": { "default": "Done" } },
            { "id": "tell", "type": "webhook", "settings": { "url": url, "event": "banner.ready", "fields": ["caption"] } },
        ],
        "edges": [{ "from": "photo", "to": "tell.media" }, { "from": "words", "to": "tell.caption" }],
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_is_signed_told_in_every_run_and_tried_again() {
    let folder = tempfile::tempdir().expect("a folder");
    let (heard, port) = Heard::start().await;
    std::fs::write(
        folder.path().join("aquatint.toml"),
        format!("[fetch]\nallow_private = [\"127.0.0.1:{port}\"]\n"),
    )
    .expect("written");
    let studio = Process::start(folder.path());
    let id = create(&studio, "Tell", telling(&format!("http://127.0.0.1:{port}/hook"))).await;
    let photo = bring(&studio, &product(40, 40)).await;
    let first = done(&studio, &id, json!({ "photo": photo })).await;
    assert_eq!(first["charged_credits"], 0.0, "{first}");
    assert_eq!(first["outputs"]["tell"], 200, "{first}");
    let body = heard.bodies()[0].clone();
    assert_eq!(
        (&body["type"], &body["node"], &body["run_id"], &body["data"]["caption"]),
        (&json!("banner.ready"), &json!("tell"), &first["run_id"], &json!("Done")),
        "{body}"
    );
    assert_eq!(body["data"]["media"][0]["asset_id"], photo);
    studio.bytes(&body["data"]["media"][0]["url"]).await;
    // The secret of the workspace, by the operator's own command line.
    let told = run(folder.path(), &["webhooks", "secret"]);
    let told: Value = serde_json::from_str(&told).expect("JSON");
    let secret = told["secret"].as_str().expect("a secret").to_owned();
    for delivery in heard.deliveries.lock().iter() {
        verify_standard(delivery, &secret).expect("signed");
        let mut forged = delivery.clone();
        forged.body = Bytes::from_static(b"{}");
        assert!(verify_standard(&forged, &secret).is_err());
    }

    // Another run with the same inputs tells again, under another id; one whose receiver is away, again under its own.
    let second = done(&studio, &id, json!({ "photo": photo })).await;
    *heard.answers.lock() = vec![503, 500];
    let third = done(&studio, &id, json!({ "photo": photo })).await;
    let delivery = |run: &Value| format!("{}/tell/0", run["run_id"].as_str().expect("an id"));
    assert_eq!(
        heard.ids(),
        [
            delivery(&first),
            delivery(&second),
            delivery(&third),
            delivery(&third),
            delivery(&third)
        ]
    );
    // A receiver that says no is not asked again.
    *heard.answers.lock() = vec![403];
    let run_id = start(&studio, &id, json!({ "photo": photo })).await;
    let refused = ended(&studio, &run_id).await;
    assert_eq!(refused["status"], "failed");
    assert!(refused["error"]["message"].to_string().contains("403"), "{refused}");
    assert_eq!(heard.ids().len(), 6);
    // A new secret signs what comes after.
    run(folder.path(), &["webhooks", "rotate-secret"]);
    done(&studio, &id, json!({ "photo": photo })).await;
    let last = heard.deliveries.lock().last().expect("one").clone();
    assert!(verify_standard(&last, &secret).is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_never_reaches_a_private_network() {
    let folder = tempfile::tempdir().expect("a folder");
    let (heard, port) = Heard::start().await;
    let studio = Process::start(folder.path());
    let photo = bring(&studio, &product(40, 40)).await;
    for (url, words) in [
        (format!("http://127.0.0.1:{port}/hook"), ""),
        (format!("https://127.0.0.1:{port}/hook"), ""),
        ("https://169.254.169.254/latest".to_owned(), ""),
        ("https://[::1]/hook".to_owned(), ""),
        ("http://example.com/hook".to_owned(), "https"),
        ("ftp://example.com/hook".to_owned(), ""),
        ("https://ada:secret@example.com/hook".to_owned(), ""),
    ] {
        let id = create(&studio, "Tell", telling(&url)).await;
        let run_id = start(&studio, &id, json!({ "photo": photo })).await;
        let refused = ended(&studio, &run_id).await;
        assert_eq!(refused["status"], "failed", "{url}: {refused}");
        let message = refused["error"]["message"].as_str().expect("words");
        assert!(
            message.starts_with("tell: ") && message.contains(words),
            "{url}: {message}"
        );
    }
    assert!(heard.ids().is_empty());
}

/// A description of a picture, written by a model, that becomes part of a prompt.
fn writing(model: Option<&str>) -> Value {
    let mut settings = json!({ "instructions": "One sentence.", "max_tokens": 200 });
    if let Some(model) = model {
        settings["model"] = json!(model);
    }
    json!({
        "nodes": [
            { "id": "photo", "type": "input.image" },
            { "id": "ask", "type": "input.text", "settings": { "default": "What is it?" } },
            { "id": "written", "type": "text.generate", "settings": settings },
            { "id": "caption", "type": "text.template", "settings": { "template": "Seen: {text}" } },
            { "id": "result", "type": "output" },
        ],
        "edges": [
            { "from": "photo", "to": "written.images" }, { "from": "ask", "to": "written.prompt" },
            { "from": "written", "to": "caption.text" }, { "from": "caption", "to": "result" },
        ],
    })
}

fn configure(folder: &Path, vendor: &str, url: &str, key: &str) {
    let text = format!("[providers.{vendor}]\nkey = \"{key}\"\nbase_url = \"{url}\"\nallow_private = true\n");
    std::fs::write(folder.join("aquatint.toml"), text).expect("written");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_language_model_writes_and_is_paid_by_its_tokens() {
    // Dollars for a million tokens, and tokens that the stand-ins count for words, a picture, and what comes out.
    for (vendor, model, rates, (words, per_picture, out)) in [
        ("openai", "text/openai/gpt-5.6-luna", (0.2, 1.2), (10.0, 500.0, 20.0)),
        (
            "google",
            "text/google/gemini-3.5-flash-lite",
            (0.3, 2.5),
            (10.0, 1120.0, 25.0),
        ),
    ] {
        let folder = tempfile::tempdir().expect("a folder");
        let stand = if vendor == "openai" {
            openai::STAND_IN.start().await
        } else {
            google::STAND_IN.start().await
        };
        let key = if vendor == "openai" {
            openai::STAND_IN.key
        } else {
            google::STAND_IN.key
        };
        configure(folder.path(), vendor, &stand.url(), key);
        let studio = Process::start(folder.path());
        let id = create(&studio, "Caption", writing(None)).await;
        let photo = bring(&studio, &product(64, 64)).await;
        let run_done = done(&studio, &id, json!({ "photo": photo })).await;
        assert_eq!(
            run_done["outputs"]["result"], "Seen: In answer to \"What is it?\", having seen 1.",
            "{run_done}"
        );
        let cost = ((words + per_picture) * rates.0 + out * rates.1) / 1e6 * 100.0;
        let charged = run_done["charged_credits"].as_f64().expect("a charge");
        assert!((charged - cost).abs() < 2e-6, "{vendor}: {charged} for {cost}");
        assert!(run_done["price_credits"].as_f64() >= Some(charged), "{run_done}");
        // The same again is known; by itself it can be asked too.
        let again = done(&studio, &id, json!({ "photo": photo })).await;
        assert_eq!(again["charged_credits"], 0.0);
        assert_eq!(stand.asked(Step::Submit), 1);
        let (status, job) = studio
            .rest(
                "POST",
                "/text",
                Some(json!({ "prompt": "Hello", "model": model, "sync": true })),
            )
            .await;
        assert_eq!(status, 200, "{job}");
        assert!(job["result"]["text"].to_string().contains("Hello"), "{job}");
        assert!(job["price_credits"].as_f64() > job["charged_credits"].as_f64(), "{job}");
        let (_, wrong) = studio
            .rest(
                "POST",
                "/text",
                Some(json!({ "prompt": "Hello", "model": "text/acme/x" })),
            )
            .await;
        assert!(wrong["hint"].to_string().contains(model), "{wrong}");
        stand.assert_sound();
        drop(studio);
        run(folder.path(), &["ledger", "check"]);
    }
    // Without a key it says what it needs.
    let folder = tempfile::tempdir().expect("a folder");
    let studio = Process::start(folder.path());
    let (_, refused) = studio.rest("POST", "/text", Some(json!({ "prompt": "Hello" }))).await;
    assert_eq!(refused["code"], "provider_key_refused", "{refused}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kill_around_a_text_buys_nothing_twice() {
    for (point, status) in [("purchase-made", "succeeded"), ("purchase-begun", "failed")] {
        let folder = tempfile::tempdir().expect("a folder");
        let stand = openai::STAND_IN.start().await;
        configure(folder.path(), "openai", &stand.url(), openai::STAND_IN.key);
        let mut armed = Process::start_with(folder.path(), &[("AQUATINT_FAILPOINT", point)]);
        let call = json!({ "prompt": "Hello", "idempotency_key": "once", "sync": true });
        let _ = armed
            .client
            .post(format!("{}/api/v1/text", armed.url))
            .bearer_auth(&armed.key)
            .json(&call)
            .send()
            .await;
        assert!(armed.wait_for_end(Duration::from_secs(20)), "{point}: passed alive");
        drop(armed);
        let studio = Process::start(folder.path());
        let (_, job) = studio
            .rest(
                "POST",
                "/text",
                Some(json!({ "prompt": "Hello", "idempotency_key": "once" })),
            )
            .await;
        let job = studio.finished(&job["job_id"]).await;
        assert_eq!(job["status"], status, "{point}: {job}");
        assert!(stand.shop(|shop| shop.sold) <= 1, "{point}: bought twice");
        drop(studio);
        run(folder.path(), &["ledger", "check"]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_ends_when_the_key_that_started_it_is_revoked() {
    let folder = tempfile::tempdir().expect("a folder");
    let studio = Process::start(folder.path());
    // Work for many seconds, in a row of nodes.
    let mut nodes = vec![json!({ "id": "photo", "type": "input.image" })];
    let mut edges = Vec::new();
    for number in 0..120 {
        let before = if number == 0 {
            "photo".to_owned()
        } else {
            format!("changed{}", number - 1)
        };
        nodes.push(json!({ "id": format!("changed{number}"), "type": "edit.adjust", "settings": { "brightness": number % 40 - 20, "hue": 1 } }));
        edges.push(json!({ "from": before, "to": format!("changed{number}") }));
    }
    let id = create(&studio, "Round and round", json!({ "nodes": nodes, "edges": edges })).await;
    let photo = bring(&studio, &product(200, 200)).await;
    let key = run(folder.path(), &["key", "create", "passing"]);
    let answer = studio
        .client
        .post(format!("{}/api/v1/pipelines/{id}/runs", studio.url))
        .bearer_auth(&key)
        .json(&json!({ "inputs": { "photo": photo } }))
        .send()
        .await
        .expect("an answer");
    assert!(answer.status().is_success(), "{answer:?}");
    let started: Value = answer.json().await.expect("JSON");
    tokio::time::sleep(Duration::from_millis(600)).await;
    let listed = run(folder.path(), &["key", "list"]);
    let line = listed.lines().find(|line| line.contains("passing")).expect("the key");
    let id = line.split_whitespace().next().expect("an id");
    run(folder.path(), &["key", "revoke", id]);
    let seen = ended(&studio, &started["run_id"]).await;
    assert_eq!(seen["status"], "failed", "{seen}");
    let message = seen["error"]["message"].as_str().expect("words");
    assert!(message.contains("revoked"), "{message}");
    let done = seen["nodes"]
        .as_array()
        .expect("nodes")
        .iter()
        .filter(|node| node["status"] == "succeeded")
        .count();
    assert!(done < 120, "it went on to its end");
    let (_, queued) = studio.rest("GET", "/jobs?status=queued&limit=100", None).await;
    assert_eq!(queued["jobs"], json!([]));
    drop(studio);
    run(folder.path(), &["ledger", "check"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn models_are_nodes_with_their_own_settings() {
    let folder = tempfile::tempdir().expect("a folder");
    let studio = Process::start(folder.path());
    let model = "image/aquatint/scene-preview";
    let (_, all) = studio.rest("GET", "/node_types?type=image/", None).await;
    let kinds = all["node_types"].as_array().expect("types");
    assert!(
        kinds.len() > 20 && kinds.iter().any(|kind| kind["type"] == model),
        "{all}"
    );
    let (_, one) = studio
        .rest("GET", "/node_types?type=image/openai/gpt-image-2", None)
        .await;
    let kind = &one["node_types"][0];
    assert!(kind["settings"]["properties"]["quality"]["enum"].is_array(), "{one}");
    assert!(kind["settings"]["properties"].get("mask").is_none());
    assert!(kind["inputs"].to_string().contains("\"mask\""), "{one}");
    let graph = |settings: Value| {
        json!({
            "nodes": [
                { "id": "words", "type": "input.text", "settings": { "default": "a cup on wood" } },
                { "id": "drawn", "type": model, "settings": settings },
            ],
            "edges": [{ "from": "words", "to": "drawn.prompt" }],
        })
    };
    let wrong = studio
        .call(
            "pipelines",
            json!({ "action": "validate", "graph": graph(json!({ "width": 9, "brush": 1 })) }),
        )
        .await;
    assert_eq!(wrong["is_valid"], false);
    let faults = wrong["faults"].to_string();
    assert!(
        faults.contains("`width` of Scene preview") && faults.contains("takes no `brush`"),
        "{faults}"
    );
    let id = create(&studio, "Drawn", graph(json!({ "width": 256, "height": 320 }))).await;
    let run_done = done(&studio, &id, json!({})).await;
    assert_eq!(
        (&run_done["media"][0]["width"], &run_done["media"][0]["height"]),
        (&json!(256), &json!(320)),
        "{run_done}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_app_tells_what_goes_in_and_comes_out() {
    let folder = tempfile::tempdir().expect("a folder");
    let studio = Process::start(folder.path());
    let publish = async |name: &str| {
        let made = studio
            .call(
                "pipelines",
                json!({ "action": "create", "template": "marketplace-white", "name": name }),
            )
            .await;
        let id = made["pipeline_id"].clone();
        let call = json!({ "action": "publish", "pipeline_id": id, "summary": "White" });
        studio.call("pipelines", call).await["app"].clone()
    };
    let first = publish("On white").await;
    let second = publish("On  White!").await;
    assert_eq!(
        (&first["slug"], &second["slug"]),
        (&json!("on-white"), &json!("on-white-2"))
    );
    assert_eq!(
        (&first["scope"], &first["description"], &first["version"]),
        (&json!("workspace"), &json!("White"), &json!(1))
    );
    assert_eq!(first["input_schema"]["required"], json!(["product"]));
    assert_eq!(first["input_key_mapping"]["product"]["node_id"], "product_in");
    assert_eq!(first["output_key_mapping"]["main"]["kind"], "image");
    // A later version is not published by itself; the version id still runs what was.
    let id = first["pipeline_id"].as_str().expect("an id");
    let graph = json!({ "nodes": [{ "id": "x", "type": "input.text", "alias": "words" }, { "id": "y", "type": "output" }], "edges": [{ "from": "x", "to": "y" }] });
    studio
        .call(
            "pipelines",
            json!({ "action": "update", "pipeline_id": id, "graph": graph }),
        )
        .await;
    let shown = studio
        .call("pipelines", json!({ "action": "get", "pipeline_id": id }))
        .await;
    assert_eq!((&shown["version"], &shown["app"]["version"]), (&json!(2), &json!(1)));
    assert_eq!(shown["input_schema"]["required"], json!(["words"]));
    let dry = studio
        .call(
            "pipelines",
            json!({ "action": "run", "pipeline_id": first["version_id"], "dry_run": true, "inputs": { "product": bring(&studio, &product(40, 40)).await } }),
        )
        .await;
    assert!(dry["price_credits"].as_f64() > Some(0.0), "{dry}");
    let (_, apps) = studio.rest("GET", "/pipelines/apps", None).await;
    assert_eq!(apps["apps"].as_array().map(Vec::len), Some(2), "{apps}");
    studio
        .call(
            "pipelines",
            json!({ "action": "publish", "pipeline_id": id, "withdraw": true }),
        )
        .await;
    let (_, apps) = studio.rest("GET", "/pipelines/apps", None).await;
    assert_eq!(apps["apps"].as_array().map(Vec::len), Some(1), "{apps}");
}
