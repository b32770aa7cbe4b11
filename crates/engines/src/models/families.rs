//! Families of models that self-hosters want: what they do, under which licence, where their makers publish them. A row
//! here is not a recommendation of its licence: it is shown before anything is downloaded.

use super::manifest::{Activation, Manifest, Part, Range, Task};

/// How a family's weights are got.
#[derive(Clone, Copy, Debug)]
pub enum Pull {
    /// One ONNX file at this address, with its MD5 as the publisher names it, where there is one.
    Onnx {
        url: &'static str,
        md5: Option<&'static str>,
    },
    /// A checkpoint in the layout of the Diffusers library: files below this address.
    Checkpoint {
        base: &'static str,
        files: &'static [&'static str],
    },
    /// The publisher has no ONNX file: this says how to come to one for `models add`.
    Convert { how: &'static str },
}

/// One family.
#[derive(Clone, Copy, Debug)]
pub struct Family {
    pub id: &'static str,
    pub task: Task,
    pub title: &'static str,
    pub licence: &'static str,
    /// The page of its maker or publisher.
    pub page: &'static str,
    pub megabytes: u32,
    /// Fast, medium or slow on a CPU.
    pub speed: &'static str,
    pub pull: Pull,
    side: Option<u32>,
    mean: [f32; 3],
    deviation: [f32; 3],
    output: Range,
    activation: Activation,
    scale: Option<u32>,
    rank: u32,
    /// For generators: steps, and how strongly words count.
    run: Option<(usize, f64)>,
}

/// The files of a checkpoint with one text encoder, at half precision.
const ONE_READER: &[&str] = &[
    "scheduler/scheduler_config.json",
    "text_encoder/config.json",
    "text_encoder/model.fp16.safetensors",
    "tokenizer/merges.txt",
    "tokenizer/special_tokens_map.json",
    "tokenizer/vocab.json",
    "unet/config.json",
    "unet/diffusion_pytorch_model.fp16.safetensors",
    "vae/config.json",
    "vae/diffusion_pytorch_model.fp16.safetensors",
];
/// The same with two, as XL has.
const TWO_READERS: &[&str] = &[
    "scheduler/scheduler_config.json",
    "text_encoder/config.json",
    "text_encoder/model.fp16.safetensors",
    "text_encoder_2/config.json",
    "text_encoder_2/model.fp16.safetensors",
    "tokenizer/merges.txt",
    "tokenizer/special_tokens_map.json",
    "tokenizer/vocab.json",
    "tokenizer_2/merges.txt",
    "tokenizer_2/special_tokens_map.json",
    "tokenizer_2/vocab.json",
    "unet/config.json",
    "unet/diffusion_pytorch_model.fp16.safetensors",
    "vae/config.json",
    "vae/diffusion_pytorch_model.fp16.safetensors",
];

const IMAGENET: ([f32; 3], [f32; 3]) = ([0.485, 0.456, 0.406], [0.229, 0.224, 0.225]);
const REMBG: &str = "https://github.com/danielgatis/rembg";

