//! Vendors tell us that a task is done: a verified delivery wakes its purchase, and nothing else does anything. And a
//! purchase keeps to the key that it began with.
#![allow(clippy::disallowed_types, clippy::disallowed_methods)]

use std::io::Write as _;
use std::path::Path;
use std::time::{Duration, Instant};

use aquatint_standins::webhooks::{Parcel, send};
use aquatint_standins::{Running, StandIn, State, Step, vendors};
use aquatint_testkit::films;
use serde_json::{Value, json};

use crate::process::{Process, aquatint, run};

/// Where the world is told to reach the server; a proxy stands before it.
const PUBLIC: (&str, &str) = ("AQUATINT_PUBLIC_URL", "https://studio.example.com");
/// Longer than any vendor is left alone without webhooks, and shorter than with.
const WHILE: Duration = Duration::from_secs(7);

/// A data folder whose configuration puts the stand-in in the vendor's place.
fn configure(folder: &Path, vendor: &str, url: &str, key: Option<&str>) {
    let key = key.map_or(String::new(), |key| format!("key = \"{key}\"\n"));
    let text = format!("[providers.{vendor}]\n{key}base_url = \"{url}\"\nallow_private = true\n");
    std::fs::write(folder.join("aquatint.toml"), text).expect("written");
}

fn now() -> i64 {
    let since = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .expect("after 1970");
    i64::try_from(since.as_secs()).expect("before the end of time")
}

fn port(studio: &Process) -> u16 {
    studio
        .url
        .rsplit(':')
        .next()
        .and_then(|port| port.parse().ok())
        .expect("a port")
}

/// From now on every task goes on for good.
fn work_for_ever(stand: &Running) {
    stand.shop(|shop| shop.states = vec![State::Running; 10_000]);
}

