//! A stand-in of Stripe on this machine: the few calls that buying needs, as strict as the documentation of the API. It knows its key,
//! its version, its prices and customers, refuses parameters that it does not know, and answers a repeated idempotency key
//! as Stripe does. It signs events as Stripe does, too.
//! <https://docs.stripe.com/api/authentication>, <https://docs.stripe.com/api/idempotent_requests>,
//! <https://docs.stripe.com/api/checkout/sessions/create>, <https://docs.stripe.com/webhooks#verify-manually>

use std::collections::{BTreeMap, HashMap};
use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Request, State};
use axum::response::{IntoResponse, Response};
use hmac::{Hmac, KeyInit, Mac};
use http::{HeaderMap, StatusCode, header};
use serde_json::{Value, json};
use sha2::Sha256;

pub const KEY: &str = "sk_test_of_the_stand_in";
pub const SIGNING: &str = "whsec_of_the_stand_in";
pub const VERSION: &str = "2026-09-30.endive";

/// How it behaves.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Mood {
    Well,
    /// This status with an error of Stripe's form.
    Status(u16),
    /// A web page of something in between.
    Html(u16),
    /// 200, and no JSON.
    Nonsense,
    Slow,
    /// Hangs up.
    Down,
}

pub struct StandIn {
    port: u16,
    state: Shared,
    task: tokio::task::JoinHandle<()>,
}

type Shared = Arc<Mutex<Inner>>;
type Form = BTreeMap<String, String>;

pub struct Inner {
    pub mood: Mood,
    /// Forms by path, in order.
    pub forms: Vec<(String, Form)>,
    pub gets: Vec<String>,
    answers: HashMap<String, (Form, Value)>,
    pub subscriptions: HashMap<String, Value>,
    pub invoices_by_payment: HashMap<String, String>,
    pub customers: Vec<String>,
    made: u32,
}

impl StandIn {
    pub async fn start() -> Self {
        let state = Arc::new(Mutex::new(Inner {
            mood: Mood::Well,
            forms: Vec::new(),
            gets: Vec::new(),
            answers: HashMap::new(),
            subscriptions: HashMap::new(),
            invoices_by_payment: HashMap::new(),
            customers: vec!["cus_known".into()],
            made: 0,
        }));
        let router = Router::new().fallback(serve).with_state(state.clone());
        let listener = tokio::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0))
            .await
            .expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let task = tokio::spawn(async move {
            // It serves until it is aborted.
            let _ = axum::serve(listener, router).await;
        });
        Self { port, state, task }
    }

    pub fn inner(&self) -> MutexGuard<'_, Inner> {
        self.state.lock().expect("not poisoned")
    }

    pub fn mood(&self, mood: Mood) {
        self.inner().mood = mood;
    }

    /// The form of the last call to a path.
    pub fn last(&self, path: &str) -> Form {
        let inner = self.inner();
        let found = inner.forms.iter().rev().find(|(asked, _)| asked == path);
        found.expect("it was called").1.clone()
    }

    /// A configuration file that sells a pack and two plans through this.
    pub fn config(&self) -> String {
        format!(
            "default_plan = \"free\"\n[payments]\nprovider = \"stripe\"\nstripe_secret_key = \"{KEY}\"\n\
             stripe_webhook_secret = \"whsec_rolled_out,{SIGNING}\"\nstripe_url = \"http://127.0.0.1:{port}\"\n\
             [fetch]\nallow_private = [\"127.0.0.1:{port}\"]\ntimeout_seconds = 2\n\
             [[credit_packs]]\nprice = \"price_pack\"\ntitle = \"100 credits\"\ncredits = 100\n\
             [[plan_prices]]\nprice = \"price_pro\"\nplan = \"pro\"\ntitle = \"Pro\"\n\
             [[plan_prices]]\nprice = \"price_business\"\nplan = \"business\"\n",
            port = self.port
        )
    }
}

impl Drop for StandIn {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// The header that goes with a body.
pub fn signature(secret: &str, body: &str, seconds: i64) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).expect("any key");
    mac.update(format!("{seconds}.{body}").as_bytes());
    let hex: String = mac
        .finalize()
        .into_bytes()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    format!("t={seconds},v1={hex},v0={}", "0".repeat(64))
}

