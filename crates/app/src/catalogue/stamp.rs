//! Whether the files that the catalogue is made of have changed: their names, sizes and times, without reading them.

use std::path::Path;
use std::time::SystemTime;

use crate::settings::Settings;
use crate::{catalogue_file, workflows};

/// Entries of one folder that are looked at; more of them than this are told by the folder's own time alone.
const MOST: usize = 2_000;

/// What was seen at one look; equal stamps mean the same files.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Stamp(Vec<(String, u64, Option<SystemTime>)>);

/// Looks at the installed models, the operator's rows and the workflows. Reads folders, so not for async threads.
pub(crate) fn stamp(settings: &Settings) -> Stamp {
    let mut seen = Vec::new();
    note(&mut seen, &settings.data.join(catalogue_file::FILE));
    folder(&mut seen, &settings.data.join(workflows::FOLDER), None);
    folder(&mut seen, &settings.models, Some(aquatint_engines::models::FACTS));
    Stamp(seen)
}

/// A folder and its entries, or the file of that name in each of them.
fn folder(seen: &mut Vec<(String, u64, Option<SystemTime>)>, path: &Path, inner: Option<&str>) {
    note(seen, path);
    let entries = std::fs::read_dir(path).into_iter().flatten().flatten();
    let mut paths: Vec<_> = entries.map(|entry| entry.path()).take(MOST).collect();
    paths.sort();
    for path in paths {
        note(seen, &inner.map_or_else(|| path.clone(), |name| path.join(name)));
    }
}

fn note(seen: &mut Vec<(String, u64, Option<SystemTime>)>, path: &Path) {
    // What is not there is seen when it comes.
    if let Ok(about) = std::fs::metadata(path) {
        seen.push((path.to_string_lossy().into_owned(), about.len(), about.modified().ok()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_change_of_a_file_is_another_stamp() {
        let data = tempfile::tempdir().expect("a folder");
        let settings = Settings::new(data.path().to_owned(), "aquatint".into());
        let mut known = vec![stamp(&settings)];
        let mut is_new = |what: &str| {
            let now = stamp(&settings);
            assert!(!known.contains(&now), "{what}");
            assert_eq!(now, stamp(&settings));
            known.push(now);
        };
        let write = |path: &str, text: &str| {
            let path = data.path().join(path);
            std::fs::create_dir_all(path.parent().expect("a folder")).expect("made");
            std::fs::write(path, text).expect("written");
        };
        write("catalogue.toml", "");
        is_new("rows came");
        write("catalogue.toml", "[models]");
        is_new("rows changed");
        write("workflows/one.json", "{}");
        is_new("a workflow came");
        write("workflows/one.json", "{ }");
        is_new("a workflow changed");
        write("models/one/model.json", "{}");
        is_new("a model came");
        std::fs::remove_dir_all(data.path().join("models/one")).expect("removed");
        is_new("a model went");
    }
}
