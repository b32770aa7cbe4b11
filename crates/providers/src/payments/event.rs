//! What Stripe tells by its events, as far as it matters here. Shapes are those of the pinned version of the API, with the older
//! places of the same facts, because an endpoint may be set to an older one.
//! <https://docs.stripe.com/api/events/types>, <https://docs.stripe.com/checkout/fulfillment>,
//! <https://docs.stripe.com/billing/subscriptions/webhooks>

use aquatint_domain::{Code, Problem};
use serde_json::Value;

/// The longest id that Stripe gives.
const ID_MAX: usize = 255;

#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    pub id: String,
    /// Such as `checkout.session.completed`.
    pub kind: String,
    pub happening: Happening,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Happening {
    /// Paid on the page, or nothing was to be paid.
    CheckoutPaid(Checkout),
    /// Finished on the page; the money is on its way.
    CheckoutWaits(Checkout),
    CheckoutFailed(Checkout),
    CheckoutExpired(Checkout),
    /// A subscription was made, changed or ended; how it stands now must be asked.
    Subscription {
        id: String,
    },
    InvoicePaid(Invoice),
    InvoiceFailed(Invoice),
    Refunded(Charged),
    Disputed(Charged),
    /// Nothing that concerns us.
    Other,
}

/// A Checkout Session.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Checkout {
    pub id: String,
    /// Our own id of the order.
    pub order: Option<String>,
    pub is_subscription: bool,
    /// Minor units and the currency.
    pub amount: Option<(i64, String)>,
    pub payment: Option<String>,
    pub invoice: Option<String>,
    pub subscription: Option<String>,
    pub customer: Option<String>,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct Invoice {
    pub id: String,
    pub subscription: Option<String>,
    /// Our order, which the subscription carries.
    pub order: Option<String>,
    /// Whether it begins a subscription.
    pub is_first: bool,
    /// Whether it is for a later period. What is neither is for a change in between.
    pub is_renewal: bool,
    pub amount: Option<(i64, String)>,
    pub customer: Option<String>,
    /// The prices on it, without what was only prorated.
    pub prices: Vec<String>,
}

/// Money that goes back.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Charged {
    pub order: Option<String>,
    pub payment: Option<String>,
    /// In minor units, all refunds together.
    pub amount: i64,
    /// What was charged, where it is said.
    pub of: Option<i64>,
}

/// Reads a body whose signature was verified.
pub fn read_event(body: &[u8]) -> Result<Event, Problem> {
    let unreadable = |why: String| Problem::new(Code::MalformedRequest, "This is no event of Stripe.").caused_by(why);
    let event: Value = serde_json::from_slice(body).map_err(|error| unreadable(error.to_string()))?;
    let (Some(id), Some(kind)) = (text(&event["id"]), text(&event["type"])) else {
        return Err(unreadable("it has no id or type".into()));
    };
    let object = &event["data"]["object"];
    let happening = match kind.as_str() {
        "checkout.session.completed" => match object["payment_status"].as_str() {
            Some("paid" | "no_payment_required") => Happening::CheckoutPaid(checkout(object)),
            _ => Happening::CheckoutWaits(checkout(object)),
        },
        "checkout.session.async_payment_succeeded" => Happening::CheckoutPaid(checkout(object)),
        "checkout.session.async_payment_failed" => Happening::CheckoutFailed(checkout(object)),
        "checkout.session.expired" => Happening::CheckoutExpired(checkout(object)),
        "customer.subscription.created" | "customer.subscription.updated" | "customer.subscription.deleted" => {
            match text(&object["id"]) {
                Some(id) => Happening::Subscription { id },
                None => return Err(unreadable("a subscription without an id".into())),
            }
        }
        "invoice.paid" => Happening::InvoicePaid(invoice(object)),
        "invoice.payment_failed" => Happening::InvoiceFailed(invoice(object)),
        "charge.refunded" => Happening::Refunded(Charged {
            order: order_of(object),
            payment: id_of(&object["payment_intent"]),
            amount: object["amount_refunded"].as_i64().unwrap_or(0),
            of: object["amount"].as_i64(),
        }),
        "charge.dispute.created" => Happening::Disputed(Charged {
            order: order_of(object),
            payment: id_of(&object["payment_intent"]),
            amount: object["amount"].as_i64().unwrap_or(0),
            of: None,
        }),
        _ => Happening::Other,
    };
    Ok(Event { id, kind, happening })
}

