//! Tiny ONNX models of known behaviour, written by hand in the protobuf wire format, for tests of everything that runs
//! models. Field numbers are those of onnx.proto3.

/// What a test model does.
#[derive(Clone, Copy, Debug)]
pub enum TestModel {
    /// A plane that is high where red exceeds blue; takes pictures of any size.
    RedIsSubject,
    /// Each pixel twice in both directions.
    Twice,
    /// The picture, white where the mask is; takes 64 × 64.
    WhiteInMask,
    /// Numbers that are none.
    NotANumber,
    /// An operator that nobody has.
    UnknownOperator,
    /// Takes pictures with one channel.
    OneChannel,
    /// Gives a vector instead of a picture.
    Vector,
}

/// The file of a model.
pub fn onnx(model: TestModel) -> Vec<u8> {
    let any: [Dim; 4] = [Dim::Fixed(1), Dim::Fixed(3), Dim::Named("h"), Dim::Named("w")];
    let float = |name: &str, dims: &[u64], values: &[f32]| tensor(name, dims, values);
    let (nodes, initializers, inputs) = match model {
        TestModel::RedIsSubject => (
            vec![node(
                "Conv",
                &["x", "w"],
                "y",
                &[
                    attribute_ints("strides", &[1, 1]),
                    attribute_ints("dilations", &[1, 1]),
                    attribute_ints("pads", &[0, 0, 0, 0]),
                ],
            )],
            vec![float("w", &[1, 3, 1, 1], &[1.0, 0.0, -1.0])],
            vec![value("x", &any)],
        ),
        TestModel::Twice => {
            let mut weights = vec![0.0; 12 * 3];
            for channel in 0..3 {
                for place in 0..4 {
                    weights[(channel * 4 + place) * 3 + channel] = 1.0;
                }
            }
            (
                vec![
                    node(
                        "Conv",
                        &["x", "w"],
                        "c",
                        &[
                            attribute_ints("strides", &[1, 1]),
                            attribute_ints("dilations", &[1, 1]),
                            attribute_ints("pads", &[0, 0, 0, 0]),
                        ],
                    ),
                    node(
                        "DepthToSpace",
                        &["c"],
                        "y",
                        &[attribute_int("blocksize", 2), attribute_text("mode", "CRD")],
                    ),
                ],
                vec![float("w", &[12, 3, 1, 1], &weights)],
                vec![value("x", &any)],
            )
        }
        TestModel::WhiteInMask => {
            let side = |channels| [Dim::Fixed(1), Dim::Fixed(channels), Dim::Fixed(64), Dim::Fixed(64)];
            (
                vec![node("Add", &["image", "mask"], "y", &[])],
                vec![],
                vec![value("image", &side(3)), value("mask", &side(1))],
            )
        }
        TestModel::NotANumber => (
            vec![node("Sub", &["x", "two"], "s", &[]), node("Log", &["s"], "y", &[])],
            vec![float("two", &[1], &[2.0])],
            vec![value("x", &any)],
        ),
        TestModel::UnknownOperator => (vec![node("Astonish", &["x"], "y", &[])], vec![], vec![value("x", &any)]),
        TestModel::OneChannel => (
            vec![node("Relu", &["x"], "y", &[])],
            vec![],
            vec![value(
                "x",
                &[Dim::Fixed(1), Dim::Fixed(1), Dim::Named("h"), Dim::Named("w")],
            )],
        ),
        TestModel::Vector => (vec![node("Flatten", &["x"], "y", &[])], vec![], vec![value("x", &any)]),
    };
    let mut graph = Vec::new();
    for node in nodes {
        bytes(&mut graph, 1, &node);
    }
    bytes(&mut graph, 2, b"test");
    for tensor in initializers {
        bytes(&mut graph, 5, &tensor);
    }
    for input in inputs {
        bytes(&mut graph, 11, &input);
    }
    bytes(&mut graph, 12, &value("y", &[]));
    let mut opset = Vec::new();
    number(&mut opset, 2, 17);
    let mut file = Vec::new();
    number(&mut file, 1, 9);
    bytes(&mut file, 7, &graph);
    bytes(&mut file, 8, &opset);
    file
}

enum Dim {
    Fixed(u64),
    Named(&'static str),
}

fn node(operator: &str, inputs: &[&str], output: &str, attributes: &[Vec<u8>]) -> Vec<u8> {
    let mut node = Vec::new();
    for input in inputs {
        bytes(&mut node, 1, input.as_bytes());
    }
    bytes(&mut node, 2, output.as_bytes());
    bytes(&mut node, 3, output.as_bytes());
    bytes(&mut node, 4, operator.as_bytes());
    for attribute in attributes {
        bytes(&mut node, 5, attribute);
    }
    node
}

fn attribute_int(name: &str, value: u64) -> Vec<u8> {
    let mut attribute = Vec::new();
    bytes(&mut attribute, 1, name.as_bytes());
    number(&mut attribute, 3, value);
    number(&mut attribute, 20, 2);
    attribute
}

fn attribute_ints(name: &str, values: &[u64]) -> Vec<u8> {
    let mut attribute = Vec::new();
    bytes(&mut attribute, 1, name.as_bytes());
    for value in values {
        number(&mut attribute, 8, *value);
    }
    number(&mut attribute, 20, 7);
    attribute
}

fn attribute_text(name: &str, value: &str) -> Vec<u8> {
    let mut attribute = Vec::new();
    bytes(&mut attribute, 1, name.as_bytes());
    bytes(&mut attribute, 4, value.as_bytes());
    number(&mut attribute, 20, 3);
    attribute
}

fn tensor(name: &str, dims: &[u64], values: &[f32]) -> Vec<u8> {
    let mut tensor = Vec::new();
    for dim in dims {
        number(&mut tensor, 1, *dim);
    }
    number(&mut tensor, 2, 1);
    bytes(&mut tensor, 8, name.as_bytes());
    let raw: Vec<u8> = values.iter().flat_map(|value| value.to_le_bytes()).collect();
    bytes(&mut tensor, 9, &raw);
    tensor
}

/// A value of 32-bit floats; without dimensions its shape is left open.
fn value(name: &str, dims: &[Dim]) -> Vec<u8> {
    let mut kind = Vec::new();
    number(&mut kind, 1, 1);
    if !dims.is_empty() {
        let mut shape = Vec::new();
        for dim in dims {
            let mut one = Vec::new();
            match dim {
                Dim::Fixed(length) => number(&mut one, 1, *length),
                Dim::Named(name) => bytes(&mut one, 2, name.as_bytes()),
            }
            bytes(&mut shape, 1, &one);
        }
        bytes(&mut kind, 2, &shape);
    }
    let mut type_of = Vec::new();
    bytes(&mut type_of, 1, &kind);
    let mut value = Vec::new();
    bytes(&mut value, 1, name.as_bytes());
    bytes(&mut value, 2, &type_of);
    value
}

fn varint(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

fn number(out: &mut Vec<u8>, field: u64, value: u64) {
    varint(out, field << 3);
    varint(out, value);
}

fn bytes(out: &mut Vec<u8>, field: u64, value: &[u8]) {
    varint(out, field << 3 | 2);
    varint(out, value.len() as u64);
    out.extend_from_slice(value);
}
