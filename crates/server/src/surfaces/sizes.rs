//! Sizes for models that do not take any size: services whose clients name width and height, or a tier of quality, whatever
//! the model.

use aquatint_domain::Model;
use aquatint_domain::model::Sizing;
use serde_json::{Map, Value, json};

/// The inputs by which a model comes as near as it can to `width` × `height` pixels, and what must be said where that is not
/// the same.
pub fn near(model: &Model, width: u32, height: u32) -> (Map<String, Value>, Option<String>) {
    let properties = &model.input_schema["properties"];
    let asked = (width, height);
    let pair = |width: u64, height: u64| {
        let mut inputs = Map::new();
        inputs.insert("width".to_owned(), json!(width));
        inputs.insert("height".to_owned(), json!(height));
        let note = ((width, height) != (u64::from(asked.0), u64::from(asked.1))).then(|| {
            format!(
                "{} does not make {}×{}; {width}×{height} is near.",
                model.name, asked.0, asked.1
            )
        });
        (inputs, note)
    };
    let ratio = f64::from(width) / f64::from(height);
    match &model.sizing {
        Sizing::Listed(sizes) => {
            let far = |(w, h): &(u32, u32)| {
                let shape = (f64::from(*w) / f64::from(*h) / ratio).ln().abs();
                let area = (f64::from(*w) * f64::from(*h) / (f64::from(width) * f64::from(height)))
                    .ln()
                    .abs();
                shape * 4.0 + area
            };
            let nearest = sizes.iter().min_by(|a, b| far(a).total_cmp(&far(b)));
            let (w, h) = nearest.copied().unwrap_or((1024, 1024));
            pair(w.into(), h.into())
        }
        Sizing::Free {
            step,
            min_pixels,
            max_pixels,
            max_ratio,
        } => {
            let (w, h) = within(
                properties,
                width.into(),
                height.into(),
                u64::from((*step).max(1)),
                (*min_pixels, *max_pixels),
                *max_ratio,
            );
            pair(w, h)
        }
        Sizing::Ratio => by_ratio(model, properties, width, height),
        Sizing::Own if properties["width"].is_object() && properties["height"].is_object() => {
            let (w, h) = within(properties, width.into(), height.into(), 1, (0, u64::MAX), f64::MAX);
            pair(w, h)
        }
        Sizing::Own => (Map::new(), Some(format!("{} chooses the size by itself.", model.name))),
    }
}

/// Multiples of `step` within the limits of the schema, as near to the asked shape and size as they let.
fn within(
    properties: &Value,
    width: u64,
    height: u64,
    step: u64,
    (min_pixels, max_pixels): (u64, u64),
    max_ratio: f64,
) -> (u64, u64) {
    let side = |name: &str, word: &str, otherwise: u64| properties[name][word].as_u64().unwrap_or(otherwise);
    let most = side("width", "maximum", 16_384).min(side("height", "maximum", 16_384)) / step * step;
    let least = side("width", "minimum", step)
        .max(side("height", "minimum", step))
        .div_ceil(step)
        * step;
    let (mut w, mut h) = (width as f64, height as f64);
    // First the shape, then the size, and last the grid.
    let ratio = (w / h).clamp(1.0 / max_ratio, max_ratio);
    let area = w * h;
    (w, h) = ((area * ratio).sqrt(), (area / ratio).sqrt());
    let pixels = (w * h).clamp(min_pixels as f64, max_pixels as f64);
    let scale = (pixels / (w * h)).sqrt();
    let scale = scale.min(most as f64 / w.max(h));
    (w, h) = (w * scale, h * scale);
    let round = |side: f64| (((side / step as f64).round() as u64).max(1) * step).clamp(least, most.max(least));
    let (mut w, mut h) = (round(w), round(h));
    while w * h > max_pixels && w.max(h) > least {
        if w >= h { w -= step } else { h -= step }
    }
    while w * h < min_pixels && w.min(h) + step <= most {
        if w <= h { w += step } else { h += step }
    }
    (w, h)
}