/// Starts a generation whose task does not end, and waits until the vendor was asked about it.
async fn begun(studio: &Process, stand: &Running, call: &Value) -> Value {
    work_for_ever(stand);
    let (submits, polls) = (stand.asked(Step::Submit), stand.asked(Step::Poll));
    let job = studio.call("generate_media", call.clone()).await;
    let deadline = Instant::now() + Duration::from_secs(20);
    while stand.asked(Step::Submit) == submits || stand.asked(Step::Poll) == polls {
        assert!(Instant::now() < deadline, "the vendor is not asked: {job}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    job["job_id"].clone()
}

async fn deliver(studio: &Process, parcel: &Parcel) -> u16 {
    let (status, body) = send(parcel, port(studio)).await.expect("an answer");
    if status == 200 {
        assert_eq!(body.trim(), "{\"received\":true}");
    }
    status
}

/// What this vendor's deliveries are protected by.
struct Protection {
    signed: bool,
    dated: bool,
}

async fn told(stand_in: &'static StandIn, call: Value, protection: Protection) {
    let vendor = stand_in.provider.facts().id;
    let folder = tempfile::tempdir().expect("a folder");
    let stand = stand_in.start().await;
    configure(folder.path(), vendor, &stand.url(), Some(stand_in.key));
    if call["model"].as_str().is_some_and(|model| model.starts_with("video/")) {
        let Some(film) = films::h264() else { return };
        stand.shop(|shop| shop.film = Some(film.into()));
    }
    let studio = Process::start_with(folder.path(), &[PUBLIC]);

    // The first is asked about as often as ever, for nobody knows whether webhooks arrive.
    let first = begun(&studio, &stand, &call).await;
    stand.shop(|shop| shop.states.clear());
    assert_eq!(deliver(&studio, &stand.parcel(0, now())).await, 200);
    let job = studio.finished(&first).await;
    assert_eq!(job["status"], "succeeded", "{job}");

    // They do, so the second is left alone until it is told.
    let second = begun(&studio, &stand, &call).await;
    let polls = stand.asked(Step::Poll);
    let good = stand.parcel(1, now());
    let (address, mark) = good.url.rsplit_once('.').expect("a mark");
    let forged = |url: String| Parcel { url, ..good.clone() };
    let other_mark: String = mark.chars().rev().collect();
    for url in [
        format!("{address}.{other_mark}"),
        format!("{address}."),
        address.replacen(".1", ".0", 1),
        good.url.replacen(vendor, "openai", 1),
        good.url.replacen(vendor, "nobody", 1),
    ] {
        assert_eq!(deliver(&studio, &forged(url.clone())).await, 404, "{url}");
    }
    let large = Parcel {
        body: vec![b' '; 1024 * 1024 + 1].into(),
        ..good.clone()
    };
    assert_eq!(deliver(&studio, &large).await, 413);
    let of_another = Parcel {
        url: good.url.clone(),
        ..stand.parcel(0, now())
    };
    assert_eq!(deliver(&studio, &of_another).await, 403, "another task's");
    let naked = Parcel {
        headers: Vec::new(),
        ..good.clone()
    };
    let mut changed = good.clone();
    changed.body = String::from_utf8_lossy(&good.body).replacen('}', " }", 1).into();
    // Google signs a token beside the body, which is of now and names the task.
    if protection.signed {
        assert_eq!(deliver(&studio, &naked).await, 403, "unsigned");
        if vendor != "google" {
            assert_eq!(deliver(&studio, &changed).await, 403, "changed");
        }
    }
    if protection.dated {
        for at in [now() - 600, now() + 600] {
            assert_eq!(deliver(&studio, &stand.parcel(1, at)).await, 403, "signed at {at}");
        }
    }
    tokio::time::sleep(WHILE).await;
    assert_eq!(stand.asked(Step::Poll), polls, "{vendor} was asked without a reason");

    // The vendor says that it is done when it is not: that is asked, and the wait goes on.
    assert_eq!(deliver(&studio, &good).await, 200);
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert!(stand.asked(Step::Poll) > polls, "{vendor} was told and nobody asked");
    let job = studio.call("get_job_status", json!({ "job_id": second })).await;
    assert_eq!(job["status"], "running", "{job}");

    // It is done, and says so three times; and once more of what is long over.
    stand.shop(|shop| shop.states.clear());
    let done = Instant::now();
    for _ in 0..3 {
        assert_eq!(deliver(&studio, &good).await, 200);
    }
    let job = studio.finished(&second).await;
    assert_eq!(job["status"], "succeeded", "{job}");
    assert!(done.elapsed() < WHILE, "nobody was woken");
    assert_eq!(deliver(&studio, &good).await, 200);
    assert_eq!(deliver(&studio, &stand.parcel(0, now() - 60)).await, 200);
    // Whoever knows an address and goes on for ever is told to stop.
    let mut last = 200;
    for _ in 0..80 {
        last = deliver(&studio, &good).await;
    }
    assert_eq!(last, 429);

    stand.assert_sound();
    assert_eq!(stand.asked(Step::Submit), 2);
    let usage = studio.call("account", json!({ "action": "usage_history" })).await;
    assert_eq!(usage["charges"].as_array().map(Vec::len), Some(2), "{usage}");
    drop(studio);
    run(folder.path(), &["ledger", "check"]);
}

macro_rules! told {
    ($($name:ident: $stand:expr, $call:expr, $signed:literal, $dated:literal;)+) => {
        $(#[tokio::test(flavor = "multi_thread")]
        async fn $name() {
            told(&$stand, $call, Protection { signed: $signed, dated: $dated }).await;
        })+
    };
}

told! {
    fal_tells: vendors::fal::STAND_IN, json!({ "model": "image/fal/fal-ai/flux/schnell", "prompt": "a fox" }), true, true;
    replicate_tells: vendors::replicate::STAND_IN, json!({ "model": "image/replicate/black-forest-labs/flux-schnell", "prompt": "a fox" }), true, true;
    ideogram_tells: vendors::ideogram::STAND_IN, json!({ "model": "image/ideogram/ideogram-4", "prompt": "a fox" }), true, true;
    black_forest_labs_tells: vendors::bfl::STAND_IN, json!({ "model": "image/bfl/flux-2-pro", "prompt": "a fox" }), true, false;
    google_tells: vendors::google::STAND_IN, json!({ "model": "video/google/gemini-omni-1.2-flash", "prompt": "a fox runs" }), true, true;
    luma_nudges: vendors::luma_dream_machine::STAND_IN, json!({ "model": "image/luma-dream-machine/photon-1", "prompt": "a fox" }), false, false;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_an_address_that_can_be_reached_vendors_are_told_none() {
    for (environment, is_told) in [
        (vec![], false),
        (vec![("AQUATINT_PUBLIC_URL", "http://studio.example.com")], false),
        (vec![("AQUATINT_PUBLIC_URL", "https://studio.local")], false),
        (
            vec![
                ("AQUATINT_PUBLIC_URL", "https://studio.local"),
                ("AQUATINT_VENDORS_WEBHOOKS", "true"),
            ],
            true,
        ),
        (vec![PUBLIC, ("AQUATINT_VENDORS_WEBHOOKS", "false")], false),
    ] {
        let folder = tempfile::tempdir().expect("a folder");
        let stand = vendors::fal::STAND_IN.start().await;
        configure(folder.path(), "fal", &stand.url(), Some(vendors::fal::STAND_IN.key));
        let studio = Process::start_with(folder.path(), &environment);
        let call = json!({ "model": "image/fal/fal-ai/flux/schnell", "prompt": "a fox" });
        let job = begun(&studio, &stand, &call).await;
        assert_eq!(
            stand.shop(|shop| shop.webhooks.len()),
            usize::from(is_told),
            "{environment:?}"
        );
        // Whatever is told, asking alone gets there.
        stand.shop(|shop| shop.states.clear());
        assert_eq!(studio.finished(&job).await["status"], "succeeded");
        stand.assert_sound();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_told_while_nobody_listened_is_seen_after_the_restart() {
    let folder = tempfile::tempdir().expect("a folder");
    let stand = vendors::fal::STAND_IN.start().await;
    configure(folder.path(), "fal", &stand.url(), Some(vendors::fal::STAND_IN.key));
    let studio = Process::start_with(folder.path(), &[PUBLIC]);
    let call = json!({ "model": "image/fal/fal-ai/flux/schnell", "prompt": "a fox" });
    let job = begun(&studio, &stand, &call).await;
    drop(studio);
    stand.shop(|shop| shop.states.clear());
    let studio = Process::start_with(folder.path(), &[PUBLIC]);
    assert_eq!(deliver(&studio, &stand.parcel(0, now())).await, 200);
    let job = studio.finished(&job).await;
    assert_eq!(job["status"], "succeeded", "{job}");
    assert_eq!((stand.asked(Step::Submit), stand.shop(|shop| shop.sold)), (1, 1));
    stand.assert_sound();
}

/// Puts a key in by hand.
fn add(folder: &Path, vendor: &str, key: &str) {
    let mut child = aquatint(folder)
        .args(["provider", "add", vendor])
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .expect("the binary starts");
    let mut stdin = child.stdin.take().expect("piped");
    stdin.write_all(key.as_bytes()).expect("read");
    drop(stdin);
    let output = child.wait_with_output().expect("ends");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

const OTHER_KEY: &str = "0a1b2c3d-other:fedcba9876543210";
/// Nobody listens there.
const NOWHERE: &str = "http://127.0.0.1:9";

#[tokio::test(flavor = "multi_thread")]
async fn a_purchase_goes_on_with_the_key_that_began_it() {
    let stand_in = &vendors::fal::STAND_IN;
    let folder = tempfile::tempdir().expect("a folder");
    let stand = stand_in.start().await;
    configure(folder.path(), "fal", &stand.url(), None);
    add(folder.path(), "fal", stand_in.key);
    let studio = Process::start(folder.path());
    let call = json!({ "model": "image/fal/fal-ai/flux/schnell", "prompt": "a fox" });
    let job = begun(&studio, &stand, &call).await;
    drop(studio);
    // The server's key is replaced, unchecked, because the vendor cannot be reached just now.
    configure(folder.path(), "fal", NOWHERE, None);
    add(folder.path(), "fal", OTHER_KEY);
    configure(folder.path(), "fal", &stand.url(), None);
    assert!(run(folder.path(), &["provider", "list", "fal"]).contains("3210"));
    let studio = Process::start(folder.path());
    stand.shop(|shop| shop.states.clear());
    let job = studio.finished(&job).await;
    assert_eq!(job["status"], "succeeded", "{job}");
    assert_eq!(stand.asked(Step::Submit), 1);
    // Every request carried the first key: the stand-in knows no other.
    stand.assert_sound();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_purchase_whose_key_is_gone_says_so_and_is_free() {
    let stand_in = &vendors::fal::STAND_IN;
    let call = json!({ "model": "image/fal/fal-ai/flux/schnell", "prompt": "a fox" });
    for is_configured in [false, true] {
        let folder = tempfile::tempdir().expect("a folder");
        let stand = stand_in.start().await;
        configure(
            folder.path(),
            "fal",
            &stand.url(),
            is_configured.then_some(stand_in.key),
        );
        if !is_configured {
            add(folder.path(), "fal", stand_in.key);
        }
        let studio = Process::start(folder.path());
        let job = begun(&studio, &stand, &call).await;
        drop(studio);
        if is_configured {
            configure(folder.path(), "fal", &stand.url(), Some(OTHER_KEY));
        } else {
            run(folder.path(), &["provider", "remove", "fal"]);
        }
        let polls = stand.asked(Step::Poll);
        let studio = Process::start(folder.path());
        let job = studio.finished(&job).await;
        assert_eq!(job["status"], "failed", "{job}");
        let text = job.to_string();
        for words in ["provider_key_refused", "was removed", "Nothing was charged", "764cabcf"] {
            assert!(text.contains(words), "{words}: {job}");
        }
        assert_eq!((stand.asked(Step::Poll), stand.asked(Step::Submit)), (polls, 1));
        let usage = studio.call("account", json!({ "action": "usage_history" })).await;
        assert!(usage["charges"].as_array().is_none_or(Vec::is_empty), "{usage}");
        stand.assert_sound();
        drop(studio);
        run(folder.path(), &["ledger", "check"]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_day_has_a_budget() {
    let stand_in = &vendors::replicate::STAND_IN;
    let folder = tempfile::tempdir().expect("a folder");
    let stand = stand_in.start().await;
    configure(folder.path(), "replicate", &stand.url(), Some(stand_in.key));
    // A picture of this model costs 0.3 credits.
    let environment = [("AQUATINT_VENDORS_DAILY_BUDGET", "0.7")];
    let studio = Process::start_with(folder.path(), &environment);
    let call = |count: u32| json!({ "model": "image/replicate/black-forest-labs/flux-schnell", "prompt": "a fox", "count": count });
    let refused = studio.refused("generate_media", call(3)).await;
    assert_eq!(refused["code"], "provider_unpaid", "{refused}");
    for _ in 0..2 {
        let job = studio.call("generate_media", call(1)).await;
        assert_eq!(studio.finished(&job["job_id"]).await["status"], "succeeded");
    }
    let refused = studio.refused("generate_media", call(1)).await;
    let text = refused.to_string();
    assert!(
        text.contains("0.7 credits a day") && text.contains("midnight"),
        "{refused}"
    );
    assert!(
        refused["retry_after_s"].as_u64().is_some_and(|wait| wait <= 86_400),
        "{refused}"
    );
    assert_eq!(stand.shop(|shop| shop.sold), 2);
    stand.assert_sound();
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_key_would_bring_can_be_seen_before_there_is_one() {
    let folder = tempfile::tempdir().expect("a folder");
    let studio = Process::start(folder.path());
    let listed = studio.call("models", json!({ "action": "list" })).await;
    assert!(!listed.to_string().contains("image/bfl/"), "{listed}");
    let shown = run(folder.path(), &["provider", "list", "bfl", "--models"]);
    assert!(
        shown.contains("no key") && shown.contains("image/bfl/flux-2-pro (image, "),
        "{shown}"
    );
    assert!(!shown.contains("openai"), "{shown}");
    // The operator's rows come and go while it runs.
    let rows = folder.path().join("catalogue.toml");
    for (text, is_there) in [
        (
            "[models.\"image/aquatint/house\"]\nbased_on = \"image/aquatint/scene-preview\"\n",
            true,
        ),
        (
            "[models.\"image/aquatint/house\"]\nbased_on = \"image/aquatint/nothing\"\n",
            true,
        ),
        ("", false),
    ] {
        std::fs::write(&rows, text).expect("written");
        let deadline = Instant::now() + Duration::from_secs(10);
        loop {
            tokio::time::sleep(Duration::from_millis(1_500)).await;
            let listed = studio.call("models", json!({ "action": "list" })).await;
            if listed.to_string().contains("image/aquatint/house") == is_there {
                break;
            }
            assert!(Instant::now() < deadline, "{text}: {listed}");
        }
    }
}
