//! Language models at their stand-ins: nothing is asked twice that may have been answered.

use std::time::Duration;

use aquatint_providers::{Bought, ChatOrder, FaultKind, Medium};
use aquatint_standins::{Act, Case, Expect, StandIn, Step, Trouble, files, vendors};

use crate::contract::service;

fn order(model: &str, pictures: usize) -> ChatOrder {
    let picture = Medium {
        field: "images".into(),
        media_type: aquatint_domain::MediaType::Png,
        bytes: files::grey_png(),
        width: 8,
        height: 8,
        seconds: 0.0,
        url: None,
    };
    ChatOrder {
        model: model.into(),
        instructions: Some("One sentence.".into()),
        prompt: "What is it?".into(),
        pictures: vec![picture; pictures],
        max_tokens: 300,
    }
}

fn once(act: Act) -> Case {
    Case {
        name: "here",
        step: Step::Submit,
        act,
        times: 1,
        expect: Expect::Success,
    }
}

async fn asked(stand: &'static StandIn, model: &str) {
    let running = stand.start().await;
    let service = service(stand, &running, stand.key);
    let answer = service.chat(&order(model, 2)).await.expect("an answer");
    assert_eq!(answer.text, "In answer to \"What is it?\", having seen 2.");
    let (read, written) = answer.tokens.expect("counted");
    assert!(read > 1_000 && written >= 20 && !answer.is_cut);
    // What the vendor surely did not do is asked for again.
    let before = running.asked(Step::Submit);
    running.misbehave(once(Act::Trouble(Trouble::Overloaded)));
    service.chat(&order(model, 0)).await.expect("the second try");
    assert_eq!(running.asked(Step::Submit), before + 2);
    // Where nobody knows, it is not.
    for act in [Act::Page(502), Act::NotJson] {
        let before = running.asked(Step::Submit);
        running.misbehave(once(act));
        let fault = service.chat(&order(model, 0)).await.expect_err("in doubt");
        assert_eq!(
            (fault.bought, running.asked(Step::Submit)),
            (Bought::Unknown, before + 1)
        );
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    running.misbehave(once(Act::Trouble(Trouble::BadKey)));
    let fault = service.chat(&order(model, 0)).await.expect_err("a bad key");
    assert_eq!((fault.kind, fault.bought), (FaultKind::BadKey, Bought::No));
    running.assert_sound();
}

#[tokio::test]
async fn openai_answers_and_nothing_is_asked_twice() {
    asked(&vendors::openai::STAND_IN, "gpt-5.6-luna").await;
}

#[tokio::test]
async fn google_answers_and_nothing_is_asked_twice() {
    asked(&vendors::google::STAND_IN, "gemini-3.5-flash-lite").await;
}
