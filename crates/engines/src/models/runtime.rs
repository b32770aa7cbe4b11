//! What runs a network: ONNX Runtime where its library is at hand, else the runtime inside the program. Both take and give
//! the same numbers; ONNX Runtime is faster and knows more operators.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use ort::environment::Environment;
use ort::logging::LogLevel;
use ort::session::Session;
use ort::value::{TensorElementType, TensorRef};
use parking_lot::Mutex;
use rten::{Dimension, Model, NodeId, Value};
use rten_tensor::Layout;

/// What the program's own runtime is called in results.
pub const BUILT_IN: &str = "built in";
/// What ONNX Runtime is called in results.
pub const ONNX_RUNTIME: &str = "ONNX Runtime";

/// Where the library is looked for, after the models' own folder and `ORT_DYLIB_PATH`.
const FOLDERS: &[&str] = &[
    "/usr/lib",
    "/usr/local/lib",
    "/usr/lib/x86_64-linux-gnu",
    "/usr/lib/aarch64-linux-gnu",
    "/usr/lib64",
    "/opt/onnxruntime/lib",
    "/opt/homebrew/lib",
];
/// The folder among the models that may hold the library.
const OWN_FOLDER: &str = "onnxruntime";

static ENVIRONMENT: OnceLock<Environment> = OnceLock::new();

/// The library of ONNX Runtime on this machine: in `onnxruntime` among the models, where `ORT_DYLIB_PATH` says, or in the
/// system's usual folders.
pub fn find_library(models: &Path) -> Option<PathBuf> {
    let named = std::env::var_os("ORT_DYLIB_PATH").map(PathBuf::from);
    library_in(&models.join(OWN_FOLDER))
        .or_else(|| named.filter(|path| path.is_file()))
        .or_else(|| FOLDERS.iter().find_map(|folder| library_in(Path::new(folder))))
}

/// The library in a folder; the highest version where there are several.
fn library_in(folder: &Path) -> Option<PathBuf> {
    let mut found: Vec<PathBuf> = std::fs::read_dir(folder)
        .ok()?
        .filter_map(Result::ok)
        .map(|entry| entry.path())
        .filter(|path| {
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            name.starts_with("libonnxruntime.so")
                || (name.starts_with("libonnxruntime.") && name.ends_with(".dylib"))
                || name == "onnxruntime.dll"
        })
        .collect();
    found.sort_by_key(|path| {
        let name = path.to_string_lossy().into_owned();
        name.split(|letter: char| !letter.is_ascii_digit())
            .filter_map(|number| number.parse::<u32>().ok())
            .collect::<Vec<_>>()
    });
    found.pop()
}

/// Opens ONNX Runtime in this process. It must be done before a child's walls go up.
pub(crate) fn open(library: &Path) -> Result<(), String> {
    let environment = ort::init_from(library)
        .map_err(|error| error.to_string())?
        .with_name("aquatint")
        .with_telemetry(false)
        .build()
        .map_err(|error| error.to_string())?;
    environment.set_log_level(LogLevel::Error);
    let _ = ENVIRONMENT.set(environment);
    Ok(())
}

/// Numbers in the order of an ONNX picture: channel, row, column.
pub(crate) struct Tensor {
    pub channels: usize,
    pub height: usize,
    pub width: usize,
    pub values: Vec<f32>,
}

/// One input of a network.
pub(crate) struct Port {
    /// In lower case.
    pub name: String,
    /// Where the network says how many it takes.
    pub channels: Option<usize>,
}

/// A network that is ready to run.
pub(crate) struct Net {
    pub inputs: Vec<Port>,
    runner: Runner,
}

enum Runner {
    BuiltIn {
        model: Box<Model>,
        inputs: Vec<NodeId>,
        output: NodeId,
    },
    Onnx(Mutex<Session>),
}

impl Net {
    /// Reads a model; every failure is a sentence without a full stop.
    pub fn read(bytes: Vec<u8>) -> Result<Self, String> {
        if bytes.is_empty() {
            return Err("the file is empty".into());
        }
        match ENVIRONMENT.get() {
            Some(environment) => Self::by_onnx_runtime(environment, &bytes),
            None => Self::built_in(bytes),
        }
    }

    fn built_in(bytes: Vec<u8>) -> Result<Self, String> {
        let model = Model::load(bytes).map_err(|error| error.to_string())?;
        let ids = model.input_ids().to_vec();
        let inputs = ids
            .iter()
            .map(|id| {
                let info = model.node_info(*id);
                let shape = info.as_ref().and_then(|info| info.shape()).unwrap_or_default();
                Port {
                    name: info
                        .and_then(|info| info.name().map(str::to_lowercase))
                        .unwrap_or_default(),
                    channels: match shape.get(1) {
                        Some(Dimension::Fixed(channels)) => Some(*channels),
                        _ => None,
                    },
                }
            })
            .collect();
        let output = *model.output_ids().first().ok_or("it has no output")?;
        Ok(Self {
            inputs,
            runner: Runner::BuiltIn {
                model: Box::new(model),
                inputs: ids,
                output,
            },
        })
    }

