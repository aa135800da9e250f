//! The `vippl` program: arguments in, exit code out.

use std::process::ExitCode;

/// Stack of the thread that does the work, bytes: expressions nest 500 deep, and every pass over them recurses.
const STACK_BYTES: usize = 256 << 20;

fn main() -> ExitCode {
    let work =
        std::thread::Builder::new().stack_size(STACK_BYTES).spawn(|| vippl::cli::main(std::env::args_os()));
    match work.map(std::thread::JoinHandle::join) {
        Ok(Ok(code)) => code,
        // A panic has said what it has to say.
        Ok(Err(_)) | Err(_) => ExitCode::from(101),
    }
}
