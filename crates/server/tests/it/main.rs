//! The server through its front doors, one binary for all.
#![allow(clippy::unwrap_used)]

mod authenticator;
mod crash;
mod doors;
mod edits;
mod github;
mod journeys;
mod lifetimes;
mod mail;
mod manners;
mod matrix;
mod mcp;
mod models;
mod passkeys;
mod payments;
mod people;
mod person;
mod pictures;
mod pipelines;
mod postgres;
mod process;
#[cfg(feature = "c2pa")]
mod provenance;
mod providers;
mod service_rest;
mod sharing;
mod stripe;
mod surface;
