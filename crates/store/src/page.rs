//! Pages of a list. A cursor names the last row of a page by what the list is sorted by, so rows
//! that arrive later do not shift it.

use aquatint_domain::Problem;

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
