//! What the UNet and the autoencoder share.

use candle_core::{D, Result, Tensor};
use candle_nn::{Conv2d, Conv2dConfig, GroupNorm, Linear, Module, VarBuilder, conv2d, group_norm, linear};

/// A 3×3 convolution that keeps the size.
pub(super) fn same(inputs: usize, outputs: usize, vars: VarBuilder<'_>) -> Result<Conv2d> {
    let config = Conv2dConfig {
        padding: 1,
        ..Conv2dConfig::default()
    };
    conv2d(inputs, outputs, 3, config, vars)
}

/// Two convolutions around what the time says, beside a shortcut.
pub(super) struct Resnet {
    norm1: GroupNorm,
    conv1: Conv2d,
    time: Option<Linear>,
    norm2: GroupNorm,
    conv2: Conv2d,
    shortcut: Option<Conv2d>,
}

impl Resnet {
    pub fn new(
        inputs: usize,
        outputs: usize,
        time: Option<usize>,
        groups: usize,
        epsilon: f64,
        vars: VarBuilder<'_>,
    ) -> Result<Self> {
        Ok(Self {
            norm1: group_norm(groups, inputs, epsilon, vars.pp("norm1"))?,
            conv1: same(inputs, outputs, vars.pp("conv1"))?,
            time: time
                .map(|channels| linear(channels, outputs, vars.pp("time_emb_proj")))
                .transpose()?,
            norm2: group_norm(groups, outputs, epsilon, vars.pp("norm2"))?,
            conv2: same(outputs, outputs, vars.pp("conv2"))?,
            shortcut: (inputs != outputs)
                .then(|| conv2d(inputs, outputs, 1, Conv2dConfig::default(), vars.pp("conv_shortcut")))
                .transpose()?,
        })
    }

    pub fn run(&self, input: &Tensor, time: Option<&Tensor>) -> Result<Tensor> {
        let mut now = self.conv1.forward(&self.norm1.forward(input)?.silu()?)?;
        if let (Some(layer), Some(time)) = (&self.time, time) {
            let told = layer
                .forward(&time.silu()?)?
                .unsqueeze(D::Minus1)?
                .unsqueeze(D::Minus1)?;
            now = now.broadcast_add(&told)?;
        }
        let now = self.conv2.forward(&self.norm2.forward(&now)?.silu()?)?;
        match &self.shortcut {
            Some(layer) => now + layer.forward(input)?,
            None => now + input,
        }
    }
}

/// Twice as large by repeating pixels, then a convolution.
pub(super) struct Upsample(Conv2d);

impl Upsample {
    pub fn new(channels: usize, vars: VarBuilder<'_>) -> Result<Self> {
        Ok(Self(same(channels, channels, vars.pp("conv"))?))
    }

    pub fn run(&self, input: &Tensor) -> Result<Tensor> {
        let (_, _, height, width) = input.dims4()?;
        self.0.forward(&input.upsample_nearest2d(height * 2, width * 2)?)
    }
}

/// Scores that are held at one time, so that memory stays bounded for large pictures.
const SCORES_MAX: usize = 32 << 20;

/// Softmax of queries and keys over values; [batch × heads, length, width of a head].
pub(super) fn attend(query: &Tensor, key: &Tensor, value: &Tensor, mask: Option<&Tensor>) -> Result<Tensor> {
    let (heads, length, width) = query.dims3()?;
    let scale = 1.0 / (width as f64).sqrt();
    let key = key.transpose(1, 2)?.contiguous()?;
    let rows = (SCORES_MAX / (heads * key.dim(2)?).max(1)).clamp(1, length.max(1));
    let mut made = Vec::with_capacity(length.div_ceil(rows));
    let mut first = 0;
    while first < length {
        let count = rows.min(length - first);
        let scores = (query.narrow(1, first, count)?.contiguous()?.matmul(&key)? * scale)?;
        let scores = match mask {
            Some(mask) => scores.broadcast_add(&mask.narrow(1, first, count)?)?,
            None => scores,
        };
        made.push(candle_nn::ops::softmax_last_dim(&scores)?.matmul(value)?);
        first += count;
    }
    match made.as_slice() {
        [one] => Ok(one.clone()),
        several => Tensor::cat(several, 1),
    }
}

/// [batch, length, channels] as [batch × heads, length, channels / heads].
pub(super) fn by_heads(input: &Tensor, heads: usize) -> Result<Tensor> {
    let (batch, length, channels) = input.dims3()?;
    input
        .reshape((batch, length, heads, channels / heads))?
        .transpose(1, 2)?
        .contiguous()?
        .reshape((batch * heads, length, channels / heads))
}

/// The inverse.
pub(super) fn together(input: &Tensor, heads: usize) -> Result<Tensor> {
    let (both, length, width) = input.dims3()?;
    input
        .reshape((both / heads, heads, length, width))?
        .transpose(1, 2)?
        .contiguous()?
        .reshape((both / heads, length, heads * width))
}
