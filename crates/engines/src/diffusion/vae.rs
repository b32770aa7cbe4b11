//! The autoencoder of latent diffusion, as the Diffusers library lays it out.

use candle_core::{Result, Tensor};
use candle_nn::{Conv2d, Conv2dConfig, GroupNorm, Linear, Module, VarBuilder, conv2d, group_norm, linear};

use super::config::VaeConfig;
use super::layers::{Resnet, Upsample, attend, same};

const EPSILON: f64 = 1e-6;

struct Attention {
    norm: GroupNorm,
    query: Linear,
    key: Linear,
    value: Linear,
    out: Linear,
}

impl Attention {
    fn new(width: usize, groups: usize, vars: VarBuilder<'_>) -> Result<Self> {
        // Older checkpoints have older names.
        let either = |new: &str, old: &str| {
            let name = if vars.contains_tensor(&format!("{new}.weight")) {
                new
            } else {
                old
            };
            linear(width, width, vars.pp(name))
        };
        Ok(Self {
            norm: group_norm(groups, width, EPSILON, vars.pp("group_norm"))?,
            query: either("to_q", "query")?,
            key: either("to_k", "key")?,
            value: either("to_v", "value")?,
            out: either("to_out.0", "proj_attn")?,
        })
    }

    fn run(&self, input: &Tensor) -> Result<Tensor> {
        let (batch, channels, height, width) = input.dims4()?;
        let flat = self
            .norm
            .forward(input)?
            .flatten_from(2)?
            .transpose(1, 2)?
            .contiguous()?;
        let made = attend(
            &self.query.forward(&flat)?,
            &self.key.forward(&flat)?,
            &self.value.forward(&flat)?,
            None,
        )?;
        let made = self.out.forward(&made)?.transpose(1, 2)?.contiguous()?;
        made.reshape((batch, channels, height, width))? + input
    }
}

struct Middle {
    first: Resnet,
    attention: Attention,
    second: Resnet,
}

impl Middle {
    fn new(width: usize, groups: usize, vars: VarBuilder<'_>) -> Result<Self> {
        Ok(Self {
            first: Resnet::new(width, width, None, groups, EPSILON, vars.pp("resnets.0"))?,
            attention: Attention::new(width, groups, vars.pp("attentions.0"))?,
            second: Resnet::new(width, width, None, groups, EPSILON, vars.pp("resnets.1"))?,
        })
    }

    fn run(&self, input: &Tensor) -> Result<Tensor> {
        let now = self.first.run(input, None)?;
        self.second.run(&self.attention.run(&now)?, None)
    }
}

struct Level {
    resnets: Vec<Resnet>,
    down: Option<Conv2d>,
    up: Option<Upsample>,
}

/// One half: the encoder or the decoder.
struct Half {
    conv_in: Conv2d,
    levels: Vec<Level>,
    middle: Middle,
    norm_out: GroupNorm,
    conv_out: Conv2d,
}

/// Pictures to latents and back.
pub(super) struct Vae {
    encoder: Half,
    decoder: Half,
    quant: Conv2d,
    post_quant: Conv2d,
    config: VaeConfig,
}

