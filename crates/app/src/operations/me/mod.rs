//! One's own account: who am I, where do I belong, which browsers are signed in, how do I prove it is me.

pub mod passkeys;
pub mod password;
pub mod profile;
pub mod proof;
pub mod sessions;
pub mod totp;
pub mod workspaces;

use aquatint_domain::{Role, Scope};

use crate::operation::{Effects, Rest, Spec};

/// What everybody may do about themselves.
const fn own(name: &'static str, title: &'static str, effects: Effects, rest: Rest) -> Spec {
    Spec::new(name, title, Scope::AccountRead, effects, rest).for_people(Role::Viewer)
}
