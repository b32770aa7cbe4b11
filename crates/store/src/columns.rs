//! Reading columns into the words of the domain. What stands in our own database is trusted to have
//! the right form; where it does not, that is an internal error, never a panic.

use std::str::FromStr;

use aquatint_domain::{Problem, Timestamp};
use sea_orm::{QueryResult, TryGetable};
use serde::de::DeserializeOwned;

pub(crate) fn get<T: TryGetable>(row: &QueryResult, column: &str) -> Result<T, Problem> {
    row.try_get("", column).map_err(Problem::internal)
}

pub(crate) fn parsed<T: FromStr<Err = Problem>>(row: &QueryResult, column: &str) -> Result<T, Problem> {
    get::<String>(row, column)?.parse().map_err(internal)
}

pub(crate) fn parsed_if<T: FromStr<Err = Problem>>(row: &QueryResult, column: &str) -> Result<Option<T>, Problem> {
    get::<Option<String>>(row, column)?
        .map(|text| text.parse().map_err(internal))
        .transpose()
}

pub(crate) fn json<T: DeserializeOwned>(row: &QueryResult, column: &str) -> Result<T, Problem> {
    serde_json::from_str(&get::<String>(row, column)?).map_err(Problem::internal)
}

pub(crate) fn json_if<T: DeserializeOwned>(row: &QueryResult, column: &str) -> Result<Option<T>, Problem> {
    get::<Option<String>>(row, column)?
        .map(|text| serde_json::from_str(&text).map_err(Problem::internal))
        .transpose()
}

pub(crate) fn time(row: &QueryResult, column: &str) -> Result<Timestamp, Problem> {
    Timestamp::from_millisecond(get(row, column)?).map_err(Problem::internal)
}

pub(crate) fn time_if(row: &QueryResult, column: &str) -> Result<Option<Timestamp>, Problem> {
    get::<Option<i64>>(row, column)?
        .map(|millis| Timestamp::from_millisecond(millis).map_err(Problem::internal))
        .transpose()
}

pub(crate) fn number<T: TryFrom<i64>>(row: &QueryResult, column: &str) -> Result<T, Problem> {
    T::try_from(get::<i64>(row, column)?).map_err(|_| Problem::internal(format!("column {column} is out of range")))
}

pub(crate) fn flag(row: &QueryResult, column: &str) -> Result<bool, Problem> {
    Ok(get::<i64>(row, column)? != 0)
}

pub(crate) fn to_json<T: serde::Serialize>(value: &T) -> Result<String, Problem> {
    serde_json::to_string(value).map_err(Problem::internal)
}

pub(crate) fn hex(bytes: &[u8; 32]) -> String {
    blake3::Hash::from_bytes(*bytes).to_hex().to_string()
}

pub(crate) fn millis_if(time: Option<Timestamp>) -> Option<i64> {
    time.map(|time| time.as_millisecond())
}

fn internal(problem: Problem) -> Problem {
    Problem::internal(problem)
}
