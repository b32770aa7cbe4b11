//! The conditional UNet of Stable Diffusion 1, 2 and XL, as the Diffusers library lays it out. Source: Rombach et al.,
//! "High-Resolution Image Synthesis with Latent Diffusion Models", 2022; Podell et al., "SDXL", 2023.

use candle_core::{D, DType, Device, Result, Tensor};
use candle_nn::{
    Conv2d, Conv2dConfig, GroupNorm, LayerNorm, Linear, Module, VarBuilder, conv2d, group_norm, layer_norm, linear,
    linear_no_bias,
};

use super::config::UnetConfig;
use super::layers::{Resnet, Upsample, attend, by_heads, same, together};

struct Attention {
    query: Linear,
    key: Linear,
    value: Linear,
    out: Linear,
    heads: usize,
}

impl Attention {
    fn new(width: usize, context: usize, heads: usize, vars: VarBuilder<'_>) -> Result<Self> {
        Ok(Self {
            query: linear_no_bias(width, width, vars.pp("to_q"))?,
            key: linear_no_bias(context, width, vars.pp("to_k"))?,
            value: linear_no_bias(context, width, vars.pp("to_v"))?,
            out: linear(width, width, vars.pp("to_out.0"))?,
            heads,
        })
    }

    fn run(&self, input: &Tensor, context: &Tensor) -> Result<Tensor> {
        let attended = attend(
            &by_heads(&self.query.forward(input)?, self.heads)?,
            &by_heads(&self.key.forward(context)?, self.heads)?,
            &by_heads(&self.value.forward(context)?, self.heads)?,
            None,
        )?;
        self.out.forward(&together(&attended, self.heads)?)
    }
}

struct Block {
    norm1: LayerNorm,
    own: Attention,
    norm2: LayerNorm,
    cross: Attention,
    norm3: LayerNorm,
    gated: Linear,
    out: Linear,
}

impl Block {
    fn new(width: usize, context: usize, heads: usize, vars: VarBuilder<'_>) -> Result<Self> {
        Ok(Self {
            norm1: layer_norm(width, 1e-5, vars.pp("norm1"))?,
            own: Attention::new(width, width, heads, vars.pp("attn1"))?,
            norm2: layer_norm(width, 1e-5, vars.pp("norm2"))?,
            cross: Attention::new(width, context, heads, vars.pp("attn2"))?,
            norm3: layer_norm(width, 1e-5, vars.pp("norm3"))?,
            gated: linear(width, width * 8, vars.pp("ff.net.0.proj"))?,
            out: linear(width * 4, width, vars.pp("ff.net.2"))?,
        })
    }

    fn run(&self, input: &Tensor, context: &Tensor) -> Result<Tensor> {
        let normed = self.norm1.forward(input)?;
        let now = (input + self.own.run(&normed, &normed)?)?;
        let now = (&now + self.cross.run(&self.norm2.forward(&now)?, context)?)?;
        let parts = self.gated.forward(&self.norm3.forward(&now)?)?.chunk(2, D::Minus1)?;
        let inner = (&parts[0] * parts[1].contiguous()?.gelu_erf()?)?;
        now + self.out.forward(&inner)?
    }
}

enum Projection {
    Convolution(Conv2d),
    Linear(Linear),
}

struct Transformer {
    norm: GroupNorm,
    inward: Projection,
    blocks: Vec<Block>,
    outward: Projection,
}

impl Transformer {
    fn new(config: &UnetConfig, level: usize, width: usize, vars: VarBuilder<'_>) -> Result<Self> {
        let heads = config
            .num_attention_heads
            .as_ref()
            .unwrap_or(&config.attention_head_dim)
            .at(level);
        let projection = |name: &str| {
            Ok::<_, candle_core::Error>(if config.use_linear_projection {
                Projection::Linear(linear(width, width, vars.pp(name))?)
            } else {
                Projection::Convolution(conv2d(width, width, 1, Conv2dConfig::default(), vars.pp(name))?)
            })
        };
        let depth = config.transformer_layers_per_block.at(level);
        Ok(Self {
            norm: group_norm(config.norm_num_groups, width, 1e-6, vars.pp("norm"))?,
            inward: projection("proj_in")?,
            blocks: (0..depth)
                .map(|number| {
                    let vars = vars.pp("transformer_blocks").pp(number);
                    Block::new(width, config.cross_attention_dim, heads, vars)
                })
                .collect::<Result<_>>()?,
            outward: projection("proj_out")?,
        })
    }

