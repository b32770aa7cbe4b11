//! What one must know of a model to run it; stored beside its weights as `model.json`.

use serde::{Deserialize, Serialize};

/// What a model does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Task {
    /// One picture in, one plane of "is it the subject" out.
    Cutout,
    /// One picture in, a larger one out.
    Upscale,
    /// A picture and a mask in, the picture without what the mask marked out.
    Inpaint,
    /// Pictures and words to vectors, for search.
    Embed,
    /// Words to pictures.
    Generate,
}

impl Task {
    /// The first part of the engine's id, such as `cutout` in `cutout.u2netp`.
    pub fn prefix(self) -> &'static str {
        match self {
            Self::Cutout => "cutout",
            Self::Upscale => "upscale",
            Self::Inpaint => "inpaint",
            Self::Embed => "embed",
            Self::Generate => "generate",
        }
    }

    pub fn parse(text: &str) -> Option<Self> {
        [Self::Cutout, Self::Upscale, Self::Inpaint, Self::Embed, Self::Generate]
            .into_iter()
            .find(|task| task.prefix() == text)
    }

    /// Whether this version runs models of the task.
    pub fn can_run(self) -> bool {
        match self {
            Self::Cutout | Self::Upscale | Self::Inpaint => true,
            Self::Generate => cfg!(feature = "diffusion"),
            Self::Embed => false,
        }
    }
}

/// The numbers that stand for black and white in a model's input or output.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Range {
    /// 0 to 1.
    #[default]
    Unit,
    /// 0 to 255.
    Byte,
}

/// What turns a cut-out's output into shares from 0 to 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Activation {
    /// Nothing: it is one already.
    None,
    Sigmoid,
    /// Its least becomes 0 and its most 1, as the U²-Net family wants it.
    #[default]
    MinMax,
    SigmoidMinMax,
}

/// One file of a model that has several.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Part {
    /// Within the model's folder, with `/` between names.
    pub path: String,
    pub bytes: u64,
    /// In hexadecimal.
    pub sha256: String,
}

/// The facts of one model.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// Such as `u2netp`; part of the engine's id in recipes.
    pub id: String,
    pub task: Task,
    pub title: String,
    /// Name of the licence, with what is not clear about it.
    pub licence: String,
    /// Where it came from.
    pub source: String,
    pub bytes: u64,
    /// Of the weights, in hexadecimal.
    pub sha256: String,
    /// The square that the model looks at, in pixels; absent where it takes any size.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub side: Option<u32>,
    /// Both sides of an input of any size are multiples of this.
    #[serde(default = "one")]
    pub multiple: u32,
    /// Subtracted from red, green and blue, and what they are divided by after.
    #[serde(default = "zeros")]
    pub mean: [f32; 3],
    #[serde(default = "ones")]
    pub deviation: [f32; 3],
    #[serde(default)]
    pub input: Range,
    #[serde(default)]
    pub output: Range,
    #[serde(default)]
    pub activation: Activation,
    /// How many times an upscaler enlarges.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scale: Option<u32>,
    /// The files of a checkpoint that has several; `bytes` is their sum and `sha256` that of their list.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<Part>,
    /// Steps that a generator takes where nobody says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub steps: Option<usize>,
    /// How strongly words count for a generator; 1 for those that were made to do without.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub guidance: Option<f64>,
    /// A higher one is preferred where nobody chooses.
    #[serde(default)]
    pub rank: u32,
}

fn one() -> u32 {
    1
}

fn zeros() -> [f32; 3] {
    [0.0; 3]
}

fn ones() -> [f32; 3] {
    [1.0; 3]
}

impl Manifest {
    /// The id of its engine, such as `cutout.u2netp`.
    pub fn engine(&self) -> String {
        format!("{}.{}", self.task.prefix(), self.id)
    }
}
