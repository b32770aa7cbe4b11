//! Named styles: words that join a prompt, visibly (`prompt_used` in every result shows them).

use schemars::JsonSchema;
use serde::Serialize;

/// A named style and the words that it adds to a prompt.
#[derive(Clone, Copy, Debug, Serialize, JsonSchema)]
pub struct Style {
    pub slug: &'static str,
    pub name: &'static str,
    pub category: &'static str,
    /// Appended to the prompt.
    pub prompt: &'static str,
}

const fn style(slug: &'static str, name: &'static str, category: &'static str, prompt: &'static str) -> Style {
    Style {
        slug,
        name,
        category,
        prompt,
    }
}

pub const STYLES: &[Style] = &[
    style("no-style", "No style", "plain", ""),
    style(
        "bright-airy",
        "Bright and airy",
        "light",
        "bright soft light, white backdrop, pale palette",
    ),
    style(
        "golden-hour",
        "Golden hour",
        "light",
        "golden hour light, warm palette, long soft shadows",
    ),
    style(
        "moody",
        "Moody",
        "light",
        "dark backdrop, hard side light, deep shadows",
    ),
    style(
        "neon",
        "Neon",
        "light",
        "neon light, magenta and cyan palette, dark backdrop",
    ),
    style("pastel", "Pastel", "palette", "pastel palette, soft light"),
    style("monochrome", "Monochrome", "palette", "grey palette, soft light"),
    style(
        "earthy",
        "Earthy",
        "palette",
        "terracotta and beige palette, warm light",
    ),
    style("ocean", "Ocean", "palette", "blue and teal palette, cool light"),
    style(
        "marble-luxury",
        "Marble luxury",
        "surface",
        "marble surface, soft light, cream backdrop",
    ),
    style(
        "rustic-wood",
        "Rustic wood",
        "surface",
        "wood surface, warm light, beige backdrop",
    ),
    style(
        "concrete-minimal",
        "Minimal concrete",
        "surface",
        "concrete surface, grey backdrop, hard light",
    ),
    style(
        "desert-sand",
        "Desert sand",
        "surface",
        "sand surface, peach backdrop, golden hour light",
    ),
    style(
        "soft-linen",
        "Soft linen",
        "surface",
        "linen fabric surface, soft window light, cream backdrop",
    ),
    style(
        "hard-noon",
        "Hard noon",
        "light",
        "hard noon sun, crisp short shadows, high contrast",
    ),
    style(
        "window-light",
        "Window light",
        "light",
        "soft light from a tall window on one side, gentle falloff",
    ),
    style(
        "backlit-rim",
        "Backlit rim",
        "light",
        "strong light from behind, a bright rim round the subject, dark front",
    ),
    style(
        "candlelight",
        "Candlelight",
        "light",
        "warm candlelight, small pools of light, dark surroundings",
    ),
    style(
        "overcast",
        "Overcast",
        "light",
        "even overcast daylight, no hard shadows, muted colours",
    ),
    style(
        "blue-hour",
        "Blue hour",
        "light",
        "the blue hour after sunset, deep blue sky, warm lamps",
    ),
    style(
        "duotone",
        "Duotone",
        "palette",
        "two inks only, strong graphic contrast",
    ),
    style(
        "jewel-tones",
        "Jewel tones",
        "palette",
        "emerald, sapphire and ruby palette, rich saturation",
    ),
    style(
        "autumn",
        "Autumn",
        "palette",
        "rust, ochre and moss palette, low warm sun",
    ),
    style(
        "nordic-winter",
        "Nordic winter",
        "palette",
        "snow white and slate palette, pale low sun",
    ),
    style(
        "candy",
        "Candy",
        "palette",
        "bright candy colours, glossy surfaces, cheerful",
    ),
    style("sepia", "Sepia", "palette", "sepia tones, faded edges, old paper"),
    style(
        "terrazzo",
        "Terrazzo",
        "surface",
        "terrazzo surface with coloured chips, clean backdrop",
    ),
    style(
        "wet-slate",
        "Wet slate",
        "surface",
        "dark wet slate with drops of water, cool reflections",
    ),
    style(
        "brushed-steel",
        "Brushed steel",
        "surface",
        "brushed steel surface, technical light, grey backdrop",
    ),
    style(
        "moss-garden",
        "Moss garden",
        "surface",
        "soft green moss and small ferns, damp forest light",
    ),
    style("ice", "Ice", "surface", "clear cracked ice, cold blue light, frost"),
    style(
        "studio-packshot",
        "Studio packshot",
        "photography",
        "clean studio product photograph, seamless white backdrop, soft shadow",
    ),
    style(
        "editorial",
        "Editorial",
        "photography",
        "magazine editorial photograph, considered composition, natural skin and texture",
    ),
    style(
        "street",
        "Street",
        "photography",
        "candid street photograph, 35 mm lens, available light",
    ),
    style(
        "macro",
        "Macro",
        "photography",
        "extreme close-up, very shallow depth of field, fine texture",
    ),
    style(
        "aerial",
        "Aerial",
        "photography",
        "seen straight from above, a drone photograph",
    ),
    style(
        "long-exposure",
        "Long exposure",
        "photography",
        "long exposure, silky water and streaks of light",
    ),
    style(
        "instant-film",
        "Instant film",
        "photography",
        "instant film, soft focus, faded colours, white border",
    ),
    style(
        "grainy-film",
        "Grainy film",
        "photography",
        "35 mm film with visible grain, gentle halation",
    ),
    style(
        "flat-lay",
        "Flat lay",
        "photography",
        "arranged on a table and seen from above, even light",
    ),
    style(
        "portrait-studio",
        "Studio portrait",
        "photography",
        "studio portrait, large soft key light, plain backdrop, sharp eyes",
    ),
    style(
        "food-table",
        "Food at the table",
        "photography",
        "appetising food photograph, low angle, steam, warm side light",
    ),
    style(
        "wide-cinema",
        "Wide cinema",
        "film",
        "wide cinematic frame, anamorphic flares, teal shadows and warm highlights",
    ),
    style(
        "film-noir",
        "Film noir",
        "film",
        "black and white film noir, venetian blind shadows, smoke",
    ),
    style(
        "silent-era",
        "Silent era",
        "film",
        "silent film still, scratches, vignette, theatrical poses",
    ),
    style(
        "space-epic",
        "Space epic",
        "film",
        "epic science fiction still, vast scale, distant suns",
    ),
    style(
        "western",
        "Western",
        "film",
        "western film still, dust, long shadows, wide desert",
    ),
    style(
        "storybook-film",
        "Storybook film",
        "film",
        "gentle animated film still, painted backgrounds, round shapes",
    ),
    style(
        "watercolor",
        "Watercolor",
        "painting",
        "loose watercolour on rough paper, bleeding edges, white left bare",
    ),
    style(
        "oil-impasto",
        "Oil impasto",
        "painting",
        "oil paint laid on thickly, visible strokes of the knife",
    ),
    style(
        "oil-painting",
        "Oil painting",
        "painting",
        "oil painting on canvas, rich glazes, visible brushwork",
    ),
    style(
        "art-deco",
        "Art deco",
        "graphic",
        "art deco, stepped geometry, sunbursts, gold on black",
    ),
    style(
        "anime",
        "Anime",
        "drawing",
        "anime still, clean cel shading, expressive eyes, painted sky",
    ),
    style(
        "gouache",
        "Gouache",
        "painting",
        "flat opaque gouache, matte colours, clear edges",
    ),
    style(
        "ink-wash",
        "Ink wash",
        "painting",
        "black ink wash on rice paper, few strokes, much empty space",
    ),
    style(
        "fresco",
        "Fresco",
        "painting",
        "aged fresco, chalky colours, fine cracks",
    ),
    style(
        "pastel-chalk",
        "Pastel chalk",
        "painting",
        "soft chalk pastels on toned paper, smudged edges",
    ),
    style(
        "impressionist",
        "Impressionist",
        "painting",
        "broken colour and quick strokes, light on water, out of doors",
    ),
    style(
        "pencil-sketch",
        "Pencil sketch",
        "drawing",
        "graphite pencil sketch, hatching, construction lines left in",
    ),
    style(
        "ink-line",
        "Ink line",
        "drawing",
        "clean black ink lines of even width, no shading",
    ),
    style(
        "woodcut",
        "Woodcut",
        "drawing",
        "woodcut print, carved lines, black and one colour",
    ),
    style(
        "engraving",
        "Engraving",
        "drawing",
        "fine copper engraving, cross-hatching, old encyclopedia plate",
    ),
    style(
        "comic",
        "Comic",
        "drawing",
        "comic panel, bold outlines, halftone dots, bright flat colours",
    ),
    style(
        "manga",
        "Manga",
        "drawing",
        "black and white manga, screentones, speed lines",
    ),
    style(
        "childrens-book",
        "Children's book",
        "drawing",
        "friendly children's book illustration, crayons and collage",
    ),
    style(
        "technical-drawing",
        "Technical drawing",
        "drawing",
        "exploded technical drawing, thin lines, labels without text",
    ),
    style(
        "flat-vector",
        "Flat vector",
        "graphic",
        "flat vector illustration, simple shapes, few colours, no gradients",
    ),
    style(
        "isometric",
        "Isometric",
        "graphic",
        "isometric view, small tidy scene, soft ambient shadow",
    ),
    style(
        "paper-cut",
        "Paper cut",
        "graphic",
        "layers of cut paper, small shadows between them",
    ),
    style(
        "poster-swiss",
        "Swiss poster",
        "graphic",
        "strict grid, large shapes, two colours, much white",
    ),
    style(
        "retro-travel",
        "Retro travel",
        "graphic",
        "travel poster of the thirties, broad areas of colour, grand landscape",
    ),
    style(
        "sticker",
        "Sticker",
        "graphic",
        "die-cut sticker with a white border, bold shapes, plain backdrop",
    ),
    style(
        "pixel-art",
        "Pixel art",
        "graphic",
        "pixel art, limited palette, crisp square pixels",
    ),
    style(
        "clay",
        "Clay",
        "three-dimensional",
        "modelled in clay, thumb prints, stop-motion set, soft light",
    ),
    style(
        "low-poly",
        "Low poly",
        "three-dimensional",
        "low polygon model, flat shaded faces, clean backdrop",
    ),
    style(
        "glass",
        "Glass",
        "three-dimensional",
        "blown coloured glass, caustics, bright backdrop",
    ),
    style(
        "felt",
        "Felt",
        "three-dimensional",
        "made of felted wool, stitched details, soft light",
    ),
    style(
        "toy-blocks",
        "Toy blocks",
        "three-dimensional",
        "built of small plastic blocks, table-top photograph",
    ),
    style(
        "miniature",
        "Miniature",
        "three-dimensional",
        "miniature model world, tilt-shift blur, seen from above",
    ),
    style(
        "origami",
        "Origami",
        "three-dimensional",
        "folded from one sheet of paper, sharp creases, soft shadow",
    ),
    style(
        "soft-render",
        "Soft render",
        "three-dimensional",
        "soft three-dimensional render, rounded shapes, matte plastic, pastel backdrop",
    ),
];

pub fn find_style(slug: &str) -> Option<&'static Style> {
    // Slugs stand in saved pipelines, so the old spelling of one is still known.
    let slug = if slug == "watercolour" { "watercolor" } else { slug };
    STYLES.iter().find(|style| style.slug == slug)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::STYLES;

    #[test]
    fn there_are_many_styles_and_each_has_its_own_name() {
        assert!(STYLES.len() >= 60, "{}", STYLES.len());
        let slugs: BTreeSet<_> = STYLES.iter().map(|style| style.slug).collect();
        assert_eq!(slugs.len(), STYLES.len());
        let texts: BTreeSet<_> = STYLES.iter().map(|style| style.prompt).collect();
        assert_eq!(texts.len(), STYLES.len());
    }
}
