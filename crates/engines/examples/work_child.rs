//! A work child as the program starts it, for the tests of the crew.

fn main() -> std::process::ExitCode {
    aquatint_engines::child_main()
}
