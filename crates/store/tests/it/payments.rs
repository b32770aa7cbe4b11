//! Orders and subscriptions under what a payment provider does: events twice, at once, late and in any order.

use std::time::Duration;

use aquatint_domain::{Balance, Credits, OrderId, WorkspaceId};
use aquatint_store::{
    Facts, NewOrder, Order, OrderKind, OrderState, PaidEvent, PlanTerms, Recorded, Refund, Standing, SubscriptionFacts,
    Synced,
};

use crate::house::{self, House};

const FALLBACK: &str = "free";

fn event(id: &str) -> PaidEvent<'_> {
    PaidEvent { id, kind: "a.kind" }
}

fn new_order(house: &House, workspace: &WorkspaceId, kind: OrderKind) -> NewOrder {
    NewOrder {
        id: OrderId::generate(house.now()),
        workspace: workspace.clone(),
        kind,
        title: "100 credits".into(),
        price: "price_1".into(),
        plan: (kind != OrderKind::Pack).then(|| "pro".to_owned()),
        plan_units: Credits::whole(60),
        api_credits: Credits::whole(40),
        created_by: None,
        created_at: house.now(),
    }
}

async fn order(house: &House, workspace: &WorkspaceId, kind: OrderKind) -> OrderId {
    let new = new_order(house, workspace, kind);
    house.store.payments().insert(&new).await.expect("an order is made");
    new.id
}

fn paid() -> Facts {
    Facts {
        is_paid: true,
        is_due: true,
        amount: Some((2_000, "eur".into())),
        payment: Some("pi_1".into()),
        customer: Some("cus_1".into()),
        ..Facts::default()
    }
}

fn refund(amount: i64, of: Option<i64>) -> Facts {
    Facts {
        refund: Some(Refund { amount, of }),
        ..Facts::default()
    }
}

async fn note(house: &House, id: &str, order: &OrderId, facts: &Facts) -> Recorded {
    let recorded = house
        .store
        .payments()
        .record(event(id), order, facts, house.now())
        .await;
    recorded.expect("it is recorded")
}

async fn noted(house: &House, id: &str, order: &OrderId, facts: &Facts) -> Order {
    match note(house, id, order, facts).await {
        Recorded::Noted { order, .. } => *order,
        other => panic!("{id}: {other:?}"),
    }
}

/// Plan units and API credits.
async fn balances(house: &House, workspace: &WorkspaceId) -> (i64, i64) {
    let balances = house.store.ledger().balances(workspace).await.expect("balances");
    let whole = |credits: Credits| credits.micro() / Credits::whole(1).micro();
    (whole(balances.plan_units.available), whole(balances.api.available))
}

#[tokio::test(flavor = "multi_thread")]
async fn twenty_deliveries_of_one_event_at_once_grant_once() {
    for house in house::each().await {
        let workspace = house.workspace(0, 1).await;
        let id = order(&house, &workspace, OrderKind::Pack).await;
        let mut tasks = Vec::new();
        for number in 0..40 {
            let (store, id, now) = (house.store.clone(), id.clone(), house.now());
            // Half of them are one event; the others are events of their own about the same payment.
            let name = if number < 20 {
                "evt_one".to_owned()
            } else {
                format!("evt_{number}")
            };
            tasks.push(tokio::spawn(async move {
                store
                    .payments()
                    .record(event(&name), &id, &paid(), now)
                    .await
                    .expect("recorded")
            }));
        }
        let (mut granted, mut repeated) = (0, 0);
        for task in tasks {
            match task.await.expect("no panic") {
                Recorded::Noted { granted: true, .. } => granted += 1,
                Recorded::Repeated => repeated += 1,
                Recorded::Noted { .. } => {}
                Recorded::Unknown => panic!("the order is known"),
            }
        }
        assert_eq!((granted, repeated), (1, 19));
        assert_eq!(balances(&house, &workspace).await, (60, 40));
        let found = house
            .store
            .payments()
            .get(&workspace, &id)
            .await
            .expect("reads")
            .expect("it is there");
        assert_eq!(
            (found.state, found.amount, found.currency.as_deref()),
            (OrderState::Paid, Some(2_000), Some("eur"))
        );
        assert_eq!(
            house
                .store
                .payments()
                .customer(&workspace)
                .await
                .expect("reads")
                .as_deref(),
            Some("cus_1")
        );
        house.store.ledger().check().await.expect("the books are right");
    }
}

