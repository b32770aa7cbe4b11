//! XMP packets go into what our encoders write and come out again, and the pixels stay.

use aquatint_domain::MediaType;
use aquatint_media::provenance::{Claim, packet, provenance_of, with_xmp, xmp_of};
use aquatint_media::{Encoding, Limits, Picture, decode, encode};
use image::{DynamicImage, Rgba, RgbaImage};

fn claim() -> Claim {
    Claim {
        title: "a <cup> & \"saucer\"".into(),
        tool: "A & B".into(),
        version: "1.2".into(),
        source_type: Some("trainedAlgorithmicMedia"),
        action: "c2pa.created",
        agent: "a \"model\"".into(),
        when: "2026-11-21T10:00:00Z".into(),
    }
}

fn picture(has_alpha: bool, side: u32) -> Picture {
    Picture::new(DynamicImage::from(RgbaImage::from_fn(side, side + 3, |x, y| {
        Rgba([
            (x * 5) as u8,
            (y * 3) as u8,
            90,
            if has_alpha && x < side / 2 { 40 } else { 255 },
        ])
    })))
}

#[test]
fn a_packet_goes_in_and_comes_out_and_the_pixels_stay() {
    for media_type in [MediaType::Png, MediaType::Jpeg, MediaType::WebP] {
        for (has_alpha, side) in [(false, 40), (true, 41), (false, 1)] {
            if has_alpha && media_type == MediaType::Jpeg {
                continue;
            }
            for lossless in [false, true] {
                let encoding = Encoding {
                    quality: if lossless { 100 } else { 70 },
                    ..Encoding::of(media_type)
                };
                let plain = encode(&picture(has_alpha, side), &encoding).expect("written");
                assert_eq!(xmp_of(&plain, media_type), None);
                let packet = packet(&claim());
                let told = with_xmp(&plain, media_type, &packet).expect("it has a place");
                assert_eq!(xmp_of(&told, media_type).as_deref(), Some(packet.as_str()));
                let (before, after) = (
                    decode(&plain, &Limits::default()).expect("a picture"),
                    decode(&told, &Limits::default()).expect("a picture"),
                );
                assert_eq!(before.image.to_rgba8(), after.image.to_rgba8(), "{media_type}");
                let found = provenance_of(&told, media_type, None);
                assert_eq!(found.digital_source_type.as_deref(), Some("trainedAlgorithmicMedia"));
                assert_eq!(found.creator_tool.as_deref(), Some("A & B 1.2"));
                assert_eq!(found.content_credentials, None);
                // Cut anywhere, it is never more than a file that says nothing.
                for cut in (0..told.len()).step_by(7) {
                    let _ = provenance_of(&told[..cut], media_type, None);
                    let _ = with_xmp(&told[..cut], media_type, &packet);
                }
            }
        }
    }
}

#[test]
fn formats_without_a_place_are_left_alone() {
    assert_eq!(with_xmp(b"GIF89a", MediaType::Gif, "x"), None);
    assert_eq!(with_xmp(b"", MediaType::Png, "x"), None);
    assert_eq!(with_xmp(&[0xFF, 0xD8], MediaType::Jpeg, &"x".repeat(70_000)), None);
}
