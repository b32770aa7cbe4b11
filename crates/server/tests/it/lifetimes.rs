//! How long what people, apps and programs hold keeps working, with a clock in the test's hand; and what is written down.

use std::sync::Arc;
use std::time::Duration;

use aquatint_app::oauth::{ConfiguredClient, Consent, TokenAnswer, TokenRequest};
use aquatint_app::people::{Seat, SignIn, Visitor};
use aquatint_app::{KeyOrder, Settings, Studio};
use aquatint_domain::{Balance, Caller, Code, Scope, WorkspaceId};
use aquatint_testkit::FrozenClock;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

const VERIFIER: &str = "a-verifier-that-is-long-enough-for-the-rules-of-pkce";
const REDIRECT: &str = "https://app.example.com/back";

struct House {
    _folder: tempfile::TempDir,
    clock: FrozenClock,
    studio: Studio,
    seat: Seat,
    caller: Caller,
}

impl House {
    /// A studio whose owner sits in a session.
    async fn open() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let clock = FrozenClock::default();
        let mut settings = Settings::new(folder.path().to_owned(), "aquatint".into());
        settings.oauth_clients = vec![ConfiguredClient {
            client_id: "app".into(),
            name: "An app".into(),
            redirect_uris: vec![REDIRECT.into()],
            client_secret: None,
        }];
        let studio = Studio::open_with_clock(settings, Arc::new(clock.clone()))
            .await
            .expect("it opens");
        studio
            .create_user("ada@example.com", "Ada", Some("correct horse battery"), None, true)
            .await
            .expect("an account");
        let visitor = Visitor {
            user_agent: "A browser".into(),
            address: "192.0.2.7".into(),
        };
        let wrong = studio.sign_in("ada@example.com", "wrong horse battery", &visitor).await;
        assert_eq!(wrong.expect_err("refused").code, Code::Unauthorized);
        let SignIn::Done(session) = studio
            .sign_in("ada@example.com", "correct horse battery", &visitor)
            .await
            .expect("signed in")
        else {
            panic!("no second step was set up");
        };
        let seat = studio
            .seat(session.secret.reveal())
            .await
            .expect("asked")
            .expect("a seat");
        let caller = studio.admit_seat(&seat, None).await.expect("a caller");
        Self {
            _folder: folder,
            clock,
            studio,
            seat,
            caller,
        }
    }

    fn pass(&self, seconds: u64) {
        self.clock.advance(Duration::from_secs(seconds));
    }

    async fn call(&self, operation: &str, arguments: Value) -> Value {
        let reply = self.studio.call(&self.caller, operation, arguments, None).await;
        reply.unwrap_or_else(|problem| panic!("{operation}: {problem:?}")).value
    }

    /// The code that an app gets when the person says yes.
    async fn code(&self, workspace: Option<WorkspaceId>) -> String {
        let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(VERIFIER.as_bytes()));
        let query = url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs([
                ("response_type", "code"),
                ("client_id", "app"),
                ("redirect_uri", REDIRECT),
                ("code_challenge", challenge.as_str()),
                ("code_challenge_method", "S256"),
                ("scope", "assets:read"),
            ])
            .finish();
        let question = self.studio.check_question(&query).await.expect("a question");
        let token = self.studio.keep_question(&self.seat, &question).await.expect("kept");
        let answer = Consent::Allow { workspace };
        let url = self.studio.answer_question(&self.seat, token.reveal(), answer).await;
        let url = url::Url::parse(&url.expect("answered")).expect("a URL");
        let code = url.query_pairs().find(|(name, _)| name == "code");
        code.expect("a code").1.into_owned()
    }

    async fn redeem(&self, code: &str) -> Result<TokenAnswer, &'static str> {
        self.exchange(TokenRequest {
            grant_type: "authorization_code".into(),
            code: Some(code.to_owned()),
            redirect_uri: Some(REDIRECT.into()),
            code_verifier: Some(VERIFIER.into()),
            ..TokenRequest::default()
        })
        .await
    }

    async fn refresh(&self, refresh_token: &str) -> Result<TokenAnswer, &'static str> {
        self.exchange(TokenRequest {
            grant_type: "refresh_token".into(),
            refresh_token: Some(refresh_token.to_owned()),
            ..TokenRequest::default()
        })
        .await
    }

    async fn exchange(&self, mut request: TokenRequest) -> Result<TokenAnswer, &'static str> {
        request.client_id = "app".into();
        self.studio.oauth_token(request).await.map_err(|failure| failure.error)
    }

    /// The workspace that an access token or key acts in, or the error code.
    async fn admitted(&self, bearer: &str) -> Result<WorkspaceId, Code> {
        let admission = self.studio.admit(bearer, "/mcp", None).await;
        admission
            .map(|admission| admission.caller.workspace)
            .map_err(|problem| problem.code)
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn codes_access_tokens_refresh_tokens_sessions_and_keys_end_when_they_should() {
    let house = House::open().await;
    let home = house.caller.workspace.clone();

    // A code works for a minute.
    let late = house.code(Some(home.clone())).await;
    house.pass(61);
    assert_eq!(house.redeem(&late).await.expect_err("too late"), "invalid_grant");
    let tokens = house
        .redeem(&house.code(Some(home.clone())).await)
        .await
        .expect("tokens");
    assert_eq!(tokens.expires_in, 600);
    assert_eq!(house.admitted(&tokens.access_token).await, Ok(home.clone()));

    // An access token works for ten minutes, to the second.
    house.pass(599);
    assert_eq!(house.admitted(&tokens.access_token).await, Ok(home.clone()));
    house.pass(1);
    assert_eq!(house.admitted(&tokens.access_token).await, Err(Code::Unauthorized));

    // A lost answer is given again for half a minute, to the letter.
    let second = house.refresh(&tokens.refresh_token).await.expect("exchanged");
    house.pass(30);
    let again = house.refresh(&tokens.refresh_token).await.expect("once more");
    assert_eq!(again.access_token, second.access_token);
    assert_eq!(again.refresh_token, second.refresh_token);
    assert_eq!(again.expires_in, 570);

    // After that, whoever comes with the old one ends everything.
    house.pass(1);
    assert_eq!(
        house.refresh(&tokens.refresh_token).await.expect_err("reused"),
        "invalid_grant"
    );
    assert_eq!(house.admitted(&second.access_token).await, Err(Code::Unauthorized));
    assert_eq!(
        house.refresh(&second.refresh_token).await.expect_err("ended"),
        "invalid_grant"
    );

    // A refresh token sleeps for ninety days, not longer.
    let third = house
        .redeem(&house.code(Some(home.clone())).await)
        .await
        .expect("tokens");
    house.pass(89 * 24 * 3_600);
    let fourth = house.refresh(&third.refresh_token).await.expect("in time");
    house.pass(90 * 24 * 3_600);
    assert_eq!(
        house.refresh(&fourth.refresh_token).await.expect_err("too late"),
        "invalid_grant"
    );

    // The session ended long ago, for it was not used.
    let made = house
        .studio
        .create_key(KeyOrder {
            workspace: home.clone(),
            name: "For a day".into(),
            scopes: vec![Scope::AssetsRead],
            balance: Balance::Api,
            expires_at: Some(house.studio.now() + Duration::from_secs(86_400)),
            created_by: None,
        })
        .await
        .expect("a key");
    assert_eq!(house.admitted(made.secret.reveal()).await, Ok(home));
    house.pass(86_400);
    assert_eq!(house.admitted(made.secret.reveal()).await, Err(Code::Unauthorized));
    house.studio.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_app_without_a_workspace_of_its_own_follows_the_default_one() {
    let house = House::open().await;
    let home = house.caller.workspace.clone();
    let other = house.call("me.create_workspace", json!({ "name": "Another" })).await;
    let other: WorkspaceId = other["workspace_id"].as_str().expect("an id").parse().expect("an id");
    house
        .call("me.default_workspace", json!({ "workspace_id": home }))
        .await;

    let follows = house.redeem(&house.code(None).await).await.expect("tokens");
    let bound = house
        .redeem(&house.code(Some(home.clone())).await)
        .await
        .expect("tokens");
    assert_eq!(house.admitted(&follows.access_token).await, Ok(home.clone()));
    house
        .call("me.default_workspace", json!({ "workspace_id": other }))
        .await;
    assert_eq!(house.admitted(&follows.access_token).await, Ok(other));
    assert_eq!(house.admitted(&bound.access_token).await, Ok(home.clone()));
    let apps = house.call("apps.list", json!({})).await;
    let named: Vec<bool> = apps["apps"]
        .as_array()
        .expect("apps")
        .iter()
        .map(|app| app["workspace_id"].is_string())
        .collect();
    assert_eq!(named, [true, false], "the newest first");
    house.studio.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_happens_at_the_doors_is_written_down() {
    let house = House::open().await;
    let home = house.caller.workspace.clone();
    let user = house.seat.user.id.clone();
    let code = house.code(Some(home.clone())).await;
    let tokens = house.redeem(&code).await.expect("tokens");
    let admission = house
        .studio
        .admit(&tokens.access_token, "/mcp", None)
        .await
        .expect("admitted");
    let listed = house
        .studio
        .call(&admission.caller, "assets.list", json!({}), None)
        .await;
    assert!(listed.is_ok());
    // Somebody has the code who should not.
    assert_eq!(house.redeem(&code).await.expect_err("reused"), "invalid_grant");

    let log = house.call("admin.audit", json!({})).await;
    let rows = log["rows"].as_array().expect("rows");
    let of = |action: &str| rows.iter().filter(|row| row["action"] == action).collect::<Vec<_>>();
    let opened = of("session.open");
    let mut outcomes: Vec<&str> = opened.iter().filter_map(|row| row["outcome"].as_str()).collect();
    outcomes.sort_unstable();
    assert_eq!(outcomes, ["ok", "unauthorized"]);
    assert!(opened.iter().all(|row| row["user_id"] == json!(user)));
    assert!(opened.iter().all(|row| row["address"] == "192.0.2.7"));
    let consent = of("consent");
    assert_eq!(consent.len(), 1);
    let grant = &consent[0]["target"];
    assert!(grant.is_string());
    assert_eq!(of("assets.list")[0]["target"], *grant);
    assert_eq!(of("oauth.code")[0]["outcome"], "reused");
    assert_eq!(of("oauth.code")[0]["target"], *grant);
    // No secret is in there.
    let all = log.to_string();
    for secret in [&tokens.access_token, &tokens.refresh_token, &code] {
        assert!(!all.contains(secret.as_str()));
    }
    house.studio.close().await;
}
