//! Everything that the product can do: one file and one row each.

mod account;
pub mod assets;
mod collections;
mod display;
mod edit;
mod generate_media;
pub(crate) mod jobs;
mod models;
mod upload;

use crate::operation::Entry;

/// Every operation, in the order of the reference page.
pub static ALL: [Entry; 37] = [
    Entry::making::<edit::remove_background::RemoveBackground>(),
    Entry::making::<edit::upscale::Upscale>(),
    Entry::making::<edit::expand::Expand>(),
    Entry::making::<edit::replace_background::ReplaceBackground>(),
    Entry::making::<edit::erase::Erase>(),
    Entry::making::<edit::enhance::Enhance>(),
    Entry::making::<edit::adjust::Adjust>(),
    Entry::making::<edit::compose::Compose>(),
    Entry::making::<edit::resize::Resize>(),
    Entry::making::<edit::crop::Crop>(),
    Entry::making::<edit::rotate::Rotate>(),
    Entry::making::<edit::convert::Convert>(),
    Entry::making::<generate_media::GenerateMedia>(),
    Entry::of::<models::list::List>(),
    Entry::of::<models::search::Search>(),
    Entry::of::<models::get::Get>(),
    Entry::of::<models::recommend::Recommend>(),
    Entry::of::<models::schema::Schema>(),
    Entry::of::<models::styles::Styles>(),
    Entry::of::<models::shapes::Shapes>(),
    Entry::of::<assets::list::List>(),
    Entry::of::<assets::search::Search>(),
    Entry::of::<assets::get::Get>(),
    Entry::of::<upload::url::ImportUrl>(),
    Entry::of::<upload::upload_url::UploadUrl>(),
    Entry::of::<collections::list::List>(),
    Entry::of::<collections::search::Search>(),
    Entry::of::<collections::get::Get>(),
    Entry::of::<collections::create::Create>(),
    Entry::of::<collections::add::Add>(),
    Entry::of::<account::credits::CreditsBalance>(),
    Entry::of::<account::usage_history::UsageHistory>(),
    Entry::of::<account::estimate::Estimate>(),
    Entry::of::<jobs::get::GetJobStatus>(),
    Entry::of::<jobs::list::ListJobs>(),
    Entry::of::<jobs::cancel::CancelJob>(),
    Entry::of::<display::Display>(),
];

/// The operation of that name.
pub fn find(name: &str) -> Option<&'static Entry> {
    ALL.iter().find(|entry| entry.spec.name == name)
}

#[cfg(test)]
mod tests {
    use super::ALL;
    use crate::operation::Effects;

    #[test]
    fn every_operation_pays_what_it_owes() {
        let mut names = std::collections::HashSet::new();
        let mut routes = std::collections::HashSet::new();
        for entry in &ALL {
            let spec = &entry.spec;
            assert!(names.insert(spec.name), "{} stands twice", spec.name);
            assert!(
                routes.insert((format!("{:?}", spec.rest.method), spec.rest.path)),
                "{} shares a route",
                spec.name
            );
            assert!(entry.description().len() > 20, "{} needs a description", spec.name);
            let input = entry.input_schema();
            assert_eq!(input["type"], "object", "{}", spec.name);
            for (name, property) in input["properties"].as_object().into_iter().flatten() {
                assert!(
                    property["description"].is_string(),
                    "{}: `{name}` needs a doc comment",
                    spec.name
                );
            }
            for part in spec.rest.path.split('/').filter_map(|part| part.strip_prefix('{')) {
                let name = part.trim_start_matches('*').trim_end_matches('}');
                assert!(
                    input["properties"].get(name).is_some(),
                    "{}: the path names `{name}`",
                    spec.name
                );
            }
            if spec.effects == Effects::Spends {
                for name in ["idempotency_key", "dry_run", "max_credits", "wait_seconds"] {
                    assert!(
                        input["properties"].get(name).is_some(),
                        "{} spends and lacks `{name}`",
                        spec.name
                    );
                }
            }
        }
    }
}
