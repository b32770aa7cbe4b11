//! People who come with a passkey, and places where passkeys cannot work.

use super::*;

#[tokio::test(flavor = "multi_thread")]
pub(super) async fn the_studio_is_set_up_and_joined_with_passkeys_alone() {
    let house = House::open().await;
    let token = house
        .studio
        .mint_setup_token(Duration::from_secs(3_600))
        .await
        .expect("minted")
        .expect("no owner yet");
    let token = token.reveal().to_owned();
    let page = send(browser().get(format!("{}/setup?token={token}", house.url))).await;
    let policy = page.headers["content-security-policy"]
        .to_str()
        .expect("text")
        .to_owned();
    assert!(
        policy.contains("script-src 'self'") && !policy.contains("unsafe"),
        "{policy}"
    );
    assert!(
        page.body.contains(&format!("data-origin=\"{}\"", house.origin)),
        "{}",
        page.body
    );

    let mut tab = house.tab();
    let mut device = house.device();
    let ada = json!({ "token": token, "name": "Ada", "email": "Ada@Example.com" });
    for (status, body) in [
        (
            410,
            json!({ "token": "aqt_set_x", "name": "Ada", "email": "ada@example.com" }),
        ),
        (400, json!({ "token": token, "name": "", "email": "ada@example.com" })),
        (400, json!({ "token": token, "name": "Ada", "email": "ada" })),
        (400, json!({ "token": token })),
    ] {
        let answer = tab.post("/setup/passkey/begin", &body).await;
        assert_eq!(answer.status, status, "{body}: {}", answer.body);
    }
    let question = tab.question("/setup/passkey/begin", ada.clone()).await;
    assert_eq!(question["options"]["user"]["name"], "ada@example.com");
    let made = |question: &Value, device: &mut Authenticator| json!({ "token": token, "kept": question["kept"], "credential": device.create(&question["options"]) });
    device.flags &= !0b100;
    assert_eq!(
        tab.post("/setup/passkey", &made(&question, &mut device)).await.status,
        400,
        "nobody verified"
    );
    device.flags |= 0b100;
    let mut other = made(&question, &mut device);
    other["token"] = json!("aqt_set_x");
    assert_eq!(tab.post("/setup/passkey", &other).await.status, 410);
    let answer = tab.post("/setup/passkey", &made(&question, &mut device)).await;
    assert_eq!(
        (answer.status, &answer.json()["next"]),
        (200, &json!("/app/welcome")),
        "{}",
        answer.body
    );
    let ada_again = tab.post("/setup/passkey/begin", &ada).await;
    assert_eq!(ada_again.status, 410, "the link is used up");

    let ada = house.enter(&mut device).await;
    let me = ada.get("/me").await;
    assert_eq!(
        (
            &me["user"]["email"],
            &me["user"]["has_password"],
            &me["workspace"]["role"]
        ),
        (&json!("ada@example.com"), &json!(false), &json!("owner"))
    );

    // A guest comes with a passkey too, and only as whom the invitation means.
    let invite = ada
        .post("/invites", json!({ "email": "bob@example.com", "role": "member" }))
        .await;
    let path = invite["url"]
        .as_str()
        .expect("a link")
        .strip_prefix(&house.url)
        .expect("ours")
        .to_owned();
    let mut tab = house.tab();
    for (status, email) in [(403, "eve@example.com"), (403, "ada@example.com"), (400, "bob")] {
        let body = json!({ "name": "Bob", "email": email });
        assert_eq!(
            tab.post(&format!("{path}/passkey/begin"), &body).await.status,
            status,
            "{email}"
        );
    }
    let open = ada.post("/invites", json!({ "role": "viewer" })).await;
    let open = open["url"]
        .as_str()
        .expect("a link")
        .strip_prefix(&house.url)
        .expect("ours")
        .to_owned();
    let taken = json!({ "name": "Bob", "email": "ada@example.com" });
    assert_eq!(tab.post(&format!("{open}/passkey/begin"), &taken).await.status, 409);
    let question = tab
        .question(
            &format!("{path}/passkey/begin"),
            json!({ "name": "Bob", "email": "bob@example.com" }),
        )
        .await;
    let mut bobs = house.device();
    let body = json!({ "kept": question["kept"], "credential": bobs.create(&question["options"]) });
    assert_eq!(
        tab.post(&format!("{open}/passkey"), &body).await.status,
        410,
        "made for another link"
    );
    let answer = tab.post(&format!("{path}/passkey"), &body).await;
    assert_eq!(
        (answer.status, &answer.json()["next"]),
        (200, &json!("/app/welcome")),
        "{}",
        answer.body
    );
    let bob = house.enter(&mut bobs).await;
    assert_eq!(bob.get("/me").await["workspace"]["role"], Role::Member.as_str());
    assert_eq!(tab.post(&format!("{path}/passkey"), &body).await.status, 410, "used up");

    // The only way in stays, until there is another.
    let listed = bob.get("/me/passkeys").await;
    let only = format!(
        "/me/passkeys/{}",
        listed["passkeys"][0]["passkey_id"].as_str().expect("an id")
    );
    let (status, answer) = bob.call("DELETE", &only, None).await;
    assert_eq!(status, 409, "{answer}");
    assert!(
        answer["hint"].as_str().expect("a hint").contains("password"),
        "{answer}"
    );
    house.clock.advance(Duration::from_secs(601));
    let (status, answer) = bob
        .call("POST", "/me/password", Some(json!({ "new_password": PASSWORD })))
        .await;
    assert_eq!((status, &answer["field"]), (403, &json!("proof")));
    let bob = house.enter(&mut bobs).await;
    assert_eq!(
        bob.call("POST", "/me/totp/disable", Some(json!({}))).await.0,
        200,
        "a passkey was just used"
    );

    // A link from the operator gives a password to a person who has none.
    let id = bob.get("/me").await["user"]["user_id"]
        .as_str()
        .expect("an id")
        .parse()
        .expect("an id");
    let (reset, _) = house.studio.mint_reset(&id).await.expect("minted");
    let url = format!("{}/reset/{}", house.url, reset.reveal());
    assert_eq!(
        send(browser().post(&url).form(&[("password", PASSWORD)])).await.status,
        303
    );
    let bob = house.sign_in("bob@example.com").await;
    bob.delete(&only).await;
    assert_eq!(house.tab().sign_in(&mut bobs).await.status, 401);
}

