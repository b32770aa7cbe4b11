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
