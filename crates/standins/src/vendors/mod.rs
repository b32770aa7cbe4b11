//! The stand-ins, a file for each vendor.

mod fields;
pub mod ideogram;
pub mod openai;
pub mod recraft;
pub mod stability;