    fn by_onnx_runtime(environment: &Environment, bytes: &[u8]) -> Result<Self, String> {
        let threads = std::thread::available_parallelism().map_or(1, |count| count.get());
        let session = Session::builder(environment)
            .and_then(|builder| builder.with_intra_threads(threads)?.commit_from_memory(bytes))
            .map_err(|error| error.to_string())?;
        let inputs = session
            .inputs()
            .iter()
            .map(|input| {
                let kind = input.dtype().tensor_type();
                if kind != Some(TensorElementType::Float32) {
                    return Err(format!(
                        "its input `{}` is not of 32-bit floats; write it anew with 32-bit inputs and outputs",
                        input.name()
                    ));
                }
                let channels = input.dtype().tensor_shape().and_then(|shape| shape.get(1).copied());
                Ok(Port {
                    name: input.name().to_lowercase(),
                    channels: channels.and_then(|count| usize::try_from(count).ok()),
                })
            })
            .collect::<Result<_, _>>()?;
        if session.outputs().is_empty() {
            return Err("it has no output".into());
        }
        Ok(Self {
            inputs,
            runner: Runner::Onnx(Mutex::new(session)),
        })
    }

    /// What runs it, for results.
    pub fn runtime(&self) -> &'static str {
        match self.runner {
            Runner::BuiltIn { .. } => BUILT_IN,
            Runner::Onnx(_) => ONNX_RUNTIME,
        }
    }

    /// Runs it on pictures by the places of their inputs, and gives its first output.
    pub fn run(&self, inputs: Vec<(usize, Tensor)>) -> Result<Tensor, String> {
        let (shape, values) = match &self.runner {
            Runner::BuiltIn {
                model,
                inputs: ids,
                output,
            } => run_built_in(model, ids, *output, inputs)?,
            Runner::Onnx(session) => self.run_onnx(&mut session.lock(), &inputs)?,
        };
        let (channels, height, width) = match shape[..] {
            [_, channels, height, width] | [channels, height, width] => (channels, height, width),
            _ => return Err(format!("its output has the shape {shape:?}, which is no picture")),
        };
        if values.is_empty() || values.len() < channels * height * width {
            return Err("its output is empty".into());
        }
        if values.iter().any(|value| !value.is_finite()) {
            return Err("it answered with numbers that are not finite".into());
        }
        Ok(Tensor {
            channels,
            height,
            width,
            values,
        })
    }

    fn run_onnx(&self, session: &mut Session, inputs: &[(usize, Tensor)]) -> Result<(Vec<usize>, Vec<f32>), String> {
        let told = |error: ort::Error| error.to_string();
        let names: Vec<String> = session.inputs().iter().map(|input| input.name().to_owned()).collect();
        let mut given = Vec::with_capacity(inputs.len());
        for (place, tensor) in inputs {
            let shape = [1, tensor.channels, tensor.height, tensor.width];
            let view = TensorRef::from_array_view((shape, tensor.values.as_slice())).map_err(told)?;
            given.push((names[*place].clone(), view));
        }
        let made = session.run(given).map_err(told)?;
        let first = made.values().next().ok_or("it has no output")?;
        let (shape, values) = first
            .try_extract_tensor::<f32>()
            .map_err(|_| "its output is not of 32-bit floats")?;
        let shape = shape.iter().map(|side| usize::try_from(*side).unwrap_or(0)).collect();
        Ok((shape, values.to_vec()))
    }
}

fn run_built_in(
    model: &Model,
    ids: &[NodeId],
    output: NodeId,
    inputs: Vec<(usize, Tensor)>,
) -> Result<(Vec<usize>, Vec<f32>), String> {
    let inputs = inputs
        .into_iter()
        .map(|(place, tensor)| {
            let shape = [1, tensor.channels, tensor.height, tensor.width];
            Value::from_shape(shape, tensor.values)
                .map(|value| (ids[place], value.into()))
                .map_err(|error| error.to_string())
        })
        .collect::<Result<Vec<_>, _>>()?;
    let [made] = model.run_n(inputs, [output], None).map_err(|error| error.to_string())?;
    let shape = made.shape().to_vec();
    let values = made
        .into_tensor::<f32>()
        .ok_or("its output is not of 32-bit floats")?
        .into_data();
    Ok((shape, values))
}
