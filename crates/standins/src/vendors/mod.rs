//! The stand-ins, a file for each vendor.

pub mod bfl;
pub mod google;
pub mod openai;
