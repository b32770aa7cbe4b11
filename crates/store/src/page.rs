//! Pages of a list. A cursor names the last row of a page by what the list is sorted by, so rows
//! that arrive later do not shift it.

use aquatint_domain::{Problem, WorkspaceId};
use sea_orm::{ConnectionTrait, QueryResult, Value};

use crate::connection::rows;

/// Ids that one statement looks for at once.
pub(crate) const MANY: usize = 500;

/// One page.
#[derive(Clone, Debug, PartialEq)]
pub struct Page<T> {
    pub items: Vec<T>,
    /// Send it back for the next page; `None` at the end.
    pub next_cursor: Option<String>,
}

impl<T> Page<T> {
    /// From up to `limit + 1` rows: the one too many only says that there is more.
    pub(crate) fn of(mut items: Vec<T>, limit: u32, key: impl Fn(&T) -> String) -> Self {
        let has_more = items.len() > limit as usize;
        items.truncate(limit as usize);
        let next_cursor = if has_more { items.last().map(key) } else { None };
        Self { items, next_cursor }
    }
}

/// A list of a workspace's rows by id, the newest first, from after a cursor.
pub(crate) struct Listing {
    select: String,
    table: &'static str,
    conditions: String,
    values: Vec<Value>,
}

impl Listing {
    /// `select` goes up to WHERE; the ids of `table` begin with `prefix`.
    pub(crate) fn of(
        select: &str,
        table: &'static str,
        workspace: &WorkspaceId,
        cursor: Option<&str>,
        prefix: &str,
    ) -> Result<Self, Problem> {
        let after = id_cursor(cursor, prefix)?;
        let listing = Self {
            select: select.to_owned(),
            table,
            conditions: format!("{table}.workspace_id = $1"),
            values: vec![workspace.as_str().into()],
        };
        let after = (!after.is_empty()).then(|| after.to_owned());
        Ok(listing.and_if(&format!("{table}.id < ?"), after))
    }

    /// One more condition, in which `?` stands for the value, if there is a value.
    pub(crate) fn and_if(mut self, condition: &str, value: Option<impl Into<Value>>) -> Self {
        if let Some(value) = value {
            self.values.push(value.into());
            let place = format!("${}", self.values.len());
            self.conditions.push_str(" AND ");
            self.conditions.push_str(&condition.replace('?', &place));
        }
        self
    }

    /// One more condition without a value.
    pub(crate) fn and(mut self, condition: &str) -> Self {
        self.conditions.push_str(" AND ");
        self.conditions.push_str(condition);
        self
    }

    pub(crate) async fn page<C: ConnectionTrait, T>(
        self,
        db: &C,
        limit: u32,
        read: fn(&QueryResult) -> Result<T, Problem>,
        key: impl Fn(&T) -> String,
    ) -> Result<Page<T>, Problem> {
        let sql = format!(
            "{} WHERE {} ORDER BY {}.id DESC LIMIT {}",
            self.select,
            self.conditions,
            self.table,
            limit + 1
        );
        let items = rows(db, &sql, self.values)
            .await?
            .iter()
            .map(read)
            .collect::<Result<Vec<_>, _>>()?;
        Ok(Page::of(items, limit, key))
    }
}

/// The places of a workspace's ids in a statement, from `$2` on, and the values with the workspace before them.
pub(crate) fn places<I: AsRef<str>>(workspace: &WorkspaceId, ids: &[I]) -> (String, Vec<Value>) {
    let mut values: Vec<Value> = vec![workspace.as_str().into()];
    let places: Vec<String> = ids
        .iter()
        .map(|id| {
            values.push(id.as_ref().into());
            format!("${}", values.len())
        })
        .collect();
    (places.join(", "), values)
}

pub(crate) fn refuse_cursor() -> Problem {
    Problem::invalid(
        "cursor",
        "This cursor is not one that the list gave out; leave it out to start at the beginning.",
    )
}

/// A cursor that is the id of the last row.
pub(crate) fn id_cursor<'a>(cursor: Option<&'a str>, prefix: &str) -> Result<&'a str, Problem> {
    match cursor {
        None => Ok(""),
        Some(id)
            if id.starts_with(prefix)
                && id.len() == prefix.len() + 26
                && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') =>
        {
            Ok(id)
        }
        Some(_) => Err(refuse_cursor()),
    }
}

/// A cursor of a number and an id: `1700000000000-job_…`.
pub(crate) fn number_cursor(cursor: Option<&str>) -> Result<Option<(i64, &str)>, Problem> {
    let Some(cursor) = cursor else { return Ok(None) };
    let (number, id) = cursor.split_once('-').ok_or_else(refuse_cursor)?;
    Ok(Some((number.parse().map_err(|_| refuse_cursor())?, id)))
}

/// A pattern for `LIKE … ESCAPE '!'` on lower-case text that finds the words anywhere.
pub(crate) fn like(text: &str) -> String {
    let escaped = text
        .to_lowercase()
        .replace('!', "!!")
        .replace('%', "!%")
        .replace('_', "!_");
    format!("%{escaped}%")
}