#[tokio::test]
async fn the_order_of_events_does_not_matter() {
    let all = [
        ("paid", paid()),
        ("half back", refund(1_000, Some(2_000))),
        ("three quarters back", refund(1_500, Some(2_000))),
        (
            "expired",
            Facts {
                ended: Some(OrderState::Expired),
                ..Facts::default()
            },
        ),
    ];
    for house in house::each().await {
        for (turn, places) in [[0, 1, 2, 3], [2, 1, 0, 3], [3, 2, 0, 1], [1, 3, 2, 0]]
            .iter()
            .enumerate()
        {
            let workspace = house.workspace(0, 1).await;
            let id = order(&house, &workspace, OrderKind::Pack).await;
            let mut last = None;
            for place in places {
                let (name, facts) = &all[*place];
                last = Some(noted(&house, &format!("{turn} {name}"), &id, facts).await);
            }
            let last = last.expect("there were events");
            assert_eq!((last.state, last.refunded), (OrderState::Paid, 1_500), "{places:?}");
            assert_eq!(balances(&house, &workspace).await, (15, 10), "{places:?}");
        }
        house.store.ledger().check().await.expect("the books are right");
    }
}

#[tokio::test]
async fn what_is_spent_is_not_taken_back_and_is_said() {
    for house in house::each().await {
        let workspace = house.workspace(0, 1).await;
        let id = order(&house, &workspace, OrderKind::Pack).await;
        noted(&house, "paid", &id, &paid()).await;
        house.submit(&workspace, vec![house.job(50)]).await;
        let claim = house.claim().await.expect("work");
        assert!(house.finish(&claim, house::success(50, vec![])).await);
        // A dispute does not say what was charged; the order does.
        let disputed = noted(&house, "disputed", &id, &refund(2_000, None)).await;
        assert_eq!(disputed.state, OrderState::Refunded);
        assert_eq!(
            (disputed.taken.plan_units, disputed.missing.plan_units),
            (Credits::whole(10), Credits::whole(50))
        );
        assert_eq!(
            (disputed.taken.api, disputed.missing.api),
            (Credits::whole(40), Credits::ZERO)
        );
        assert_eq!(balances(&house, &workspace).await, (0, 0));
        // Credits that come later are not touched by what was missing.
        let ledger = house.store.ledger();
        let gift = ledger
            .grant(
                &workspace,
                Balance::PlanUnits,
                Credits::whole(5),
                "gift",
                "a gift",
                house.now(),
            )
            .await;
        assert!(gift.expect("granted"));
        noted(&house, "refunded too", &id, &refund(2_000, Some(2_000))).await;
        assert_eq!(balances(&house, &workspace).await, (5, 0));
        ledger.check().await.expect("the books are right");
    }
}

#[tokio::test]
async fn a_plan_is_paid_before_it_is_due_and_a_renewal_is_one_per_invoice() {
    for house in house::each().await {
        let workspace = house.workspace(0, 1).await;
        let id = order(&house, &workspace, OrderKind::Plan).await;
        let checkout = Facts {
            is_due: false,
            invoice: Some("in_1".into()),
            subscription: Some("sub_1".into()),
            ..paid()
        };
        let first = noted(&house, "checkout", &id, &checkout).await;
        assert_eq!((first.state, first.granted_at), (OrderState::Paid, None));
        assert_eq!(balances(&house, &workspace).await, (0, 0));
        noted(&house, "invoice", &id, &paid()).await;
        assert_eq!(balances(&house, &workspace).await, (60, 40));
        let found = house
            .store
            .payments()
            .by_invoice("in_1")
            .await
            .expect("reads")
            .expect("it is there");
        assert_eq!(found.id, id);

        for turn in ["renewal", "renewal again"] {
            let new = new_order(&house, &workspace, OrderKind::Renewal);
            let payments = house.store.payments();
            let recorded = payments
                .record_renewal(event(turn), &new, "in_2", &paid(), house.now())
                .await;
            assert!(matches!(recorded, Ok(Recorded::Noted { granted, .. }) if granted == (turn == "renewal")));
        }
        assert_eq!(balances(&house, &workspace).await, (120, 80));
        let page = house
            .store
            .payments()
            .list(Some(&workspace), None, 10)
            .await
            .expect("lists");
        let kinds: Vec<OrderKind> = page.items.iter().map(|order| order.kind).collect();
        assert_eq!(kinds, [OrderKind::Renewal, OrderKind::Plan]);
    }
}

