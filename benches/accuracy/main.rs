//! Measures what docs/accuracy.md shows, and writes its tables: fits without options of the cases with reference answers.
//!
//! `cargo bench --bench accuracy` prints the tables; with `VIPPL_UPDATE` set in the environment they are written to the
//! document. Arguments are folders with more cases; `vippl=FILE` measures another binary.

mod fits;

#[path = "../../tests/common/mod.rs"]
mod common;
#[path = "../tables/mod.rs"]
mod tables;

use std::path::PathBuf;

use common::documents;
use fits::{CaseFits, SEEDS, median, run_all};
use tables::{digits, machine, markdown};

const DOCUMENT: &str = "docs/accuracy.md";
/// Errors of means and of ln sds up to which a fit is as good as a thousand draws of NUTS, and up to which it is of use.
const BARS: [f64; 2] = [0.1, 0.25];
/// Seconds that a fit may take where Pathfinder takes less.
const LEAST_BAR: f64 = 0.01;

/// Seconds that Stan's Pathfinder takes (4 paths, PSIS), where that is known.
const PATHFINDER: [(&str, f64); 12] = [
    ("eight_schools-eight_schools_noncentered", 0.006),
    ("arK-arK", 0.02),
    ("garch-garch11", 0.02),
    ("kidiq-kidscore_interaction", 0.015),
    ("diamonds-diamonds", 1.3),
    ("earnings-logearn_interaction", 0.05),
    ("nes1980-nes", 0.08),
    ("mesquite-mesquite", 0.02),
    ("kilpisjarvi_mod-kilpisjarvi", 0.002),
    ("low_dim_gauss_mix-low_dim_gauss_mix", 0.47),
    ("gp_pois_regr-gp_regr", 0.01),
    ("sblri-blr", 0.006),
];

/// Of others over 46 posteriors of posteriordb, with 3 to 5 seeds each: failed runs, median of the largest |mean error| in sds and
/// of the largest |ln sd ratio|, posteriors where both are within 0.1 and within 0.25.
const RIVALS: [[&str; 6]; 5] = [
    ["Stan, mean-field ADVI", "19 of 230", "1.69", "1.85", "0 of 46", "0 of 46"],
    ["Stan, full-rank ADVI", "5 of 138", "3.28", "1.00", "0 of 46", "3 of 46"],
    ["the same, 10^5 iterations, tolerance 10^-4", "2 of 46", "0.28", "0.17", "-", "22 of 46"],
    ["Stan, Pathfinder, 4 paths, PSIS", "4 of 138", "0.095", "0.083", "21 of 46", "34 of 46"],
    ["NUTS, 1,000 draws", "0", "0.055", "-", "42 of 46", "44 of 46"],
];

fn main() {
    let mut binary = PathBuf::from(env!("CARGO_BIN_EXE_vippl"));
    let mut folders = Vec::new();
    for argument in std::env::args().skip(1).filter(|word| !word.starts_with("--")) {
        match argument.strip_prefix("vippl=") {
            Some(other) => binary = PathBuf::from(other),
            None => folders.push(PathBuf::from(argument)),
        }
    }
    let cases = run_all(&binary, &folders);
    let tables = [("machine", machine()), ("methods", methods(&cases)), ("cases", of_cases(&cases))];
    for (name, table) in &tables {
        println!("## {name}\n\n{table}");
    }
    if documents::updating() {
        documents::write(DOCUMENT, |_, name, _| {
            tables.iter().find(|(known, _)| *known == name).map(|(_, table)| table.clone())
        });
    }
}

