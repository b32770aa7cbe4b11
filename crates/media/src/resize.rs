//! Changes the number of pixels.

use aquatint_domain::{Code, Problem};
use fast_image_resize::images::{Image, ImageRef};
use fast_image_resize::{FilterType, PixelType, ResizeAlg, ResizeOptions, Resizer};
use image::{DynamicImage, GrayImage, ImageBuffer, Pixel, Rgba};
use rayon::prelude::*;

use crate::picture::Picture;

/// The most pixels that any picture made here may have.
pub(crate) const MAX_MADE_PIXELS: u64 = 268_435_456;

/// Source pixels that are in memory as floating point at one time.
const BAND_PIXELS: u64 = 4_000_000;
/// Pixels on each side that Lanczos3 looks at, at scale 1.
const LANCZOS_SUPPORT: f64 = 3.0;

/// Scales to exactly `width` × `height` with Lanczos3. Alpha is multiplied in first and divided out after,
/// so that invisible colours never bleed into visible ones.
pub fn resize(picture: &Picture, width: u32, height: u32) -> Result<Picture, Problem> {
    check_made(width, height)?;
    if (width, height) == (picture.width(), picture.height()) {
        return Ok(picture.clone());
    }
    let image = match &picture.image {
        DynamicImage::ImageRgb8(from) => scaled(from, PixelType::U8x3, width, height)?.into(),
        DynamicImage::ImageRgba8(from) => scaled_with_alpha(from, width, height)?.into(),
        DynamicImage::ImageRgb16(from) => scaled(from, PixelType::U16x3, width, height)?.into(),
        DynamicImage::ImageRgba16(from) => scaled_with_alpha(from, width, height)?.into(),
        other => return resize(&Picture::new(other.clone()), width, height),
    };
    Ok(picture.with(image))
}

/// The same for a mask, in its one channel.
pub fn resize_mask(mask: &GrayImage, width: u32, height: u32) -> Result<GrayImage, Problem> {
    check_made(width, height)?;
    if (width, height) == mask.dimensions() {
        return Ok(mask.clone());
    }
    scaled(mask, PixelType::U8, width, height)
}

/// Width and height with the long side at most `long_side`, in the same proportion; never larger.
pub fn fit_within(width: u32, height: u32, long_side: u32) -> (u32, u32) {
    let long = width.max(height).max(1);
    if long <= long_side {
        return (width, height);
    }
    let scale = |side: u32| {
        let scaled = (u64::from(side) * u64::from(long_side) + u64::from(long) / 2) / u64::from(long);
        (scaled as u32).max(1)
    };
    (scale(width), scale(height))
}

/// Refuses a size that no picture may have.
pub(crate) fn check_made(width: u32, height: u32) -> Result<(), Problem> {
    if width == 0 || height == 0 {
        return Err(Problem::invalid("width", "Width and height must be at least 1 px."));
    }
    if u64::from(width) * u64::from(height) > MAX_MADE_PIXELS {
        return Err(Problem::new(
            Code::InvalidArgument,
            format!(
                "The result would be {width} × {height} px; the limit is {} megapixels. Ask for a smaller one.",
                MAX_MADE_PIXELS / 1_000_000
            ),
        ));
    }
    Ok(())
}

fn scaled<P>(
    from: &ImageBuffer<P, Vec<P::Subpixel>>,
    kind: PixelType,
    width: u32,
    height: u32,
) -> Result<ImageBuffer<P, Vec<P::Subpixel>>, Problem>
where
    P: Pixel,
    P::Subpixel: bytemuck::Pod,
{
    let source = ImageRef::new(from.width(), from.height(), bytemuck::cast_slice(from.as_raw()), kind)
        .map_err(Problem::internal)?;
    let mut made = ImageBuffer::<P, Vec<P::Subpixel>>::new(width, height);
    {
        let mut target = Image::from_slice_u8(width, height, bytemuck::cast_slice_mut(&mut made), kind)
            .map_err(Problem::internal)?;
        let options = ResizeOptions::new()
            .resize_alg(ResizeAlg::Convolution(FilterType::Lanczos3))
            .use_alpha(false);
        Resizer::new()
            .resize(&source, &mut target, &options)
            .map_err(Problem::internal)?;
    }
    Ok(made)
}

