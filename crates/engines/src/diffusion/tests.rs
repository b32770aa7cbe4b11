//! The same numbers as Diffusers on tiny checkpoints whose weights follow from a formula (`training/parity/fixture.py`).

use aquatint_testkit::checkpoint::{Checkpoint, normal, uniform};
use candle_core::{DType, Device, Tensor};
use candle_nn::VarBuilder;

use super::clip::Clip;
use super::pipeline::{Pipeline, Tokens, Wish};
use super::tokens::Reader;
use super::unet::{Addition, Unet};
use super::vae::Vae;
use super::{Files, Noise};
use crate::random::Random;

/// How far numbers of the two may be apart, as a share of the largest. Both reckon with 32 bits, in another order.
const TOLERANCE: f32 = 2e-4;

struct Case {
    checkpoint: Checkpoint,
    expected: std::collections::HashMap<String, Tensor>,
}

impl Case {
    fn read(name: &str) -> Self {
        let checkpoint = Checkpoint::read(name);
        Self {
            expected: candle_core::safetensors::load(checkpoint.expected(), &Device::Cpu).expect("a fixture"),
            checkpoint,
        }
    }

    fn has(&self, part: &str) -> bool {
        !self.checkpoint.facts[part].is_null()
    }

    fn vars(&self, part: &str) -> VarBuilder<'static> {
        let weights = self
            .checkpoint
            .weights(part)
            .into_iter()
            .map(|(name, shape, values)| {
                let tensor = Tensor::from_vec(values, shape, &Device::Cpu).expect("a tensor");
                (name, tensor)
            })
            .collect();
        VarBuilder::from_tensors(weights, DType::F32, &Device::Cpu)
    }

    fn config<T: serde::de::DeserializeOwned>(&self, part: &str) -> T {
        serde_json::from_value(self.checkpoint.facts[part]["config"].clone()).expect("a configuration")
    }

    fn compare(&self, name: &str, made: &Tensor) {
        let expected = &self.expected[name];
        assert_eq!(made.dims(), expected.dims(), "{name}");
        let flat = |tensor: &Tensor| {
            tensor
                .flatten_all()
                .and_then(|flat| flat.to_vec1::<f32>())
                .expect("numbers")
        };
        let (made, expected) = (flat(made), flat(expected));
        let most = expected.iter().fold(0.0f32, |most, value| most.max(value.abs()));
        let apart = made
            .iter()
            .zip(&expected)
            .fold(0.0f32, |apart, (one, other)| apart.max((one - other).abs()));
        assert!(
            apart <= most * TOLERANCE,
            "{name}: {apart} apart, the largest is {most}"
        );
    }
}

const WORDS: [[u32; 8]; 2] = [[58, 7, 21, 33, 59, 59, 59, 59], [58, 59, 59, 59, 59, 59, 59, 59]];
const ENDS: [usize; 2] = [4, 1];

#[test]
fn every_part_comes_to_the_numbers_of_diffusers() {
    for name in ["sd1", "sd2", "sdxl"] {
        let case = Case::read(name);
        let ids = Tensor::new(&WORDS, &Device::Cpu).expect("tokens");
        let mut said = Vec::new();
        for part in ["text_encoder", "text_encoder_2"] {
            if case.has(part) {
                let encoder = Clip::new(&case.config(part), case.vars(part)).expect("an encoder");
                said.push(encoder.run(&ids, &ENDS).expect("it runs"));
            }
        }
        let (words, addition) = if let [first, second] = said.as_slice() {
            case.compare("text_0", &first.last_but_one);
            case.compare("text_1", &second.last_but_one);
            case.compare("pooled", &second.pooled);
            let sizes = Tensor::new(&[[16f32, 16.0, 0.0, 0.0, 16.0, 16.0]; 2], &Device::Cpu).expect("numbers");
            (
                Tensor::cat(&[&first.last_but_one, &second.last_but_one], 2).expect("words"),
                Some(Addition {
                    pooled: second.pooled.clone(),
                    sizes,
                }),
            )
        } else {
            case.compare("text_0", &said[0].last);
            (said[0].last.clone(), None)
        };
        let unet = Unet::new(case.config("unet"), case.vars("unet")).expect("a UNet");
        let latents = Tensor::from_vec(normal("latents", 512), (2, 4, 8, 8), &Device::Cpu).expect("numbers");
        let made = unet.run(&latents, 417.0, &words, addition.as_ref()).expect("it runs");
        case.compare("unet", &made);
        let vae = Vae::new(case.config("vae"), case.vars("vae")).expect("an autoencoder");
        case.compare("encoded", &vae.encode(&picture()).expect("it runs"));
        let latents = Tensor::from_vec(normal("latents", 256), (1, 4, 8, 8), &Device::Cpu).expect("numbers");
        case.compare("decoded", &vae.decode(&latents).expect("it runs"));
    }
}