const fn cutout(
    id: &'static str,
    title: &'static str,
    licence: &'static str,
    url: &'static str,
    md5: &'static str,
    (megabytes, speed, side, rank): (u32, &'static str, u32, u32),
    activation: Activation,
) -> Family {
    Family {
        run: None,
        id,
        task: Task::Cutout,
        title,
        licence,
        page: REMBG,
        megabytes,
        speed,
        pull: Pull::Onnx { url, md5: Some(md5) },
        side: Some(side),
        mean: IMAGENET.0,
        deviation: IMAGENET.1,
        output: Range::Unit,
        activation,
        scale: None,
        rank,
    }
}

const fn other(
    id: &'static str,
    task: Task,
    title: &'static str,
    licence: &'static str,
    page: &'static str,
    (megabytes, speed): (u32, &'static str),
    pull: Pull,
) -> Family {
    Family {
        run: None,
        id,
        task,
        title,
        licence,
        page,
        megabytes,
        speed,
        pull,
        side: None,
        mean: [0.0; 3],
        deviation: [1.0; 3],
        output: Range::Unit,
        activation: Activation::None,
        scale: None,
        rank: 10,
    }
}

const TO_ONNX: &str = "Its maker publishes PyTorch weights. Export them with torch.onnx (input [1, 3, h, w], RGB from 0 to 1) and register the file with `aquatint models add FILE.onnx --task upscale --scale 4`.";
const LATER: &str = "This version does not run models of this task yet.";

/// Every family, the lightest of a task first.
pub static FAMILIES: [Family; 16] = [
    cutout(
        "u2netp",
        "U²-Net, small: a light cut-out for general photographs",
        "Apache-2.0",
        "https://github.com/danielgatis/rembg/releases/download/v0.0.0/u2netp.onnx",
        "8e83ca70e441ab06c318d82300c84806",
        (5, "fast", 320, 20),
        Activation::MinMax,
    ),
    cutout(
        "silueta",
        "Silueta: U²-Net made smaller",
        "Apache-2.0",
        "https://github.com/danielgatis/rembg/releases/download/v0.0.0/silueta.onnx",
        "55e59e0d8062d2f5d013f4725ee84782",
        (44, "medium", 320, 30),
        Activation::MinMax,
    ),
    cutout(
        "u2net",
        "U²-Net: cut-out for general photographs",
        "Apache-2.0",
        "https://github.com/danielgatis/rembg/releases/download/v0.0.0/u2net.onnx",
        "60024c5c889badc19c04ad937298a77b",
        (176, "medium", 320, 40),
        Activation::MinMax,
    ),
    Family {
        mean: [0.5, 0.5, 0.5],
        deviation: [1.0, 1.0, 1.0],
        ..cutout(
            "isnet-general-use",
            "IS-Net: fine edges on general photographs",
            "Apache-2.0; the terms of its training data (DIS5K) are unclear for commercial use",
            "https://github.com/danielgatis/rembg/releases/download/v0.0.0/isnet-general-use.onnx",
            "fc16ebd8b0c10d971d3513d564d01e29",
            (179, "slow", 1024, 50),
            Activation::MinMax,
        )
    },
    cutout(
        "birefnet-lite",
        "BiRefNet, light: very fine edges",
        "MIT; the terms of its training data (DIS5K) are unclear for commercial use",
        "https://github.com/danielgatis/rembg/releases/download/v0.0.0/BiRefNet-general-bb_swin_v1_tiny-epoch_232.onnx",
        "4fab47adc4ff364be1713e97b7e66334",
        (224, "slow", 1024, 60),
        Activation::SigmoidMinMax,
    ),
    cutout(
        "birefnet-portrait",
        "BiRefNet for portraits",
        "MIT; the terms of its training data are unclear for commercial use",
        "https://github.com/danielgatis/rembg/releases/download/v0.0.0/BiRefNet-portrait-epoch_150.onnx",
        "c3a64a6abf20250d090cd055f12a3b67",
        (973, "slow", 1024, 55),
        Activation::SigmoidMinMax,
    ),
    cutout(
        "birefnet-general",
        "BiRefNet: the finest edges",
        "MIT; the terms of its training data (DIS5K) are unclear for commercial use",
        "https://github.com/danielgatis/rembg/releases/download/v0.0.0/BiRefNet-general-epoch_244.onnx",
        "7a35a0141cbbc80de11d9c9a28f52697",
        (973, "slow", 1024, 70),
        Activation::SigmoidMinMax,
    ),
    Family {
        scale: Some(4),
        ..other(
            "realesrgan-x4v3",
            Task::Upscale,
            "Real-ESRGAN general x4 v3: enhancing, invents detail",
            "BSD-3-Clause",
            "https://github.com/xinntao/Real-ESRGAN",
            (5, "medium"),
            Pull::Convert { how: TO_ONNX },
        )
    },
    Family {
        scale: Some(4),
        ..other(
            "span-x4",
            Task::Upscale,
            "SPAN x4: sharp and quick",
            "Apache-2.0",
            "https://github.com/hongyuanyu/SPAN",
            (2, "fast"),
            Pull::Convert { how: TO_ONNX },
        )
    },
    Family {
        scale: Some(4),
        ..other(
            "realesrgan-x4plus",
            Task::Upscale,
            "Real-ESRGAN x4plus: enhancing, invents detail",
            "BSD-3-Clause",
            "https://github.com/xinntao/Real-ESRGAN",
            (67, "slow"),
            Pull::Convert { how: TO_ONNX },
        )
    },
    Family {
        side: Some(512),
        output: Range::Byte,
        ..other(
            "lama",
            Task::Inpaint,
            "LaMa: fills large holes",
            "Apache-2.0",
            "https://huggingface.co/Carve/LaMa-ONNX",
            (208, "slow"),
            Pull::Onnx {
                url: "https://huggingface.co/Carve/LaMa-ONNX/resolve/main/lama_fp32.onnx",
                md5: None,
            },
        )
    },
    other(
        "migan",
        Task::Inpaint,
        "MI-GAN: fills holes quickly",
        "MIT",
        "https://github.com/Picsart-AI-Research/MI-GAN",
        (28, "fast"),
        Pull::Convert {
            how: "Export its generator with its own export script (inputs image [1, 3, 512, 512] and mask [1, 1, 512, 512]) and register it with `aquatint models add FILE.onnx --task inpaint --side 512`.",
        },
    ),
    other(
        "siglip2-base",
        Task::Embed,
        "SigLIP 2 base: search by meaning",
        "Apache-2.0",
        "https://huggingface.co/google/siglip2-base-patch16-224",
        (1_500, "medium"),
        Pull::Convert { how: LATER },
    ),
    Family {
        run: Some((25, 7.5)),
        ..other(
            "sd-1-5",
            Task::Generate,
            "Stable Diffusion 1.5: text to image",
            "CreativeML Open RAIL-M; some uses are forbidden",
            "https://huggingface.co/stable-diffusion-v1-5/stable-diffusion-v1-5",
            (2_100, "slow"),
            Pull::Checkpoint {
                base: "https://huggingface.co/stable-diffusion-v1-5/stable-diffusion-v1-5/resolve/main/",
                files: ONE_READER,
            },
        )
    },
    Family {
        run: Some((2, 1.0)),
        ..other(
            "sd-turbo",
            Task::Generate,
            "SD-Turbo: text to image in a few steps",
            "Stability AI Community Licence; commercial use has conditions",
            "https://huggingface.co/stabilityai/sd-turbo",
            (2_600, "slow"),
            Pull::Checkpoint {
                base: "https://huggingface.co/stabilityai/sd-turbo/resolve/main/",
                files: ONE_READER,
            },
        )
    },
    Family {
        run: Some((2, 1.0)),
        ..other(
            "sdxl-turbo",
            Task::Generate,
            "SDXL-Turbo: text to image in a few steps",
            "Stability AI Community Licence; commercial use has conditions",
            "https://huggingface.co/stabilityai/sdxl-turbo",
            (7_000, "slow"),
            Pull::Checkpoint {
                base: "https://huggingface.co/stabilityai/sdxl-turbo/resolve/main/",
                files: TWO_READERS,
            },
        )
    },
];

/// The family of that name; `birefnet-general-lite` is one that others use.
pub fn family(id: &str) -> Option<&'static Family> {
    let id = if id == "birefnet-general-lite" {
        "birefnet-lite"
    } else {
        id
    };
    FAMILIES.iter().find(|family| family.id == id)
}

impl Family {
    /// The manifest of its weights.
    pub fn manifest(&self, source: &str, bytes: u64, sha256: String, files: Vec<Part>) -> Manifest {
        Manifest {
            files,
            steps: self.run.map(|(steps, _)| steps),
            guidance: self.run.map(|(_, guidance)| guidance),
            id: self.id.to_owned(),
            task: self.task,
            title: self.title.to_owned(),
            licence: self.licence.to_owned(),
            source: source.to_owned(),
            bytes,
            sha256,
            side: self.side,
            multiple: 1,
            mean: self.mean,
            deviation: self.deviation,
            input: Range::Unit,
            output: self.output,
            activation: self.activation,
            scale: self.scale,
            rank: self.rank,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_addresses_are_https() {
        let mut seen = std::collections::HashSet::new();
        for family in &FAMILIES {
            assert!(seen.insert(family.id), "{} stands twice", family.id);
            assert!(family.page.starts_with("https://"));
            if let Pull::Onnx { url, md5 } = family.pull {
                assert!(url.starts_with("https://"), "{url}");
                assert!(md5.is_none_or(|sum| sum.len() == 32), "{}", family.id);
                assert!(family.task.can_run(), "{}", family.id);
            }
        }
    }
}
