//! Local makers: one file and one row per engine. They are plain synchronous code that runs inside
//! a work child; [`Crew`] is how the rest of the program reaches them.

mod adjust_tone;
mod attention;
mod backdrop_replace;
mod background;
mod canvas_plain;
mod cells;
mod child;
mod compose_layers;
mod contact_sheet;
mod crew;
mod cutout_auto;
mod cutout_finish;
mod cutout_net;
mod cutout_plain;
#[cfg(feature = "diffusion")]
mod diffusion;
mod engine;
mod enhance_classic;
mod expand_continue;
mod films;
mod guided;
mod inpaint_fill;
mod mask;
mod mask_draw;
mod matte;
pub mod models;
mod net;
mod patch_fill;
mod planes;
mod random;
mod scene_preview;
mod transform;
mod upscale;
mod video_pan_zoom;

pub use aquatint_media::sandbox::become_program;
pub use aquatint_media::{Inspection, Limits, Probe, Rendition};
pub use child::child_main;
pub use crew::{Crew, CrewConfig};
#[doc(hidden)]
pub use cutout_net::timed_passes;
pub use engine::{Engine, EngineJob, Made, Output, Product, Work};
pub use films::Ffmpeg;

/// Every engine.
pub static ALL: &[&dyn Engine] = &[
    &cutout_auto::CutoutAuto,
    &cutout_net::CutoutNet,
    &cutout_plain::CutoutPlain,
    &upscale::UpscaleLanczos,
    &upscale::UpscaleAuto,
    &upscale::DETAIL,
    &upscale::RESTORE,
    &upscale::ILLUSTRATION,
    &expand_continue::ExpandContinue,
    &inpaint_fill::InpaintFill,
    &mask_draw::MaskDraw,
    &backdrop_replace::BackdropReplace,
    &adjust_tone::AdjustTone,
    &enhance_classic::EnhanceClassic,
    &compose_layers::ComposeLayers,
    &transform::Resize,
    &transform::Crop,
    &transform::Rotate,
    &transform::Convert,
    &canvas_plain::CanvasPlain,
    &scene_preview::ScenePreview,
    &video_pan_zoom::PanZoom,
    &contact_sheet::ContactSheet,
];

/// The engine of that id.
pub fn find(id: &str) -> Option<&'static dyn Engine> {
    ALL.iter().copied().find(|engine| engine.id() == id)
}

/// The version of an engine, for recipes.
pub fn version_of(id: &str) -> Option<&'static str> {
    find(id).map(|engine| engine.version())
}
