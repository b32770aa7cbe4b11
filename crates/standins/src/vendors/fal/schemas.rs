//! The inputs of fal's endpoints, as their documents have them.

use super::*;

/// The inputs of each endpoint that is offered here, and whether it makes videos.
pub(super) fn input_schema(endpoint: &str) -> Option<(Value, bool)> {
    let uri = || json!({ "type": "string", "pattern": "^(https://|data:)" });
    let uris = |most: u32| json!({ "type": "array", "minItems": 1, "maxItems": most, "items": uri() });
    let words = |words: &[&str]| json!({ "enum": words });
    let whole = |least: i64, most: i64| json!({ "type": "integer", "minimum": least, "maximum": most });
    let number = |least: f64, most: f64| json!({ "type": "number", "minimum": least, "maximum": most });
    let text = || json!({ "type": "string" });
    let flag = || json!({ "type": "boolean" });
    let seed = || json!({ "type": "integer" });
    let presets = [
        "square_hd",
        "square",
        "portrait_4_3",
        "portrait_16_9",
        "landscape_4_3",
        "landscape_16_9",
        "auto",
        "auto_1K",
        "auto_2K",
        "auto_4K",
    ];
    let size = || {
        json!({ "anyOf": [
            { "enum": presets },
            { "type": "object", "additionalProperties": false, "required": ["width", "height"], "properties": { "width": whole(1, 14142), "height": whole(1, 14142) } }
        ] })
    };
    let flux = || {
        json!({
            "prompt": text(), "image_size": size(), "num_inference_steps": whole(1, 50), "guidance_scale": number(1.0, 20.0), "num_images": whole(1, 4), "seed": seed(),
            "acceleration": words(&["none", "regular", "high"]), "output_format": words(&["jpeg", "png"]), "sync_mode": flag(), "enable_safety_checker": flag()
        })
    };
    let tolerance = |most: usize| words(&["1", "2", "3", "4", "5", "6"][..most]);
    let banana = |resolutions: &[&str]| {
        json!({
            "prompt": text(), "aspect_ratio": words(&["auto", "21:9", "16:9", "3:2", "4:3", "5:4", "1:1", "4:5", "3:4", "2:3", "9:16"]), "num_images": whole(1, 4), "seed": seed(),
            "resolution": words(resolutions), "output_format": words(&["jpeg", "png", "webp"]), "safety_tolerance": tolerance(6), "enable_web_search": flag(),
            "limit_generations": flag(), "sync_mode": flag(), "system_prompt": text()
        })
    };
    let veo = |ratios: &[&str]| {
        json!({
            "prompt": text(), "negative_prompt": text(), "aspect_ratio": words(ratios), "duration": words(&["4s", "6s", "8s"]), "resolution": words(&["720p", "1080p", "4k"]),
            "generate_audio": flag(), "auto_fix": flag(), "safety_tolerance": tolerance(6), "seed": seed()
        })
    };
    let seconds = |least: u32, most: u32| json!({ "enum": (least..=most).map(|n| n.to_string()).collect::<Vec<_>>() });
    let kling = || json!({ "prompt": text(), "negative_prompt": text(), "duration": seconds(3, 15), "generate_audio": flag(), "cfg_scale": number(0.0, 1.0), "shot_type": words(&["customize", "intelligent"]) });
    let seedance = || {
        json!({
            "prompt": text(), "aspect_ratio": words(&["auto", "21:9", "16:9", "4:3", "1:1", "3:4", "9:16"]), "bitrate_mode": words(&["standard", "high"]), "duration": seconds(4, 15),
            "resolution": words(&["480p", "720p", "1080p", "4k"]), "generate_audio": flag(), "end_user_id": text()
        })
    };
    let wan = || {
        json!({
            "prompt": text(), "negative_prompt": text(), "audio_url": uri(), "duration": whole(2, 15), "resolution": words(&["720p", "1080p"]), "enable_prompt_expansion": flag(),
            "enable_safety_checker": flag(), "seed": seed()
        })
    };
    let ltx = |ratios: &[&str]| json!({ "prompt": text(), "aspect_ratio": words(ratios), "duration": { "enum": [6, 8, 10] }, "fps": { "enum": [24, 25, 48, 50] }, "generate_audio": flag(), "resolution": words(&["1080p", "1440p", "2160p"]) });
    let with = |mut base: Value, more: Value| {
        for (name, schema) in more.as_object().into_iter().flatten() {
            base[name] = schema.clone();
        }
        base
    };
    let mut is_video = false;
    let (required, properties) = match endpoint {
        "fal-ai/flux/schnell" => (
            vec!["prompt"],
            with(flux(), json!({ "num_inference_steps": whole(1, 12) })),
        ),
        "fal-ai/flux/dev" => (vec!["prompt"], flux()),
        "fal-ai/flux/dev/image-to-image" => {
            let mut properties = with(
                flux(),
                json!({ "image_url": uri(), "strength": number(0.01, 1.0), "num_inference_steps": whole(10, 50) }),
            );
            properties.as_object_mut()?.shift_remove("image_size");
            (vec!["prompt", "image_url"], properties)
        }
        "fal-ai/flux-2-pro" | "fal-ai/flux-2-pro/edit" => {
            let base = json!({
                "prompt": text(), "image_size": size(), "seed": seed(), "safety_tolerance": tolerance(5), "output_format": words(&["jpeg", "png"]), "sync_mode": flag(),
                "enable_safety_checker": flag()
            });
            if endpoint.ends_with("edit") {
                (
                    vec!["prompt", "image_urls"],
                    with(base, json!({ "image_urls": uris(9) })),
                )
            } else {
                (vec!["prompt"], base)
            }
        }
        "fal-ai/flux-pro/kontext" => (
            vec!["prompt", "image_url"],
            json!({
                "prompt": text(), "image_url": uri(), "aspect_ratio": words(&["21:9", "16:9", "4:3", "3:2", "1:1", "2:3", "3:4", "9:16", "9:21"]), "enhance_prompt": flag(),
                "guidance_scale": number(1.0, 20.0), "num_images": whole(1, 4), "output_format": words(&["jpeg", "png"]), "safety_tolerance": tolerance(6), "seed": seed(), "sync_mode": flag()
            }),
        ),
        "fal-ai/flux-pro/v1/fill" => (
            vec!["prompt", "image_url", "mask_url"],
            json!({
                "prompt": text(), "image_url": uri(), "mask_url": uri(), "enhance_prompt": flag(), "num_images": whole(1, 4), "output_format": words(&["jpeg", "png"]),
                "safety_tolerance": tolerance(6), "seed": seed(), "sync_mode": flag()
            }),
        ),
        "fal-ai/nano-banana-2" => (vec!["prompt"], banana(&["0.5K", "1K", "2K", "4K"])),
        "fal-ai/nano-banana-2/edit" => (
            vec!["prompt"],
            with(
                banana(&["0.5K", "1K", "2K", "4K"]),
                json!({ "image_urls": uris(14), "video_url": uri(), "pdf_url": uri() }),
            ),
        ),
        "fal-ai/nano-banana-pro" => (vec!["prompt"], banana(&["1K", "2K", "4K"])),
        "fal-ai/nano-banana-pro/edit" => (
            vec!["prompt", "image_urls"],
            with(banana(&["1K", "2K", "4K"]), json!({ "image_urls": uris(14) })),
        ),
        "bytedance/seedream/v5/pro/text-to-image" | "bytedance/seedream/v5/pro/edit" => {
            let base = json!({ "prompt": text(), "image_size": size(), "num_images": whole(1, 6), "output_format": words(&["jpeg", "png"]), "sync_mode": flag(), "enable_safety_checker": flag() });
            if endpoint.ends_with("edit") {
                (
                    vec!["prompt", "image_urls"],
                    with(base, json!({ "image_urls": uris(10) })),
                )
            } else {
                (vec!["prompt"], base)
            }
        }
        "fal-ai/ideogram/v3" => (
            vec!["prompt"],
            json!({
                "prompt": text(), "negative_prompt": text(), "image_size": size(), "image_urls": uris(10), "num_images": whole(1, 8), "rendering_speed": words(&["TURBO", "BALANCED", "QUALITY"]),
                "expand_prompt": flag(), "seed": seed(), "style": words(&["AUTO", "GENERAL", "REALISTIC", "DESIGN"]), "sync_mode": flag()
            }),
        ),
        "fal-ai/recraft/v4.1/text-to-image" => (
            vec!["prompt"],
            json!({ "prompt": text(), "image_size": size(), "enable_safety_checker": flag(), "colors": { "type": "array" } }),
        ),
        "fal-ai/qwen-image-edit-2511" => {
            let base = with(
                flux(),
                json!({ "image_urls": uris(10), "negative_prompt": text(), "output_format": words(&["jpeg", "png", "webp"]) }),
            );
            (vec!["prompt", "image_urls"], base)
        }
        "xai/grok-imagine-image" => (
            vec!["prompt"],
            json!({
                "prompt": text(), "aspect_ratio": words(&["2:1", "20:9", "19.5:9", "16:9", "4:3", "3:2", "1:1", "2:3", "3:4", "9:16", "9:19.5", "9:20", "1:2"]), "num_images": whole(1, 4),
                "resolution": words(&["1k", "2k"]), "output_format": words(&["jpeg", "png", "webp"]), "sync_mode": flag()
            }),
        ),
        "fal-ai/clarity-upscaler" => (
            vec!["image_url"],
            json!({
                "image_url": uri(), "prompt": text(), "negative_prompt": text(), "upscale_factor": number(1.0, 4.0), "creativity": number(0.0, 1.0), "resemblance": number(0.0, 1.0),
                "guidance_scale": number(0.0, 20.0), "num_inference_steps": whole(4, 50), "seed": seed(), "enable_safety_checker": flag()
            }),
        ),
        "fal-ai/seedvr/upscale/image" => (
            vec!["image_url"],
            json!({
                "image_url": uri(), "upscale_mode": words(&["target", "factor"]), "upscale_factor": number(1.0, 10.0), "target_resolution": words(&["720p", "1080p", "1440p", "2160p"]),
                "noise_scale": number(0.0, 1.0), "seed": seed(), "output_format": words(&["png", "jpg", "webp"]), "sync_mode": flag()
            }),
        ),
        "fal-ai/topaz/upscale/image" => (
            vec!["image_url"],
            json!({
                "image_url": uri(), "upscale_factor": number(1.0, 4.0), "subject_detection": words(&["All", "Foreground", "Background"]), "face_enhancement": flag(),
                "face_enhancement_strength": number(0.0, 1.0), "output_format": words(&["jpeg", "png"]), "model": text()
            }),
        ),
        "fal-ai/bria/background/remove" => (vec!["image_url"], json!({ "image_url": uri(), "sync_mode": flag() })),
        "fal-ai/birefnet/v2" => (
            vec!["image_url"],
            json!({
                "image_url": uri(), "operating_resolution": words(&["1024x1024", "2048x2048", "2304x2304"]), "refine_foreground": flag(), "output_format": words(&["webp", "png", "gif"]),
                "model": words(&["General Use (Light)", "General Use (Light 2K)", "General Use (Heavy)", "Matting", "Portrait", "General Use (Dynamic)"]), "mask_only": flag(),
                "output_mask": flag(), "sync_mode": flag()
            }),
        ),
        "acme/painter/edit" => (
            vec!["prompt", "image_urls"],
            json!({ "prompt": text(), "image_urls": uris(3), "mask_url": uri(), "image_size": size(), "num_images": whole(1, 4), "loras": { "type": "array" }, "sync_mode": flag() }),
        ),
        video => {
            is_video = true;
            match video {
                "fal-ai/veo3.1" | "fal-ai/veo3.1/fast" => (vec!["prompt"], veo(&["16:9", "9:16"])),
                "fal-ai/veo3.1/image-to-video" => (
                    vec!["prompt", "image_url"],
                    with(veo(&["auto", "16:9", "9:16"]), json!({ "image_url": uri() })),
                ),
                "fal-ai/veo3.1/first-last-frame-to-video" => (
                    vec!["prompt", "first_frame_url", "last_frame_url"],
                    with(
                        veo(&["auto", "16:9", "9:16"]),
                        json!({ "first_frame_url": uri(), "last_frame_url": uri() }),
                    ),
                ),
                "fal-ai/kling-video/v3/pro/text-to-video" => (
                    vec![],
                    with(kling(), json!({ "aspect_ratio": words(&["16:9", "9:16", "1:1"]) })),
                ),
                "fal-ai/kling-video/v3/pro/image-to-video" => (
                    vec!["start_image_url"],
                    with(kling(), json!({ "start_image_url": uri(), "end_image_url": uri() })),
                ),
                "bytedance/seedance-2.0/text-to-video" => (vec!["prompt"], seedance()),
                "bytedance/seedance-2.0/image-to-video" => (
                    vec!["prompt", "image_url"],
                    with(seedance(), json!({ "image_url": uri(), "end_image_url": uri() })),
                ),
                "fal-ai/wan/v2.7/text-to-video" => (
                    vec!["prompt"],
                    with(
                        wan(),
                        json!({ "aspect_ratio": words(&["16:9", "9:16", "1:1", "4:3", "3:4"]) }),
                    ),
                ),
                "fal-ai/wan/v2.7/image-to-video" => (
                    vec![],
                    with(
                        wan(),
                        json!({ "image_url": uri(), "end_image_url": uri(), "video_url": uri() }),
                    ),
                ),
                "fal-ai/ltx-2.3/text-to-video" => (vec!["prompt"], ltx(&["16:9", "9:16"])),
                "fal-ai/ltx-2.3/image-to-video" => (
                    vec!["prompt", "image_url"],
                    with(
                        ltx(&["auto", "16:9", "9:16"]),
                        json!({ "image_url": uri(), "end_image_url": uri() }),
                    ),
                ),
                "xai/grok-imagine-video/text-to-video" => (
                    vec!["prompt"],
                    json!({ "prompt": text(), "aspect_ratio": words(&["16:9", "4:3", "3:2", "1:1", "2:3", "3:4", "9:16"]), "duration": whole(1, 15), "resolution": words(&["480p", "720p"]) }),
                ),
                _ => return None,
            }
        }
    };
    let schema =
        json!({ "type": "object", "additionalProperties": false, "required": required, "properties": properties });
    Some((schema, is_video))
}
