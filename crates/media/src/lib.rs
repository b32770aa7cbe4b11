//! Pixels: probe, decode, transform, encode, limits. Bytes in, bytes out; it knows neither files,
//! nor networks, nor databases. [`sandbox`] runs such work in child processes behind walls.

pub mod sandbox;

mod colors;
mod decode;
mod encode;
mod inspect;
mod limits;
mod picture;
mod probe;
pub mod provenance;
mod resize;
mod scrub;
mod thumb;
mod turn;
mod vector;

pub use colors::dominant_colors;
pub use decode::{decode, decode_at_least};
pub use encode::{Encoding, WebpAnimation, encode, flatten};
pub use inspect::{Inspection, Looks, Rendition, inspect};
pub use limits::Limits;
pub use picture::{Picture, Rect};
pub use probe::{Probe, probe};
pub use resize::{fit_within, resize, resize_mask};
pub use scrub::scrub;
pub use thumb::thumb_hash;
pub use turn::{Flip, crop, flip, rotate};
pub use vector::vector_size;
