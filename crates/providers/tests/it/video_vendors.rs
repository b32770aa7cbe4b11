//! What Runway, Luma and ComfyUI have beside the contract that every vendor owes.

use std::sync::Arc;
use std::time::Duration;

use aquatint_domain::{Credits, MediaType, Model, SystemClock, Timestamp};
use aquatint_providers::layers::meter::Meter;
use aquatint_providers::layers::retry::Retry;
use aquatint_providers::order::Webhook;
use aquatint_providers::schema::settled;
use aquatint_providers::webhook::Delivery;
use aquatint_providers::{
    Bought, Cancelled, Desk, DeskConfig, Fault, FaultKind, FetcherConfig, Key, Medium, Order, Outcome, Service,
    Submitted, Task,
};
use aquatint_standins::vendors::{comfyui, luma_dream_machine, runway};
use aquatint_standins::{Act, Case, Expect, Running, StandIn, State, Step, Trouble, files};
use bytes::Bytes;
use http::HeaderMap;
use serde_json::{Value, json};

const PATIENCE: Duration = Duration::from_secs(5);

fn service(stand: &StandIn, running: &Running) -> Service {
    let config = DeskConfig {
        base_url: Some(running.url()),
        may_be_private: true,
        patience: Some(PATIENCE),
    };
    let fetching = FetcherConfig {
        first_byte_timeout: PATIENCE,
        connect_timeout: PATIENCE,
        ..FetcherConfig::default()
    };
    let desk = Desk::open(
        stand.provider.facts(),
        Key::new(stand.key),
        &config,
        &fetching,
        Arc::new(SystemClock),
    )
    .expect("opens");
    let retry = Retry {
        tries: 3,
        first_pause: Duration::from_millis(4),
        longest_pause: Duration::from_secs(1),
    };
    Service::new(stand.provider, desk, Arc::new(Meter::default())).with(retry, Duration::from_millis(4))
}

fn model(stand: &StandIn, id: &str) -> Model {
    let models = stand.provider.models();
    models
        .into_iter()
        .find(|model| model.id == id)
        .unwrap_or_else(|| panic!("there is no {id}"))
}

fn picture(field: &str) -> Medium {
    Medium {
        field: field.to_owned(),
        media_type: MediaType::Png,
        bytes: files::grey_png(),
        width: 8,
        height: 8,
        seconds: 0.0,
        url: None,
    }
}

fn order(model: Model, call: Value, media: Vec<Medium>) -> Order {
    let inputs = settled(&model, call.as_object().expect("an object"));
    Order {
        model: Arc::new(model),
        inputs,
        media,
        count: 1,
        purchase: "pur_0123456789".into(),
        webhook: None,
    }
}

async fn task(service: &Service, order: &Order) -> Task {
    match service.submit(order).await.expect("sells") {
        Submitted::Waiting(task) => task,
        Submitted::Done(_) => panic!("it has tasks"),
    }
}

async fn end(service: &Service, order: &Order) -> Result<Outcome, Fault> {
    let task = task(service, order).await;
    service
        .wait(&task, order.count, Duration::from_secs(2), &mut |_, _| {})
        .await
}

fn at_submit(act: Act) -> Case {
    Case {
        name: "a case of this test",
        step: Step::Submit,
        act,
        times: 1,
        expect: Expect::Success,
    }
}

#[tokio::test]
async fn a_large_file_goes_to_runway_by_an_upload_without_the_key() {
    let running = runway::STAND_IN.start().await;
    let service = service(&runway::STAND_IN, &running);
    let mut bytes = files::mp4().to_vec();
    bytes.resize(4_000_000, 0);
    let video = Medium {
        media_type: MediaType::Mp4,
        bytes: bytes.into(),
        seconds: 4.0,
        ..picture("video")
    };
    let order = order(
        model(&runway::STAND_IN, "video/runway/aleph-2"),
        json!({ "prompt": "winter" }),
        vec![video, picture("images")],
    );
    let outcome = end(&service, &order).await.expect("ends well");
    running.assert_sound();
    assert_eq!(
        (running.asked(Step::Upload), running.asked(Step::Submit)),
        (2, 1),
        "asked for a place, and sent; the picture goes along"
    );
    assert_eq!(outcome.cost, Some(Credits::whole(25)), "what the task reports");
}

#[tokio::test]
async fn what_runway_refuses_is_told_with_its_part_and_its_price() {
    let running = runway::STAND_IN.start().await;
    let service = service(&runway::STAND_IN, &running);
    running.shop(|shop| shop.states = vec![State::Moderated]);
    let order = order(
        model(&runway::STAND_IN, "video/runway/gen-4.5"),
        json!({ "prompt": "p" }),
        Vec::new(),
    );
    let fault = end(&service, &order).await.expect_err("is refused");
    assert_eq!((fault.kind, fault.bought), (FaultKind::Refused, Bought::Yes), "{fault}");
    assert_eq!(
        (fault.categories.as_slice(), fault.code.as_deref()),
        (&["input".to_owned()][..], Some("SAFETY.INPUT.TEXT"))
    );
    running.misbehave(at_submit(Act::Trouble(Trouble::Invalid)));
    let fault = service.submit(&order).await.expect_err("is invalid");
    assert_eq!(
        (fault.kind, fault.field.as_deref()),
        (FaultKind::InvalidInput, Some("width")),
        "{fault}"
    );
    running.assert_sound();
}

