//! The stand-ins, a file for each vendor.

pub mod openai;
pub mod runway;
