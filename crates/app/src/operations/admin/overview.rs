//! How the studio is.

use aquatint_domain::Problem;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{operator, operators};
use crate::operation::{Context, Describe, Effects, Operation, Spec, get};

pub struct Overview;

/// Version, counts, engines, installed models and whether what is needed works.
#[derive(Deserialize, JsonSchema)]
pub struct Args {}

#[derive(Serialize, JsonSchema)]
pub struct Output {
    pub version: String,
    /// Seconds since this process started.
    pub uptime_s: u64,
    pub database: String,
    pub users: u64,
    pub workspaces: u64,
    pub assets: u64,
    pub asset_bytes: u64,
    pub jobs: Jobs,
    pub engines: Vec<Engine>,
    pub models_installed: Vec<Installed>,
    pub checks: Vec<Check>,
}

#[derive(Serialize, JsonSchema)]
pub struct Jobs {
    pub queued: u64,
    pub running: u64,
    pub succeeded_24h: u64,
    pub failed_24h: u64,
}

#[derive(Serialize, JsonSchema)]
pub struct Engine {
    pub name: String,
    pub kind: String,
    pub status: String,
}

#[derive(Serialize, JsonSchema)]
pub struct Installed {
    pub name: String,
    pub task: String,
    pub licence: String,
}

#[derive(Serialize, JsonSchema)]
pub struct Check {
    pub name: String,
    pub ok: bool,
    pub detail: String,
}

impl Describe for Output {}

impl Operation for Overview {
    const SPEC: Spec = operators(
        "admin.overview",
        "How the studio is",
        Effects::Reads,
        get("/admin/overview"),
    );
    type Args = Args;
    type Output = Output;

    async fn run(cx: &Context, _: Args) -> Result<Output, Problem> {
        operator(cx).await?;
        let (studio, store) = (&cx.studio, cx.studio.store());
        let (assets, asset_bytes) = store.assets().totals().await?;
        let counts = store.jobs().counts().await?;
        let a_day_ago = studio
            .now()
            .checked_sub(std::time::Duration::from_secs(86_400))
            .unwrap_or_else(|_| studio.now());
        let (succeeded_24h, failed_24h) = store.jobs().ended_since(a_day_ago).await?;
        let (models, broken) = studio.crew().models().list();
        let mut checks = vec![
            check("database", store.ping().await),
            check("blobs", studio.blobs().check().await),
            check("ledger", store.ledger().check().await),
            check("walls around work children", studio.crew().walls().await),
        ];
        if studio.sends_mail() {
            let counts = store.mails().counts(a_day_ago).await?;
            checks.push(Check {
                name: "mail".into(),
                ok: counts.delayed == 0,
                detail: format!(
                    "{} letters wait, {} of them failed before, {} were given up in a day; `aquatint mail list` says why",
                    counts.waiting, counts.delayed, counts.given_up
                ),
            });
        }
        checks.extend(broken.into_iter().map(|problem| Check {
            name: "models".into(),
            ok: false,
            detail: problem.message,
        }));
        Ok(Output {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            uptime_s: studio.uptime().as_secs(),
            database: format!("{:?}", store.kind()),
            users: store.users().count().await?,
            workspaces: store.workspaces().list().await?.len() as u64,
            assets,
            asset_bytes,
            jobs: Jobs {
                queued: counts.queued,
                running: counts.running,
                succeeded_24h,
                failed_24h,
            },
            engines: aquatint_engines::ALL
                .iter()
                .map(|engine| Engine {
                    name: engine.id().to_owned(),
                    kind: "built in".into(),
                    status: "ready".into(),
                })
                .collect(),
            models_installed: models
                .iter()
                .map(|model| Installed {
                    name: model.manifest.id.clone(),
                    task: model.manifest.task.prefix().to_owned(),
                    licence: model.manifest.licence.clone(),
                })
                .collect(),
            checks,
        })
    }
}

fn check<T>(name: &str, outcome: Result<T, Problem>) -> Check {
    Check {
        name: name.to_owned(),
        ok: outcome.is_ok(),
        detail: outcome.err().map(|problem| problem.message).unwrap_or_default(),
    }
}
