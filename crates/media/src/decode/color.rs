//! Colours into sRGB: ICC profiles and coded colour spaces, for RGB, grey and CMYK.

use std::io::Read;

use aquatint_domain::Problem;
use image::{DynamicImage, ImageBuffer, RgbImage};
use moxcms::{
    CicpColorPrimaries, CicpProfile, ColorProfile, DataColorSpace, Layout, MatrixCoefficients, TransferCharacteristics,
    TransformOptions,
};

use super::{RawImage, refusal};
use crate::probe::Profile;

/// Profiles of printers have about 3 MB; larger ones are ignored.
const MAX_PROFILE_BYTES: u64 = 8 * 1024 * 1024;

/// A colour that differs by no more than this after conversion is the same: the profile is sRGB by another name.
const SAME: u8 = 1;

/// Converts to sRGB. A profile that cannot be used is passed over with a note.
pub(super) fn to_srgb(
    image: RawImage,
    profile: &Profile<'_>,
    notes: &mut Vec<String>,
) -> Result<DynamicImage, Problem> {
    let (profile, unusable) = match read(profile) {
        Ok(profile) => (profile, false),
        Err(()) => (None, true),
    };
    let converted = match image {
        RawImage::Plain(image) => convert(image, profile.as_ref()),
        RawImage::Cmyk { width, height, ink } => cmyk(width, height, &ink, profile.as_ref(), notes)?,
    };
    match converted {
        Done::Well(image) if unusable => {
            notes.push("the colour profile cannot be read; colours are taken as sRGB".to_owned());
            Ok(image)
        }
        Done::Well(image) => Ok(image),
        Done::Kept(image) => {
            notes.push("the colour profile does not fit the picture; colours are taken as sRGB".to_owned());
            Ok(image)
        }
    }
}

/// Whether a profile was honoured.
enum Done {
    Well(DynamicImage),
    Kept(DynamicImage),
}

fn read(profile: &Profile<'_>) -> Result<Option<ColorProfile>, ()> {
    match profile {
        Profile::None => Ok(None),
        Profile::Icc(bytes) => parse(bytes).map(Some),
        Profile::DeflatedIcc(deflated) => {
            let mut bytes = Vec::new();
            // One byte more than allowed tells that there is more.
            let mut inflated = flate2::read::ZlibDecoder::new(*deflated).take(MAX_PROFILE_BYTES + 1);
            inflated.read_to_end(&mut bytes).map_err(|_| ())?;
            parse(&bytes).map(Some)
        }
        Profile::Cicp(code_points) => Ok(coded(*code_points)),
    }
}

fn parse(bytes: &[u8]) -> Result<ColorProfile, ()> {
    if bytes.len() as u64 > MAX_PROFILE_BYTES {
        return Err(());
    }
    ColorProfile::new_from_slice(bytes).map_err(|_| ())
}

/// Code points of H.273. What is unspecified is sRGB.
fn coded([primaries, transfer, _, _]: [u8; 4]) -> Option<ColorProfile> {
    // 1/13 is sRGB; 1/1 and 1/6 (video) are shown as if they were, as browsers do.
    if matches!(primaries, 1 | 2) && matches!(transfer, 1 | 2 | 6 | 13 | 14 | 15) {
        return None;
    }
    let color_primaries = CicpColorPrimaries::try_from(primaries).ok()?;
    let transfer_characteristics = match transfer {
        1 | 2 | 6 | 14 | 15 => TransferCharacteristics::Srgb,
        other => TransferCharacteristics::try_from(other).ok()?,
    };
    Some(ColorProfile::new_from_cicp(CicpProfile {
        color_primaries,
        transfer_characteristics,
        matrix_coefficients: MatrixCoefficients::Identity,
        full_range: true,
    }))
}

fn convert(image: DynamicImage, profile: Option<&ColorProfile>) -> Done {
    let Some(profile) = profile else {
        return Done::Well(image);
    };
    match (profile.color_space, image.color().has_color()) {
        (DataColorSpace::Rgb, _) => rgb(image, profile),
        (DataColorSpace::Gray, false) => gray(image, profile),
        _ => Done::Kept(image),
    }
}

