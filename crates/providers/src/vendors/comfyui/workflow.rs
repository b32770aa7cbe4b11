//! A workflow file in ComfyUI's API format, read as a model.
//!
//! The format (menu "Workflow → Export (API)") is a JSON object of nodes: `{"6": {"class_type": "CLIPTextEncode", "inputs":
//! {"text": "…", "clip": ["4", 1]}, "_meta": {"title": "…"}}}`. A link is `[node id, output number]`.
//! <https://docs.comfy.org/development/api-development/workflow-api-format>, read on 21 November 2026.

use std::collections::BTreeMap;

use aquatint_domain::{MediaKind, Problem, text};
use serde_json::{Map, Value};

use super::inputs::{Graph, Input, Node, Takes, link, refusal};

/// The largest file that is read; real ones stay far below.
pub const MAX_FILE_BYTES: usize = 2 * 1024 * 1024;
/// The most nodes of one workflow.
pub const MAX_NODES: usize = 1_000;

/// A checked workflow: its graph, what a caller may set, and what comes out.
#[derive(Clone, Debug)]
pub struct Workflow {
    graph: Map<String, Value>,
    pub inputs: Vec<Input>,
    pub makes: MediaKind,
    /// It enlarges what it is given.
    pub upscales: bool,
}

impl Workflow {
    /// Reads a file. A refusal says what to change in ComfyUI.
    pub fn read(bytes: &[u8]) -> Result<Self, Problem> {
        if bytes.len() > MAX_FILE_BYTES {
            return Err(refusal(format!(
                "The workflow file is larger than {MAX_FILE_BYTES} bytes."
            )));
        }
        let file: Value = serde_json::from_slice(bytes).map_err(|error| {
            refusal(format!(
                "The workflow file is not JSON: {}.",
                text::one_line(&error.to_string(), 120)
            ))
        })?;
        let Value::Object(mut graph) = file else {
            return Err(refusal(
                "The workflow file is not a JSON object of nodes. Export it with \"Workflow → Export (API)\".",
            ));
        };
        if graph.contains_key("nodes") && graph.contains_key("links") {
            return Err(refusal(
                "This is the file that ComfyUI's editor saves; a server cannot run it. Export it with \"Workflow → Export (API)\".",
            ));
        }
        // What others sent to /prompt is often kept whole; the graph lies inside.
        if let Some(Value::Object(inner)) = graph.get("prompt").filter(|inner| inner.get("class_type").is_none()) {
            graph = inner.clone();
        }
        Self::of(graph)
    }

    /// Reads a graph that was read before, as [`Workflow::graph`] returned it.
    pub fn of_graph(graph: &Value) -> Result<Self, Problem> {
        match graph {
            Value::Object(graph) => Self::of(graph.clone()),
            _ => Err(refusal("This model has no workflow; its row is broken.")),
        }
    }

    /// The graph as the file holds it.
    pub fn graph(&self) -> Value {
        Value::Object(self.graph.clone())
    }

    fn of(graph: Map<String, Value>) -> Result<Self, Problem> {
        let checked = check(&graph)?;
        let makes = what_it_makes(&checked)?;
        let inputs = checked.find_inputs()?;
        let upscales = checked.each().any(|(_, node)| node.class.contains("UpscaleWithModel"));
        if inputs.is_empty() {
            return Err(refusal(
                "Nothing in this workflow can be set by a caller: no prompt, picture, size or seed was found. Title a node \
                 `input:NAME`.",
            ));
        }
        Ok(Self {
            graph,
            inputs,
            makes,
            upscales,
        })
    }

    /// The argument of that name.
    pub fn input(&self, name: &str) -> Option<&Input> {
        self.inputs.iter().find(|input| input.name == name)
    }

    /// The graph with the values in their places. Files are the names under which the server keeps them; what is absent stays
    /// as the author saved it.
    pub fn filled(&self, values: &Map<String, Value>) -> Result<Value, Problem> {
        let mut graph = self.graph.clone();
        for input in &self.inputs {
            let Some(value) = values.get(&input.name) else {
                if input.default.is_none() {
                    return Err(Problem::invalid(
                        input.name.clone(),
                        format!("This workflow needs `{}`.", input.name),
                    ));
                }
                continue;
            };
            check_value(input, value)?;
            for (number, place) in input.places.iter().enumerate() {
                let value = match input.takes {
                    Takes::Pictures => &value[number],
                    _ => value,
                };
                let inputs = graph.get_mut(&place.node).and_then(|node| node.get_mut("inputs"));
                if let Some(Value::Object(inputs)) = inputs {
                    inputs.insert(place.input.clone(), value.clone());
                }
            }
        }
        if let Some(unknown) = values.keys().find(|name| self.input(name).is_none()) {
            return Err(Problem::invalid(
                unknown.clone(),
                format!("This workflow has no input `{}`.", text::one_line(unknown, 60)),
            ));
        }
        Ok(Value::Object(graph))
    }
}

