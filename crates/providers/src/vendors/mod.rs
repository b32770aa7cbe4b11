//! The vendors, a file each; [`crate::provider::ALL`] is the list.

pub mod bfl;
pub mod google;
pub mod openai;