impl Vae {
    pub fn new(config: VaeConfig, vars: VarBuilder<'_>) -> Result<Self> {
        let widths = &config.block_out_channels;
        let (first, deepest) = (widths[0], widths[widths.len() - 1]);
        let groups = config.norm_num_groups;
        let latents = config.latent_channels;
        let resnet = |inputs, outputs, vars| Resnet::new(inputs, outputs, None, groups, EPSILON, vars);

        let encoder = {
            let vars = vars.pp("encoder");
            let mut levels = Vec::new();
            for level in 0..widths.len() {
                let vars = vars.pp("down_blocks").pp(level);
                let (inputs, outputs) = (widths[level.saturating_sub(1)], widths[level]);
                let resnets = (0..config.layers_per_block)
                    .map(|number| {
                        let from = if number == 0 { inputs } else { outputs };
                        resnet(from, outputs, vars.pp("resnets").pp(number))
                    })
                    .collect::<Result<_>>()?;
                let halves = Conv2dConfig {
                    stride: 2,
                    ..Conv2dConfig::default()
                };
                let down = (level + 1 < widths.len())
                    .then(|| conv2d(outputs, outputs, 3, halves, vars.pp("downsamplers.0.conv")))
                    .transpose()?;
                levels.push(Level {
                    resnets,
                    down,
                    up: None,
                });
            }
            Half {
                conv_in: same(3, first, vars.pp("conv_in"))?,
                levels,
                middle: Middle::new(deepest, groups, vars.pp("mid_block"))?,
                norm_out: group_norm(groups, deepest, EPSILON, vars.pp("conv_norm_out"))?,
                conv_out: same(deepest, latents * 2, vars.pp("conv_out"))?,
            }
        };
        let decoder = {
            let vars = vars.pp("decoder");
            let mut levels = Vec::new();
            let mut now = deepest;
            for (number, outputs) in widths.iter().rev().enumerate() {
                let vars = vars.pp("up_blocks").pp(number);
                let mut resnets = Vec::new();
                for number in 0..=config.layers_per_block {
                    resnets.push(resnet(now, *outputs, vars.pp("resnets").pp(number))?);
                    now = *outputs;
                }
                let up = (number + 1 < widths.len())
                    .then(|| Upsample::new(now, vars.pp("upsamplers.0")))
                    .transpose()?;
                levels.push(Level {
                    resnets,
                    down: None,
                    up,
                });
            }
            Half {
                conv_in: same(latents, deepest, vars.pp("conv_in"))?,
                levels,
                middle: Middle::new(deepest, groups, vars.pp("mid_block"))?,
                norm_out: group_norm(groups, first, EPSILON, vars.pp("conv_norm_out"))?,
                conv_out: same(first, 3, vars.pp("conv_out"))?,
            }
        };
        let one = |channels, name: &str| conv2d(channels, channels, 1, Conv2dConfig::default(), vars.pp(name));
        Ok(Self {
            encoder,
            decoder,
            quant: one(latents * 2, "quant_conv")?,
            post_quant: one(latents, "post_quant_conv")?,
            config,
        })
    }

    /// How many times smaller latents are than pictures.
    pub fn factor(&self) -> usize {
        1 << (self.config.block_out_channels.len() - 1)
    }

    pub fn channels(&self) -> usize {
        self.config.latent_channels
    }

    /// The most likely latents of pictures from -1 to 1, scaled as the UNet wants them.
    pub fn encode(&self, pictures: &Tensor) -> Result<Tensor> {
        let half = &self.encoder;
        let mut now = half.conv_in.forward(pictures)?;
        for level in &half.levels {
            for resnet in &level.resnets {
                now = resnet.run(&now, None)?;
            }
            if let Some(layer) = &level.down {
                // Padded on the right and below only.
                now = now.pad_with_zeros(2, 0, 1)?.pad_with_zeros(3, 0, 1)?;
                now = layer.forward(&now)?;
            }
        }
        now = half.middle.run(&now)?;
        now = half.conv_out.forward(&half.norm_out.forward(&now)?.silu()?)?;
        let both = self.quant.forward(&now)?;
        both.narrow(1, 0, self.config.latent_channels)? * self.config.scaling_factor
    }

    /// Pictures from -1 to 1 of scaled latents.
    pub fn decode(&self, latents: &Tensor) -> Result<Tensor> {
        let half = &self.decoder;
        let latents = (latents / self.config.scaling_factor)?;
        let mut now = half.conv_in.forward(&self.post_quant.forward(&latents)?)?;
        now = half.middle.run(&now)?;
        for level in &half.levels {
            for resnet in &level.resnets {
                now = resnet.run(&now, None)?;
            }
            if let Some(layer) = &level.up {
                now = layer.run(&now)?;
            }
        }
        half.conv_out.forward(&half.norm_out.forward(&now)?.silu()?)
    }
}