    fn run(&self, input: &Tensor, context: &Tensor) -> Result<Tensor> {
        let (batch, channels, height, width) = input.dims4()?;
        let flat = |map: &Tensor| map.flatten_from(2)?.transpose(1, 2)?.contiguous();
        let map = |flat: &Tensor| {
            flat.transpose(1, 2)?
                .contiguous()?
                .reshape((batch, channels, height, width))
        };
        let normed = self.norm.forward(input)?;
        let mut now = match &self.inward {
            Projection::Convolution(layer) => flat(&layer.forward(&normed)?)?,
            Projection::Linear(layer) => layer.forward(&flat(&normed)?)?,
        };
        for block in &self.blocks {
            now = block.run(&now, context)?;
        }
        let made = match &self.outward {
            Projection::Convolution(layer) => layer.forward(&map(&now)?)?,
            Projection::Linear(layer) => map(&layer.forward(&now)?)?,
        };
        made + input
    }
}

struct Level {
    resnets: Vec<Resnet>,
    attentions: Vec<Transformer>,
    down: Option<Conv2d>,
    up: Option<Upsample>,
}

/// The UNet.
pub(super) struct Unet {
    conv_in: Conv2d,
    time: (Linear, Linear),
    addition: Option<(Linear, Linear)>,
    down: Vec<Level>,
    middle: (Resnet, Transformer, Resnet),
    up: Vec<Level>,
    norm_out: GroupNorm,
    conv_out: Conv2d,
    config: UnetConfig,
}

/// What XL's UNet is told beside the words.
pub(super) struct Addition {
    /// [batch, channels]: the second encoder's pooled text.
    pub pooled: Tensor,
    /// Original size, crop and target size, six numbers: [batch, 6].
    pub sizes: Tensor,
}

impl Unet {
    pub fn new(config: UnetConfig, vars: VarBuilder<'_>) -> Result<Self> {
        let widths = &config.block_out_channels;
        let first = widths[0];
        let time_width = first * 4;
        let (groups, epsilon) = (config.norm_num_groups, config.norm_eps);
        let resnet = |inputs, outputs, vars| Resnet::new(inputs, outputs, Some(time_width), groups, epsilon, vars);
        let embedding = |inputs, name: &str| {
            let vars = vars.pp(name);
            Ok::<_, candle_core::Error>((
                linear(inputs, time_width, vars.pp("linear_1"))?,
                linear(time_width, time_width, vars.pp("linear_2"))?,
            ))
        };
        let levels = widths.len();

        // What each step down leaves for its step up: the channels of every map that is kept.
        let mut kept = vec![first];
        let mut down = Vec::with_capacity(levels);
        for (level, kind) in config.down_block_types.iter().enumerate() {
            let vars = vars.pp("down_blocks").pp(level);
            let (inputs, outputs) = (widths[level.saturating_sub(1)], widths[level]);
            let mut made = Level {
                resnets: Vec::new(),
                attentions: Vec::new(),
                down: None,
                up: None,
            };
            for number in 0..config.layers_per_block {
                let from = if number == 0 { inputs } else { outputs };
                made.resnets.push(resnet(from, outputs, vars.pp("resnets").pp(number))?);
                if kind.starts_with("CrossAttn") {
                    let vars = vars.pp("attentions").pp(number);
                    made.attentions.push(Transformer::new(&config, level, outputs, vars)?);
                }
                kept.push(outputs);
            }
            if level + 1 < levels {
                let halves = Conv2dConfig {
                    padding: 1,
                    stride: 2,
                    ..Conv2dConfig::default()
                };
                made.down = Some(conv2d(outputs, outputs, 3, halves, vars.pp("downsamplers.0.conv"))?);
                kept.push(outputs);
            }
            down.push(made);
        }

        let deepest = widths[levels - 1];
        let middle = {
            let vars = vars.pp("mid_block");
            (
                resnet(deepest, deepest, vars.pp("resnets.0"))?,
                Transformer::new(&config, levels - 1, deepest, vars.pp("attentions.0"))?,
                resnet(deepest, deepest, vars.pp("resnets.1"))?,
            )
        };

        let mut up = Vec::with_capacity(levels);
        let mut now = deepest;
        for (number, kind) in config.up_block_types.iter().enumerate() {
            let level = levels - 1 - number;
            let vars = vars.pp("up_blocks").pp(number);
            let outputs = widths[level];
            let mut made = Level {
                resnets: Vec::new(),
                attentions: Vec::new(),
                down: None,
                up: None,
            };
            for number in 0..=config.layers_per_block {
                let beside = kept.pop().unwrap_or(0);
                made.resnets
                    .push(resnet(now + beside, outputs, vars.pp("resnets").pp(number))?);
                now = outputs;
                if kind.starts_with("CrossAttn") {
                    let vars = vars.pp("attentions").pp(number);
                    made.attentions.push(Transformer::new(&config, level, outputs, vars)?);
                }
            }
            if level > 0 {
                made.up = Some(Upsample::new(outputs, vars.pp("upsamplers.0"))?);
            }
            up.push(made);
        }

        let addition = match config.addition_embed_type.as_deref() {
            Some("text_time") => {
                let inputs = config.projection_class_embeddings_input_dim.unwrap_or(0);
                Some(embedding(inputs, "add_embedding")?)
            }
            _ => None,
        };
        Ok(Self {
            conv_in: same(config.in_channels, first, vars.pp("conv_in"))?,
            time: embedding(first, "time_embedding")?,
            addition,
            down,
            middle,
            up,
            norm_out: group_norm(groups, first, epsilon, vars.pp("conv_norm_out"))?,
            conv_out: same(first, config.out_channels, vars.pp("conv_out"))?,
            config,
        })
    }

