//! Buying through the front door: a person signs in and buys, a stand-in of Stripe makes the page, events arrive signed.
#![allow(clippy::disallowed_types, clippy::disallowed_methods)]

use std::path::Path;
use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};

use super::person::{Person, browser, create_user, send};
use super::process::{Process, run};
use super::stripe::{KEY, Mood, SIGNING, StandIn, signature};

struct Shop {
    stripe: StandIn,
    studio: Process,
    ada: Person,
    folder: tempfile::TempDir,
}

async fn open() -> Shop {
    let stripe = StandIn::start().await;
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("aquatint.toml"), stripe.config()).expect("written");
    let studio = Process::start(folder.path());
    create_user(folder.path(), "ada@example.com", &[]);
    let ada = Person::sign_in(&studio, "ada@example.com").await;
    Shop {
        stripe,
        studio,
        ada,
        folder,
    }
}

fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970");
    i64::try_from(since.as_secs()).expect("it fits")
}

fn event(id: &str, kind: &str, object: Value) -> String {
    json!({ "id": id, "object": "event", "type": kind, "created": now(), "data": { "object": object } }).to_string()
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("text, not {value}")).to_owned()
}

impl Shop {
    async fn deliver_as(&self, body: &str, signature: Option<&str>) -> (u16, Value) {
        let mut request = browser()
            .post(format!("{}/webhooks/stripe", self.studio.url))
            .body(body.to_owned());
        request = request.header("content-type", "application/json; charset=utf-8");
        if let Some(signature) = signature {
            request = request.header("stripe-signature", signature);
        }
        let answer = send(request).await;
        (answer.status, answer.json())
    }

    async fn deliver(&self, body: &str) -> u16 {
        self.deliver_as(body, Some(&signature(SIGNING, body, now()))).await.0
    }

    /// Begins an order; gives its id and the session's.
    async fn buy(&self, price: &str) -> (String, String) {
        let begun = self.ada.post("/payments/checkout", json!({ "price": price })).await;
        let url = text(&begun["url"]);
        let session = url
            .strip_prefix("https://checkout.stripe.com/c/pay/")
            .expect("Stripe's page");
        (text(&begun["order_id"]), session.to_owned())
    }

    async fn order(&self, id: &str) -> Value {
        self.ada.get(&format!("/payments/orders/{id}")).await
    }

    /// Plan units and API credits.
    async fn balances(&self) -> (f64, f64) {
        let credits = self.ada.get("/account/credits").await;
        let available = |name: &str| credits[name]["available"].as_f64().expect("a number");
        (available("plan_units"), available("api"))
    }

    fn check_books(&self) {
        run(self.folder.path(), &["ledger", "check"]);
    }
}

