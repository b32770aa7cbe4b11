//! What the product does: operations, jobs, credits, access, uploads and the model catalogue. It
//! knows no HTTP, no MCP and no SQL; the doors above translate, the store below remembers.

mod access;
pub mod arguments;
mod audit;
pub mod catalogue;
mod chores;
pub mod failpoint;
mod formats;
mod inputs;
mod jobs;
mod library;
mod mail;
pub mod models;
mod nodes;
pub mod oauth;
pub mod operation;
pub mod operations;
pub mod payments;
pub mod people;
mod pipelines;
mod provenance;
mod rate;
pub mod schema;
mod secret;
mod settings;
pub mod shapes;
mod shares;
mod signer;
mod studio;
mod tokens;
pub mod toolset;
mod uploads;

pub use access::{Admission, KeyOrder, MadeKey};
pub use jobs::{Events, ItemView, JobEvent, JobView, OutputView, WorkerHandle};
pub use library::Served;
pub use operations::assets::AssetView;
pub use pipelines::PipelineLimits;
pub use rate::Allowance;
pub use secret::Secret;
pub use settings::{OnnxRuntime, ProvenanceSettings, Settings};
pub use shares::{DOWNLOAD, ShareDoor, Visit};
pub use signer::write_private;
pub use studio::Studio;
pub use tokens::{Token, TokenKind};
pub use uploads::OpenedUpload;
