//! Reading weights: safetensors with floats of 32 or 16 bits, written by `training/`.

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

    pub fn has(&self, name: &str) -> bool {
        self.tensors.tensor(name).is_ok()
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

    /// The numbers of a tensor, and its shape.
    pub fn floats(&self, name: &str) -> Result<(Vec<f32>, Vec<usize>), Problem> {
        let tensor = self
            .tensors
            .tensor(name)
            .map_err(|error| Problem::internal(format!("{name}: {error}")))?;
        let data = tensor.data();
        let values = match tensor.dtype() {
            Dtype::F32 => data
                .chunks_exact(4)
                .map(|bytes| f32::from_le_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]))
                .collect(),
            Dtype::F16 => data
                .chunks_exact(2)
                .map(|bytes| from_half(u16::from_le_bytes([bytes[0], bytes[1]])))
                .collect(),
            other => return Err(Problem::internal(format!("{name} is of {other:?}, not of floats"))),
        };
        Ok((values, tensor.shape().to_vec()))
    }
}

/// A number of 16 bits: one for the sign, five for the exponent, ten behind the point (IEEE 754 binary16).
fn from_half(bits: u16) -> f32 {
    let sign = if bits & 0x8000 == 0 { 1.0 } else { -1.0 };
    let exponent = i32::from((bits >> 10) & 0x1f);
    let fraction = f32::from(bits & 0x3ff) / 1_024.0;
    sign * match exponent {
        0 => fraction * 2.0f32.powi(-14),
        31 if fraction == 0.0 => f32::INFINITY,
        31 => f32::NAN,
        _ => (1.0 + fraction) * 2.0f32.powi(exponent - 15),
    }
}

#[cfg(test)]
mod tests {
    use super::from_half;

    #[test]
    fn halves_are_read_exactly() {
        for (bits, value) in [
            (0x0000, 0.0),
            (0x3c00, 1.0),
            (0xc000, -2.0),
            (0x7bff, 65_504.0),
            (0x0400, 6.103_515_6e-5),
            (0x0001, 5.960_464_5e-8),
            (0x3555, 0.333_251_95),
        ] {
            assert_eq!(from_half(bits), value, "{bits:#x}");
        }
        assert!(from_half(0x7e00).is_nan() && from_half(0xfc00) == f32::NEG_INFINITY);
    }
}
