//! Pipelines: graphs of nodes that are checked when they are saved, planned by a pure function, and run as ordinary jobs.

mod conductor;
mod graph;
mod plan;
mod start;
mod starter;
mod text;

pub use conductor::Conductor;
pub(crate) use conductor::{cancel, conduct};
pub use graph::{Fault, PipelineLimits, Ready, refuse};
pub(crate) use plan::plan;
pub(crate) use start::{Order, price, start};
pub(crate) use text::{mermaid, readable};
