//! Models that the user brings: what is known of families, what is installed, and how an installed one is run.

mod families;
mod folder;
mod manifest;
mod run;
mod runtime;

pub use families::{FAMILIES, Family, Pull, family};
pub use folder::{FACTS, Folder, Installed, digest_of, parts_of, sha256_of, sha256_of_parts};
pub use manifest::{Activation, Manifest, Part, Range, Task};
pub(crate) use run::{engine_of, load, prepare};
pub use runtime::{BUILT_IN, ONNX_RUNTIME, find_library};
