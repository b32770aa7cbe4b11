//! Which inputs of a workflow a caller may set, found by reading its graph.
//!
//! A graph says nowhere "this is the prompt", but its links do: the text that flows into a sampler's `positive` is one, the
//! integer called `seed` is one, a `LoadImage` waits for a picture. Where that is ambiguous, or where more should be
//! settable, the author titles a node `input:NAME` in ComfyUI, and that node's value becomes the argument NAME. Titles win.

use std::collections::{BTreeMap, BTreeSet};

use aquatint_domain::{Problem, text};
use serde_json::{Map, Value};

/// A node's title that begins like this declares an argument.
const TITLE_MARK: &str = "input:";
/// Names of inputs that hold a prompt in the text encoders of ComfyUI's core.
const TEXTS: &[&str] = &[
    "text", "prompt", "clip_l", "clip_g", "t5xxl", "llama", "text_g", "text_l", "tags", "lyrics",
];
/// Names under which value nodes (`PrimitiveString`, `PrimitiveInt`, …) and loaders keep their one value.
const VALUES: &[&str] = &[
    "value",
    "text",
    "prompt",
    "string",
    "image",
    "file",
    "video",
    "seed",
    "noise_seed",
    "int",
    "float",
];

/// One argument of the model that a workflow is, and every place in the graph that takes its value.
#[derive(Clone, Debug, PartialEq)]
pub struct Input {
    /// The argument's name, such as `prompt`.
    pub name: String,
    pub takes: Takes,
    /// What the file says. Pictures have none: the file names one that only its author's machine holds.
    pub default: Option<Value>,
    pub places: Vec<Place>,
}

/// What kind of value an argument is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Takes {
    Text,
    Seed,
    /// Width or height, in pixels.
    Side,
    /// How many pictures one run makes.
    Count,
    /// How many frames a video has.
    Frames,
    Whole,
    Number,
    Switch,
    /// One picture, which goes to every place.
    Picture,
    /// As many pictures as there are places, in their order.
    Pictures,
    Video,
}

/// One input of one node.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    pub node: String,
    pub input: String,
}

/// A graph whose shape has been checked: node id to class and inputs.
pub(super) struct Graph<'a> {
    nodes: BTreeMap<&'a str, Node<'a>>,
    /// Ids sort as numbers where they are numbers: `9` before `10`, and `57:8` of a subgraph with 57.
    order: Vec<&'a str>,
}

pub(super) struct Node<'a> {
    pub class: &'a str,
    pub title: &'a str,
    pub inputs: &'a Map<String, Value>,
}

/// The node and the output that a link comes from; `None` when the value is not a link.
pub(super) fn link(value: &Value) -> Option<(&str, u64)> {
    match value.as_array()?.as_slice() {
        [Value::String(node), slot] => Some((node, slot.as_u64()?)),
        _ => None,
    }
}

impl<'a> Graph<'a> {
    pub fn new(nodes: BTreeMap<&'a str, Node<'a>>) -> Self {
        let mut order: Vec<&str> = nodes.keys().copied().collect();
        order.sort_by_key(|id| id.split(':').next().and_then(|number| number.parse::<u64>().ok()));
        Self { nodes, order }
    }

