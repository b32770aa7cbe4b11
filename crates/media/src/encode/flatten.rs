//! Lays a picture with alpha onto one colour.

use image::{DynamicImage, ImageBuffer, Rgb};

pub(super) fn onto(image: &DynamicImage, color: [u8; 3]) -> DynamicImage {
    if let DynamicImage::ImageRgba16(image) = image {
        let color = color.map(|channel| u64::from(channel) * 257);
        return ImageBuffer::from_fn(image.width(), image.height(), |x, y| {
            let [r, g, b, alpha] = image.get_pixel(x, y).0.map(u64::from);
            let blend = |over: u64, under: u64| ((over * alpha + under * (65_535 - alpha) + 32_767) / 65_535) as u16;
            Rgb([blend(r, color[0]), blend(g, color[1]), blend(b, color[2])])
        })
        .into();
    }
    let image = image.to_rgba8();
    let color = color.map(u32::from);
    ImageBuffer::from_fn(image.width(), image.height(), |x, y| {
        let [r, g, b, alpha] = image.get_pixel(x, y).0.map(u32::from);
        let blend = |over: u32, under: u32| ((over * alpha + under * (255 - alpha) + 127) / 255) as u8;
        Rgb([blend(r, color[0]), blend(g, color[1]), blend(b, color[2])])
    })
    .into()
}