fn session(order: &str, id: &str, status: &str) -> Value {
    json!({
        "id": id, "object": "checkout.session", "mode": "payment", "client_reference_id": order, "payment_status": status,
        "amount_total": 1_999, "currency": "usd", "payment_intent": "pi_1", "customer": "cus_known", "metadata": { "aquatint_order": order },
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_pack_is_bought_and_granted_once() {
    let shop = open().await;
    let before = shop.balances().await;
    assert_eq!(shop.ada.get("/me").await["server"]["sells"], true);
    assert!(text(&shop.ada.get("/account/credits").await["credits_url"]).ends_with("/app/usage"));

    // What is for sale, with amounts as Stripe has them.
    let offers = shop.ada.get("/payments").await;
    assert_eq!(
        (
            &offers["packs"][0]["amount"]["text"],
            &offers["packs"][0]["api_credits"],
            &offers["can_manage"]
        ),
        (&json!("19.99 USD"), &json!(100), &json!(false))
    );
    assert_eq!(
        (&offers["plans"][0]["title"], &offers["plans"][0]["every"]),
        (&json!("Pro"), &json!("month"))
    );

    let (order, id) = shop.buy("price_pack").await;
    let form = shop.stripe.last("/v1/checkout/sessions");
    let workspace = text(&shop.ada.get("/me").await["workspace"]["workspace_id"]);
    let back = format!("{}/app/usage?order={order}", shop.studio.url);
    let left = format!("{back}&left=1");
    for (name, value) in [
        ("mode", "payment"),
        ("client_reference_id", order.as_str()),
        ("metadata[aquatint_order]", &order),
        ("metadata[aquatint_workspace]", &workspace),
        ("payment_intent_data[metadata][aquatint_order]", &order),
        ("customer_email", "ada@example.com"),
        ("customer_creation", "always"),
        ("success_url", &back),
        ("cancel_url", &left),
    ] {
        assert_eq!(form.get(name).map(String::as_str), Some(value), "{name}");
    }
    assert_eq!(shop.order(&order).await["state"], "pending");
    assert_eq!(shop.balances().await, before);

    // Nothing but a good signature of now is believed.
    let body = event("evt_1", "checkout.session.completed", session(&order, &id, "paid"));
    let good = signature(SIGNING, &body, now());
    for (why, tried, header) in [
        ("no signature", body.as_str(), None),
        ("another secret", &body, Some(signature("whsec_other", &body, now()))),
        ("the API key", &body, Some(signature(KEY, &body, now()))),
        ("an old time", &body, Some(signature(SIGNING, &body, now() - 301))),
        ("a time to come", &body, Some(signature(SIGNING, &body, now() + 330))),
        ("another body", &body.replace("1999", "1"), Some(good.clone())),
        (
            "a signature without a time",
            &body,
            Some(good.split_once(',').expect("two parts").1.to_owned()),
        ),
        ("nonsense", &body, Some("t=,v1=".into())),
    ] {
        let (status, answer) = shop.deliver_as(tried, header.as_deref()).await;
        assert_eq!(
            (status, &answer["code"]),
            (400, &json!("malformed_request")),
            "{why}: {answer}"
        );
    }
    let large = "x".repeat(600 * 1024);
    assert_eq!(shop.deliver(&large).await, 413);
    assert_eq!(shop.deliver("{}").await, 400);
    assert_eq!(shop.balances().await, before);
    // Finished on the page, and the money is on its way.
    let waiting = event("evt_0", "checkout.session.completed", session(&order, &id, "unpaid"));
    assert_eq!(shop.deliver(&waiting).await, 200);
    assert_eq!(shop.order(&order).await["state"], "pending");

    // Twenty deliveries at once, of two events that say the same.
    let again = event(
        "evt_2",
        "checkout.session.async_payment_succeeded",
        session(&order, &id, "paid"),
    );
    let answers =
        futures::future::join_all((0..20).map(|turn| shop.deliver(if turn % 2 == 0 { &body } else { &again }))).await;
    assert!(answers.iter().all(|status| *status == 200), "{answers:?}");
    let after = (before.0, before.1 + 100.0);
    assert_eq!(shop.balances().await, after);
    // Late, in the wrong order, unknown, or of another shop of the same account.
    for body in [
        waiting,
        event("evt_3", "checkout.session.expired", session(&order, &id, "unpaid")),
        event(
            "evt_4",
            "checkout.session.async_payment_failed",
            session(&order, &id, "unpaid"),
        ),
        event(
            "evt_5",
            "checkout.session.completed",
            session("ord_00000000000000000000000000", "cs_x", "paid"),
        ),
        event(
            "evt_6",
            "checkout.session.completed",
            session("cart-17", "cs_y", "paid"),
        ),
        event("evt_7", "product.created", json!({ "id": "prod_1" })),
        event(
            "evt_8",
            "charge.refunded",
            json!({ "payment_intent": "pi_other", "amount": 5, "amount_refunded": 5 }),
        ),
    ] {
        assert_eq!(shop.deliver(&body).await, 200, "{body}");
    }
    // A session of somebody else's does not pay another order, though the event is genuine.
    let (second, _) = shop.buy("price_pack").await;
    assert_eq!(
        shop.stripe
            .last("/v1/checkout/sessions")
            .get("customer")
            .map(String::as_str),
        Some("cus_known")
    );
    assert_eq!(
        shop.deliver(&event(
            "evt_9",
            "checkout.session.completed",
            session(&second, "cs_z", "paid")
        ))
        .await,
        200
    );
    assert_eq!(shop.balances().await, after);

    let paid = shop.order(&order).await;
    assert_eq!(
        (&paid["state"], &paid["amount"]["text"], &paid["is_granted"]),
        (&json!("paid"), &json!("19.99 USD"), &json!(true))
    );
    let receipt = shop.ada.get(&format!("/payments/orders/{order}/receipt")).await;
    assert_eq!(receipt["url"], "https://pay.stripe.com/receipts/pi_1");
    let (status, _) = shop
        .ada
        .call("GET", &format!("/payments/orders/{second}/receipt"), None)
        .await;
    assert_eq!(status, 404);
    let listed = shop.ada.get("/payments/orders?limit=1").await;
    assert_eq!(listed["orders"][0]["order_id"], json!(second));
    let rest = shop
        .ada
        .get(&format!(
            "/payments/orders?limit=1&cursor={}",
            text(&listed["next_cursor"])
        ))
        .await;
    assert_eq!(rest["orders"][0]["order_id"], json!(order));
    let portal = shop.ada.post("/payments/portal", json!({})).await;
    assert!(text(&portal["url"]).starts_with("https://billing.stripe.com/"));

    // A part goes back, then the rest; half of it was disputed before anybody heard of the refund.
    let charge = |refunded: i64| json!({ "payment_intent": "pi_1", "amount": 1_999, "amount_refunded": refunded, "metadata": {} });
    for (id, kind, object, left, state) in [
        ("evt_a", "charge.refunded", charge(500), 74.98749375, "paid"),
        (
            "evt_b",
            "charge.dispute.created",
            json!({ "payment_intent": "pi_1", "amount": 1_999 }),
            0.0,
            "refunded",
        ),
        ("evt_c", "charge.refunded", charge(1_999), 0.0, "refunded"),
    ] {
        for _ in 0..2 {
            assert_eq!(shop.deliver(&event(id, kind, object.clone())).await, 200);
        }
        let got = shop.balances().await.1 - before.1;
        assert!((got - left).abs() < 0.001, "{id}: {got}");
        assert_eq!(shop.order(&order).await["state"], state);
    }
    shop.check_books();
}

fn subscription(order: &str, status: &str, price: &str) -> Value {
    json!({
        "id": "sub_1", "object": "subscription", "status": status, "customer": "cus_known", "cancel_at_period_end": false,
        "metadata": { "aquatint_order": order }, "items": { "data": [{ "price": { "id": price }, "current_period_end": 1_800_000_000 }] },
    })
}

fn invoice(order: &str, id: &str, reason: &str, price: &str) -> Value {
    json!({
        "id": id, "object": "invoice", "billing_reason": reason, "amount_paid": 2_900, "currency": "eur", "customer": "cus_known",
        "parent": { "subscription_details": { "subscription": "sub_1", "metadata": { "aquatint_order": order } } },
        "lines": { "data": [{ "pricing": { "price_details": { "price": price } }, "parent": { "subscription_item_details": { "proration": false } } }] },
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_is_subscribed_to_renewed_not_paid_and_ended() {
    let shop = open().await;
    let before = shop.balances().await;
    let plan = async || text(&shop.ada.get("/account/credits").await["plan"]);
    let stands = |value: Value| {
        shop.stripe.inner().subscriptions.insert("sub_1".into(), value);
    };
    assert_eq!(shop.ada.call("POST", "/payments/portal", Some(json!({}))).await.0, 409);
    let (order, id) = shop.buy("price_pro").await;
    let form = shop.stripe.last("/v1/checkout/sessions");
    assert_eq!(form.get("subscription_data[metadata][aquatint_order]"), Some(&order));
    assert_eq!(form.get("mode").map(String::as_str), Some("subscription"));

    // Stripe does not answer: the event must come again, and does.
    stands(subscription(&order, "active", "price_pro"));
    let created = event(
        "evt_1",
        "customer.subscription.created",
        subscription(&order, "incomplete", "price_pro"),
    );
    shop.stripe.mood(Mood::Status(500));
    assert_eq!(shop.deliver(&created).await, 503);
    shop.stripe.mood(Mood::Well);
    // The invoice comes first, then what was said before, then the page; each of them twice.
    let done = json!({
        "id": id, "mode": "subscription", "client_reference_id": order, "payment_status": "paid", "amount_total": 2_900, "currency": "eur",
        "subscription": "sub_1", "invoice": "in_1", "customer": "cus_known",
    });
    for (id, kind, object) in [
        (
            "evt_2",
            "invoice.paid",
            invoice(&order, "in_1", "subscription_create", "price_pro"),
        ),
        (
            "evt_1",
            "customer.subscription.created",
            subscription(&order, "incomplete", "price_pro"),
        ),
        ("evt_3", "checkout.session.completed", done),
        (
            "evt_4",
            "customer.subscription.updated",
            subscription(&order, "incomplete", "price_pro"),
        ),
    ] {
        for _ in 0..2 {
            assert_eq!(shop.deliver(&event(id, kind, object.clone())).await, 200, "{id}");
        }
    }
    assert_eq!(plan().await, "pro");
    assert_eq!(shop.balances().await, (before.0 + 1_000.0, before.1 + 100.0));
    let shown = shop.ada.get("/payments").await;
    assert_eq!(
        (&shown["subscription"]["plan"], &shown["subscription"]["status"]),
        (&json!("pro"), &json!("active"))
    );
    let (status, refused) = shop
        .ada
        .call("POST", "/payments/checkout", Some(json!({ "price": "price_business" })))
        .await;
    assert_eq!((status, &refused["code"]), (409, &json!("conflict")));

    // A change of plan at Stripe: the plan at once, its credits with the next paid period.
    stands(subscription(&order, "active", "price_business"));
    assert_eq!(
        shop.deliver(&event(
            "evt_5",
            "customer.subscription.updated",
            json!({ "id": "sub_1" })
        ))
        .await,
        200
    );
    let change = invoice(&order, "in_2", "subscription_update", "price_business");
    assert_eq!(shop.deliver(&event("evt_6", "invoice.paid", change)).await, 200);
    assert_eq!(plan().await, "business");
    assert_eq!(shop.balances().await.0, before.0 + 1_000.0);
    for id in ["evt_7", "evt_8"] {
        let renewal = invoice(&order, "in_3", "subscription_cycle", "price_business");
        assert_eq!(shop.deliver(&event(id, "invoice.paid", renewal)).await, 200);
    }
    assert_eq!(shop.balances().await, (before.0 + 11_000.0, before.1 + 1_100.0));
    let orders = shop.ada.get("/payments/orders").await;
    assert_eq!(
        (&orders["orders"][0]["kind"], orders["orders"].as_array().map(Vec::len)),
        (&json!("renewal"), Some(2))
    );
    let renewal = text(&orders["orders"][0]["order_id"]);
    let receipt = shop.ada.get(&format!("/payments/orders/{renewal}/receipt")).await;
    assert_eq!(receipt["url"], "https://invoice.stripe.com/i/in_3");

    // The charge of an invoice carries nothing of ours: Stripe says which invoice it was for.
    shop.stripe
        .inner()
        .invoices_by_payment
        .insert("pi_3".into(), "in_3".into());
    let charge = json!({ "payment_intent": "pi_3", "amount": 2_900, "amount_refunded": 2_900 });
    assert_eq!(shop.deliver(&event("evt_9", "charge.refunded", charge)).await, 200);
    assert_eq!(shop.balances().await, (before.0 + 1_000.0, before.1 + 100.0));
    assert_eq!(shop.order(&renewal).await["credits_taken_back"], 11_000);

    // Not paid: the plan stays for now. Ended: back to the default plan.
    stands(subscription(&order, "past_due", "price_business"));
    let failed = invoice(&order, "in_4", "subscription_cycle", "price_business");
    assert_eq!(
        shop.deliver(&event("evt_10", "invoice.payment_failed", failed)).await,
        200
    );
    assert_eq!(plan().await, "business");
    assert!(shop.ada.get("/payments").await["subscription"]["plan_until"].is_string());
    stands(subscription(&order, "canceled", "price_business"));
    assert_eq!(
        shop.deliver(&event(
            "evt_11",
            "customer.subscription.deleted",
            json!({ "id": "sub_1" })
        ))
        .await,
        200
    );
    assert_eq!(plan().await, "free");
    assert!(shop.ada.get("/payments").await["subscription"].is_null());
    assert_eq!(shop.balances().await.0, before.0 + 1_000.0);
    shop.buy("price_pro").await;
    shop.check_books();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_provider_that_fails_costs_nothing_and_tells_nothing() {
    let shop = open().await;
    for (mood, status, retryable) in [
        (Mood::Status(400), 502, false),
        (Mood::Status(401), 502, false),
        (Mood::Status(402), 502, false),
        (Mood::Status(409), 503, true),
        (Mood::Status(429), 503, true),
        (Mood::Status(500), 503, true),
        (Mood::Html(502), 503, true),
        (Mood::Html(404), 502, false),
        (Mood::Nonsense, 503, true),
        (Mood::Slow, 503, true),
        (Mood::Down, 503, true),
    ] {
        shop.stripe.mood(mood);
        let (got, answer) = shop
            .ada
            .call("POST", "/payments/checkout", Some(json!({ "price": "price_pack" })))
            .await;
        assert_eq!(
            (got, &answer["retryable"]),
            (status, &json!(retryable)),
            "{mood:?}: {answer}"
        );
        assert!(!answer.to_string().contains("sk_test"), "{answer}");
        // The page of what is for sale does without amounts.
        if mood != Mood::Slow {
            let offers = shop.ada.get("/payments").await;
            assert_eq!(
                (&offers["packs"][0]["title"], &offers["packs"][0]["amount"]),
                (&json!("100 credits"), &Value::Null)
            );
        }
    }
    shop.stripe.mood(Mood::Well);
    let orders = shop.ada.get("/payments/orders").await;
    assert!(
        orders["orders"]
            .as_array()
            .expect("a list")
            .iter()
            .all(|order| order["state"] == "failed")
    );
    let (status, answer) = shop
        .ada
        .call(
            "POST",
            "/payments/checkout",
            Some(json!({ "price": "price_free_lunch" })),
        )
        .await;
    assert_eq!((status, &answer["field"]), (400, &json!("price")), "{answer}");

    // A customer whom Stripe does not know any more is forgotten.
    let (order, id) = shop.buy("price_pack").await;
    let body = event("evt_1", "checkout.session.completed", session(&order, &id, "paid"));
    assert_eq!(shop.deliver(&body).await, 200);
    shop.stripe.inner().customers.clear();
    shop.buy("price_pack").await;
    assert!(shop.stripe.last("/v1/checkout/sessions").contains_key("customer_email"));

    // Too many orders that nobody pays.
    let mut refused = None;
    for _ in 0..20 {
        let (status, answer) = shop
            .ada
            .call("POST", "/payments/checkout", Some(json!({ "price": "price_pack" })))
            .await;
        if status != 200 {
            refused = Some((status, answer["code"].clone()));
            break;
        }
    }
    assert_eq!(refused, Some((429, json!("rate_limited"))));
    shop.check_books();
}

#[tokio::test(flavor = "multi_thread")]
async fn only_owners_and_admins_of_the_workspace_buy() {
    let shop = open().await;
    let data = shop.folder.path();
    create_user(data, "bob@example.com", &[]);
    for (email, role) in [
        ("eve@example.com", "viewer"),
        ("max@example.com", "member"),
        ("amy@example.com", "admin"),
    ] {
        create_user(data, email, &["--workspace", "My studio", "--role", role]);
    }
    let (order, _) = shop.buy("price_pack").await;
    let paths = [
        ("GET", "/payments".to_owned(), None),
        (
            "POST",
            "/payments/checkout".to_owned(),
            Some(json!({ "price": "price_pack" })),
        ),
        ("POST", "/payments/portal".to_owned(), Some(json!({}))),
        ("GET", "/payments/orders".to_owned(), None),
        ("GET", format!("/payments/orders/{order}"), None),
        ("GET", format!("/payments/orders/{order}/receipt"), None),
    ];
    for email in ["eve@example.com", "max@example.com"] {
        let person = Person::sign_in(&shop.studio, email).await;
        for (method, path, body) in &paths {
            assert_eq!(person.call(method, path, body.clone()).await.0, 403, "{email} {path}");
        }
    }
    let amy = Person::sign_in(&shop.studio, "amy@example.com").await;
    assert_eq!(amy.get(&format!("/payments/orders/{order}")).await["state"], "pending");
    let bob = Person::sign_in(&shop.studio, "bob@example.com").await;
    for (method, path, body) in &paths[4..] {
        assert_eq!(bob.call(method, path, body.clone()).await.0, 404, "{path}");
    }
    assert_eq!(bob.get("/payments/orders").await["orders"], json!([]));
    // Keys do not buy, whatever their scopes.
    assert_eq!(
        shop.studio
            .rest("POST", "/payments/checkout", Some(json!({ "price": "price_pack" })))
            .await
            .0,
        403
    );

    let checked = run(data, &["payments", "check"]);
    assert!(
        checked.contains("19.99 USD") && !checked.contains("PROBLEM") && !checked.contains(KEY),
        "{checked}"
    );
    let orders = run(data, &["payments", "orders"]);
    assert!(orders.contains(&order) && orders.contains("pending"), "{orders}");
    assert!(failed(data, "price_pack", "price_unknown").contains("No such price"));
    assert!(failed(data, "price_pack", "price_business").contains("recurring"));
}

/// `payments check` with a word of the configuration replaced.
fn failed(data: &Path, from: &str, to: &str) -> String {
    let path = data.join("aquatint.toml");
    let before = std::fs::read_to_string(&path).expect("it is there");
    // Each price stands once.
    let changed = before.replace(to, "price_pro_2").replace(from, to);
    std::fs::write(&path, changed).expect("written");
    let output = super::process::aquatint(data)
        .args(["payments", "check"])
        .output()
        .expect("it runs");
    std::fs::write(&path, before).expect("written");
    assert!(!output.status.success());
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn without_configuration_nothing_is_sold_and_every_route_says_so() {
    let folder = tempfile::tempdir().expect("a folder");
    let studio = Process::start(folder.path());
    create_user(folder.path(), "ada@example.com", &[]);
    let ada = Person::sign_in(&studio, "ada@example.com").await;
    assert_eq!(ada.get("/me").await["server"]["sells"], false);
    assert!(!text(&ada.get("/account/credits").await["credits_url"]).contains("/app/usage"));
    for (method, path, body) in [
        ("GET", "/payments", None),
        ("POST", "/payments/checkout", Some(json!({ "price": "price_pack" }))),
        ("POST", "/payments/portal", Some(json!({}))),
    ] {
        let (status, answer) = ada.call(method, path, body).await;
        assert_eq!((status, &answer["code"]), (404, &json!("not_found")), "{path}");
        assert!(text(&answer["message"]).contains("not switched on"), "{answer}");
    }
    let body = event("evt_1", "checkout.session.completed", json!({}));
    let request = browser()
        .post(format!("{}/webhooks/stripe", studio.url))
        .body(body.clone());
    let answer = send(request.header("stripe-signature", signature(SIGNING, &body, now()))).await;
    assert_eq!(answer.status, 404);
    assert!(run(folder.path(), &["payments", "check"]).contains("not switched on"));
}
