//! The stand-ins, a file for each vendor.

pub mod bfl;
pub mod comfyui;
pub mod fal;
mod fields;
pub mod google;
pub mod huggingface;
pub mod ideogram;
pub mod luma;
pub mod luma_dream_machine;
pub mod openai;
pub mod recraft;
pub mod replicate;
pub mod runway;
pub mod stability;
