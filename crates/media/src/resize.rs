//! Changes the number of pixels.

use aquatint_domain::{Code, Problem};
use fast_image_resize::images::{Image, ImageRef};
use fast_image_resize::{FilterType, PixelType, ResizeAlg, ResizeOptions, Resizer};
use image::{DynamicImage, ImageBuffer, Pixel};

use crate::picture::Picture;

/// The most pixels that any picture made here may have.
pub(crate) const MAX_MADE_PIXELS: u64 = 268_435_456;

/// Scales to exactly `width` × `height` with Lanczos3. Alpha is multiplied in first and divided out after,
/// so that invisible colours never bleed into visible ones.
pub fn resize(picture: &Picture, width: u32, height: u32) -> Result<Picture, Problem> {
    check_made(width, height)?;
    if (width, height) == (picture.width(), picture.height()) {
        return Ok(picture.clone());
    }
    let image = match &picture.image {
        DynamicImage::ImageRgb8(from) => scaled(from, PixelType::U8x3, width, height)?.into(),
        DynamicImage::ImageRgba8(from) => scaled(from, PixelType::U8x4, width, height)?.into(),
        DynamicImage::ImageRgb16(from) => scaled(from, PixelType::U16x3, width, height)?.into(),
        DynamicImage::ImageRgba16(from) => scaled(from, PixelType::U16x4, width, height)?.into(),
        other => return resize(&Picture::new(other.clone()), width, height),
    };
    Ok(picture.with(image))
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
            .use_alpha(true);
        Resizer::new()
            .resize(&source, &mut target, &options)
            .map_err(Problem::internal)?;
    }
    Ok(made)
}
