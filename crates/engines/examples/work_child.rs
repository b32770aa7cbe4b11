//! A work child as the program starts it, for the tests of the crew.

use std::ffi::OsString;
use std::path::PathBuf;

fn main() -> std::process::ExitCode {
    let option = |name: &str| std::env::args().skip_while(|arg| arg != name).nth(1).map(PathBuf::from);
    if let Some(program) = option("--program") {
        let rest: Vec<OsString> = std::env::args_os().skip_while(|arg| arg != "--").skip(1).collect();
        return aquatint_engines::become_program(&program, 30, &rest);
    }
    aquatint_engines::child_main(option("--model").as_deref(), option("--onnx-runtime").as_deref())
}
