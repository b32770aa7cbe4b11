//! Tiny diffusion checkpoints whose weights follow from a formula on their names, and what Diffusers makes of them.
//! `training/parity/fixture.py` wrote what is kept of them.

use std::path::{Path, PathBuf};

use safetensors::tensor::{Dtype, TensorView};
use serde_json::{Value, json};

/// One checkpoint: `sd1`, `sd2` or `sdxl`.
pub struct Checkpoint {
    /// By part (`unet`, `vae`, `text_encoder` …): its configuration and the shapes of its tensors. `run`: how it was run.
    pub facts: Value,
    folder: PathBuf,
}

/// A tensor's name, shape and numbers.
pub type Weight = (String, Vec<usize>, Vec<f32>);

impl Checkpoint {
    pub fn read(name: &str) -> Self {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("data/diffusion").join(name);
        let text = std::fs::read(folder.join("checkpoint.json")).expect("a fixture");
        Self {
            facts: serde_json::from_slice(&text).expect("JSON"),
            folder,
        }
    }

    /// The file with the tensors that Diffusers came to.
    pub fn expected(&self) -> PathBuf {
        self.folder.join("expected.safetensors")
    }

    /// The tensors of a part.
    pub fn weights(&self, part: &str) -> Vec<Weight> {
        let shapes = self.facts[part]["shapes"].as_object().expect("shapes");
        shapes
            .iter()
            .map(|(name, shape)| {
                let shape: Vec<usize> = serde_json::from_value(shape.clone()).expect("numbers");
                let values = weight(name, &shape);
                (name.clone(), shape, values)
            })
            .collect()
    }

    /// Writes it as files in the layout of Diffusers, with a tokenizer that knows letters and the word `cup`.
    pub fn write(&self, folder: &Path) {
        let put = |name: &str, bytes: &[u8]| {
            let file = folder.join(name);
            std::fs::create_dir_all(file.parent().expect("a folder")).expect("made");
            std::fs::write(file, bytes).expect("written");
        };
        for part in ["text_encoder", "text_encoder_2", "unet", "vae", "scheduler"] {
            let facts = &self.facts[part];
            if facts.is_null() {
                continue;
            }
            put(&format!("{part}/config.json"), facts["config"].to_string().as_bytes());
            if part == "scheduler" {
                put(
                    "scheduler/scheduler_config.json",
                    facts["config"].to_string().as_bytes(),
                );
                continue;
            }
            let stem = if part.starts_with("text") {
                "model"
            } else {
                "diffusion_pytorch_model"
            };
            let weights = self.weights(part);
            let bytes: Vec<Vec<u8>> = weights
                .iter()
                .map(|(_, _, values)| values.iter().flat_map(|value| value.to_le_bytes()).collect())
                .collect();
            let views = weights.iter().zip(&bytes).map(|((name, shape, _), bytes)| {
                let view = TensorView::new(Dtype::F32, shape.clone(), bytes).expect("a tensor");
                (name.clone(), view)
            });
            let file = safetensors::serialize(views, None).expect("safetensors");
            put(&format!("{part}/{stem}.safetensors"), &file);
        }
        let mut vocabulary = serde_json::Map::new();
        for (number, letter) in ('a'..='z').enumerate() {
            vocabulary.insert(letter.to_string(), json!(number));
            vocabulary.insert(format!("{letter}</w>"), json!(number + 26));
        }
        for (word, number) in [
            ("cu", 52),
            ("cup</w>", 53),
            ("<|startoftext|>", 58),
            ("<|endoftext|>", 59),
        ] {
            vocabulary.insert(word.into(), json!(number));
        }
        for tokenizer in ["tokenizer", "tokenizer_2"] {
            if tokenizer == "tokenizer" || !self.facts["text_encoder_2"].is_null() {
                put(
                    &format!("{tokenizer}/vocab.json"),
                    Value::Object(vocabulary.clone()).to_string().as_bytes(),
                );
                put(&format!("{tokenizer}/merges.txt"), b"#version: 0.2\nc u\ncu p</w>\n");
                put(
                    &format!("{tokenizer}/special_tokens_map.json"),
                    br#"{"pad_token":"<|endoftext|>"}"#,
                );
            }
        }
    }
}

/// Uniform from -1 to 1, from a hash of the name and the place.
pub fn uniform(name: &str, count: usize) -> Vec<f64> {
    let seed = name.bytes().fold(2_166_136_261u32, |seed, byte| {
        (seed ^ u32::from(byte)).wrapping_mul(16_777_619)
    });
    (0..count as u32)
        .map(|place| {
            let mut x = place.wrapping_mul(0x9e37_79b1) ^ seed;
            x = (x ^ (x >> 16)).wrapping_mul(0x85eb_ca6b);
            x = (x ^ (x >> 13)).wrapping_mul(0xc2b2_ae35);
            f64::from(x ^ (x >> 16)) / 2_147_483_648.0 - 1.0
        })
        .collect()
}

/// Nearly normal: the sum of twelve uniform numbers.
pub fn normal(name: &str, count: usize) -> Vec<f32> {
    let mut sums = vec![0.0; count];
    for turn in 0..12 {
        for (sum, value) in sums.iter_mut().zip(uniform(&format!("{name}{turn}"), count)) {
            *sum += value / 2.0;
        }
    }
    sums.into_iter().map(|sum| sum as f32).collect()
}

fn weight(name: &str, shape: &[usize]) -> Vec<f32> {
    let values = uniform(name, shape.iter().product());
    if shape.len() == 1 {
        let base = if name.ends_with(".weight") { 1.0 } else { 0.0 };
        values.iter().map(|value| (base + 0.1 * value) as f32).collect()
    } else {
        let scale = (2.0 / shape[1..].iter().product::<usize>() as f64).sqrt();
        values.iter().map(|value| (value * scale) as f32).collect()
    }
}
