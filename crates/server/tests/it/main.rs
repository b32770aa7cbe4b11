//! The server through its front doors, one binary for all.
#![allow(clippy::unwrap_used)]

mod crash;
mod doors;
mod edits;
mod journeys;
mod manners;
mod matrix;
mod mcp;
mod models;
mod people;
mod person;
mod pictures;
mod postgres;
mod process;
#[cfg(feature = "c2pa")]
mod provenance;
mod providers;
mod sharing;
mod surface;
