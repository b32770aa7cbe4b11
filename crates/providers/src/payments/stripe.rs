//! Stripe's API, as far as buying credits and plans needs it. No card data passes here: people pay on Stripe's own pages.
//! Requests are forms with brackets, answers JSON; the version is pinned, so that shapes do not change under us.
//! <https://docs.stripe.com/api/versioning>, <https://docs.stripe.com/api/idempotent_requests>, <https://docs.stripe.com/api/errors>,
//! <https://docs.stripe.com/api/checkout/sessions/create>, <https://docs.stripe.com/api/customer_portal/sessions/create>,
//! <https://docs.stripe.com/api/prices/retrieve>, <https://docs.stripe.com/api/subscriptions/retrieve>,
//! <https://docs.stripe.com/api/payment_intents/retrieve>, <https://docs.stripe.com/api/invoices/retrieve>,
//! <https://docs.stripe.com/api/invoice-payment/list>

use aquatint_domain::{Code, Problem, Timestamp};
use serde_json::Value;

use super::event::{id_of, text};
use crate::Secret;
use crate::fetch::{Call, Fetcher};

/// The version of the API that requests are made in.
pub const VERSION: &str = "2026-09-30.endive";
/// Where the API is.
pub const API: &str = "https://api.stripe.com";
/// The name of our order's id in metadata.
pub const ORDER: &str = "aquatint_order";
/// The name of our workspace's id in metadata; for people who look at the dashboard.
const WORKSPACE: &str = "aquatint_workspace";
/// Largest answer, in bytes.
const ANSWER_BYTES: u64 = 1024 * 1024;
/// How long a busy API is left alone, in seconds.
const PAUSE_S: u64 = 10;

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    pub secret_key: Secret,
    /// Signing secrets of the webhook endpoint; several while one is being rolled.
    pub webhook_secrets: Vec<Secret>,
    /// Without a slash at the end.
    pub base_url: String,
}

/// Stripe, spoken to with an operator's key.
pub struct Stripe<'a> {
    fetcher: &'a Fetcher,
    config: &'a Config,
}

/// A price, as the operator made it at Stripe.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Price {
    pub id: String,
    pub is_active: bool,
    /// In minor units; `None` where Stripe has it in tiers or lets the customer choose.
    pub amount: Option<i64>,
    pub currency: String,
    /// `day`, `week`, `month` or `year`, and how many of them; `None` for what is paid once.
    pub every: Option<(String, u64)>,
}

/// A page to be made on which an order is paid.
#[derive(Clone, Debug)]
pub struct NewCheckout<'a> {
    pub order: &'a str,
    pub workspace: &'a str,
    pub price: &'a str,
    pub is_subscription: bool,
    /// Known from an earlier order.
    pub customer: Option<&'a str>,
    /// Filled in for who is no customer yet.
    pub email: Option<&'a str>,
    pub success_url: &'a str,
    pub cancel_url: &'a str,
}

/// A page that Stripe made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StripePage {
    pub id: String,
    pub url: String,
}

/// How a subscription stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SubscriptionState {
    pub id: String,
    /// `incomplete`, `incomplete_expired`, `trialing`, `active`, `past_due`, `canceled`, `unpaid` or `paused`.
    pub status: String,
    /// Our order, by which it was made.
    pub order: Option<String>,
    pub prices: Vec<String>,
    pub cancel_at: Option<Timestamp>,
    pub period_end: Option<Timestamp>,
}

/// What went wrong with a call.
#[derive(Debug)]
pub struct Failure {
    /// Stripe's word, such as `resource_missing`.
    pub code: Option<String>,
    /// The parameter at fault.
    pub param: Option<String>,
    /// The same for the caller.
    pub problem: Box<Problem>,
}

impl From<Failure> for Problem {
    fn from(failure: Failure) -> Self {
        *failure.problem
    }
}

impl<'a> Stripe<'a> {
    pub fn new(fetcher: &'a Fetcher, config: &'a Config) -> Self {
        Self { fetcher, config }
    }

    pub async fn price(&self, id: &str) -> Result<Price, Failure> {
        let found = self.get(&format!("/v1/prices/{}", segment(id))).await?;
        let currency = text(&found["currency"]).ok_or_else(|| self.strange("a price without a currency"))?;
        let recurring = &found["recurring"];
        Ok(Price {
            id: text(&found["id"]).unwrap_or_else(|| id.to_owned()),
            is_active: found["active"] == true,
            amount: found["unit_amount"].as_i64(),
            currency,
            every: text(&recurring["interval"])
                .map(|interval| (interval, recurring["interval_count"].as_u64().unwrap_or(1))),
        })
    }

