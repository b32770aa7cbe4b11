//! Plans: what a workspace gets. `local` meters and never refuses; the others are an operator's.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::credits::Credits;

/// The name of a plan, such as `local` or `pro`.
pub type PlanName = String;

/// Limits and features of one plan.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Plan {
    /// Whether spending below zero is refused. A plan that does not refuse only meters.
    pub refuses: bool,
    /// Plan units granted when a workspace enters the plan.
    pub plan_units: Credits,
    /// API balance granted when a workspace enters the plan.
    pub api_credits: Credits,
    /// Jobs of one workspace that run at the same time.
    pub concurrent_jobs: u32,
    /// Requests a minute for one key; 0 means no limit.
    pub requests_per_minute: u32,
    /// Requests a day for one key; 0 means no limit.
    pub requests_per_day: u32,
    /// Whether `assets` `search` may be semantic.
    pub semantic_search: bool,
    /// Higher tiers include lower ones; used to name the plan to upgrade to.
    pub tier: u32,
}

impl Default for Plan {
    fn default() -> Self {
        Self {
            refuses: true,
            plan_units: Credits::ZERO,
            api_credits: Credits::ZERO,
            concurrent_jobs: 2,
            requests_per_minute: 30,
            requests_per_day: 1_000,
            semantic_search: false,
            tier: 1,
        }
    }
}

/// The plans that exist without any configuration.
pub fn built_in() -> Vec<(PlanName, Plan)> {
    let local = Plan {
        refuses: false,
        concurrent_jobs: 8,
        requests_per_minute: 0,
        requests_per_day: 0,
        semantic_search: true,
        tier: 100,
        ..Plan::default()
    };
    let free = Plan {
        plan_units: Credits::whole(50),
        api_credits: Credits::whole(10),
        tier: 1,
        ..Plan::default()
    };
    let pro = Plan {
        plan_units: Credits::whole(1_000),
        api_credits: Credits::whole(100),
        concurrent_jobs: 4,
        tier: 2,
        ..Plan::default()
    };
    let business = Plan {
        plan_units: Credits::whole(10_000),
        api_credits: Credits::whole(1_000),
        concurrent_jobs: 16,
        semantic_search: true,
        tier: 3,
        ..Plan::default()
    };
    vec![
        ("local".into(), local),
        ("free".into(), free),
        ("pro".into(), pro),
        ("business".into(), business),
    ]
}
