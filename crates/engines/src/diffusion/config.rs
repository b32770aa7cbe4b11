//! The configuration files of a checkpoint in the layout of the Diffusers library: `unet/config.json` and its sisters.

use serde::Deserialize;

/// One number for all levels, or one for each.
#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
pub(crate) enum Each {
    All(usize),
    Levels(Vec<usize>),
}

impl Each {
    pub fn at(&self, level: usize) -> usize {
        match self {
            Self::All(value) => *value,
            Self::Levels(values) => values.get(level).or(values.last()).copied().unwrap_or(1),
        }
    }
}

/// `unet/config.json` of a `UNet2DConditionModel`.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct UnetConfig {
    pub in_channels: usize,
    pub out_channels: usize,
    pub block_out_channels: Vec<usize>,
    pub down_block_types: Vec<String>,
    pub up_block_types: Vec<String>,
    pub layers_per_block: usize,
    pub cross_attention_dim: usize,
    /// Despite its name the number of heads, in every published checkpoint of these families.
    pub attention_head_dim: Each,
    #[serde(default)]
    pub num_attention_heads: Option<Each>,
    #[serde(default)]
    pub use_linear_projection: bool,
    #[serde(default = "one")]
    pub transformer_layers_per_block: Each,
    #[serde(default = "groups")]
    pub norm_num_groups: usize,
    #[serde(default = "epsilon")]
    pub norm_eps: f64,
    #[serde(default)]
    pub addition_embed_type: Option<String>,
    #[serde(default)]
    pub addition_time_embed_dim: Option<usize>,
    #[serde(default)]
    pub projection_class_embeddings_input_dim: Option<usize>,
}

fn one() -> Each {
    Each::All(1)
}

fn groups() -> usize {
    32
}

fn epsilon() -> f64 {
    1e-5
}

/// `vae/config.json` of an `AutoencoderKL`.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct VaeConfig {
    pub block_out_channels: Vec<usize>,
    pub layers_per_block: usize,
    pub latent_channels: usize,
    #[serde(default = "groups")]
    pub norm_num_groups: usize,
    #[serde(default = "scaling")]
    pub scaling_factor: f64,
}

fn scaling() -> f64 {
    0.182_15
}

/// `text_encoder/config.json` of a CLIP text model.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct ClipConfig {
    pub vocab_size: usize,
    pub hidden_size: usize,
    pub intermediate_size: usize,
    pub num_hidden_layers: usize,
    pub num_attention_heads: usize,
    #[serde(default = "positions")]
    pub max_position_embeddings: usize,
    #[serde(default = "activation")]
    pub hidden_act: String,
    #[serde(default = "epsilon")]
    pub layer_norm_eps: f64,
    #[serde(default)]
    pub projection_dim: Option<usize>,
}

fn positions() -> usize {
    77
}

fn activation() -> String {
    "quick_gelu".into()
}

/// `scheduler/scheduler_config.json`.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct ScheduleConfig {
    #[serde(rename = "_class_name", default)]
    pub class: String,
    #[serde(default = "train_steps")]
    pub num_train_timesteps: usize,
    #[serde(default = "beta_start")]
    pub beta_start: f64,
    #[serde(default = "beta_end")]
    pub beta_end: f64,
    #[serde(default = "beta_schedule")]
    pub beta_schedule: String,
    #[serde(default = "prediction")]
    pub prediction_type: String,
    #[serde(default)]
    pub timestep_spacing: Option<String>,
    #[serde(default)]
    pub steps_offset: usize,
}

fn train_steps() -> usize {
    1_000
}

fn beta_start() -> f64 {
    0.000_85
}

fn beta_end() -> f64 {
    0.012
}

fn beta_schedule() -> String {
    "scaled_linear".into()
}

fn prediction() -> String {
    "epsilon".into()
}
