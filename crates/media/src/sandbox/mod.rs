//! A process pool for work on bytes from strangers. A picture that crashes a decoder, loops for ever
//! or eats memory costs one child process and fails one task; the server lives on.
//!
//! The parent owns a [`Pool`]; the child is the same binary started with other arguments, which calls
//! [`serve`]. They talk over the child's standard input and output in frames (see `frame`). On Linux
//! the child walls itself in (see [`Walls`]) before it reads the first byte.

mod frame;
mod phase;
mod pool;
mod program;
mod serve;
mod walls;
mod worker;

use std::time::Duration;

use bytes::Bytes;
use serde_json::Value;

pub(crate) use phase::Decoding;
pub use pool::{Pool, PoolConfig};
pub use program::{Allowance, PROGRAM_INPUT, Program, become_program};
pub use serve::serve;
pub use walls::{Wall, Walls};
pub use worker::ALLOCATOR;

/// One task for a child.
#[derive(Clone, Debug, Default)]
pub struct Request {
    /// What to do; the caller and its handler agree on the shape. At most [`MAX_HEADER_BYTES`] as JSON.
    pub header: Value,
    /// Bytes that go with it, at most [`MAX_BLOBS`] and [`MAX_BLOB_BYTES`] together.
    pub blobs: Vec<Bytes>,
    /// Time for this task alone; the pool's `task_timeout` when absent.
    pub time_limit: Option<Duration>,
}

/// What a child made of a request.
#[derive(Clone, Debug, Default)]
pub struct Answer {
    pub header: Value,
    pub blobs: Vec<Bytes>,
}

impl Request {
    pub fn new(header: Value, blobs: Vec<Bytes>) -> Self {
        Self {
            header,
            blobs,
            time_limit: None,
        }
    }
}

/// The longest JSON header of one frame.
pub const MAX_HEADER_BYTES: u64 = 1024 * 1024;
/// The most blobs in one frame.
pub const MAX_BLOBS: usize = 256;
/// The most bytes in all blobs of one frame.
pub const MAX_BLOB_BYTES: u64 = 512 * 1024 * 1024;

/// How the parent tells a child its memory limit, before any frame.
const MEMORY_VARIABLE: &str = "AQUATINT_CHILD_MEMORY_BYTES";
