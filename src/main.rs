//! The `hubbub` program.

fn main() -> std::process::ExitCode {
    hubbub::main()
}
