//! The operator's own ComfyUI workflows: each file of the folder `workflows` in the data folder, saved in ComfyUI with
//! "Export (API)", is a model `image/comfyui/NAME`.

use std::path::Path;

use aquatint_domain::Model;
use aquatint_providers::vendors::comfyui;

/// The folder's name.
pub(crate) const FOLDER: &str = "workflows";
/// Workflows that are read.
const MOST: usize = 200;
const FILE_MAX_BYTES: u64 = 2 * 1024 * 1024;

/// The models of all sound files, and what is wrong with the others.
pub fn read(data: &Path) -> (Vec<Model>, Vec<String>) {
    let (mut models, mut wrong) = (Vec::new(), Vec::new());
    // Without the folder there are none.
    let Ok(entries) = std::fs::read_dir(data.join(FOLDER)) else {
        return (models, wrong);
    };
    let mut files: Vec<_> = entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|extension| extension == "json"))
        .collect();
    files.sort();
    if files.len() > MOST {
        wrong.push(format!(
            "{FOLDER}: of {} workflows the first {MOST} are taken",
            files.len()
        ));
        files.truncate(MOST);
    }
    for path in files {
        match model_of(&path) {
            Ok(model) => models.push(model),
            Err(why) => wrong.push(format!(
                "{FOLDER}/{}: {why}",
                path.file_name().unwrap_or_default().to_string_lossy()
            )),
        }
    }
    (models, wrong)
}

fn model_of(path: &Path) -> Result<Model, String> {
    let name = path.file_stem().and_then(|name| name.to_str()).unwrap_or_default();
    let is_name = !name.is_empty()
        && name.len() <= 60
        && name
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-' || byte == b'_');
    if !is_name {
        return Err(
            "the file's name becomes the model's id, so it has 1 to 60 small letters, digits, `-` or `_`".to_owned(),
        );
    }
    let size = std::fs::metadata(path).map_err(|error| error.to_string())?.len();
    if size > FILE_MAX_BYTES {
        return Err(format!("it has {size} bytes; {FILE_MAX_BYTES} are read"));
    }
    let file = std::fs::read(path).map_err(|error| error.to_string())?;
    comfyui::model_of(name, &file).map_err(|problem| problem.message)
}

#[cfg(test)]
mod tests {
    use super::*;

    const WORKFLOW: &str = r#"{
        "1": { "class_type": "CheckpointLoaderSimple", "inputs": { "ckpt_name": "a.safetensors" } },
        "2": { "class_type": "CLIPTextEncode", "inputs": { "text": "a cup", "clip": ["1", 1] } },
        "3": { "class_type": "CLIPTextEncode", "inputs": { "text": "", "clip": ["1", 1] } },
        "4": { "class_type": "EmptyLatentImage", "inputs": { "width": 512, "height": 512, "batch_size": 1 } },
        "5": { "class_type": "KSampler", "inputs": { "seed": 1, "steps": 4, "cfg": 1.0, "sampler_name": "euler", "scheduler": "normal", "denoise": 1.0, "model": ["1", 0], "positive": ["2", 0], "negative": ["3", 0], "latent_image": ["4", 0] } },
        "6": { "class_type": "VAEDecode", "inputs": { "samples": ["5", 0], "vae": ["1", 2] } },
        "7": { "class_type": "SaveImage", "inputs": { "filename_prefix": "x", "images": ["6", 0] } }
    }"#;

    #[test]
    fn sound_files_are_models_and_the_others_are_told() {
        let folder = tempfile::tempdir().expect("a folder");
        assert!(read(folder.path()).0.is_empty(), "without the folder there are none");
        let workflows = folder.path().join(FOLDER);
        std::fs::create_dir(&workflows).expect("made");
        for (name, text) in [
            ("product-shot.json", WORKFLOW),
            ("Bad Name.json", WORKFLOW),
            ("broken.json", "{"),
            ("notes.txt", "not read"),
        ] {
            std::fs::write(workflows.join(name), text).expect("written");
        }
        let (models, wrong) = read(folder.path());
        let ids: Vec<&str> = models.iter().map(|model| model.id.as_str()).collect();
        assert_eq!(ids, ["image/comfyui/product-shot"]);
        assert_eq!(wrong.len(), 2, "{wrong:?}");
        assert!(wrong[0].starts_with("workflows/Bad Name.json: "), "{wrong:?}");
    }
}