#[tokio::test(flavor = "multi_thread")]
pub(super) async fn where_passkeys_cannot_work_the_pages_say_what_to_do() {
    let house = House::open().await;
    let ada = house.person("ada@example.com").await;
    let mut device = house.device();
    add(&ada, &mut device).await;
    house.studio.set_public_url("http://192.168.7.7:8787".into());
    let listed = ada.get("/me/passkeys").await;
    assert!(
        listed["unavailable"].as_str().expect("words").contains("public_url"),
        "{listed}"
    );
    assert!(listed.get("origin").is_none());
    assert_eq!(ada.call("POST", "/me/passkeys/begin", Some(json!({}))).await.0, 409);
    let page = send(browser().get(format!("{}/sign-in", house.url))).await;
    assert!(
        !page.body.contains("passkey.js") && page.body.contains("name=\"password\""),
        "{}",
        page.body
    );

    // Whatever host a request names, the public URL decides.
    house.studio.set_public_url("https://studio.example.com".into());
    let request = browser()
        .post(format!("{}/sign-in/passkey/begin", house.url))
        .header("host", "evil.example.com");
    let question = send(request.json(&json!({}))).await;
    assert_eq!(
        question.json()["options"]["rpId"],
        "studio.example.com",
        "{}",
        question.body
    );
    let visitor = Visitor::default();
    let mut hosted = Authenticator::new("studio.example.com", "https://studio.example.com");
    hosted.id.clone_from(&device.id);
    hosted.handle.clone_from(&device.handle);
    let question = house.studio.ask_to_sign_in("browser").expect("asked");
    let answer = serde_json::from_value(hosted.get(&question.options)).expect("an answer");
    let refused = house
        .studio
        .sign_in_with_passkey("browser", &question.kept, &answer, &visitor)
        .await;
    assert!(refused.is_err(), "another key");
}