fn price(id: &str) -> Option<Value> {
    let (amount, currency, interval, active) = match id {
        "price_pack" => (1_999, "usd", None, true),
        "price_pro" => (2_900, "eur", Some("month"), true),
        "price_business" => (9_900, "eur", Some("month"), true),
        _ => return None,
    };
    Some(json!({
        "id": id, "object": "price", "active": active, "currency": currency, "unit_amount": amount,
        "type": if interval.is_some() { "recurring" } else { "one_time" },
        "recurring": interval.map(|interval| json!({ "interval": interval, "interval_count": 1 })),
    }))
}

fn error(status: u16, kind: &str, code: &str, param: &str, message: &str) -> Response {
    let body = json!({ "error": { "type": kind, "code": code, "param": param, "message": message } });
    let status = StatusCode::from_u16(status).expect("a status");
    (status, [(header::CONTENT_TYPE, "application/json")], body.to_string()).into_response()
}

fn missing(param: &str, id: &str) -> Response {
    let message = format!("No such {param}: '{id}'");
    error(400, "invalid_request_error", "resource_missing", param, &message)
}

fn good(body: &Value) -> Response {
    ([(header::CONTENT_TYPE, "application/json")], body.to_string()).into_response()
}

async fn serve(State(state): State<Shared>, request: Request) -> Response {
    let (head, body) = request.into_parts();
    let body = axum::body::to_bytes(body, 1 << 20).await.expect("a body");
    let mood = state.lock().expect("not poisoned").mood;
    match mood {
        Mood::Well => {}
        // Stripe shows keys in part; a message that shows all of it is the worst case.
        Mood::Status(status) => {
            return error(
                status,
                "api_error",
                "",
                "",
                &format!("Something about {KEY} went wrong"),
            );
        }
        Mood::Html(status) => {
            let status = StatusCode::from_u16(status).expect("a status");
            return (status, [(header::CONTENT_TYPE, "text/html")], "<h1>Bad gateway</h1>").into_response();
        }
        Mood::Nonsense => return "null and void".into_response(),
        Mood::Slow => tokio::time::sleep(Duration::from_secs(20)).await,
        Mood::Down => panic!("told to hang up"),
    }
    let header = |name: &str| head.headers.get(name).and_then(|value| value.to_str().ok());
    if header("authorization") != Some(&format!("Bearer {KEY}")) {
        return error(401, "invalid_request_error", "", "", "Invalid API Key provided");
    }
    if header("stripe-version") != Some(VERSION) {
        return error(
            400,
            "invalid_request_error",
            "",
            "",
            "The version is not the pinned one",
        );
    }
    let path = head.uri.path().to_owned();
    if head.method == http::Method::GET {
        return look(&state, &path, head.uri.query().unwrap_or_default());
    }
    post(&state, &path, &head.headers, &body)
}

fn look(state: &Shared, path: &str, query: &str) -> Response {
    let mut inner = state.lock().expect("not poisoned");
    inner.gets.push(path.to_owned());
    let query: Form = url::form_urlencoded::parse(query.as_bytes()).into_owned().collect();
    let parts: Vec<&str> = path.trim_start_matches('/').split('/').collect();
    match parts.as_slice() {
        ["v1", "prices", id] => price(id).map_or_else(|| missing("price", id), |price| good(&price)),
        ["v1", "subscriptions", id] => match inner.subscriptions.get(*id) {
            Some(found) => good(found),
            None => missing("subscription", id),
        },
        ["v1", "payment_intents", id] if query.get("expand[]").is_some_and(|what| what == "latest_charge") => {
            let receipt = format!("https://pay.stripe.com/receipts/{id}");
            good(&json!({ "id": id, "object": "payment_intent", "latest_charge": { "receipt_url": receipt } }))
        }
        ["v1", "invoices", id] => {
            let page = format!("https://invoice.stripe.com/i/{id}");
            good(&json!({ "id": id, "object": "invoice", "hosted_invoice_url": page }))
        }
        ["v1", "invoice_payments"] => {
            if query.get("payment[type]").map(String::as_str) != Some("payment_intent") {
                return error(
                    400,
                    "invalid_request_error",
                    "parameter_missing",
                    "payment[type]",
                    "Missing",
                );
            }
            let payment = query.get("payment[payment_intent]").cloned().unwrap_or_default();
            let found = inner.invoices_by_payment.get(&payment);
            let data: Vec<Value> = found
                .iter()
                .map(|invoice| json!({ "object": "invoice_payment", "invoice": invoice }))
                .collect();
            good(&json!({ "object": "list", "data": data }))
        }
        _ => error(404, "invalid_request_error", "", "", "Unrecognized request URL"),
    }
}