#[tokio::test]
async fn a_runway_task_that_has_ended_keeps_its_results_when_it_is_cancelled() {
    let running = runway::STAND_IN.start().await;
    let service = service(&runway::STAND_IN, &running);
    let order = order(
        model(&runway::STAND_IN, "image/runway/gen-4-image"),
        json!({ "prompt": "p" }),
        Vec::new(),
    );
    let task = task(&service, &order).await;
    running.shop(|shop| shop.states.clear());
    assert_eq!(service.cancel(&task).await.expect("can be asked"), Cancelled::TooLate);
    assert_eq!(running.asked(Step::Cancel), 0, "deleting would delete the results");
}

#[tokio::test]
async fn the_dream_machine_is_told_where_our_files_are_or_is_not_asked() {
    let running = luma_dream_machine::STAND_IN.start().await;
    let service = service(&luma_dream_machine::STAND_IN, &running);
    let photon = model(&luma_dream_machine::STAND_IN, "image/luma-dream-machine/photon-1");
    let fault = service
        .submit(&order(
            photon.clone(),
            json!({ "prompt": "p" }),
            vec![picture("images")],
        ))
        .await
        .expect_err("there is no URL");
    assert_eq!(
        (fault.kind, fault.field.as_deref(), fault.bought),
        (FaultKind::InvalidInput, Some("images"), Bought::No),
        "{fault}"
    );
    assert_eq!(running.asked(Step::Submit), 0);
    let mut order = order(photon, json!({ "prompt": "p" }), Vec::new());
    order.webhook = Some(Webhook {
        url: "https://studio.aquatint.dev/webhooks/luma".into(),
        secret: "secret".into(),
    });
    let task = task(&service, &order).await;
    running.assert_sound();
    // Anybody can send a callback: it names a task, and nothing else in it counts.
    let body = json!({ "id": task.id, "state": "completed", "assets": { "image": "https://attacker.example/x.png" } })
        .to_string();
    let delivery = |body: String| Delivery {
        headers: HeaderMap::new(),
        body: Bytes::from(body),
        received_at: Timestamp::UNIX_EPOCH,
        secret: String::new(),
    };
    let notice = service.webhook(&delivery(body)).await.expect("is a generation");
    assert_eq!(notice.task, task.id);
    assert!(notice.progress.is_none());
    assert!(service.webhook(&delivery("<html>".into())).await.is_err());
}

#[tokio::test]
async fn workflows_on_the_server_are_found_and_run() {
    let running = comfyui::STAND_IN.start().await;
    let service = service(&comfyui::STAND_IN, &running);
    let found = service
        .find("portrait-v2")
        .await
        .expect("can be asked")
        .expect("is there");
    assert_eq!(found.id, "image/comfyui/portrait-v2");
    assert!(found.capabilities.image_to_image);
    assert_eq!(found.input_schema["required"], json!(["images"]));
    assert!(
        service
            .find("nothing-of-that-name")
            .await
            .expect("can be asked")
            .is_none()
    );
    let models = service.search("").await.expect("can be asked");
    assert_eq!(
        models,
        std::slice::from_ref(&found),
        "the editor's own file is left out"
    );
    end(&service, &order(found, json!({}), vec![picture("images")]))
        .await
        .expect("runs");
    running.assert_sound();
    assert_eq!((running.asked(Step::Upload), running.asked(Step::Submit)), (1, 1));
}

#[tokio::test]
async fn a_lost_answer_of_comfyui_is_looked_up_and_not_run_again() {
    let running = comfyui::STAND_IN.start().await;
    let service = service(&comfyui::STAND_IN, &running);
    running.misbehave(at_submit(Act::Cut));
    let order = order(
        model(&comfyui::STAND_IN, "image/comfyui/text-to-image"),
        json!({ "prompt": "p", "checkpoint": "x.safetensors" }),
        Vec::new(),
    );
    let outcome = end(&service, &order).await.expect("is found");
    running.assert_sound();
    assert_eq!((running.asked(Step::Submit), running.shop(|shop| shop.sold)), (1, 1));
    assert!(outcome.outputs[0].seed.is_some(), "the seed that was chosen is told");
}

#[tokio::test]
async fn what_a_node_says_is_told_by_our_names() {
    let running = comfyui::STAND_IN.start().await;
    let service = service(&comfyui::STAND_IN, &running);
    let order = order(
        model(&comfyui::STAND_IN, "image/comfyui/text-to-image"),
        json!({ "prompt": "p", "checkpoint": "x.safetensors" }),
        Vec::new(),
    );
    running.misbehave(at_submit(Act::Trouble(Trouble::Invalid)));
    let fault = service.submit(&order).await.expect_err("the model file is not there");
    assert_eq!(
        (fault.kind, fault.field.as_deref(), fault.code.as_deref()),
        (FaultKind::InvalidInput, Some("checkpoint"), Some("value_not_in_list"))
    );
    assert!(
        fault
            .message
            .contains("node 4 (CheckpointLoaderSimple): Value not in list"),
        "{fault}"
    );
    running.shop(|shop| shop.states = vec![State::Failed]);
    let fault = end(&service, &order).await.expect_err("the card is full");
    assert_eq!(
        (fault.kind, fault.code.as_deref()),
        (FaultKind::TaskFailed, Some("torch.OutOfMemoryError"))
    );
    assert!(
        fault.message.starts_with("node 3 (KSampler): Allocation on device"),
        "{fault}"
    );
}
