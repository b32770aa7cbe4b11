//! Orders: made, looked up, listed.

use aquatint_domain::{OrderId, Problem, Timestamp, WorkspaceId};
use sea_orm::Value;

use super::rows::{insert, read};
use super::{NewOrder, Order, OrderState, Payments};
use crate::columns::{get, number};
use crate::connection::{broken, execute, row, rows};
use crate::page::{Page, id_cursor};

impl Payments<'_> {
    pub async fn insert(&self, new: &NewOrder) -> Result<(), Problem> {
        let tx = self.0.begin().await?;
        insert(&tx, new, None, None).await?;
        tx.commit().await.map_err(broken)
    }

    /// Notes the page of the provider on which the order is paid.
    pub async fn attach_session(&self, id: &OrderId, session: &str) -> Result<(), Problem> {
        let tx = self.0.begin().await?;
        execute(
            &tx,
            "UPDATE orders SET session_id = $2 WHERE id = $1",
            vec![id.as_str().into(), session.into()],
        )
        .await?;
        tx.commit().await.map_err(broken)
    }

    /// An order for which the provider never made a page.
    pub async fn give_up(&self, id: &OrderId) -> Result<(), Problem> {
        let tx = self.0.begin().await?;
        execute(
            &tx,
            "UPDATE orders SET state = $2 WHERE id = $1 AND state = $3",
            vec![
                id.as_str().into(),
                OrderState::Failed.as_str().into(),
                OrderState::Pending.as_str().into(),
            ],
        )
        .await?;
        tx.commit().await.map_err(broken)
    }

    /// An order of a workspace.
    pub async fn get(&self, workspace: &WorkspaceId, id: &OrderId) -> Result<Option<Order>, Problem> {
        self.one(
            "SELECT * FROM orders WHERE id = $1 AND workspace_id = $2",
            vec![id.as_str().into(), workspace.as_str().into()],
        )
        .await
    }

    /// An order whosever it is; for events of the provider.
    pub async fn of_anybody(&self, id: &OrderId) -> Result<Option<Order>, Problem> {
        self.one("SELECT * FROM orders WHERE id = $1", vec![id.as_str().into()])
            .await
    }

    pub async fn by_payment(&self, payment: &str) -> Result<Option<Order>, Problem> {
        self.one(
            "SELECT * FROM orders WHERE payment_id = $1 ORDER BY id LIMIT 1",
            vec![payment.into()],
        )
        .await
    }

    pub async fn by_invoice(&self, invoice: &str) -> Result<Option<Order>, Problem> {
        self.one("SELECT * FROM orders WHERE invoice_id = $1", vec![invoice.into()])
            .await
    }

    async fn one(&self, sql: &str, values: Vec<Value>) -> Result<Option<Order>, Problem> {
        row(self.0.read(), sql, values).await?.as_ref().map(read).transpose()
    }

    /// Orders of a workspace, or of everybody, the newest first.
    pub async fn list(
        &self,
        workspace: Option<&WorkspaceId>,
        cursor: Option<&str>,
        limit: u32,
    ) -> Result<Page<Order>, Problem> {
        let after = id_cursor(cursor, OrderId::PREFIX)?;
        let workspace = workspace.map_or("", WorkspaceId::as_str);
        let found = rows(
            self.0.read(),
            &format!(
                "SELECT * FROM orders WHERE ($1 = '' OR workspace_id = $1) AND ($2 = '' OR id < $2) ORDER BY id DESC LIMIT {}",
                limit + 1
            ),
            vec![workspace.into(), after.into()],
        )
        .await?;
        let items = found.iter().map(read).collect::<Result<Vec<_>, Problem>>()?;
        Ok(Page::of(items, limit, |order| order.id.to_string()))
    }

    /// How many orders a workspace has begun since then that still wait for their payment.
    pub async fn waiting_since(&self, workspace: &WorkspaceId, since: Timestamp) -> Result<u64, Problem> {
        let found = row(
            self.0.read(),
            "SELECT COUNT(*) AS n FROM orders WHERE workspace_id = $1 AND created_at > $2 AND state = $3",
            vec![
                workspace.as_str().into(),
                since.as_millisecond().into(),
                OrderState::Pending.as_str().into(),
            ],
        )
        .await?;
        number(&found.ok_or_else(|| Problem::internal("a count without a row"))?, "n")
    }

    /// The provider's id of a workspace as a customer.
    pub async fn customer(&self, workspace: &WorkspaceId) -> Result<Option<String>, Problem> {
        let found = row(
            self.0.read(),
            "SELECT customer FROM payment_customers WHERE workspace_id = $1",
            vec![workspace.as_str().into()],
        )
        .await?;
        found.map(|row| get(&row, "customer")).transpose()
    }

    /// Forgets a customer whom the provider does not know any more.
    pub async fn forget_customer(&self, workspace: &WorkspaceId, customer: &str) -> Result<(), Problem> {
        let tx = self.0.begin().await?;
        execute(
            &tx,
            "DELETE FROM payment_customers WHERE workspace_id = $1 AND customer = $2",
            vec![workspace.as_str().into(), customer.into()],
        )
        .await?;
        tx.commit().await.map_err(broken)
    }
}
