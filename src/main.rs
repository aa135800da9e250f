//! The `vippl` program: arguments in, exit code out.

use std::process::ExitCode;

fn main() -> ExitCode {
    vippl::cli::main(std::env::args_os())
}
