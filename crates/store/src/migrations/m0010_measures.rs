//! Film and sound: what is known beside size and length, as JSON. Pictures and older rows have none.

use super::Migration;

pub(crate) const MIGRATION: Migration = Migration {
    name: "0010_measures",
    common: &["ALTER TABLE assets ADD COLUMN measures TEXT"],
    sqlite: &[],
    postgres: &[],
};
