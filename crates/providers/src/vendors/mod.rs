//! The vendors, a file each; [`crate::provider::ALL`] is the list.

pub mod bfl;
pub mod comfyui;
pub mod described;
pub mod fal;
pub mod google;
pub mod huggingface;
pub mod ideogram;
pub mod luma;
pub mod luma_dream_machine;
pub mod openai;
mod openai_chat;
pub mod recraft;
pub mod replicate;
pub mod runway;
pub mod stability;
