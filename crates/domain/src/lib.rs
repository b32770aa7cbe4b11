//! The words of the product, and nothing that does I/O: ids, credits, assets, jobs, models,
//! plans, access, and the one table of public error codes.
//!
//! Everything else depends on this crate, so it stays small and changes rarely.

pub mod access;
pub mod anchor;
pub mod asset;
pub mod clock;
pub mod credits;
pub mod error;
pub mod ids;
pub mod job;
pub mod model;
pub mod pipeline;
pub mod plan;
pub mod provenance;
pub mod text;

pub use access::{Balance, Caller, Principal, Role, Scope};
pub use anchor::Anchor;
pub use asset::{Asset, AssetSource, BlobHash, Measures, MediaKind, MediaType, Recipe};
pub use clock::{Clock, SystemClock};
pub use credits::Credits;
pub use error::{Code, Problem};
pub use ids::{
    ApiKeyId, AssetId, CollectionId, EntryId, GrantId, HoldId, InviteId, JobId, MailId, OrderId, PasskeyId, PipelineId,
    RequestId, RunId, SessionId, ShareId, UploadId, UserId, WorkspaceId,
};
pub use jiff::Timestamp;
pub use job::{Job, JobKind, JobState};
pub use model::{Capabilities, Model, ModelId};
pub use pipeline::{Edge, Graph, Node, NodeState, Port, PortKind, RunState};
pub use plan::{Plan, PlanName};
pub use provenance::{ContentCredentials, CredentialState, Provenance};
