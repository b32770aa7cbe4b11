//! Words to pictures, pictures to pictures, and filling in, with a checkpoint in the layout of the Diffusers library.

use candle_core::{DType, Device, Result, Tensor};
use candle_nn::VarBuilder;

use super::Files;
use super::clip::{Clip, Encoded};
use super::config::{ClipConfig, ScheduleConfig, UnetConfig, VaeConfig};
use super::schedule::Schedule;
use super::unet::{Addition, Unet};
use super::vae::Vae;

/// What one run is to do.
pub(crate) struct Wish<'a> {
    /// Tokens of the words for each text encoder, and where their end mark stands.
    pub words: &'a [Tokens],
    /// The same for what is not wanted.
    pub unwanted: &'a [Tokens],
    /// Pixels, multiples of 8.
    pub width: usize,
    pub height: usize,
    pub steps: usize,
    /// How strongly the words count; 1 and below means that the unwanted do not.
    pub guidance: f64,
    /// A picture to begin with: [1, 3, height, width] from -1 to 1.
    pub picture: Option<&'a Tensor>,
    /// How much of it may change, above 0 to 1.
    pub strength: f64,
    /// Where it may change: [1, 1, height, width], 1 where it changes.
    pub mask: Option<&'a Tensor>,
}

/// Words as an encoder reads them.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Tokens {
    pub ids: Vec<u32>,
    /// The place of the end mark.
    pub end: usize,
}

/// A loaded checkpoint.
pub(crate) struct Pipeline {
    texts: Vec<Clip>,
    unet: Unet,
    vae: Vae,
    schedule: ScheduleConfig,
    device: Device,
    is_xl: bool,
}

impl Pipeline {
    /// Reads a checkpoint's folders: `text_encoder` (and `text_encoder_2`), `unet`, `vae`, `scheduler`.
    pub fn load(files: &mut Files, device: &Device) -> std::result::Result<Self, String> {
        let told = |error: candle_core::Error| error.to_string();
        let dtype = DType::F32;
        let mut texts = Vec::new();
        for name in ["text_encoder", "text_encoder_2"] {
            if texts.is_empty() || files.has(&format!("{name}/config.json")) {
                let config: ClipConfig = files.json(&format!("{name}/config.json"))?;
                let vars = weights(files, name, "model", dtype, device)?;
                texts.push(Clip::new(&config, vars).map_err(told)?);
            }
        }
        let config: UnetConfig = files.json("unet/config.json")?;
        if config.block_out_channels.is_empty() || config.down_block_types.len() != config.block_out_channels.len() {
            return Err("unet/config.json does not say what each level is".into());
        }
        let is_xl = config.addition_embed_type.as_deref() == Some("text_time");
        if is_xl && texts.len() != 2 {
            return Err("its UNet wants two text encoders".into());
        }
        let vars = weights(files, "unet", "diffusion_pytorch_model", dtype, device)?;
        let unet = Unet::new(config, vars).map_err(told)?;
        let config: VaeConfig = files.json("vae/config.json")?;
        let vars = weights(files, "vae", "diffusion_pytorch_model", dtype, device)?;
        Ok(Self {
            texts,
            unet,
            vae: Vae::new(config, vars).map_err(told)?,
            schedule: files.json("scheduler/scheduler_config.json")?,
            device: device.clone(),
            is_xl,
        })
    }

    /// How many tokens an encoder takes.
    pub fn words_max(&self, reader: usize) -> usize {
        self.texts.get(reader).map_or(0, Clip::words_max)
    }

    /// Pixels in a row to one place of the latent picture.
    pub fn factor(&self) -> usize {
        self.vae.factor()
    }

    /// How many text encoders read the words.
    pub fn readers(&self) -> usize {
        self.texts.len()
    }

