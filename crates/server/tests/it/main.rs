//! The server through its front doors, one binary for all.
#![allow(clippy::unwrap_used)]

mod authenticator;
mod beside;
mod callbacks;
mod crash;
mod dags;
mod doors;
mod edits;
mod films;
mod github;
mod journeys;
mod lifetimes;
mod local;
mod mail;
mod manners;
mod matrix;
mod mcp;
mod models;
mod nodes;
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
mod receiver;
mod runs;
mod service_rest;
mod sharing;
mod stripe;
mod surface;
mod surfaces;
mod vendor_edits;
mod webhooks;
