//! Everything that the product can do: one file and one row each.

mod account;
mod admin;
pub mod assets;
mod collections;
mod display;
mod edit;
pub(crate) mod generate_media;
mod generate_model;
pub(crate) mod jobs;
mod me;
pub mod models;
pub mod pipelines;
mod providers;
mod share_links;
mod text_generate;
mod upload;
pub(crate) mod webhooks;
mod workspace;

use crate::operation::Entry;

/// Every operation, in the order of the reference page.
pub static ALL: [Entry; 129] = [
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
    Entry::of::<generate_model::GenerateModel>(),
    Entry::making::<text_generate::Generate>(),
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
    Entry::of::<assets::update::Update>(),
    Entry::of::<assets::facets::Facets>(),
    Entry::of::<assets::trash::Trash>(),
    Entry::of::<assets::trash::Restore>(),
    Entry::of::<assets::trash::Purge>(),
    Entry::of::<assets::trash::Trashed>(),
    Entry::of::<upload::url::ImportUrl>(),
    Entry::of::<upload::upload_url::UploadUrl>(),
    Entry::of::<collections::list::List>(),
    Entry::of::<collections::search::Search>(),
    Entry::of::<collections::get::Get>(),
    Entry::of::<collections::create::Create>(),
    Entry::of::<collections::add::Add>(),
    Entry::of::<collections::update::Update>(),
    Entry::of::<collections::update::Remove>(),
    Entry::of::<collections::update::Delete>(),
    Entry::of::<share_links::list::List>(),
    Entry::of::<share_links::list::Get>(),
    Entry::of::<share_links::create::Create>(),
    Entry::of::<share_links::update::Update>(),
    Entry::of::<share_links::contents::Contents>(),
    Entry::of::<share_links::delete::Delete>(),
    Entry::making::<webhooks::send::Send>(),
    Entry::of::<webhooks::secret::Secret>(),
    Entry::of::<webhooks::secret::Rotate>(),
    Entry::of::<account::credits::CreditsBalance>(),
    Entry::of::<account::usage_history::UsageHistory>(),
    Entry::of::<account::estimate::Estimate>(),
    Entry::of::<jobs::get::GetJobStatus>(),
    Entry::of::<jobs::list::ListJobs>(),
    Entry::of::<jobs::cancel::CancelJob>(),
    Entry::of::<display::Display>(),
    Entry::of::<pipelines::display::DisplayPipeline>(),
    Entry::of::<pipelines::list::List>(),
    Entry::of::<pipelines::list::Search>(),
    Entry::of::<pipelines::templates::Templates>(),
    Entry::of::<pipelines::apps::Apps>(),
    Entry::of::<pipelines::get::Get>(),
    Entry::of::<pipelines::run::Run>(),
    Entry::of::<pipelines::runs::ListRuns>(),
    Entry::of::<pipelines::runs::GetRun>(),
    Entry::of::<pipelines::runs::CancelRun>(),
    Entry::of::<pipelines::retry::RetryRun>(),
    Entry::of::<pipelines::node_types::ListNodeTypes>(),
    Entry::of::<pipelines::validate::Validate>(),
    Entry::of::<pipelines::save::Create>(),
    Entry::of::<pipelines::save::Update>(),
    Entry::of::<pipelines::save::Duplicate>(),
    Entry::of::<pipelines::save::Import>(),
    Entry::of::<pipelines::save::Delete>(),
    Entry::of::<pipelines::get::Export>(),
    Entry::of::<pipelines::publish::Publish>(),
    Entry::of::<me::profile::Me>(),
    Entry::of::<me::profile::Rename>(),
    Entry::of::<me::password::ChangePassword>(),
    Entry::of::<me::sessions::List>(),
    Entry::of::<me::sessions::End>(),
    Entry::of::<me::sessions::EndOthers>(),
    Entry::of::<me::totp::Begin>(),
    Entry::of::<me::totp::Confirm>(),
    Entry::of::<me::totp::Disable>(),
    Entry::of::<me::passkeys::List>(),
    Entry::of::<me::passkeys::Begin>(),
    Entry::of::<me::passkeys::Add>(),
    Entry::of::<me::passkeys::Rename>(),
    Entry::of::<me::passkeys::Remove>(),
    Entry::of::<me::proof::Begin>(),
    Entry::of::<me::proof::Prove>(),
    Entry::of::<me::workspaces::Switch>(),
    Entry::of::<me::workspaces::SetDefault>(),
    Entry::of::<me::workspaces::Create>(),
    Entry::of::<workspace::itself::Rename>(),
    Entry::of::<workspace::itself::Leave>(),
    Entry::of::<workspace::itself::Transfer>(),
    Entry::of::<workspace::members::List>(),
    Entry::of::<workspace::members::SetRole>(),
    Entry::of::<workspace::members::Remove>(),
    Entry::of::<workspace::invites::Create>(),
    Entry::of::<workspace::invites::Withdraw>(),
    Entry::of::<workspace::keys::List>(),
    Entry::of::<workspace::keys::Create>(),
    Entry::of::<workspace::keys::Revoke>(),
    Entry::of::<workspace::apps::List>(),
    Entry::of::<workspace::apps::Revoke>(),
    Entry::of::<workspace::payments::Get>(),
    Entry::of::<workspace::payments::Buy>(),
    Entry::of::<workspace::payments::Portal>(),
    Entry::of::<workspace::orders::List>(),
    Entry::of::<workspace::orders::Get>(),
    Entry::of::<workspace::orders::Receipt>(),
    Entry::of::<providers::list::List>(),
    Entry::of::<providers::models::OfProvider>(),
    Entry::of::<providers::keys::Put>(),
    Entry::of::<providers::keys::Check>(),
    Entry::of::<providers::keys::Remove>(),
    Entry::of::<admin::overview::Overview>(),
    Entry::of::<admin::users::List>(),
    Entry::of::<admin::users::Change>(),
    Entry::of::<admin::users::Reset>(),
    Entry::of::<admin::workspaces::List>(),
    Entry::of::<admin::workspaces::SetPlan>(),
    Entry::of::<admin::workspaces::GrantCredits>(),
    Entry::of::<admin::plans::Plans>(),
    Entry::of::<admin::audit::Log>(),
];

/// The operation of that name.
pub fn find(name: &str) -> Option<&'static Entry> {
    let found = ALL.iter().find(|entry| entry.spec.name == name);
    found.or_else(|| crate::nodes::nothing::entry(name))
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
