//! The stand-ins, a file for each vendor.

pub mod fal;
pub mod huggingface;
pub mod openai;
pub mod replicate;