#[tokio::test]
async fn another_workspace_sees_no_order_and_an_unknown_one_is_not_remembered() {
    for house in house::each().await {
        let (mine, other) = (house.workspace(0, 1).await, house.workspace(0, 1).await);
        let id = order(&house, &mine, OrderKind::Pack).await;
        let payments = house.store.payments();
        assert!(payments.get(&other, &id).await.expect("reads").is_none());
        assert!(
            payments
                .list(Some(&other), None, 10)
                .await
                .expect("lists")
                .items
                .is_empty()
        );
        assert_eq!(payments.list(None, None, 10).await.expect("lists").items.len(), 1);
        assert_eq!(
            payments
                .waiting_since(&mine, house.now() - Duration::from_secs(60))
                .await
                .expect("counts"),
            1
        );
        let unknown = OrderId::generate(house.now());
        assert_eq!(note(&house, "early", &unknown, &paid()).await, Recorded::Unknown);
        // The event comes again when there is something for it.
        assert_eq!(noted(&house, "early", &id, &paid()).await.state, OrderState::Paid);
        assert_eq!(note(&house, "early", &id, &paid()).await, Recorded::Repeated);
        payments.give_up(&id).await.expect("no harm");
        let found = payments.get(&mine, &id).await.expect("reads").expect("it is there");
        assert_eq!(found.state, OrderState::Paid);
    }
}

struct Sub<'a> {
    house: &'a House,
    workspace: WorkspaceId,
    order: OrderId,
}

impl Sub<'_> {
    async fn sync(&self, name: &str, ticket: i64, sub: &str, plan: &str, standing: Standing) -> Synced {
        let facts = SubscriptionFacts {
            id: sub.into(),
            workspace: self.workspace.clone(),
            order: self.order.clone(),
            plan: plan.into(),
            status: format!("{standing:?}"),
            standing,
            cancel_at: None,
            period_end: None,
        };
        let payments = self.house.store.payments();
        let synced = payments
            .sync(event(name), ticket, &facts, &terms, FALLBACK, self.house.now())
            .await;
        synced.expect("it is noted")
    }

    async fn ask(&self, sub: &str) -> i64 {
        self.house.store.payments().ticket(sub).await.expect("a ticket")
    }

    async fn plan(&self) -> String {
        let found = self.house.store.workspaces().get(&self.workspace).await;
        found.expect("reads").expect("it is there").plan
    }
}

fn terms(name: &str) -> Option<PlanTerms> {
    ["free", "pro", "business"].contains(&name).then(|| PlanTerms {
        name: name.into(),
        may_overdraw: false,
        concurrent_jobs: 2,
    })
}

