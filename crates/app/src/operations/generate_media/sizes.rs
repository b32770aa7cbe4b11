//! How large a result becomes.

use super::*;

/// Width and height from whichever of the three ways was used; `None` leaves it to the input image.
pub(super) fn dimensions(model: &Model, args: &Args) -> Result<(Option<u32>, Option<u32>), Problem> {
    let ways = usize::from(args.shape.is_some())
        + usize::from(args.aspect_ratio.is_some())
        + usize::from(args.width.is_some() || args.height.is_some());
    if ways > 1 {
        return Err(Problem::invalid(
            "shape",
            "Send one of `shape`, `aspect_ratio`, or `width` and `height`, not several.",
        ));
    }
    let side = |word: &str| {
        model.input_schema["properties"]["width"][word]
            .as_u64()
            .and_then(|side| u32::try_from(side).ok())
    };
    let most = side("maximum").unwrap_or(u32::MAX);
    let long_side = if model.kind == MediaKind::Video {
        VIDEO_LONG_SIDE
    } else {
        LONG_SIDE.min(most)
    };
    if let Some(slug) = &args.shape {
        let shape = shapes::find_shape(slug).ok_or_else(|| {
            Problem::invalid(
                "shape",
                format!("There is no shape `{}`.", aquatint_domain::text::one_line(slug, 40)),
            )
            .hint("See `models` with `action: \"shapes\"`.")
        })?;
        let (width, height) = if model.kind == MediaKind::Video || shape.width.max(shape.height) > most {
            fit(shape.width, shape.height, long_side)
        } else {
            (shape.width, shape.height)
        };
        return Ok((Some(width), Some(height)));
    }
    if let Some(ratio) = &args.aspect_ratio {
        let (w, h) = ratio
            .split_once(':')
            .and_then(|(w, h)| Some((w.parse::<u32>().ok()?, h.parse::<u32>().ok()?)))
            .unwrap_or((0, 0));
        if w == 0 || h == 0 || w > h * 8 || h > w * 8 {
            return Err(Problem::invalid(
                "aspect_ratio",
                "The aspect ratio must be two whole numbers between 1:8 and 8:1, such as 16:9.",
            ));
        }
        let (width, height) = fit(w, h, if w == h { 1024.min(long_side) } else { long_side });
        return Ok((Some(width), Some(height)));
    }
    match (model.kind, args.width, args.height) {
        (MediaKind::Image, width, height) => {
            let usual = side("default").unwrap_or(1024);
            Ok((Some(width.unwrap_or(usual)), Some(height.unwrap_or(usual))))
        }
        (MediaKind::Video, None, None) if args.images.is_none() => Ok((Some(VIDEO_LONG_SIDE), Some(432))),
        (_, width, height) => Ok((width, height)),
    }
}

/// The ratio `w:h` with its long side at `long_side`, both even, as video needs.
pub(super) fn fit(w: u32, h: u32, long_side: u32) -> (u32, u32) {
    let scale = f64::from(long_side) / f64::from(w.max(h));
    let even = |side: u32| (((f64::from(side) * scale / 2.0).round() as u32) * 2).max(2);
    (even(w), even(h))
}
