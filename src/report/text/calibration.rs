//! What calibration says of the fits of a model: a table of elements, and a conclusion with what might be done.

use super::shown;
use super::table::{Align, table};
use crate::posterior::{Calibration, Conclusion, Element, Fault, Finding, Shortened, Uniformity, Verdict};
use crate::report::Style;

/// Elements that a conclusion names.
const MOST_NAMED: usize = 6;
/// Failures that are told; the others are counted.
const MOST_FAILURES: usize = 3;
/// Heights of the bars of a histogram; one that is as high as it should be has the fourth.
const BARS: [char; 9] = ['·', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

type Of = fn(&Element) -> Option<&Uniformity>;

/// How the fits went, a table of all elements (and one of where they are trusted, if that is not everywhere), and the conclusion.
pub fn calibration(calibration: &Calibration, style: &Style) -> String {
    let mut text = went(calibration);
    let all: Of = |element| element.all.as_ref();
    let trusted: Of = |element| element.trusted.as_ref();
    text += &format!("\n{}", elements(calibration, all, style));
    if calibration.has_distrust() {
        text += "\nwhere the fits vouch for them:\n\n";
        text += &match calibration.elements.iter().any(|element| element.trusted.is_some()) {
            true => elements(calibration, trusted, style),
            false => "too few do to say anything\n".to_string(),
        };
    }
    text.push('\n');
    text + &conclusion(calibration, style)
}

/// `200 data sets from the prior, each fitted: 181 ok, 14 corrected, 5 distrust`
fn went(calibration: &Calibration) -> String {
    let count = |verdict: Verdict| format!("{} {}", calibration.n_with(verdict), verdict.name());
    let verdicts = [Verdict::Ok, Verdict::Corrected, Verdict::Distrust].map(count).join(", ");
    let n = calibration.n_simulations;
    let mut text = format!("{n} data sets from the prior, each fitted: {verdicts}\n");
    if !calibration.failures.is_empty() {
        text += &format!(
            "{} of them could not be fitted, and are not in what follows:\n",
            calibration.failures.len()
        );
        for failure in calibration.failures.iter().take(MOST_FAILURES) {
            text += &format!("  {}: {}\n", failure.simulation, failure.why);
        }
        if calibration.failures.len() > MOST_FAILURES {
            text += &format!("  … {} more\n", calibration.failures.len() - MOST_FAILURES);
        }
    }
    for Shortened { name, elements, of } in &calibration.shortened {
        text += &format!("of `{name}` the first {elements} of {of} elements are looked at\n");
    }
    text
}

fn elements(calibration: &Calibration, of: Of, style: &Style) -> String {
    const TITLES: [&str; 6] = ["mean z", "sd z", "in 50%", "in 90%", "ranks", "p"];
    let mut header = vec![("", Align::Left)];
    header.extend(TITLES.map(|title| (title, Align::Right)));
    header.push(("", Align::Left));
    let mut lines = Vec::new();
    for block in calibration.elements.chunk_by(|a, b| a.quantity == b.quantity) {
        let n_shown = shown(block.len(), style);
        // Of many those that are worst, in their own order.
        let mut order: Vec<usize> = (0..block.len()).collect();
        order.sort_by(|&a, &b| p_of(&block[a], of).total_cmp(&p_of(&block[b], of)));
        order.truncate(n_shown);
        order.sort_unstable();
        lines.extend(order.into_iter().map(|k| row(&block[k], of)));
        if n_shown < block.len() {
            lines.push(vec![format!("  … {} more", block.len() - n_shown)]);
        }
    }
    table(&header, &lines, style)
}

fn p_of(element: &Element, of: Of) -> f64 {
    of(element).map_or(f64::INFINITY, |own| own.p)
}

fn row(element: &Element, of: Of) -> Vec<String> {
    let Some(own) = of(element) else {
        return vec![element.name.clone(), "too few".to_string()];
    };
    let percent = |share: f64| format!("{:.0}%", 100.0 * share);
    let p = if own.p_adjusted < 0.001 { "<0.001".to_string() } else { format!("{:.3}", own.p_adjusted) };
    let finding = match own.finding {
        Finding::Calibrated => String::new(),
        Finding::Nearly => "nearly".to_string(),
        Finding::Off => own.faults.iter().map(|fault| fault.name()).collect::<Vec<_>>().join(", "),
    };
    vec![
        element.name.clone(),
        format!("{:+.2}", own.mean_z),
        format!("{:.2}", own.sd_z),
        percent(own.coverage[0]),
        percent(own.coverage[1]),
        bars(own),
        p,
        finding,
    ]
}

/// The ranks in tenths, as bars.
fn bars(own: &Uniformity) -> String {
    let should = own.n as f64 / own.histogram.len() as f64;
    let bar = |n: &usize| BARS[((4.0 * *n as f64 / should).round() as usize).min(BARS.len() - 1)];
    own.histogram.iter().map(bar).collect()
}

fn conclusion(calibration: &Calibration, style: &Style) -> String {
    let n = calibration.verdicts.len();
    let conclusion = calibration.conclusion();
    let text = match conclusion {
        Conclusion::Calibrated => {
            let reserved = match calibration.n_with(Verdict::Distrust) {
                0 => String::new(),
                n => format!("; {n} of them distrust some of their numbers"),
            };
            format!(
                "calibrated: true values lie among the draws as they should, as far as {n} fits can tell{reserved}"
            )
        }
        Conclusion::Nearly => {
            "nearly calibrated: what is off changes no mean and no sd by more than 0.1 sd".to_string()
        }
        Conclusion::WhereTrusted => {
            "calibrated where the fits vouch for their numbers, and only there".to_string()
        }
        Conclusion::NotCalibrated => "not calibrated".to_string(),
    };
    let mut text = format!("{}\n", style.bold(&text));
    if conclusion == Conclusion::NotCalibrated {
        let trusted: Of = |element| element.trusted.as_ref();
        let all: Of = |element| element.all.as_ref();
        let is_off =
            |of: Of| move |element: &&Element| of(element).is_some_and(|own| own.finding == Finding::Off);
        let of =
            if calibration.elements.iter().any(|element| is_off(trusted)(&element)) { trusted } else { all };
        let mut off: Vec<&Element> = calibration.elements.iter().filter(is_off(of)).collect();
        off.sort_by(|a, b| p_of(a, of).total_cmp(&p_of(b, of)));
        for element in off.iter().take(MOST_NAMED) {
            if let Some(own) = of(element) {
                text += &format!("  `{}` is {}\n", element.name, complaint(own));
            }
        }
        if off.len() > MOST_NAMED {
            text += &format!("  … and {} more\n", off.len() - MOST_NAMED);
        }
        text +=
            "`vippl sample` draws from the posterior itself; `vippl help calibrate` says how to read this\n";
    }
    if let Some(n) = calibration.elements.iter().filter_map(|element| Some(element.all.as_ref()?.n)).min() {
        let n = n as f64;
        let [of_mean, of_sd, in_half, in_most] = [
            n.sqrt().recip(),
            (2.0 * n).sqrt().recip(),
            100.0 * (0.25 / n).sqrt(),
            100.0 * (0.09 / n).sqrt(),
        ];
        let note = format!(
            "by chance alone mean z is off by {of_mean:.2}, sd z by {of_sd:.2}, what is in 50% by {in_half:.1}%, in 90% by \
             {in_most:.1}%"
        );
        text += &format!("{}\n", style.dim(&note));
    }
    text
}

/// What is wrong with an element, and by how much, after its name and `is`.
fn complaint(own: &Uniformity) -> String {
    let one = |fault: &Fault| match fault {
        Fault::TooHigh | Fault::TooLow => format!("{} by {:.2} sd", fault.name(), own.mean_z.abs()),
        Fault::TooNarrow | Fault::TooWide => {
            format!("{}: its sd is {:.2} of what it should be", fault.name(), own.sd_z.recip())
        }
        Fault::Shape => format!("{}: in skew or in its tails", fault.name()),
    };
    let faults: Vec<String> = own.faults.iter().map(one).collect();
    let [_, in_most] = own.coverage;
    format!("{}; its 90% intervals hold {:.0}% of the true values", faults.join(", and "), 100.0 * in_most)
}
