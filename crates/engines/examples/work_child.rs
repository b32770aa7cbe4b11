//! A work child as the program starts it, for the tests of the crew.

use std::path::PathBuf;

fn main() -> std::process::ExitCode {
    let option = |name: &str| std::env::args().skip_while(|arg| arg != name).nth(1).map(PathBuf::from);
    aquatint_engines::child_main(option("--model").as_deref(), option("--onnx-runtime").as_deref())
}