    fn node(&self, id: &str) -> Option<&Node<'a>> {
        self.nodes.get(id)
    }

    /// Every node with its id, in the order of the ids.
    pub fn each(&self) -> impl Iterator<Item = (&'a str, &Node<'a>)> {
        self.order.iter().filter_map(|id| Some((*id, self.nodes.get(id)?)))
    }

    /// Every argument of the graph, in the order in which a person would fill them in.
    pub fn find_inputs(&self) -> Result<Vec<Input>, Problem> {
        let mut found = Found::default();
        self.titled(&mut found)?;
        self.prompts(&mut found)?;
        self.media(&mut found);
        self.sizes(&mut found);
        self.seeds(&mut found);
        Ok(found.inputs)
    }

    /// Nodes that their author titled `input:NAME`.
    fn titled(&self, found: &mut Found) -> Result<(), Problem> {
        for (id, node) in self.each() {
            let Some(name) = node.title.strip_prefix(TITLE_MARK).map(str::trim) else {
                continue;
            };
            if !is_name(name) {
                return Err(refusal(format!(
                    "Node {} is titled `{}`; the name after `input:` is lower case letters, digits and underscores, such as \
                     `input:strength`.",
                    id,
                    text::one_line(node.title, 60)
                )));
            }
            let literal = |key: &str| node.inputs.get(key).filter(|value| link(value).is_none());
            let known = VALUES.iter().copied().find(|key| literal(key).is_some());
            let mut literals = node
                .inputs
                .iter()
                .filter(|(_, value)| link(value).is_none())
                .map(|(key, _)| key.as_str());
            let only = match (literals.next(), literals.next()) {
                (Some(key), None) => Some(key),
                _ => None,
            };
            let Some(key) = known.or(only) else {
                return Err(refusal(format!(
                    "Node {} ({}) is titled `input:{name}` but does not hold one plain value. Give it a Primitive node as its \
                     input and title that.",
                    id, node.class
                )));
            };
            let value = &node.inputs[key];
            let takes = if is_picture_loader(node.class) {
                Takes::Picture
            } else if video_input(node).is_some() {
                Takes::Video
            } else {
                match value {
                    Value::String(_) => Takes::Text,
                    Value::Bool(_) => Takes::Switch,
                    Value::Number(_) if matches!(key, "seed" | "noise_seed") || name == "seed" => Takes::Seed,
                    Value::Number(_) if matches!(name, "width" | "height") => Takes::Side,
                    Value::Number(number) if number.is_f64() || node.class.contains("Float") => Takes::Number,
                    Value::Number(_) => Takes::Whole,
                    _ => {
                        return Err(refusal(format!(
                            "Node {} is titled `input:{name}`, but its value is neither text, a number nor a switch.",
                            id
                        )));
                    }
                }
            };
            found.add(name, takes, value, Place::new(id, key))?;
        }
        found.titled_names = found.inputs.iter().map(|input| input.name.clone()).collect();
        Ok(())
    }

    /// The texts that flow into samplers and guiders.
    fn prompts(&self, found: &mut Found) -> Result<(), Problem> {
        let mut wanted = BTreeSet::new();
        let mut unwanted = BTreeSet::new();
        for (_, node) in self.each() {
            if let Some(from) = node.inputs.get("positive").and_then(link) {
                self.walk(from, &mut wanted, &mut BTreeSet::new());
            }
            if let Some(from) = node.inputs.get("negative").and_then(link) {
                self.walk(from, &mut unwanted, &mut BTreeSet::new());
            }
            if node.class.contains("Guider")
                && let Some(from) = node.inputs.get("conditioning").and_then(link)
            {
                self.walk(from, &mut wanted, &mut BTreeSet::new());
            }
        }
        if wanted.is_empty() {
            wanted = self.lone_texts();
        }
        let unwanted: BTreeSet<_> = unwanted.difference(&wanted).cloned().collect();
        self.add_prompt("prompt", "positive", &wanted, found)?;
        self.add_prompt("negative_prompt", "negative", &unwanted, found)
    }

    /// Follows conditioning upstream from an output, and gathers the places of its texts.
    fn walk(&self, (id, slot): (&str, u64), places: &mut BTreeSet<Place>, seen: &mut BTreeSet<(String, u64)>) {
        // Nodes that blank what they are given: their text says nothing.
        let Some(node) = self.node(id).filter(|node| node.class != "ConditioningZeroOut") else {
            return;
        };
        if !seen.insert((id.to_owned(), slot)) {
            return;
        }
        for key in TEXTS {
            match node.inputs.get(*key) {
                Some(Value::String(_)) => {
                    places.insert(Place::new(id, key));
                }
                Some(value) => {
                    if let Some((source, _)) = link(value) {
                        places.extend(self.text_of(source));
                    }
                }
                None => {}
            }
        }
        // A node with both, such as a control net, hands the two on in that order.
        let follows = |key: &str| match key {
            "positive" => slot == 0,
            "negative" => slot == 1,
            _ => key.starts_with("conditioning"),
        };
        for (key, value) in node.inputs {
            if follows(key)
                && let Some(from) = link(value)
            {
                self.walk(from, places, seen);
            }
        }
    }

    /// The place of the one text that a value node holds.
    fn text_of(&self, id: &str) -> Option<Place> {
        let node = self.node(id)?;
        let mut texts = node
            .inputs
            .iter()
            .filter(|(key, value)| value.is_string() && VALUES.contains(&key.as_str()));
        match (texts.next(), texts.next()) {
            (Some((key, _)), None) => Some(Place::new(id, key)),
            _ => None,
        }
    }

    /// Without a sampler, as around API nodes: the one text of the graph that is called a prompt.
    fn lone_texts(&self) -> BTreeSet<Place> {
        let mut places = BTreeSet::new();
        for (id, node) in self.each() {
            match node.inputs.get("prompt") {
                Some(Value::String(_)) => drop(places.insert(Place::new(id, "prompt"))),
                Some(value) => {
                    if let Some((source, _)) = link(value) {
                        places.extend(self.text_of(source));
                    }
                }
                None => {}
            }
        }
        places
    }

    fn add_prompt(&self, name: &str, wire: &str, places: &BTreeSet<Place>, found: &mut Found) -> Result<(), Problem> {
        if found.is_titled(name) {
            return Ok(());
        }
        let places: Vec<_> = places.iter().filter(|place| !found.is_taken(place)).collect();
        let nodes: BTreeSet<_> = places.iter().map(|place| place.node.as_str()).collect();
        let texts: BTreeSet<_> = places.iter().filter_map(|place| self.text_at(place)).collect();
        if nodes.len() > 1 && texts.len() > 1 {
            return Err(refusal(format!(
                "The {wire} prompt is made of several texts (nodes {}). Title the one that callers may set `input:{name}`.",
                nodes.into_iter().collect::<Vec<_>>().join(", ")
            )));
        }
        for place in places {
            if let Some(value) = self.node(&place.node).and_then(|node| node.inputs.get(&place.input)) {
                found.add(name, Takes::Text, value, place.clone())?;
            }
        }
        Ok(())
    }

    fn text_at(&self, place: &Place) -> Option<&str> {
        self.node(&place.node)?.inputs.get(&place.input)?.as_str()
    }

    /// Loaders: all pictures are `images`, in the order of their nodes; then `mask` and `video`.
    fn media(&self, found: &mut Found) {
        for (id, node) in self.each() {
            let (name, takes, key) = match node.class {
                "LoadImageMask" => ("mask", Takes::Picture, "image"),
                class if is_picture_loader(class) => ("images", Takes::Pictures, "image"),
                _ => match video_input(node) {
                    Some(key) => ("video", Takes::Video, key),
                    None => continue,
                },
            };
            if node.inputs.get(key).is_some_and(Value::is_string) {
                found.add_own(name, takes, &Value::Null, Place::new(id, key));
            }
        }
    }

    /// `width`, `height`, `batch_size` and `length` of the nodes that make an empty canvas.
    fn sizes(&self, found: &mut Found) {
        for (id, node) in self.each() {
            if !is_canvas(node.class) {
                continue;
            }
            for (key, name, takes) in [
                ("width", "width", Takes::Side),
                ("height", "height", Takes::Side),
                ("batch_size", "count", Takes::Count),
                ("length", "frames", Takes::Frames),
            ] {
                if let Some(value) = node.inputs.get(key).filter(|value| value.is_u64()) {
                    // The batch of a video is a batch of videos, which few workflows can save.
                    if takes == Takes::Count && node.inputs.contains_key("length") {
                        continue;
                    }
                    found.add_own(name, takes, value, Place::new(id, key));
                }
            }
        }
    }

    /// Every plain `seed` and `noise_seed`: they all take the one seed of a run.
    fn seeds(&self, found: &mut Found) {
        for (id, node) in self.each() {
            for key in ["seed", "noise_seed"] {
                if let Some(value) = node.inputs.get(key).filter(|value| value.is_number()) {
                    found.add_own("seed", Takes::Seed, value, Place::new(id, key));
                }
            }
        }
    }
}