fn picture() -> Tensor {
    let values = uniform("picture", 3 * 16 * 16)
        .into_iter()
        .map(|value| value as f32)
        .collect();
    Tensor::from_vec(values, (1, 3, 16, 16), &Device::Cpu).expect("a picture")
}

#[test]
fn whole_runs_come_to_the_pictures_of_diffusers() {
    for name in ["sd1", "sd2", "sdxl"] {
        let case = Case::read(name);
        let folder = tempfile::tempdir().expect("a folder");
        case.checkpoint.write(folder.path());
        let mut files = Files::open(folder.path()).expect("files");
        let pipeline = Pipeline::load(&mut files, &Device::Cpu).expect("a checkpoint");
        let tokens = |row: usize| {
            vec![
                Tokens {
                    ids: WORDS[row].to_vec(),
                    end: ENDS[row],
                };
                pipeline.readers()
            ]
        };
        let (words, unwanted) = (tokens(0), tokens(1));
        let picture = picture();
        let mask: Vec<f32> = (0..256)
            .map(|at| {
                let (x, y) = (at % 16, at / 16);
                f32::from(u8::from((4..12).contains(&y) && x >= 6))
            })
            .collect();
        let mask = Tensor::from_vec(mask, (1, 1, 16, 16), &Device::Cpu).expect("a mask");
        for (task, picture, mask, strength) in [
            ("words", None, None, 1.0),
            ("picture", Some(&picture), None, 0.6),
            ("mask", Some(&picture), Some(&mask), 0.8),
        ] {
            let wish = Wish {
                words: &words,
                unwanted: &unwanted,
                width: 16,
                height: 16,
                steps: case.checkpoint.facts["run"]["steps"].as_u64().expect("a number") as usize,
                guidance: case.checkpoint.facts["run"]["guidance"].as_f64().expect("a number"),
                picture,
                strength,
                mask,
            };
            let mut turn = 0;
            let mut told = Vec::new();
            let made = pipeline.run(
                &wish,
                &mut |count| {
                    turn += 1;
                    normal(&format!("noise{}-", turn - 1), count)
                },
                &mut |done, of| told.push((done, of)),
            );
            case.compare(task, &made.expect("it runs"));
            assert_eq!(told.last().map(|(done, of)| done == of), Some(true));
        }
    }
}

#[test]
fn noise_is_normal_and_the_same_for_the_same_seed() {
    let values = Noise(Random(7)).take(100_001);
    assert_eq!(values, Noise(Random(7)).take(100_001));
    assert_ne!(values[..10], Noise(Random(8)).take(10)[..]);
    let mean = values.iter().sum::<f32>() / values.len() as f32;
    let variance = values.iter().map(|value| (value - mean).powi(2)).sum::<f32>() / values.len() as f32;
    assert!(mean.abs() < 0.01 && (variance - 1.0).abs() < 0.02, "{mean} {variance}");
}

#[test]
fn words_become_tokens_as_clip_reads_them() {
    let folder = tempfile::tempdir().expect("a folder");
    Checkpoint::read("sd1").write(folder.path());
    let mut files = Files::open(folder.path()).expect("files");
    let reader = Reader::load(&mut files, "tokenizer", 8).expect("a tokenizer");
    let read = |text: &str| reader.read(text).expect("tokens");
    // Pairs are joined, case and spaces count nothing, a word's last letter has its own token.
    assert_eq!(read("A  CUP").ids, [58, 26, 53, 59, 59, 59, 59, 59]);
    assert_eq!((read("").ids[1], read("").end), (59, 1));
    let long = read("one two three four");
    assert_eq!((long.ids.len(), long.end, long.ids[7]), (8, 7, 59));
}