fn rgb(image: DynamicImage, profile: &ColorProfile) -> Done {
    if is_srgb(profile) {
        return Done::Well(image);
    }
    let srgb = ColorProfile::new_srgb();
    let options = TransformOptions::default();
    match image {
        DynamicImage::ImageLuma16(_) | DynamicImage::ImageRgb16(_) => {
            let source = image.into_rgb16();
            let made = profile
                .create_transform_16bit(Layout::Rgb, &srgb, Layout::Rgb, options)
                .and_then(|transform| transformed(&source, |from, to| transform.transform(from, to)));
            made.map_or_else(|_| Done::Kept(source.into()), |made| Done::Well(made.into()))
        }
        DynamicImage::ImageLumaA16(_) | DynamicImage::ImageRgba16(_) => {
            let source = image.into_rgba16();
            let made = profile
                .create_transform_16bit(Layout::Rgba, &srgb, Layout::Rgba, options)
                .and_then(|transform| transformed(&source, |from, to| transform.transform(from, to)));
            made.map_or_else(|_| Done::Kept(source.into()), |made| Done::Well(made.into()))
        }
        image if image.color().has_alpha() => {
            let source = image.into_rgba8();
            let made = profile
                .create_transform_8bit(Layout::Rgba, &srgb, Layout::Rgba, options)
                .and_then(|transform| transformed(&source, |from, to| transform.transform(from, to)));
            made.map_or_else(|_| Done::Kept(source.into()), |made| Done::Well(made.into()))
        }
        image => {
            let source = image.into_rgb8();
            let made = profile
                .create_transform_8bit(Layout::Rgb, &srgb, Layout::Rgb, options)
                .and_then(|transform| transformed(&source, |from, to| transform.transform(from, to)));
            made.map_or_else(|_| Done::Kept(source.into()), |made| Done::Well(made.into()))
        }
    }
}

/// Runs a transform into a buffer of the same shape.
fn transformed<P: image::Pixel>(
    source: &ImageBuffer<P, Vec<P::Subpixel>>,
    run: impl FnOnce(&[P::Subpixel], &mut [P::Subpixel]) -> Result<(), moxcms::CmsError>,
) -> Result<ImageBuffer<P, Vec<P::Subpixel>>, moxcms::CmsError> {
    let mut made = ImageBuffer::new(source.width(), source.height());
    run(source, &mut made)?;
    Ok(made)
}

/// Grey is converted by a table: one colour for each level.
fn gray(image: DynamicImage, profile: &ColorProfile) -> Done {
    let srgb = ColorProfile::new_srgb();
    let levels: Vec<u16> = (0..=u16::MAX).collect();
    let mut table = vec![0u16; levels.len() * 3];
    let made = profile
        .create_transform_16bit(Layout::Gray, &srgb, Layout::Rgb, TransformOptions::default())
        .and_then(|transform| transform.transform(&levels, &mut table));
    if made.is_err() {
        return Done::Kept(image);
    }
    let deep = |level: u16| table[usize::from(level) * 3];
    let shallow = |level: u8| ((u32::from(deep(u16::from(level) * 257)) + 128) / 257) as u8;
    Done::Well(match image {
        DynamicImage::ImageLuma8(mut image) => {
            image.iter_mut().for_each(|level| *level = shallow(*level));
            image.into()
        }
        DynamicImage::ImageLumaA8(mut image) => {
            image.pixels_mut().for_each(|pixel| pixel.0[0] = shallow(pixel.0[0]));
            image.into()
        }
        DynamicImage::ImageLuma16(mut image) => {
            image.iter_mut().for_each(|level| *level = deep(*level));
            image.into()
        }
        DynamicImage::ImageLumaA16(mut image) => {
            image.pixels_mut().for_each(|pixel| pixel.0[0] = deep(pixel.0[0]));
            image.into()
        }
        other => return Done::Kept(other),
    })
}

fn cmyk(
    width: u32,
    height: u32,
    ink: &[u8],
    profile: Option<&ColorProfile>,
    notes: &mut Vec<String>,
) -> Result<Done, Problem> {
    let mut data = vec![0u8; ink.len() / 4 * 3];
    let made = match profile.filter(|profile| profile.color_space == DataColorSpace::Cmyk) {
        Some(profile) => profile
            .create_transform_8bit(
                Layout::Rgba,
                &ColorProfile::new_srgb(),
                Layout::Rgb,
                TransformOptions::default(),
            )
            .and_then(|transform| transform.transform(ink, &mut data))
            .is_ok(),
        None => false,
    };
    if !made {
        notes.push("CMYK without a usable colour profile: colours are approximate".to_owned());
        for (ink, color) in ink.as_chunks::<4>().0.iter().zip(data.as_chunks_mut::<3>().0) {
            let light = 255 - u32::from(ink[3]);
            for (channel, ink) in color.iter_mut().zip(ink) {
                *channel = ((255 - u32::from(*ink)) * light / 255) as u8;
            }
        }
    }
    let image = RgbImage::from_raw(width, height, data).ok_or_else(|| refusal::contradiction("JPEG"))?;
    Ok(Done::Well(image.into()))
}

/// Asks the profile what it makes of a few colours.
fn is_srgb(profile: &ColorProfile) -> bool {
    const STEPS: [u8; 5] = [0, 64, 128, 200, 255];
    let mut colors = Vec::with_capacity(STEPS.len().pow(3) * 3);
    for red in STEPS {
        for green in STEPS {
            for blue in STEPS {
                colors.extend([red, green, blue]);
            }
        }
    }
    let mut seen = vec![0u8; colors.len()];
    profile
        .create_transform_8bit(
            Layout::Rgb,
            &ColorProfile::new_srgb(),
            Layout::Rgb,
            TransformOptions::default(),
        )
        .and_then(|transform| transform.transform(&colors, &mut seen))
        .is_ok_and(|()| colors.iter().zip(&seen).all(|(a, b)| a.abs_diff(*b) <= SAME))
}
