//! The stand-ins, a file for each vendor.

pub mod comfyui;
pub mod luma;
pub mod luma_dream_machine;
pub mod openai;
pub mod runway;