#[tokio::test]
async fn the_plan_follows_the_subscription_and_late_answers_change_nothing() {
    for house in house::each().await {
        let workspace = house.workspace(0, 1).await;
        house
            .store
            .workspaces()
            .set_plan(&workspace, "free", false, 1)
            .await
            .expect("moved");
        let order = order(&house, &workspace, OrderKind::Plan).await;
        let it = Sub {
            house: &house,
            workspace,
            order,
        };

        let first = it.ask("sub_1").await;
        let second = it.ask("sub_1").await;
        assert!(second > first);
        assert_eq!(
            it.sync("a", second, "sub_1", "pro", Standing::Good).await,
            Synced::Moved("pro".into())
        );
        // The first question was answered last, with what it saw before.
        assert_eq!(
            it.sync("b", first, "sub_1", "pro", Standing::Waiting).await,
            Synced::Stale
        );
        assert_eq!(
            it.sync("a", second + 1, "sub_1", "pro", Standing::Ended).await,
            Synced::Repeated
        );
        assert_eq!(it.plan().await, "pro");

        let ticket = it.ask("sub_1").await;
        assert_eq!(
            it.sync("c", ticket, "sub_1", "business", Standing::Good).await,
            Synced::Moved("business".into())
        );
        // Where the operator moves it, it stays, until the subscription changes.
        house
            .store
            .workspaces()
            .set_plan(&it.workspace, "pro", false, 1)
            .await
            .expect("moved");
        let ticket = it.ask("sub_1").await;
        assert_eq!(
            it.sync("d", ticket, "sub_1", "business", Standing::Good).await,
            Synced::Same
        );
        let ticket = it.ask("sub_1").await;
        assert_eq!(
            it.sync("e", ticket, "sub_1", "business", Standing::Ended).await,
            Synced::Same
        );
        assert_eq!(it.plan().await, "pro");

        // Of two, the one that is left counts.
        for (name, sub, plan) in [("f", "sub_2", "pro"), ("g", "sub_3", "business")] {
            let ticket = it.ask(sub).await;
            it.sync(name, ticket, sub, plan, Standing::Good).await;
        }
        assert_eq!(it.plan().await, "business");
        let ticket = it.ask("sub_3").await;
        assert_eq!(
            it.sync("h", ticket, "sub_3", "business", Standing::Ended).await,
            Synced::Moved("pro".into())
        );
        let ticket = it.ask("sub_2").await;
        assert_eq!(
            it.sync("i", ticket, "sub_2", "pro", Standing::Ended).await,
            Synced::Moved("free".into())
        );
    }
}

#[tokio::test]
async fn an_unpaid_period_has_a_grace_that_is_counted_once() {
    for house in house::each().await {
        let workspace = house.workspace(0, 1).await;
        let order = order(&house, &workspace, OrderKind::Plan).await;
        let it = Sub {
            house: &house,
            workspace,
            order,
        };
        let day = Duration::from_secs(86_400);
        let payments = house.store.payments();
        let grace = |days: u32| Standing::Grace(house.now() + day * days);
        let end = async || {
            payments
                .end_grace(&terms, FALLBACK, house.now())
                .await
                .expect("it ends")
        };

        // Never paid: grace brings nothing.
        let ticket = it.ask("sub_0").await;
        assert_eq!(
            it.sync("never", ticket, "sub_0", "business", grace(7)).await,
            Synced::Same
        );
        let ticket = it.ask("sub_1").await;
        it.sync("good", ticket, "sub_1", "business", Standing::Good).await;
        let ticket = it.ask("sub_1").await;
        assert_eq!(
            it.sync("past due", ticket, "sub_1", "business", grace(7)).await,
            Synced::Same
        );
        house.clock.advance(day * 5);
        // Tries that fail again do not begin it anew.
        let ticket = it.ask("sub_1").await;
        it.sync("past due again", ticket, "sub_1", "business", grace(7)).await;
        assert_eq!((end().await.len(), it.plan().await.as_str()), (0, "business"));
        house.clock.advance(day * 3);
        assert_eq!(end().await, std::slice::from_ref(&it.workspace));
        assert_eq!((end().await.len(), it.plan().await.as_str()), (0, "free"));
        let live = payments
            .live_subscription(&it.workspace)
            .await
            .expect("reads")
            .expect("it is there");
        assert!(!live.holds_plan);
        // Paid after all.
        let ticket = it.ask("sub_1").await;
        assert_eq!(
            it.sync("paid", ticket, "sub_1", "business", Standing::Good).await,
            Synced::Moved("business".into())
        );
    }
}