/// Checks that every node has a class and inputs, and that every link ends at a node.
fn check(graph: &Map<String, Value>) -> Result<Graph<'_>, Problem> {
    if graph.is_empty() {
        return Err(refusal("The workflow has no nodes."));
    }
    if graph.len() > MAX_NODES {
        return Err(refusal(format!("The workflow has more than {MAX_NODES} nodes.")));
    }
    let mut nodes = BTreeMap::new();
    for (id, node) in graph {
        let class = node.get("class_type").and_then(Value::as_str);
        let inputs = node.get("inputs").and_then(Value::as_object);
        let (Some(class), Some(inputs)) = (class, inputs) else {
            return Err(refusal(format!(
                "Node {} has no `class_type` or no `inputs`, so this is not API format. Export it with \"Workflow → Export (API)\".",
                text::one_line(id, 40)
            )));
        };
        for (key, value) in inputs {
            if let Some((from, _)) = link(value)
                && !graph.contains_key(from)
            {
                return Err(refusal(format!(
                    "Input `{}` of node {} comes from node {}, which the file does not hold.",
                    text::one_line(key, 40),
                    text::one_line(id, 40),
                    text::one_line(from, 40)
                )));
            }
        }
        let title = node.pointer("/_meta/title").and_then(Value::as_str).unwrap_or_default();
        nodes.insert(id.as_str(), Node { class, title, inputs });
    }
    Ok(Graph::new(nodes))
}

/// A workflow makes what its output nodes save.
fn what_it_makes(graph: &Graph<'_>) -> Result<MediaKind, Problem> {
    let mut makes = None;
    for (_, node) in graph.each() {
        match saves(node.class) {
            Some(Saves::Picture) => makes = makes.or(Some(MediaKind::Image)),
            Some(Saves::Video) => makes = Some(MediaKind::Video),
            Some(Saves::Nothing) | None => {}
        }
    }
    if makes.is_none() && graph.each().any(|(_, node)| node.class == "SaveImageWebsocket") {
        return Err(refusal(
            "SaveImageWebsocket sends its pictures to an open socket and keeps none. Use a Save Image node instead.",
        ));
    }
    makes.ok_or_else(|| {
        refusal(
            "No node of this workflow saves a picture or a video. Add Save Image, Save Video or Video Combine and export it again.",
        )
    })
}

enum Saves {
    Picture,
    Video,
    /// It is an output node, but of something else.
    Nothing,
}

fn saves(class: &str) -> Option<Saves> {
    match class {
        "SaveImage" | "PreviewImage" | "SaveSVGNode" | "SaveImageAdvanced" => Some(Saves::Picture),
        "SaveVideo" | "SaveWEBM" | "SaveAnimatedWEBP" | "SaveAnimatedPNG" | "VHS_VideoCombine" => Some(Saves::Video),
        "SaveImageWebsocket" | "SaveAudio" | "SaveGLB" | "SaveLatent" | "PreviewAny" => Some(Saves::Nothing),
        // Many packs of nodes have a saver of their own, and they keep to this name.
        other if other.contains("SaveImage") || other.contains("Image Save") || other.contains("ImageSave") => {
            Some(Saves::Picture)
        }
        other if other.contains("SaveVideo") || other.contains("VideoCombine") => Some(Saves::Video),
        _ => None,
    }
}