fn post(state: &Shared, path: &str, headers: &HeaderMap, body: &Bytes) -> Response {
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    if header("content-type") != Some("application/x-www-form-urlencoded") {
        return error(400, "invalid_request_error", "", "", "The body must be a form");
    }
    let Some(key) = header("idempotency-key").filter(|key| !key.is_empty() && key.len() <= 255) else {
        return error(
            400,
            "invalid_request_error",
            "",
            "",
            "This stand-in wants an Idempotency-Key",
        );
    };
    let form: Form = url::form_urlencoded::parse(body).into_owned().collect();
    let mut inner = state.lock().expect("not poisoned");
    inner.forms.push((path.to_owned(), form.clone()));
    if let Some((before, answer)) = inner.answers.get(key) {
        if *before != form {
            return error(
                400,
                "idempotency_error",
                "",
                "",
                "Keys for idempotent requests can only be used with the same parameters",
            );
        }
        return good(answer);
    }
    inner.made += 1;
    let made = inner.made;
    let answer = match path {
        "/v1/checkout/sessions" => match checkout(&form, &inner.customers) {
            Err(refused) => return refused,
            Ok(()) => {
                let id = format!("cs_test_{made}");
                json!({ "id": id, "object": "checkout.session", "url": format!("https://checkout.stripe.com/c/pay/{id}") })
            }
        },
        "/v1/billing_portal/sessions" => {
            if let Some(unknown) = form
                .keys()
                .find(|name| !["customer", "return_url"].contains(&name.as_str()))
            {
                return error(
                    400,
                    "invalid_request_error",
                    "parameter_unknown",
                    unknown,
                    "Received unknown parameter",
                );
            }
            let customer = form.get("customer").cloned().unwrap_or_default();
            if !inner.customers.contains(&customer) {
                return missing("customer", &customer);
            }
            json!({ "id": format!("bps_{made}"), "url": format!("https://billing.stripe.com/p/session/{made}") })
        }
        _ => return error(404, "invalid_request_error", "", "", "Unrecognized request URL"),
    };
    inner.answers.insert(key.to_owned(), (form, answer.clone()));
    good(&answer)
}

fn checkout(form: &Form, customers: &[String]) -> Result<(), Response> {
    let field = |name: &str| form.get(name).map(String::as_str).unwrap_or_default();
    let mode = field("mode");
    let inner = match mode {
        "payment" => "payment_intent_data",
        "subscription" => "subscription_data",
        _ => return Err(error(400, "invalid_request_error", "", "mode", "Invalid mode")),
    };
    for name in form.keys() {
        let is_known = matches!(
            name.as_str(),
            "mode"
                | "line_items[0][price]"
                | "line_items[0][quantity]"
                | "client_reference_id"
                | "success_url"
                | "cancel_url"
                | "customer"
                | "customer_email"
                | "customer_creation"
        ) || name.starts_with("metadata[")
            || name.starts_with(&format!("{inner}[metadata]["));
        if !is_known {
            let message = format!("Received unknown parameter: {name}");
            return Err(error(400, "invalid_request_error", "parameter_unknown", name, &message));
        }
    }
    let Some(price) = price(field("line_items[0][price]")) else {
        return Err(missing("line_items[0][price]", field("line_items[0][price]")));
    };
    if price["recurring"].is_object() != (mode == "subscription") {
        return Err(error(
            400,
            "invalid_request_error",
            "",
            "mode",
            "The price does not fit the mode",
        ));
    }
    if form.contains_key("customer") && (form.contains_key("customer_email") || form.contains_key("customer_creation"))
    {
        return Err(error(
            400,
            "invalid_request_error",
            "",
            "customer",
            "You may only specify one of these parameters",
        ));
    }
    if mode == "subscription" && form.contains_key("customer_creation") {
        return Err(error(
            400,
            "invalid_request_error",
            "",
            "customer_creation",
            "Only in payment mode",
        ));
    }
    if form.contains_key("customer") && !customers.iter().any(|known| known == field("customer")) {
        return Err(missing("customer", field("customer")));
    }
    let whole = ["success_url", "cancel_url"]
        .iter()
        .all(|name| url::Url::parse(field(name)).is_ok());
    if !whole || field("line_items[0][quantity]") != "1" {
        return Err(error(
            400,
            "invalid_request_error",
            "url_invalid",
            "success_url",
            "Not a valid URL",
        ));
    }
    Ok(())
}
