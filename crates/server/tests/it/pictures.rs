//! Pictures that the tests make themselves, and sample photographs where they are at hand.

use std::io::Cursor;
use std::path::PathBuf;

use base64::Engine as _;
use image::{DynamicImage, ImageFormat, Rgb, RgbImage};

/// A red bottle-like shape on a plain light background, as a PNG.
pub fn product(width: u32, height: u32) -> Vec<u8> {
    let picture = RgbImage::from_fn(width, height, |x, y| {
        let (u, v) = (x as f32 / width as f32 - 0.5, y as f32 / height as f32 - 0.5);
        let half_width = if v < -0.15 { 0.07 } else { 0.18 };
        if u.abs() < half_width && v.abs() < 0.36 {
            let shade = (1.0 - (u / half_width).powi(2) * 0.6).max(0.0);
            Rgb([(200.0 * shade) as u8, (30.0 * shade) as u8, (40.0 * shade) as u8])
        } else {
            Rgb([236, 236, 240])
        }
    });
    encode(&DynamicImage::ImageRgb8(picture), ImageFormat::Png)
}

pub fn encode(picture: &DynamicImage, format: ImageFormat) -> Vec<u8> {
    let mut out = Cursor::new(Vec::new());
    picture.write_to(&mut out, format).expect("encodes");
    out.into_inner()
}

pub fn data_uri(png: &[u8]) -> String {
    format!(
        "data:image/png;base64,{}",
        base64::engine::general_purpose::STANDARD.encode(png)
    )
}

/// A sample photograph, where the samples are at hand.
pub fn sample(name: &str) -> Option<Vec<u8>> {
    let folder = std::env::var_os("AQUATINT_SAMPLES").map(PathBuf::from);
    let folder = folder.unwrap_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/samples"));
    let bytes = std::fs::read(folder.join(name)).ok();
    if bytes.is_none() {
        println!("SKIPPED: the sample photograph {name} is not at hand (set AQUATINT_SAMPLES)");
    }
    bytes
}
