//! The pipelines that come with the program give what they promise, with built-in engines alone.

use super::*;

/// A product photograph as the built-in engines see it: a bottle with a label on a grey ground.
fn bottle() -> Vec<u8> {
    product(480, 640)
}

#[tokio::test(flavor = "multi_thread")]
async fn every_template_gives_what_it_promises_with_built_in_engines() {
    let folder = tempfile::tempdir().expect("a folder");
    let studio = Process::start(folder.path());
    let (status, told) = studio.rest("GET", "/pipelines/templates", None).await;
    assert_eq!(status, 200, "{told}");
    let slugs: Vec<&str> = told["templates"]
        .as_array()
        .expect("templates")
        .iter()
        .map(|template| template["slug"].as_str().expect("a slug"))
        .collect();
    assert_eq!(
        slugs,
        [
            "hero-banner",
            "marketplace-white",
            "social-set",
            "colour-variants",
            "before-after",
            "product-video"
        ]
    );
    let wrong = studio
        .refused("pipelines", json!({ "action": "create", "template": "herobanner" }))
        .await;
    assert!(wrong["hint"].to_string().contains("hero-banner"), "{wrong}");
    let photo = bring(&studio, &bottle()).await;
    let other = bring(&studio, &product(300, 500)).await;
    let from_template = async |slug: &str| {
        let made = studio
            .call("pipelines", json!({ "action": "create", "template": slug }))
            .await;
        assert!(made["price_credits"].as_f64() > Some(0.0), "{made}");
        made["pipeline_id"].as_str().expect("an id").to_owned()
    };

    // Hero banner: the words on the left, the product on the right, on the colours that were asked for.
    let id = from_template("hero-banner").await;
    let run_done = done(
        &studio,
        &id,
        json!({ "product": photo, "headline": "A very long headline that has to shrink until it fits beside the product", "backdrop": "#e0e8f0" }),
    )
    .await;
    let banner = picture(&studio, &run_done, &run_done["outputs"]["banner"]).await;
    assert_eq!(banner.dimensions(), (1920, 800));
    assert!(
        is_near(banner.get_pixel(4, 4), [0xe0, 0xe8, 0xf0], 4),
        "{:?}",
        banner.get_pixel(4, 4)
    );
    let count = |from: u32, to: u32, is: &dyn Fn(image::Rgba<u8>) -> bool| {
        banner
            .pixels()
            .filter(|(x, _, pixel)| (from..to).contains(x) && is(*pixel))
            .count()
    };
    let is_red = |pixel: image::Rgba<u8>| pixel.0[0] > 110 && pixel.0[1] < 70;
    let is_dark = |pixel: image::Rgba<u8>| pixel.0.iter().take(3).all(|channel| *channel < 60);
    assert!(count(1000, 1920, &is_red) > 20_000, "the product is on the right");
    assert_eq!(count(0, 960, &is_red), 0, "and nowhere else");
    assert!(count(100, 960, &is_dark) > 3_000, "the words are on the left");
    assert_eq!(count(0, 100, &is_dark), 0, "within their margin");

    // Marketplace: a white square, the product large in its middle.
    let id = from_template("marketplace-white").await;
    let run_done = done(&studio, &id, json!({ "product": photo })).await;
    let main = picture(&studio, &run_done, &run_done["outputs"]["main"]).await;
    assert_eq!(main.dimensions(), (2000, 2000));
    for (x, y) in [(0, 0), (1999, 0), (0, 1999), (1999, 1999), (1000, 60)] {
        assert!(
            is_near(main.get_pixel(x, y), [255; 3], 1),
            "{x} {y}: {:?}",
            main.get_pixel(x, y)
        );
    }
    let rows: Vec<u32> = main
        .pixels()
        .filter(|(_, _, pixel)| is_red(*pixel))
        .map(|(_, y, _)| y)
        .collect();
    let tall = rows.iter().max().expect("a product") - rows.iter().min().expect("a product");
    assert!((1600..1800).contains(&tall), "it fills {tall} of 2000 px");

    // Social set: five shapes, the product in each.
    let id = from_template("social-set").await;
    let run_done = done(&studio, &id, json!({ "photo": photo })).await;
    for (name, size) in [
        ("square", (1080, 1080)),
        ("portrait", (1080, 1350)),
        ("story", (1080, 1920)),
        ("landscape", (1920, 1080)),
        ("pin", (1000, 1500)),
    ] {
        let made = picture(&studio, &run_done, &run_done["outputs"][name]).await;
        assert_eq!(made.dimensions(), size, "{name}");
        let red = made.pixels().filter(|(_, _, pixel)| is_red(*pixel)).count();
        assert!(red > 20_000, "{name}: {red}");
    }

    // Colour variants: six, of six different colours, each on the ground.
    let id = from_template("colour-variants").await;
    let run_done = done(&studio, &id, json!({ "product": photo })).await;
    let variants = run_done["outputs"]["variants"].as_array().expect("a list").clone();
    assert_eq!(variants.len(), 6, "{run_done}");
    let mut colors: Vec<[u8; 4]> = Vec::new();
    for variant in &variants {
        let made = picture(&studio, &run_done, variant).await;
        assert_eq!(made.dimensions(), (1200, 1200));
        assert!(is_near(made.get_pixel(3, 3), [0xf7, 0xf7, 0xf5], 4));
        let own = made.get_pixel(600, 700).0;
        assert!(
            colors.iter().all(|other| own
                .iter()
                .zip(other)
                .map(|(a, b)| u32::from(a.abs_diff(*b)))
                .sum::<u32>()
                > 40),
            "{own:?} among {colors:?}"
        );
        colors.push(own);
    }
    assert!(is_red(image::Rgba(colors[0])), "the first is as it was: {colors:?}");

    // Before and after: two halves, labels in their corners.
    let id = from_template("before-after").await;
    let run_done = done(
        &studio,
        &id,
        json!({ "before": photo, "after": other, "after_label": "Later" }),
    )
    .await;
    let made = picture(&studio, &run_done, &run_done["outputs"]["comparison"]).await;
    assert_eq!(made.dimensions(), (2000, 1125));
    assert!(
        is_near(made.get_pixel(1000, 500), [255; 3], 6),
        "a white line between them"
    );
    let is_plate = |x: u32, y: u32| is_dark(made.get_pixel(x, y));
    assert!(is_plate(60, 1050) && is_plate(1940, 1050), "labels in both corners");

    // Product video: six seconds of 16:9, and its still.
    let id = from_template("product-video").await;
    let run_done = done(&studio, &id, json!({ "product": photo })).await;
    let film = medium(&run_done, &run_done["outputs"]["video"]["asset_id"]).clone();
    assert_eq!(
        (&film["content_type"], &film["width"], &film["height"]),
        (&json!("video/mp4"), &json!(960), &json!(540)),
        "{film}"
    );
    let asset = studio
        .call("assets", json!({ "action": "get", "asset_id": film["asset_id"] }))
        .await;
    let seconds = asset["duration_seconds"].as_f64().expect("a duration");
    assert!((seconds - 6.0).abs() < 0.2, "{seconds} s");
    let still = picture(&studio, &run_done, &run_done["outputs"]["poster"]).await;
    assert_eq!(still.dimensions(), (1600, 900));
    drop(studio);
    run(folder.path(), &["ledger", "check"]);
}