    pub fn config(&self) -> &UnetConfig {
        &self.config
    }

    /// Latents [batch, channels, h, w] at a step of time, words [batch, length, channels].
    pub fn run(&self, latents: &Tensor, time: f64, words: &Tensor, addition: Option<&Addition>) -> Result<Tensor> {
        let (batch, _, _, _) = latents.dims4()?;
        let (device, dtype) = (latents.device(), latents.dtype());
        let two = |layers: &(Linear, Linear), input: &Tensor| layers.1.forward(&layers.0.forward(input)?.silu()?);
        let told = Tensor::from_vec(vec![time as f32; batch], batch, device)?;
        let told = waves(&told, self.config.block_out_channels[0], device)?.to_dtype(dtype)?;
        let mut told = two(&self.time, &told)?;
        if let (Some(layers), Some(addition)) = (&self.addition, addition) {
            let width = self.config.addition_time_embed_dim.unwrap_or(256);
            let sizes = waves(&addition.sizes.flatten_all()?.to_dtype(DType::F32)?, width, device)?;
            let sizes = sizes.reshape((batch, ()))?.to_dtype(dtype)?;
            let both = Tensor::cat(&[&addition.pooled, &sizes], D::Minus1)?;
            told = (told + two(layers, &both)?)?;
        }

        let mut now = self.conv_in.forward(latents)?;
        let mut kept = vec![now.clone()];
        for level in &self.down {
            for (number, resnet) in level.resnets.iter().enumerate() {
                now = resnet.run(&now, Some(&told))?;
                if let Some(attention) = level.attentions.get(number) {
                    now = attention.run(&now, words)?;
                }
                kept.push(now.clone());
            }
            if let Some(layer) = &level.down {
                now = layer.forward(&now)?;
                kept.push(now.clone());
            }
        }
        now = self.middle.0.run(&now, Some(&told))?;
        now = self.middle.1.run(&now, words)?;
        now = self.middle.2.run(&now, Some(&told))?;
        for level in &self.up {
            for (number, resnet) in level.resnets.iter().enumerate() {
                if let Some(beside) = kept.pop() {
                    now = Tensor::cat(&[&now, &beside], 1)?;
                }
                now = resnet.run(&now, Some(&told))?;
                if let Some(attention) = level.attentions.get(number) {
                    now = attention.run(&now, words)?;
                }
            }
            if let Some(layer) = &level.up {
                now = layer.run(&now)?;
            }
        }
        self.conv_out.forward(&self.norm_out.forward(&now)?.silu()?)
    }
}

/// Numbers as cosines and sines of falling frequency: [count] to [count, width].
fn waves(numbers: &Tensor, width: usize, device: &Device) -> Result<Tensor> {
    let half = width / 2;
    let frequencies: Vec<f32> = (0..half)
        .map(|place| (-(10_000f64.ln()) * place as f64 / half as f64).exp() as f32)
        .collect();
    let frequencies = Tensor::from_vec(frequencies, (1, half), device)?;
    let angles = numbers.unsqueeze(1)?.broadcast_mul(&frequencies)?;
    Tensor::cat(&[angles.cos()?, angles.sin()?], D::Minus1)
}
