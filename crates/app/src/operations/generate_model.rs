//! The same as `generate.media`, at an address of its own for each model: `POST /api/v1/generate/image/openai/gpt-image-2`.
//! What the model's schema names may stand beside the common arguments; the door moves it into `inputs`.

use aquatint_domain::{Problem, Scope};

use super::generate_media::{Args, GenerateMedia};
use crate::jobs::JobView;
use crate::operation::{Context, Effects, Operation, Spec, post};

pub struct GenerateModel;

impl Operation for GenerateModel {
    const SPEC: Spec = Spec::new(
        "generate.model",
        "Generate with one model",
        Scope::Generate,
        Effects::Spends,
        post("/generate/{*model}"),
    )
    .aliases(GenerateMedia::SPEC.aliases);
    type Args = Args;
    type Output = JobView;

    async fn run(cx: &Context, args: Args) -> Result<JobView, Problem> {
        GenerateMedia::run(cx, args).await
    }
}