    /// Makes a page for paying. The order's id is the idempotency key: asked twice, Stripe gives the same page.
    pub async fn create_checkout(&self, new: &NewCheckout<'_>) -> Result<StripePage, Failure> {
        let mode = if new.is_subscription { "subscription" } else { "payment" };
        // What the session's own metadata does not reach: the charge, for refunds; the subscription, for renewals.
        let inner = if new.is_subscription {
            "subscription_data"
        } else {
            "payment_intent_data"
        };
        let mut form = vec![
            ("mode".to_owned(), mode),
            ("line_items[0][price]".to_owned(), new.price),
            ("line_items[0][quantity]".to_owned(), "1"),
            ("client_reference_id".to_owned(), new.order),
            ("success_url".to_owned(), new.success_url),
            ("cancel_url".to_owned(), new.cancel_url),
        ];
        for outer in ["metadata".to_owned(), format!("{inner}[metadata]")] {
            form.push((format!("{outer}[{ORDER}]"), new.order));
            form.push((format!("{outer}[{WORKSPACE}]"), new.workspace));
        }
        match (new.customer, new.email) {
            (Some(customer), _) => form.push(("customer".to_owned(), customer)),
            (None, email) => {
                if !new.is_subscription {
                    form.push(("customer_creation".to_owned(), "always"));
                }
                form.extend(email.map(|email| ("customer_email".to_owned(), email)));
            }
        }
        // Without its customer it is another request, and needs another key.
        let key = match new.customer {
            Some(customer) => format!("{}-{customer}", new.order),
            None => new.order.to_owned(),
        };
        self.page("/v1/checkout/sessions", &form, &key).await
    }

    /// Makes a page on which a customer manages subscriptions and payment methods.
    pub async fn create_portal(&self, customer: &str, return_url: &str, key: &str) -> Result<StripePage, Failure> {
        let form = [("customer".to_owned(), customer), ("return_url".to_owned(), return_url)];
        self.page("/v1/billing_portal/sessions", &form, key).await
    }

    pub async fn subscription(&self, id: &str) -> Result<SubscriptionState, Failure> {
        let found = self.get(&format!("/v1/subscriptions/{}", segment(id))).await?;
        let status = text(&found["status"]).ok_or_else(|| self.strange("a subscription without a status"))?;
        let time = |value: &Value| value.as_i64().and_then(|seconds| Timestamp::from_second(seconds).ok());
        let items: Vec<&Value> = found["items"]["data"].as_array().into_iter().flatten().collect();
        let period_end = items.iter().find_map(|item| time(&item["current_period_end"]));
        let period_end = period_end.or_else(|| time(&found["current_period_end"]));
        let cancel_at = time(&found["cancel_at"]);
        let ends_with_period = found["cancel_at_period_end"] == true;
        Ok(SubscriptionState {
            id: text(&found["id"]).unwrap_or_else(|| id.to_owned()),
            status,
            order: text(&found["metadata"][ORDER]),
            prices: items.iter().filter_map(|item| id_of(&item["price"])).collect(),
            cancel_at: cancel_at.or(period_end.filter(|_| ends_with_period)),
            period_end,
        })
    }

    /// The receipt of a payment; there is none before the money has come.
    pub async fn receipt(&self, payment: &str) -> Result<Option<String>, Failure> {
        let path = format!("/v1/payment_intents/{}?expand[]=latest_charge", segment(payment));
        let found = self.get(&path).await?;
        Ok(self.page_url(&found["latest_charge"]["receipt_url"]))
    }

    /// The page of an invoice.
    pub async fn invoice_page(&self, invoice: &str) -> Result<Option<String>, Failure> {
        let found = self.get(&format!("/v1/invoices/{}", segment(invoice))).await?;
        Ok(self.page_url(&found["hosted_invoice_url"]))
    }

    /// The invoice that a payment was for, if it was for one.
    pub async fn invoice_of(&self, payment: &str) -> Result<Option<String>, Failure> {
        let path = format!(
            "/v1/invoice_payments?payment[type]=payment_intent&payment[payment_intent]={}&limit=1",
            segment(payment)
        );
        let found = self.get(&path).await?;
        Ok(id_of(&found["data"][0]["invoice"]))
    }