impl Place {
    pub fn new(node: &str, input: &str) -> Self {
        Self {
            node: node.to_owned(),
            input: input.to_owned(),
        }
    }
}

#[derive(Default)]
struct Found {
    inputs: Vec<Input>,
    titled_names: BTreeSet<String>,
}

impl Found {
    fn is_titled(&self, name: &str) -> bool {
        self.titled_names.contains(name)
    }

    fn is_taken(&self, place: &Place) -> bool {
        self.inputs.iter().any(|input| input.places.contains(place))
    }

    /// Adds a place to the argument of that name, which has one kind of value.
    fn add(&mut self, name: &str, takes: Takes, value: &Value, place: Place) -> Result<(), Problem> {
        match self.inputs.iter_mut().find(|input| input.name == name) {
            Some(input) if input.takes == takes => input.places.push(place),
            Some(_) => {
                return Err(refusal(format!(
                    "Two nodes declare the argument `{name}` with values of different kinds; give one of them another name."
                )));
            }
            None => self.inputs.push(Input {
                name: name.to_owned(),
                takes,
                default: Some(value.clone()).filter(|value| !value.is_null() && takes.has_default()),
                places: vec![place],
            }),
        }
        Ok(())
    }

    /// Adds what was found without a title; a title of the same name, or on the same value, wins.
    fn add_own(&mut self, name: &str, takes: Takes, value: &Value, place: Place) {
        if !self.is_titled(name) && !self.is_taken(&place) {
            // Names that are found by themselves have one kind each, so this cannot clash.
            let _ = self.add(name, takes, value, place);
        }
    }
}

impl Takes {
    fn has_default(self) -> bool {
        !matches!(self, Self::Picture | Self::Pictures | Self::Video)
    }
}

fn is_name(name: &str) -> bool {
    name.len() <= 40
        && name.starts_with(|ch: char| ch.is_ascii_lowercase())
        && name
            .chars()
            .all(|ch| ch.is_ascii_lowercase() || ch.is_ascii_digit() || ch == '_')
}

fn is_picture_loader(class: &str) -> bool {
    matches!(class, "LoadImage" | "LoadImageMask" | "LoadImageOutput")
}

/// The input that names the file, in the loaders of videos: the core's and that of the Video Helper Suite.
fn video_input(node: &Node<'_>) -> Option<&'static str> {
    match node.class {
        "LoadVideo" => Some("file"),
        "VHS_LoadVideo" => Some("video"),
        _ => None,
    }
}

/// Whether a node decides how large the result is: empty latents, and the conditioning of image-to-video models.
fn is_canvas(class: &str) -> bool {
    (class.starts_with("Empty") && class.contains("Latent"))
        || class.ends_with("ToVideo")
        || class.ends_with("LatentVideo")
}

/// A workflow file that cannot be read as a model.
pub(super) fn refusal(message: impl Into<String>) -> Problem {
    Problem::invalid("workflow", message)
}
