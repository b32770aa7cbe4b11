//! The stand-ins, a file for each vendor.

pub mod bfl;
pub mod google;
mod fields;
pub mod ideogram;
pub mod openai;
pub mod recraft;
pub mod stability;
pub mod fal;
pub mod huggingface;
pub mod openai;
pub mod replicate;
pub mod comfyui;
pub mod luma;
pub mod luma_dream_machine;
pub mod openai;
pub mod runway;
