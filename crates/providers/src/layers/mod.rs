//! What is the same around every vendor, one file each. [`crate::Service`] puts them together.

pub mod breaker;
pub mod gate;
pub mod meter;
pub mod retry;
pub mod sniff;
