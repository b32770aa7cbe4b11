//! The vendors, a file each; [`crate::provider::ALL`] is the list.

pub mod described;
pub mod fal;
pub mod huggingface;
pub mod openai;
pub mod replicate;
