//! The engines on pictures of known truth, on odd pictures, against goldens, and through a real child.

mod compose;
mod crew;
mod cutout;
mod erase;
mod expand;
mod film;
mod foreign_film;
mod goldens;
mod hand;
mod models;
mod odd;
mod scene;
mod sheet;
mod tone;
mod transform;
mod upscale;