fn check_value(input: &Input, value: &Value) -> Result<(), Problem> {
    let (fits, wanted) = match input.takes {
        Takes::Text => (value.is_string(), "text"),
        Takes::Picture | Takes::Video => (value.is_string(), "one file"),
        Takes::Pictures => (
            value.as_array().is_some_and(|files| files.len() == input.places.len()),
            "as many pictures as the workflow loads",
        ),
        Takes::Switch => (value.is_boolean(), "true or false"),
        Takes::Number => (value.is_number(), "a number"),
        Takes::Whole => (value.is_i64() || value.is_u64(), "a whole number"),
        Takes::Seed | Takes::Side | Takes::Count | Takes::Frames => (value.is_u64(), "a whole number from 0"),
    };
    if fits {
        return Ok(());
    }
    Err(Problem::invalid(
        input.name.clone(),
        format!("`{}` must be {wanted}.", input.name),
    ))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::inputs::Place;
    use super::*;

    fn read(graph: &Value) -> Result<Workflow, Problem> {
        Workflow::read(graph.to_string().as_bytes())
    }

    /// A graph of the usual kind, with what the caller of this changes.
    fn usual(change: impl FnOnce(&mut Value)) -> Value {
        let mut graph = json!({
            "3": { "class_type": "KSampler", "inputs": { "seed": 42, "steps": 20, "model": ["4", 0], "positive": ["6", 0], "negative": ["7", 0], "latent_image": ["5", 0] } },
            "4": { "class_type": "CheckpointLoaderSimple", "inputs": { "ckpt_name": "sdxl.safetensors" } },
            "5": { "class_type": "EmptyLatentImage", "inputs": { "width": 832, "height": 1216, "batch_size": 1 } },
            "6": { "class_type": "CLIPTextEncode", "inputs": { "text": "a cat", "clip": ["4", 1] } },
            "7": { "class_type": "CLIPTextEncode", "inputs": { "text": "blurry", "clip": ["4", 1] } },
            "8": { "class_type": "VAEDecode", "inputs": { "samples": ["3", 0], "vae": ["4", 2] } },
            "9": { "class_type": "SaveImage", "inputs": { "filename_prefix": "x", "images": ["8", 0] } }
        });
        change(&mut graph);
        graph
    }

    fn places(workflow: &Workflow, name: &str) -> Vec<(String, String)> {
        let input = workflow
            .input(name)
            .unwrap_or_else(|| panic!("{name} was not found: {:?}", workflow.inputs));
        input
            .places
            .iter()
            .map(|Place { node, input }| (node.clone(), input.clone()))
            .collect()
    }

    fn at(list: &[(&str, &str)]) -> Vec<(String, String)> {
        list.iter()
            .map(|(node, input)| ((*node).to_owned(), (*input).to_owned()))
            .collect()
    }

    #[test]
    fn the_inputs_of_a_usual_workflow_are_found() {
        let workflow = read(&usual(|_| {})).expect("reads");
        assert_eq!(workflow.makes, MediaKind::Image);
        let names: Vec<_> = workflow
            .inputs
            .iter()
            .map(|input| (input.name.as_str(), input.takes))
            .collect();
        assert_eq!(
            names,
            [
                ("prompt", Takes::Text),
                ("negative_prompt", Takes::Text),
                ("width", Takes::Side),
                ("height", Takes::Side),
                ("count", Takes::Count),
                ("seed", Takes::Seed)
            ]
        );
        assert_eq!(places(&workflow, "prompt"), at(&[("6", "text")]));
        assert_eq!(places(&workflow, "negative_prompt"), at(&[("7", "text")]));
        assert_eq!(
            workflow.input("width").and_then(|input| input.default.clone()),
            Some(json!(832))
        );
    }

    #[test]
    fn prompts_are_followed_through_the_nodes_between() {
        // A control net hands on both; guidance hands on one; the text comes from a node of its own.
        let graph = usual(|graph| {
            graph["3"]["inputs"]["positive"] = json!(["11", 0]);
            graph["3"]["inputs"]["negative"] = json!(["11", 1]);
            graph["11"] = json!({ "class_type": "ControlNetApplyAdvanced", "inputs": { "positive": ["12", 0], "negative": ["7", 0], "image": ["14", 0], "strength": 0.5 } });
            graph["12"] =
                json!({ "class_type": "FluxGuidance", "inputs": { "conditioning": ["6", 0], "guidance": 3.5 } });
            graph["6"]["inputs"]["text"] = json!(["13", 0]);
            graph["13"] = json!({ "class_type": "PrimitiveStringMultiline", "inputs": { "value": "a dog" } });
            graph["14"] = json!({ "class_type": "LoadImage", "inputs": { "image": "pose.png" } });
        });
        let workflow = read(&graph).expect("reads");
        assert_eq!(places(&workflow, "prompt"), at(&[("13", "value")]));
        assert_eq!(places(&workflow, "negative_prompt"), at(&[("7", "text")]));
        assert_eq!(places(&workflow, "images"), at(&[("14", "image")]));
    }

    #[test]
    fn guiders_blanked_negatives_and_double_encoders_are_understood() {
        let graph = json!({
            "1": { "class_type": "CLIPTextEncodeFlux", "inputs": { "clip_l": "a cat", "t5xxl": "a cat", "guidance": 3.5, "clip": ["9", 0] } },
            "2": { "class_type": "BasicGuider", "inputs": { "conditioning": ["1", 0], "model": ["9", 0] } },
            "3": { "class_type": "RandomNoise", "inputs": { "noise_seed": 5 } },
            "4": { "class_type": "SamplerCustomAdvanced", "inputs": { "noise": ["3", 0], "guider": ["2", 0], "latent_image": ["5", 0] } },
            "5": { "class_type": "EmptySD3LatentImage", "inputs": { "width": 1024, "height": 1024, "batch_size": 1 } },
            "6": { "class_type": "KSampler", "inputs": { "seed": 1, "positive": ["1", 0], "negative": ["7", 0], "latent_image": ["4", 0] } },
            "7": { "class_type": "ConditioningZeroOut", "inputs": { "conditioning": ["1", 0] } },
            "8": { "class_type": "SaveImage", "inputs": { "images": ["6", 0] } },
            "9": { "class_type": "UNETLoader", "inputs": { "unet_name": "flux.safetensors" } }
        });
        let workflow = read(&graph).expect("reads");
        assert_eq!(places(&workflow, "prompt"), at(&[("1", "clip_l"), ("1", "t5xxl")]));
        assert!(workflow.input("negative_prompt").is_none());
        assert_eq!(places(&workflow, "seed"), at(&[("3", "noise_seed"), ("6", "seed")]));
    }

    #[test]
    fn videos_masks_and_titles_are_understood() {
        let graph = json!({
            "1": { "class_type": "LoadImage", "inputs": { "image": "a.png" } },
            "2": { "class_type": "LoadImage", "inputs": { "image": "b.png" } },
            "10": { "class_type": "LoadImage", "_meta": { "title": "input:style_image" }, "inputs": { "image": "c.png" } },
            "3": { "class_type": "LoadImageMask", "inputs": { "image": "m.png", "channel": "red" } },
            "4": { "class_type": "LoadVideo", "inputs": { "file": "v.mp4" } },
            "5": { "class_type": "WanImageToVideo", "inputs": { "width": 832, "height": 480, "length": 81, "batch_size": 1, "positive": ["6", 0], "negative": ["6", 0] } },
            "6": { "class_type": "CLIPTextEncode", "inputs": { "text": "wind", "clip": ["1", 0] } },
            "7": { "class_type": "PrimitiveFloat", "_meta": { "title": "input:strength" }, "inputs": { "value": 0.5 } },
            "8": { "class_type": "PrimitiveBoolean", "_meta": { "title": "input: fast" }, "inputs": { "value": true } },
            "9": { "class_type": "SaveVideo", "inputs": { "video": ["5", 0] } }
        });
        let workflow = read(&graph).expect("reads");
        assert_eq!(workflow.makes, MediaKind::Video);
        assert_eq!(places(&workflow, "images"), at(&[("1", "image"), ("2", "image")]));
        assert_eq!(places(&workflow, "style_image"), at(&[("10", "image")]));
        assert_eq!(places(&workflow, "mask"), at(&[("3", "image")]));
        assert_eq!(places(&workflow, "video"), at(&[("4", "file")]));
        assert_eq!(places(&workflow, "frames"), at(&[("5", "length")]));
        assert!(workflow.input("count").is_none(), "a batch of videos is not offered");
        assert!(workflow.input("negative_prompt").is_none(), "the same text is not both");
        let takes = |name: &str| workflow.input(name).map(|input| input.takes);
        assert_eq!(
            (takes("strength"), takes("fast"), takes("style_image")),
            (Some(Takes::Number), Some(Takes::Switch), Some(Takes::Picture))
        );
    }

    #[test]
    fn values_stand_in_their_places_and_nothing_else_changes() {
        let graph = usual(|graph| {
            graph["20"] = json!({ "class_type": "LoadImage", "inputs": { "image": "a.png" } });
            graph["21"] = json!({ "class_type": "LoadImage", "inputs": { "image": "b.png" } });
        });
        let workflow = read(&graph).expect("reads");
        let values = json!({ "prompt": "a fox", "width": 512, "seed": 7, "count": 2, "images": ["aquatint/1.png", "aquatint/2.png"] });
        let filled = workflow.filled(values.as_object().expect("an object")).expect("fills");
        let mut wanted = graph.clone();
        wanted["6"]["inputs"]["text"] = json!("a fox");
        wanted["5"]["inputs"] = json!({ "width": 512, "height": 1216, "batch_size": 2 });
        wanted["3"]["inputs"]["seed"] = json!(7);
        wanted["20"]["inputs"]["image"] = json!("aquatint/1.png");
        wanted["21"]["inputs"]["image"] = json!("aquatint/2.png");
        assert_eq!(filled, wanted);
        assert_eq!(workflow.graph(), graph, "the file stays as it is");
        for (values, field) in [
            (json!({}), "images"),
            (json!({ "images": ["one.png"] }), "images"),
            (json!({ "images": ["a", "b"], "width": "wide" }), "width"),
            (json!({ "images": ["a", "b"], "seed": -1 }), "seed"),
            (
                json!({ "images": ["a", "b"], "ckpt_name": "../../etc/passwd" }),
                "ckpt_name",
            ),
        ] {
            let problem = workflow
                .filled(values.as_object().expect("an object"))
                .expect_err("refuses");
            assert_eq!(problem.field.as_deref(), Some(field), "{problem}");
        }
    }

    #[test]
    fn what_cannot_be_a_model_is_refused_with_what_to_do() {
        let big = Value::Object(
            (0..=MAX_NODES)
                .map(|id| (id.to_string(), json!({ "class_type": "X", "inputs": {} })))
                .collect(),
        );
        for (file, words) in [
            ("{oops".to_owned(), "is not JSON"),
            ("[]".to_owned(), "Export (API)"),
            (json!({}).to_string(), "has no nodes"),
            (json!({ "nodes": [], "links": [], "version": 0.4 }).to_string(), "Export (API)"),
            (json!({ "1": { "inputs": {} } }).to_string(), "no `class_type`"),
            (json!({ "1": "KSampler" }).to_string(), "no `class_type`"),
            (big.to_string(), "more than 1000 nodes"),
            (usual(|graph| graph["8"]["inputs"]["vae"] = json!(["99", 2])).to_string(), "comes from node 99"),
            (usual(|graph| graph["9"]["class_type"] = json!("SaveImageWebsocket")).to_string(), "Use a Save Image node"),
            (usual(|graph| graph["9"]["class_type"] = json!("Sink")).to_string(), "Add Save Image"),
            (json!({ "1": { "class_type": "SaveImage", "inputs": {} } }).to_string(), "Title a node"),
            (
                usual(|graph| {
                    graph["30"] = json!({ "class_type": "ConditioningCombine", "inputs": { "conditioning_1": ["6", 0], "conditioning_2": ["31", 0] } });
                    graph["31"] = json!({ "class_type": "CLIPTextEncode", "inputs": { "text": "on the moon", "clip": ["4", 1] } });
                    graph["3"]["inputs"]["positive"] = json!(["30", 0]);
                })
                .to_string(),
                "`input:prompt`",
            ),
            (usual(|graph| graph["4"]["_meta"] = json!({ "title": "input:Check Point" })).to_string(), "lower case letters"),
            (usual(|graph| graph["8"]["_meta"] = json!({ "title": "input:thing" })).to_string(), "does not hold one plain value"),
            (
                usual(|graph| {
                    graph["4"]["_meta"] = json!({ "title": "input:x" });
                    graph["40"] = json!({ "class_type": "PrimitiveInt", "_meta": { "title": "input:x" }, "inputs": { "value": 1 } });
                })
                .to_string(),
                "of different kinds",
            ),
        ] {
            let problem = Workflow::read(file.as_bytes()).expect_err(words);
            assert!(problem.message.contains(words), "{words}: {problem}");
            assert_eq!(problem.field.as_deref(), Some("workflow"));
        }
        let huge = Workflow::read(&vec![b' '; MAX_FILE_BYTES + 1]).expect_err("too large");
        assert!(huge.message.contains("larger than"), "{huge}");
    }

    #[test]
    fn a_loop_in_the_graph_ends() {
        let graph = usual(|graph| {
            graph["6"] = json!({ "class_type": "ConditioningCombine", "inputs": { "conditioning_1": ["6", 0], "conditioning_2": ["7", 0] } });
        });
        let workflow = read(&graph).expect("reads");
        assert_eq!(places(&workflow, "prompt"), at(&[("7", "text")]));
    }
}
