//! Pipelines: graphs of nodes that are checked when they are saved, planned by a pure function, and run as ordinary jobs.

mod conductor;
mod graph;
mod plan;
mod retry;
mod rounds;
mod start;
mod starter;
mod text;

pub(crate) use conductor::{cancel, graph_of};
pub use graph::{Fault, PipelineLimits, Ready, refuse};
pub(crate) use plan::plan;
pub(crate) use retry::{Retry, retry};
pub use rounds::Conductor;
pub(crate) use rounds::conduct;
pub(crate) use start::{Order, Started, price, start};
pub(crate) use text::{mermaid, readable};
