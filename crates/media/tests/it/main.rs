//! Tests of the media crate, on pictures that they make themselves.

mod bombs;
mod colors;
mod formats;
mod make;
mod malformed;
mod mislabelled;
mod sandbox;
mod shapes;
mod xmp;
