//! What the product does: operations, jobs, credits, access, uploads and the model catalogue. It
//! knows no HTTP, no MCP and no SQL; the doors above translate, the store below remembers.

mod access;
pub mod arguments;
mod audit;
pub mod catalogue;
mod catalogue_file;
mod chores;
pub mod failpoint;
mod formats;
mod inputs;
mod jobs;
mod library;
pub mod models;
pub mod oauth;
pub mod operation;
pub mod operations;
pub mod people;
mod provenance;
mod rate;
pub mod schema;
mod settings;
pub mod shapes;
mod shares;
mod signer;
mod studio;
pub mod styles;
mod tokens;
pub mod toolset;
mod uploads;
mod vendors;

pub use access::{Admission, KeyOrder, MadeKey};
pub use jobs::{Events, ItemView, JobEvent, JobView, OutputView, WorkerHandle};
pub use library::Served;
pub use operations::assets::AssetView;
pub use rate::Allowance;
pub use settings::{OnnxRuntime, ProvenanceSettings, Settings};
pub use shares::{DOWNLOAD, ShareDoor, Visit};
pub use signer::write_private;
pub use studio::Studio;
pub use tokens::{Token, TokenKind};
pub use uploads::OpenedUpload;
pub use vendors::{ProviderKeyOrder, ProviderSettings, ProviderState};
