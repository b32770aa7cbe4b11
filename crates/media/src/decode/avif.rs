//! AVIF pictures, and the first frame of our own videos.

use aquatint_domain::{MediaType, Problem};
use image::DynamicImage;

use super::yuv::Planes;
use super::{Raw, RawImage, av1, refusal};
use crate::probe::{Header, Profile, heif, mp4};

pub(super) fn decode(header: &Header<'_>, bytes: &[u8]) -> Result<Raw, Problem> {
    if header.media_type == MediaType::Mp4 {
        let planes = planes(&mp4::first_frame(bytes)?, header, "MP4")?;
        return finish(planes, None, "MP4");
    }
    let items = heif::items(bytes)?;
    let picture = planes(&items.picture, header, "AVIF")?;
    let alpha = match &items.alpha {
        Some(stream) => Some(planes(stream, header, "AVIF")?.light().collect::<Vec<f32>>()),
        None => None,
    };
    let mut raw = finish(picture, alpha, "AVIF")?;
    if let (true, RawImage::Plain(image)) = (items.premultiplied, &mut raw.image) {
        divide_by_alpha(image);
    }
    Ok(raw)
}

fn planes(stream: &[u8], header: &Header<'_>, name: &str) -> Result<Planes, Problem> {
    // The stream states its size again; it may not be larger than what was checked.
    let pixels = header
        .width
        .checked_mul(header.height)
        .ok_or_else(|| refusal::too_large(name))?;
    let mut planes = av1::first_picture(stream, pixels).map_err(|detail| refusal::damaged(name, detail))?;
    if (planes.width, planes.height) != (header.width, header.height) {
        return Err(refusal::contradiction(name));
    }
    // What the container says of the colours goes before what the stream says.
    if let Profile::Cicp([primaries, transfer, matrix, full_range]) = header.profile {
        planes.colors = [primaries, transfer, matrix, full_range];
    }
    Ok(planes)
}

fn finish(planes: Planes, alpha: Option<Vec<f32>>, name: &str) -> Result<Raw, Problem> {
    let colors = planes.colors;
    let image = planes.into_rgb(alpha).ok_or_else(|| refusal::contradiction(name))?;
    Ok(Raw {
        colors: Some(colors),
        ..Raw::plain(image)
    })
}

fn divide_by_alpha(image: &mut DynamicImage) {
    match image {
        DynamicImage::ImageRgba8(image) => {
            for pixel in image.pixels_mut().filter(|pixel| pixel.0[3] > 0) {
                let alpha = u32::from(pixel.0[3]);
                let straight = |value: u8| (u32::from(value) * 255 / alpha).min(255) as u8;
                let [r, g, b, a] = pixel.0;
                pixel.0 = [straight(r), straight(g), straight(b), a];
            }
        }
        DynamicImage::ImageRgba16(image) => {
            for pixel in image.pixels_mut().filter(|pixel| pixel.0[3] > 0) {
                let alpha = u64::from(pixel.0[3]);
                let straight = |value: u16| (u64::from(value) * 65_535 / alpha).min(65_535) as u16;
                let [r, g, b, a] = pixel.0;
                pixel.0 = [straight(r), straight(g), straight(b), a];
            }
        }
        _ => {}
    }
}
