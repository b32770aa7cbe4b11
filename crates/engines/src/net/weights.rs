//! Reading weights: safetensors with 32-bit floats, written by `training/`.

use aquatint_domain::Problem;
use safetensors::{Dtype, SafeTensors};

use super::Layer;

/// The tensors of one file.
pub(crate) struct Weights<'a> {
    tensors: SafeTensors<'a>,
}

impl<'a> Weights<'a> {
    pub fn read(bytes: &'a [u8]) -> Result<Self, Problem> {
        let tensors = SafeTensors::deserialize(bytes).map_err(|error| Problem::internal(error.to_string()))?;
        Ok(Self { tensors })
    }

    /// The 3×3 convolution of that name.
    pub fn layer(&self, name: &str) -> Result<Layer, Problem> {
        let (weights, shape) = self.floats(&format!("{name}.weight"))?;
        let (bias, _) = self.floats(&format!("{name}.bias"))?;
        match shape[..] {
            [outputs, inputs, 3, 3] if bias.len() == outputs => Ok(Layer::new(&weights, &bias, inputs, outputs)),
            _ => Err(Problem::internal(format!(
                "the weights {name} have the shape {shape:?}"
            ))),
        }
    }

    fn floats(&self, name: &str) -> Result<(Vec<f32>, Vec<usize>), Problem> {
        let tensor = self
            .tensors
            .tensor(name)
            .map_err(|error| Problem::internal(format!("{name}: {error}")))?;
        if tensor.dtype() != Dtype::F32 {
            return Err(Problem::internal(format!("{name} is not of 32-bit floats")));
        }
        let values = tensor
            .data()
            .chunks_exact(4)
            .map(|bytes| f32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]))
            .collect();
        Ok((values, tensor.shape().to_vec()))
    }
}
