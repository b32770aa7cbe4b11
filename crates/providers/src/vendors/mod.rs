//! The vendors, a file each; [`crate::provider::ALL`] is the list.

pub mod comfyui;
pub mod luma;
pub mod luma_dream_machine;
pub mod openai;
pub mod runway;