/// In floating point and without clamping in between: colour and alpha overshoot together at an edge, so their
/// quotient does not. With whole numbers a bright rim appears around cut-outs. It goes by bands of rows, so
/// that memory stays bounded.
fn scaled_with_alpha<S>(
    from: &ImageBuffer<Rgba<S>, Vec<S>>,
    width: u32,
    height: u32,
) -> Result<ImageBuffer<Rgba<S>, Vec<S>>, Problem>
where
    S: Sample,
    Rgba<S>: Pixel<Subpixel = S>,
{
    let full = S::FULL;
    let scale = f64::from(from.height()) / f64::from(height);
    let margin = (LANCZOS_SUPPORT * scale.max(1.0)).ceil() as i64 + 1;
    let row = u64::from(from.width().max(width));
    let rows_of_source = (BAND_PIXELS / row).max(1) as f64;
    let step = ((rows_of_source / scale.max(1.0)) as u32).clamp(1, height);
    let mut made = ImageBuffer::<Rgba<S>, Vec<S>>::new(width, height);
    let mut resizer = Resizer::new();
    let mut top = 0;
    while top < height {
        let rows = step.min(height - top);
        let (begin, end) = (f64::from(top) * scale, f64::from(top + rows) * scale);
        let first = (begin.floor() as i64 - margin).max(0) as u32;
        let last = (end.ceil() as i64 + margin).min(i64::from(from.height())) as u32;
        let samples = from.width() as usize * 4;
        let samples = &from.as_raw()[first as usize * samples..last as usize * samples];
        let source: Vec<[f32; 4]> = samples
            .par_chunks_exact(4)
            .map(|pixel| {
                let share = |channel: usize| pixel[channel].into() / full;
                let alpha = share(3);
                [share(0) * alpha, share(1) * alpha, share(2) * alpha, alpha]
            })
            .collect();
        let source = ImageRef::new(
            from.width(),
            last - first,
            bytemuck::cast_slice(&source),
            PixelType::F32x4,
        )
        .map_err(Problem::internal)?;
        let mut band = vec![0f32; width as usize * rows as usize * 4];
        let mut target = Image::from_slice_u8(width, rows, bytemuck::cast_slice_mut(&mut band), PixelType::F32x4)
            .map_err(Problem::internal)?;
        // Rounding must not carry the last row past the end.
        let skipped = begin - f64::from(first);
        let seen = (end - begin).min(f64::from(last - first) - skipped);
        let options = ResizeOptions::new()
            .resize_alg(ResizeAlg::Convolution(FilterType::Lanczos3))
            .crop(0.0, skipped, f64::from(from.width()), seen)
            .use_alpha(false);
        resizer
            .resize(&source, &mut target, &options)
            .map_err(Problem::internal)?;
        let width = width as usize;
        let pixels = made.as_flat_samples_mut().samples[top as usize * width * 4..].par_chunks_exact_mut(4);
        pixels.zip(band.par_chunks_exact(4)).for_each(|(pixel, sums)| {
            let alpha = sums[3];
            // Less than half a step of alpha is nothing.
            let divide = if alpha * full < 0.5 { 0.0 } else { 1.0 / alpha };
            for channel in 0..3 {
                pixel[channel] = S::of_share(sums[channel] * divide);
            }
            pixel[3] = S::of_share(alpha);
        });
        top += rows;
    }
    Ok(made)
}

/// A whole number that stands for a share of the most it can hold.
trait Sample: image::Primitive + Into<f32> + Send + Sync {
    const FULL: f32;

    /// The nearest to a share, which is cut to 0 and 1.
    fn of_share(share: f32) -> Self;
}

impl Sample for u8 {
    const FULL: f32 = 255.0;

    fn of_share(share: f32) -> Self {
        (share.clamp(0.0, 1.0) * Self::FULL + 0.5) as Self
    }
}

impl Sample for u16 {
    const FULL: f32 = 65_535.0;

    fn of_share(share: f32) -> Self {
        (share.clamp(0.0, 1.0) * Self::FULL + 0.5) as Self
    }
}