    /// Makes a picture: [1, 3, height, width] from -1 to 1. `noise` gives standard normal numbers, one tensor's worth at a
    /// time; `told` hears of steps done, of how many.
    pub fn run(
        &self,
        wish: &Wish<'_>,
        noise: &mut dyn FnMut(usize) -> Vec<f32>,
        told: &mut dyn FnMut(usize, usize),
    ) -> Result<Tensor> {
        let factor = self.vae.factor();
        let shape = (1, self.vae.channels(), wish.height / factor, wish.width / factor);
        let count = shape.1 * shape.2 * shape.3;
        let mut fresh = || Tensor::from_vec(noise(count), shape, &self.device);
        let is_guided = wish.guidance > 1.0;

        // What the words say; with guidance the unwanted first.
        let mut said = self.read(wish.words)?;
        if is_guided {
            let unwanted = self.read(wish.unwanted)?;
            said = (
                Tensor::cat(&[&unwanted.0, &said.0], 0)?,
                Tensor::cat(&[&unwanted.1, &said.1], 0)?,
            );
        }
        let (words, pooled) = said;
        let addition = if self.is_xl {
            let (height, width) = (wish.height as f32, wish.width as f32);
            let sizes = Tensor::new(&[[height, width, 0.0, 0.0, height, width]], &self.device)?;
            Some(Addition {
                sizes: if is_guided {
                    Tensor::cat(&[&sizes, &sizes], 0)?
                } else {
                    sizes
                },
                pooled,
            })
        } else {
            None
        };

        // Where to begin.
        let schedule = Schedule::new(&self.schedule, wish.steps.max(1));
        let steps = schedule.times.len();
        let first = match wish.picture {
            Some(_) => steps - ((steps as f64 * wish.strength) as usize).clamp(1, steps),
            None => 0,
        };
        let own = wish.picture.map(|picture| self.vae.encode(picture)).transpose()?;
        let start = fresh()?;
        let mut latents = match &own {
            Some(own) => (own + (&start * schedule.sigmas[first])?)?,
            None => (&start * schedule.initial)?,
        };
        let mask = wish
            .mask
            .map(|mask| mask.upsample_nearest2d(shape.2, shape.3))
            .transpose()?;
        // A UNet for filling in sees the mask and what is around it.
        let sees_mask = self.unet.config().in_channels == self.vae.channels() * 2 + 1;
        let beside = match (sees_mask, wish.mask, wish.picture, &mask) {
            (true, Some(full), Some(picture), Some(mask)) => {
                let kept = picture.broadcast_mul(&(1.0 - full)?)?;
                Some(Tensor::cat(&[mask, &self.vae.encode(&kept)?], 1)?)
            }
            _ => None,
        };

        for step in first..steps {
            let mut seen = (&latents * schedule.input_scale(step))?;
            if let Some(beside) = &beside {
                seen = Tensor::cat(&[&seen, beside], 1)?;
            }
            if is_guided {
                seen = Tensor::cat(&[&seen, &seen], 0)?;
            }
            let mut made = self.unet.run(&seen, schedule.times[step], &words, addition.as_ref())?;
            if is_guided {
                let parts = made.chunk(2, 0)?;
                made = (&parts[0] + ((&parts[1] - &parts[0])? * wish.guidance)?)?;
            }
            let (a, b, c) = schedule.factors(step);
            latents = ((&latents * a)? + (made * b)?)?;
            if c > 0.0 {
                latents = (latents + (fresh()? * c)?)?;
            }
            // Outside the mask it stays what it was, as noisy as the rest is now.
            if let (Some(mask), Some(own), None) = (&mask, &own, &beside) {
                let kept = (own + (&start * schedule.sigmas[step + 1])?)?;
                latents = (latents.broadcast_mul(mask)? + kept.broadcast_mul(&(1.0 - mask)?)?)?;
            }
            told(step + 1 - first, steps - first);
        }
        self.vae.decode(&latents)
    }

    /// Words as the UNet wants them, and the pooled text.
    fn read(&self, words: &[Tokens]) -> Result<(Tensor, Tensor)> {
        let mut all = Vec::with_capacity(self.texts.len());
        for (encoder, tokens) in self.texts.iter().zip(words) {
            let ids = Tensor::new(tokens.ids.as_slice(), &self.device)?.unsqueeze(0)?;
            all.push(encoder.run(&ids, &[tokens.end])?);
        }
        match all.as_slice() {
            [
                Encoded {
                    last_but_one: first, ..
                },
                Encoded {
                    last_but_one: second,
                    pooled,
                    ..
                },
            ] => Ok((Tensor::cat(&[first, second], 2)?, pooled.clone())),
            [one, ..] => Ok((one.last.clone(), one.pooled.clone())),
            [] => candle_core::bail!("there is no text encoder"),
        }
    }
}

/// The weights of a part: stored at half precision is enough, a processor reckons with full precision.
fn weights<'a>(
    files: &mut Files,
    part: &str,
    stem: &str,
    dtype: DType,
    device: &Device,
) -> std::result::Result<VarBuilder<'a>, String> {
    let name = [
        format!("{part}/{stem}.fp16.safetensors"),
        format!("{part}/{stem}.safetensors"),
    ]
    .into_iter()
    .find(|name| files.has(name))
    .ok_or_else(|| format!("{part}/{stem}.safetensors is missing"))?;
    let bytes = files.read(&name)?;
    VarBuilder::from_buffered_safetensors(bytes, dtype, device).map_err(|error| format!("{name}: {error}"))
}
