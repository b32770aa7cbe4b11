//! The workspace and who is in it: members, invitations, keys, connected apps, purchases.

pub mod apps;
pub mod invites;
pub mod itself;
pub mod keys;
pub mod members;
pub mod orders;
pub mod payments;

use aquatint_domain::{Role, Scope};

use crate::operation::{Effects, Rest, Spec};

/// What people of that role, and above, do by hand.
const fn by(least: Role, name: &'static str, title: &'static str, effects: Effects, rest: Rest) -> Spec {
    Spec::new(name, title, Scope::AccountRead, effects, rest).for_people(least)
}
