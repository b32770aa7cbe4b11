//! The account: balances, what was spent, and what something would cost.

pub mod credits;
pub mod estimate;
pub mod usage_history;