/// Ours beside others, over whatever posteriors each was run on.
fn methods(cases: &[CaseFits]) -> String {
    let all = || cases.iter().flat_map(|case| &case.fits);
    let n_runs = cases.len() * SEEDS.count();
    let n_failed = n_runs - all().count();
    // Of each case its median seed, as those of others.
    let errors = |of: fn(&fits::CaseFit) -> f64| -> Vec<f64> {
        cases.iter().map(|case| median(case.fits.iter().map(of))).collect()
    };
    let (means, sds) = (errors(|fit| fit.mean_error), errors(|fit| fit.ln_sd_error));
    let within = |bar: f64| {
        let n = means.iter().zip(&sds).filter(|(mean, sd)| **mean <= bar && **sd <= bar).count();
        format!("{n} of {}", cases.len())
    };
    let mut rows: Vec<Vec<String>> = RIVALS.iter().map(|row| row.map(String::from).to_vec()).collect();
    rows.push(vec![
        "**vippl fit**, the cases below".to_string(),
        format!("{n_failed} of {n_runs}"),
        error(median(means.iter().copied())),
        error(median(sds.iter().copied())),
        within(BARS[0]),
        within(BARS[1]),
    ]);
    let header =
        ["method", "failed runs", "mean error", "ln sd error", "both within 0.1", "both within 0.25"];
    let n_fits = all().count();
    let n_wrong = all().filter(|fit| !fit.is_right).count();
    let n_false_ok = all().filter(|fit| !fit.is_right && fit.is_trusted()).count();
    let n_distrusted = all().filter(|fit| !fit.is_trusted()).count();
    let n_false_alarms = all().filter(|fit| fit.is_right && !fit.is_trusted()).count();
    let verb = |n: usize| match n {
        0 => "none is".to_string(),
        1 => "one is".to_string(),
        n => format!("{n} are"),
    };
    let trust = format!(
        "Of {n_fits} fits {} further off than 0.1 (beyond twice the reference's own Monte Carlo error) and {} distrusted. Trusted \
         though wrong: {n_false_ok}. Distrusted though right: {n_false_alarms}.\n",
        verb(n_wrong),
        verb(n_distrusted),
    );
    format!("{}\n{trust}", markdown(&header, &rows))
}

fn of_cases(cases: &[CaseFits]) -> String {
    let header = [
        "case",
        "mean error, worst",
        "median",
        "ln sd error, worst",
        "median",
        "verdicts",
        "from",
        "fit, ms",
        "audit, ms",
        "Pathfinder, ms",
        "",
    ];
    let rows: Vec<Vec<String>> = cases.iter().map(row).collect();
    markdown(&header, &rows)
}

fn row(case: &CaseFits) -> Vec<String> {
    let worst = |of: fn(&fits::CaseFit) -> f64| case.fits.iter().map(of).fold(0.0, f64::max);
    let middle = |of: fn(&fits::CaseFit) -> f64| median(case.fits.iter().map(of));
    let seconds = middle(|fit| fit.seconds);
    let audits: Vec<f64> = case.fits.iter().filter_map(|fit| fit.audit).collect();
    let audit = match audits.len() {
        0 => "-".to_string(),
        n if n < case.fits.len() => format!("{} ({n} of {})", ms(median(audits)), case.fits.len()),
        _ => ms(median(audits)),
    };
    let pathfinder = PATHFINDER.iter().find(|(name, _)| *name == case.name).map(|(_, seconds)| *seconds);
    let bars = [
        (case.fits.iter().any(|fit| !fit.is_right && fit.is_trusted())).then_some("wrong"),
        (case.fits.iter().any(|fit| fit.is_right && !fit.is_trusted())).then_some("false alarm"),
        pathfinder.filter(|bar| seconds > bar.max(LEAST_BAR)).map(|_| "slow"),
        (case.fits.len() < SEEDS.count()).then_some("failed"),
    ];
    vec![
        case.name.rsplit('-').next().unwrap_or(&case.name).to_string(),
        error(worst(|fit| fit.mean_error)),
        error(middle(|fit| fit.mean_error)),
        error(worst(|fit| fit.ln_sd_error)),
        error(middle(|fit| fit.ln_sd_error)),
        counted(case.fits.iter().map(|fit| fit.verdict.as_str())),
        counted(case.fits.iter().map(|fit| fit.basis.as_str())),
        ms(seconds),
        audit,
        pathfinder.map_or_else(|| "-".to_string(), ms),
        bars.into_iter().flatten().collect::<Vec<_>>().join(", "),
    ]
}

/// `ok`, or `ok 3, corrected 2`, in the order of their first coming.
fn counted<'a>(words: impl Iterator<Item = &'a str>) -> String {
    let mut counts: Vec<(&str, usize)> = Vec::new();
    for word in words {
        match counts.iter_mut().find(|(known, _)| *known == word) {
            Some((_, n)) => *n += 1,
            None => counts.push((word, 1)),
        }
    }
    match counts.as_slice() {
        [(word, _)] => (*word).to_string(),
        several => several.iter().map(|(word, n)| format!("{word} {n}")).collect::<Vec<_>>().join(", "),
    }
}

fn ms(seconds: f64) -> String {
    digits(1e3 * seconds)
}

fn error(x: f64) -> String {
    format!("{x:.3}")
}