    async fn page(&self, path: &str, form: &[(String, &str)], key: &str) -> Result<StripePage, Failure> {
        let made = self.call(path, Some(form), Some(key)).await?;
        let url = self.page_url(&made["url"]);
        match (text(&made["id"]), url) {
            (Some(id), Some(url)) => Ok(StripePage { id, url }),
            _ => Err(self.strange("a page without an id or an address")),
        }
    }

    /// An address that people are sent to: https, unless the API itself is a stand-in without it.
    fn page_url(&self, value: &Value) -> Option<String> {
        let url = url::Url::parse(value.as_str()?).ok()?;
        let is_safe = url.scheme() == "https" || (url.scheme() == "http" && self.config.base_url.starts_with("http:"));
        is_safe.then(|| url.into())
    }

    async fn get(&self, path: &str) -> Result<Value, Failure> {
        self.call(path, None, None).await
    }

    async fn call(&self, path: &str, form: Option<&[(String, &str)]>, key: Option<&str>) -> Result<Value, Failure> {
        let bearer = format!("Bearer {}", self.config.secret_key.reveal());
        let mut headers = vec![("authorization", bearer.as_str()), ("stripe-version", VERSION)];
        headers.extend(key.map(|key| ("idempotency-key", key)));
        let call = Call {
            headers: &headers,
            ..Call::default()
        };
        let call = match form {
            Some(form) => {
                let body = url::form_urlencoded::Serializer::new(String::new())
                    .extend_pairs(form)
                    .finish();
                Call {
                    body: Some(("application/x-www-form-urlencoded", body.into())),
                    ..call
                }
            }
            None => call,
        };
        let url = format!("{}{path}", self.config.base_url);
        let reply = self.fetcher.send(&url, &call, ANSWER_BYTES).await;
        let reply = reply.map_err(|problem| Failure {
            code: None,
            param: None,
            problem: Box::new(out_of_reach().caused_by(problem)),
        })?;
        let answer: Option<Value> = serde_json::from_slice(&reply.bytes).ok();
        match answer {
            Some(answer) if reply.status == 200 => Ok(answer),
            Some(answer) => Err(self.failure(reply.status, &answer["error"])),
            None if reply.status == 200 => Err(self.strange("an answer that is no JSON")),
            None => Err(self.failure(reply.status, &Value::Null)),
        }
    }

    /// Turns an error of Stripe into ours. What Stripe says goes to the log, not to the caller: it is for developers.
    fn failure(&self, status: u16, error: &Value) -> Failure {
        let said = self.config.secret_key.scrub(&format!(
            "Stripe answered {status} {} {}: {}",
            error["type"].as_str().unwrap_or_default(),
            error["code"].as_str().unwrap_or_default(),
            aquatint_domain::text::one_line(error["message"].as_str().unwrap_or("(no message)"), 300)
        ));
        let problem = match status {
            429 => out_of_reach().retry_after(PAUSE_S),
            401 | 403 => Problem::new(
                Code::EngineFailed,
                "The payment provider does not accept this studio's key.",
            )
            .final_failure()
            .hint("Tell the operator: `aquatint payments check` says what is wrong."),
            409 | 500.. => out_of_reach().retry_after(PAUSE_S),
            _ => Problem::new(
                Code::EngineFailed,
                "The payment provider refused the request. Nothing was charged.",
            )
            .final_failure()
            .hint("Tell the operator: `aquatint payments check` looks at the configured prices."),
        };
        Failure {
            code: text(&error["code"]),
            param: text(&error["param"]),
            problem: Box::new(problem.caused_by(said)),
        }
    }

    fn strange(&self, what: &str) -> Failure {
        Failure {
            code: None,
            param: None,
            problem: Box::new(out_of_reach().caused_by(format!("Stripe sent {what}"))),
        }
    }
}

fn out_of_reach() -> Problem {
    Problem::new(
        Code::Unavailable,
        "The payment provider does not answer at the moment. Nothing was charged; try again in a minute.",
    )
}

/// An id as a part of a path.
fn segment(id: &str) -> String {
    url::form_urlencoded::byte_serialize(id.as_bytes()).collect()
}
