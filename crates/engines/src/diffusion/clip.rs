//! The text half of CLIP, as `transformers` lays it out. Source: Radford et al., "Learning Transferable Visual Models From
//! Natural Language Supervision", 2021.

use candle_core::{DType, Device, Result, Tensor};
use candle_nn::{Embedding, LayerNorm, Linear, Module, VarBuilder, embedding, layer_norm, linear, linear_no_bias};

use super::config::ClipConfig;
use super::layers::{attend, by_heads, together};

struct Layer {
    norm1: LayerNorm,
    query: Linear,
    key: Linear,
    value: Linear,
    out: Linear,
    norm2: LayerNorm,
    first: Linear,
    second: Linear,
}

/// A text encoder.
pub(super) struct Clip {
    tokens: Embedding,
    places: Tensor,
    layers: Vec<Layer>,
    norm: LayerNorm,
    projection: Option<Linear>,
    heads: usize,
    is_quick: bool,
}

/// What an encoder says of words.
pub(super) struct Encoded {
    /// After the last layer and its norm: [batch, length, channels].
    pub last: Tensor,
    /// Before the last layer, without a norm.
    pub last_but_one: Tensor,
    /// At the end mark, projected where the encoder has a projection: [batch, channels].
    pub pooled: Tensor,
}

impl Clip {
    pub fn new(config: &ClipConfig, vars: VarBuilder<'_>) -> Result<Self> {
        let width = config.hidden_size;
        let projection = config
            .projection_dim
            .filter(|_| vars.contains_tensor("text_projection.weight"))
            .map(|outputs| linear_no_bias(width, outputs, vars.pp("text_projection")))
            .transpose()?;
        // Transformers from version 5 leaves the prefix out where nothing stands beside it.
        let vars = if vars.contains_tensor("text_model.embeddings.token_embedding.weight") {
            vars.pp("text_model")
        } else {
            vars
        };
        let norm = |name: &str, vars: &VarBuilder<'_>| layer_norm(width, config.layer_norm_eps, vars.pp(name));
        let layers = (0..config.num_hidden_layers)
            .map(|number| {
                let vars = vars.pp("encoder.layers").pp(number);
                let attention = vars.pp("self_attn");
                Ok(Layer {
                    norm1: norm("layer_norm1", &vars)?,
                    query: linear(width, width, attention.pp("q_proj"))?,
                    key: linear(width, width, attention.pp("k_proj"))?,
                    value: linear(width, width, attention.pp("v_proj"))?,
                    out: linear(width, width, attention.pp("out_proj"))?,
                    norm2: norm("layer_norm2", &vars)?,
                    first: linear(width, config.intermediate_size, vars.pp("mlp.fc1"))?,
                    second: linear(config.intermediate_size, width, vars.pp("mlp.fc2"))?,
                })
            })
            .collect::<Result<_>>()?;
        Ok(Self {
            tokens: embedding(config.vocab_size, width, vars.pp("embeddings.token_embedding"))?,
            places: vars.get(
                (config.max_position_embeddings, width),
                "embeddings.position_embedding.weight",
            )?,
            layers,
            norm: norm("final_layer_norm", &vars)?,
            projection,
            heads: config.num_attention_heads,
            is_quick: config.hidden_act == "quick_gelu",
        })
    }

    /// How many tokens it takes.
    pub fn words_max(&self) -> usize {
        self.places.dim(0).unwrap_or(0)
    }

    /// `tokens` is [batch, length]; `ends` says for each where its end mark stands.
    pub fn run(&self, tokens: &Tensor, ends: &[usize]) -> Result<Encoded> {
        let (_, length) = tokens.dims2()?;
        let mut now = self
            .tokens
            .forward(tokens)?
            .broadcast_add(&self.places.narrow(0, 0, length)?)?;
        let mask = looks_back(length, now.dtype(), now.device())?;
        let mut last_but_one = now.clone();
        for (number, layer) in self.layers.iter().enumerate() {
            if number + 1 == self.layers.len() {
                last_but_one = now.clone();
            }
            let normed = layer.norm1.forward(&now)?;
            let heads = |linear: &Linear| by_heads(&linear.forward(&normed)?, self.heads);
            let attended = attend(
                &heads(&layer.query)?,
                &heads(&layer.key)?,
                &heads(&layer.value)?,
                Some(&mask),
            )?;
            now = (now + layer.out.forward(&together(&attended, self.heads)?)?)?;
            let inner = layer.first.forward(&layer.norm2.forward(&now)?)?;
            let inner = if self.is_quick {
                (&inner * candle_nn::ops::sigmoid(&(&inner * 1.702)?)?)?
            } else {
                inner.gelu_erf()?
            };
            now = (now + layer.second.forward(&inner)?)?;
        }
        let last = self.norm.forward(&now)?;
        let rows = ends
            .iter()
            .enumerate()
            .map(|(row, end)| last.get(row)?.get(*end))
            .collect::<Result<Vec<_>>>()?;
        let pooled = Tensor::stack(&rows, 0)?;
        let pooled = match &self.projection {
            Some(layer) => layer.forward(&pooled)?,
            None => pooled,
        };
        Ok(Encoded {
            last,
            last_but_one,
            pooled,
        })
    }
}

/// Added to scores: no token sees those behind it.
fn looks_back(length: usize, dtype: DType, device: &Device) -> Result<Tensor> {
    let values: Vec<f32> = (0..length)
        .flat_map(|row| (0..length).map(move |column| if column > row { f32::MIN } else { 0.0 }))
        .collect();
    Tensor::from_vec(values, (1, length, length), device)?.to_dtype(dtype)
}
