//! The vendors, a file each; [`crate::provider::ALL`] is the list.

pub mod openai;
pub mod runway;
