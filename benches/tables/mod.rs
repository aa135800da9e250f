//! What several documents with measurements share: tables of Markdown, and the machine that they were made on.

use std::process::Command;

/// A table of Markdown: numbers to the right.
pub fn markdown(header: &[&str], rows: &[Vec<String>]) -> String {
    let line = |cells: Vec<&str>| format!("| {} |\n", cells.join(" | "));
    let mut text = line(header.to_vec());
    text += &line(std::iter::once("---").chain(header[1..].iter().map(|_| "---:")).collect());
    for row in rows {
        text += &line(row.iter().map(String::as_str).collect());
    }
    text
}

/// Three digits.
pub fn digits(x: f64) -> String {
    let decimals = (2 - x.abs().max(1e-9).log10().floor() as i32).clamp(0, 3) as usize;
    format!("{x:.decimals$}")
}

/// Processor, compiler and day, on a line.
pub fn machine() -> String {
    let cpuinfo = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let name = cpuinfo.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": "));
    let name = name.map_or("a processor without a name", |(_, name)| name.trim());
    let processors = std::thread::available_parallelism().map_or(1, usize::from);
    let vectors = if cfg!(target_arch = "x86_64") {
        let wide = cpuinfo.split_whitespace().any(|flag| flag == "avx512f");
        if wide {
            "AVX-512"
        } else if cpuinfo.contains(" avx2 ") {
            "AVX2"
        } else {
            "SSE2"
        }
    } else {
        std::env::consts::ARCH
    };
    let rustc = said_by("rustc", &["--version"]).unwrap_or_else(|| "an unknown rustc".to_string());
    let rustc = rustc.split(" (").next().unwrap_or_default();
    let date = said_by("date", &["-u", "+%Y-%m-%d"]).unwrap_or_else(|| "an unknown day".to_string());
    format!("{name}, {processors} processors, {vectors}, {}; {rustc}; {date}.", std::env::consts::OS)
}

fn said_by(program: &str, arguments: &[&str]) -> Option<String> {
    let output = Command::new(program).args(arguments).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_string())
}