/// The nearest ratio that the schema lists, and the resolution whose long side is nearest.
fn by_ratio(model: &Model, properties: &Value, width: u32, height: u32) -> (Map<String, Value>, Option<String>) {
    let ratio = f64::from(width) / f64::from(height);
    let words = |name: &str| -> Vec<&str> {
        let listed = properties[name]["enum"].as_array();
        listed.into_iter().flatten().filter_map(Value::as_str).collect()
    };
    let mut inputs = Map::new();
    let ratios = words("aspect_ratio");
    let read = |text: &str| {
        let (w, h) = text.split_once(':')?;
        Some(w.parse::<f64>().ok()? / h.parse::<f64>().ok()?).filter(|ratio| ratio.is_finite() && *ratio > 0.0)
    };
    let far = |text: &str| read(text).map_or(f64::MAX, |own| (own / ratio).ln().abs());
    let nearest = ratios.iter().min_by(|a, b| far(a).total_cmp(&far(b)));
    if let Some(nearest) = nearest {
        inputs.insert("aspect_ratio".to_owned(), json!(nearest));
    }
    let long = f64::from(width.max(height));
    let far = |text: &str| thousands(text).map_or(f64::MAX, |own| (own / long).ln().abs());
    if let Some(nearest) = words("resolution").iter().min_by(|a, b| far(a).total_cmp(&far(b))) {
        inputs.insert("resolution".to_owned(), json!(nearest));
    }
    let note = match nearest {
        Some(shape) => format!(
            "{} makes shapes, not sizes: {shape} is nearest to {width}×{height}.",
            model.name
        ),
        None => format!("{} chooses the size by itself.", model.name),
    };
    (inputs, Some(note))
}

/// `2K` in pixels.
fn thousands(text: &str) -> Option<f64> {
    let number: f64 = text.trim_end_matches(['k', 'K']).parse().ok()?;
    Some(if text.ends_with(['k', 'K']) {
        number * 1024.0
    } else {
        number
    })
}

#[cfg(test)]
mod tests {
    use aquatint_domain::MediaKind;

    use super::*;

    fn model(sizing: Sizing, properties: Value) -> Model {
        let mut model = Model::base("image/x/y", "x", MediaKind::Image);
        model.sizing = sizing;
        model.input_schema = json!({ "properties": properties });
        model
    }

    #[test]
    fn every_model_makes_something_near() {
        let sides =
            json!({ "width": { "minimum": 256, "maximum": 2048 }, "height": { "minimum": 256, "maximum": 2048 } });
        let own = model(Sizing::Own, sides.clone());
        assert_eq!(near(&own, 1000, 700), (pair(1000, 700), None));
        let (inputs, note) = near(&own, 4096, 2048);
        assert_eq!(inputs, pair(2048, 1024));
        assert!(note.expect("a note").contains("4096×2048"));

        let free = Sizing::Free {
            step: 16,
            min_pixels: 400_000,
            max_pixels: 2_000_000,
            max_ratio: 3.0,
        };
        let free = model(
            free,
            json!({ "width": { "minimum": 256, "maximum": 4096 }, "height": { "minimum": 256, "maximum": 4096 } }),
        );
        for (width, height) in [(512, 512), (4096, 4096), (4096, 512), (1000, 1000), (513, 4095)] {
            let (inputs, _) = near(&free, width, height);
            let (w, h) = (
                inputs["width"].as_u64().expect("set"),
                inputs["height"].as_u64().expect("set"),
            );
            assert!((400_000..=2_000_000).contains(&(w * h)), "{width}×{height}: {w}×{h}");
            assert!(
                w % 16 == 0 && h % 16 == 0 && w.max(h) <= w.min(h) * 4,
                "{width}×{height}: {w}×{h}"
            );
        }

        let listed = model(
            Sizing::Listed(vec![(1024, 1024), (1536, 1024), (1024, 1536)]),
            json!({}),
        );
        assert_eq!(near(&listed, 4096, 2304).0, pair(1536, 1024));

        let ratio = model(
            Sizing::Ratio,
            json!({ "aspect_ratio": { "enum": ["auto", "1:1", "16:9"] }, "resolution": { "enum": ["1K", "2K", "4K"] } }),
        );
        assert_eq!(
            Value::Object(near(&ratio, 2000, 1100).0),
            json!({ "aspect_ratio": "16:9", "resolution": "2K" })
        );
        assert!(near(&model(Sizing::Own, json!({})), 512, 512).0.is_empty());
    }

    fn pair(width: u64, height: u64) -> Map<String, Value> {
        Map::from_iter([("width".to_owned(), json!(width)), ("height".to_owned(), json!(height))])
    }
}
