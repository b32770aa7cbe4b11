//! The engines on pictures of known truth, on odd pictures, against goldens, and through a real child.

mod crew;
mod cutout;
mod expand;
mod film;
mod goldens;
mod hand;
mod odd;
mod scene;
mod sheet;
mod transform;
mod upscale;