fn checkout(object: &Value) -> Checkout {
    Checkout {
        id: text(&object["id"]).unwrap_or_default(),
        order: text(&object["client_reference_id"]).or_else(|| order_of(object)),
        is_subscription: object["mode"] == "subscription",
        amount: amount(&object["amount_total"], object),
        payment: id_of(&object["payment_intent"]),
        invoice: id_of(&object["invoice"]),
        subscription: id_of(&object["subscription"]),
        customer: id_of(&object["customer"]),
    }
}

fn invoice(object: &Value) -> Invoice {
    let details = &object["parent"]["subscription_details"];
    let lines = object["lines"]["data"].as_array();
    Invoice {
        id: text(&object["id"]).unwrap_or_default(),
        subscription: id_of(&details["subscription"]).or_else(|| id_of(&object["subscription"])),
        order: order_of(details).or_else(|| order_of(&object["subscription_details"])),
        is_first: object["billing_reason"] == "subscription_create",
        is_renewal: object["billing_reason"] == "subscription_cycle",
        amount: amount(&object["amount_paid"], object),
        customer: id_of(&object["customer"]),
        prices: lines
            .into_iter()
            .flatten()
            .filter(|line| {
                line["parent"]["subscription_item_details"]["proration"] != true && line["proration"] != true
            })
            .filter_map(|line| id_of(&line["pricing"]["price_details"]["price"]).or_else(|| id_of(&line["price"])))
            .collect(),
    }
}

/// Our order in the metadata that we gave along.
fn order_of(object: &Value) -> Option<String> {
    text(&object["metadata"][super::stripe::ORDER])
}

fn amount(minor: &Value, object: &Value) -> Option<(i64, String)> {
    Some((minor.as_i64()?, text(&object["currency"])?))
}

/// An id, which stands alone or, expanded, in its object.
pub(super) fn id_of(value: &Value) -> Option<String> {
    text(value).or_else(|| text(&value["id"]))
}

pub(super) fn text(value: &Value) -> Option<String> {
    let text = value.as_str()?;
    (!text.is_empty() && text.len() <= ID_MAX).then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(kind: &str, object: Value) -> Happening {
        let event = json!({ "id": "evt_1", "object": "event", "type": kind, "data": { "object": object } });
        read_event(event.to_string().as_bytes()).expect("an event").happening
    }

    #[test]
    fn old_and_new_places_of_a_fact_are_both_read() {
        let new = json!({
            "id": "in_1", "billing_reason": "subscription_cycle", "amount_paid": 500, "currency": "eur", "customer": { "id": "cus_1" },
            "parent": { "type": "subscription_details", "subscription_details": { "subscription": "sub_1", "metadata": { "aquatint_order": "ord_x" } } },
            "lines": { "data": [
                { "pricing": { "price_details": { "price": "price_old" } }, "parent": { "subscription_item_details": { "proration": true } } },
                { "pricing": { "price_details": { "price": "price_1" } }, "parent": { "subscription_item_details": { "proration": false } } },
            ] },
        });
        let old = json!({
            "id": "in_1", "billing_reason": "subscription_cycle", "amount_paid": 500, "currency": "eur", "customer": "cus_1",
            "subscription": "sub_1", "subscription_details": { "metadata": { "aquatint_order": "ord_x" } },
            "lines": { "data": [{ "price": { "id": "price_1" }, "proration": false }, { "price": { "id": "price_old" }, "proration": true }] },
        });
        let expected = Happening::InvoicePaid(Invoice {
            id: "in_1".into(),
            subscription: Some("sub_1".into()),
            order: Some("ord_x".into()),
            is_first: false,
            is_renewal: true,
            amount: Some((500, "eur".into())),
            customer: Some("cus_1".into()),
            prices: vec!["price_1".into()],
        });
        assert_eq!(read("invoice.paid", new), expected);
        assert_eq!(read("invoice.paid", old), expected);
    }

    #[test]
    fn a_finished_page_is_paid_only_where_stripe_says_so() {
        for (status, is_paid) in [
            ("paid", true),
            ("no_payment_required", true),
            ("unpaid", false),
            ("new word", false),
        ] {
            let object = json!({ "id": "cs_1", "payment_status": status });
            let got = matches!(read("checkout.session.completed", object), Happening::CheckoutPaid(_));
            assert_eq!(got, is_paid, "{status}");
        }
    }

    #[test]
    fn what_is_no_event_is_refused_and_what_is_unknown_is_nothing() {
        for body in ["", "[]", "{}", r#"{"id":1,"type":"x"}"#, r#"{"id":"evt_1"}"#] {
            assert!(read_event(body.as_bytes()).is_err(), "{body}");
        }
        assert_eq!(read("payment_link.created", json!({})), Happening::Other);
        assert_eq!(
            read("checkout.session.expired", json!(null)),
            Happening::CheckoutExpired(Checkout::default())
        );
    }
}
