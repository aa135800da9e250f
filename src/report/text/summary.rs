//! The summary table of a posterior and the lines below it.

use super::evidence::evidence;
use super::states::states;
use super::table::{Align, table};
use super::{LEAST_DOC, cut, shown};
use crate::inference::{Fit, RecentredLatent, Sample};
use crate::posterior::{Basis, Convergence, Method, Nuts, Posterior, Summary, Verdict};
use crate::report::Style;
use crate::report::number::{ABSENT, align_points, seconds, with_digits, with_uncertainty};
use crate::report::style::Elements;

/// ELBOs are shown as if they had at least this error, in nats: nobody needs more digits.
const LEAST_ERROR: f64 = 1e-3;

/// The table of all quantities: mean, sd, 5%, 50%, 95%; and those of discrete latents.
pub fn summary(posterior: &Posterior, style: &Style) -> String {
    let discrete = states(posterior, style);
    if posterior.quantities.len() == posterior.states.len() {
        // Discrete latents are summed out, everything else is data.
        let exact = "no continuous latents: the ELBO is the exact log evidence\n".to_string();
        return if discrete.is_empty() { exact } else { format!("{exact}\n{discrete}") };
    }
    let blocks: Vec<Block<'_>> = posterior
        .quantities
        .iter()
        .filter(|quantity| posterior.states_of(quantity).is_none())
        .map(|quantity| Block {
            name: Box::new(|element| quantity.element_name(element)),
            empty: &quantity.name,
            doc: quantity.doc.as_deref().unwrap_or_default(),
            summaries: posterior.summaries_of(quantity),
            verdicts: posterior.verdicts_of(quantity),
            convergence: posterior.convergence_of(quantity),
        })
        .collect();
    let table = blocks_table(&blocks, style);
    if discrete.is_empty() { table } else { format!("{table}\n{discrete}") }
}

/// Rows of the table that are shortened together.
pub(super) struct Block<'a> {
    /// Name of an element.
    pub name: Box<dyn Fn(usize) -> String + 'a>,
    /// What to call it if it has no elements.
    pub empty: &'a str,
    pub doc: &'a str,
    pub summaries: &'a [Summary],
    /// One for each summary, or none at all.
    pub verdicts: &'a [Verdict],
    /// Of elements of a sample; empty otherwise.
    pub convergence: &'a [Convergence],
}

/// Titles of the columns; those after the first five are of samples.
const TITLES: [&str; 8] = ["mean", "sd", "5%", "50%", "95%", "R-hat", "ESS bulk", "ESS tail"];
const OF_SUMMARY: usize = 5;

pub(super) fn blocks_table(blocks: &[Block<'_>], style: &Style) -> String {
    let mut names = Vec::new();
    let mut docs = Vec::new();
    let mut notes = Vec::new();
    let of_chains = blocks.iter().any(|block| !block.convergence.is_empty());
    let titles = if of_chains { &TITLES[..] } else { &TITLES[..OF_SUMMARY] };
    let mut columns: Vec<Vec<String>> = vec![Vec::new(); titles.len()];
    for Block { name, empty, doc, summaries, verdicts, convergence } in blocks {
        let n = summaries.len();
        let n_shown = shown(n, style);
        for (element, summary) in summaries[..n_shown].iter().enumerate() {
            names.push(name(element));
            docs.push(if element == 0 { doc.replace('\n', " ") } else { String::new() });
            let is_distrusted = verdicts.get(element) == Some(&Verdict::Distrust);
            notes.push(if is_distrusted { "distrust".to_string() } else { String::new() });
            let Summary { mean, sd, q05, q50, q95, .. } = *summary;
            let mut cells = with_uncertainty(&[mean, sd, q05, q50, q95], sd);
            cells.extend(agreement(convergence.get(element).copied().unwrap_or_default()));
            columns.iter_mut().zip(cells).for_each(|(column, cell)| column.push(cell));
        }
        if n_shown < n {
            names.push(format!("  … {} more", n - n_shown));
            docs.push(String::new());
            notes.push(String::new());
            columns.iter_mut().for_each(|column| column.push(String::new()));
        }
        if n == 0 {
            names.push(empty.to_string());
            docs.push("(no elements)".to_string());
            notes.push(String::new());
            columns.iter_mut().for_each(|column| column.push(String::new()));
        }
    }
    for column in &mut columns {
        align_points(column);
    }
    let with_notes = notes.iter().any(|note| !note.is_empty());
    let wide = |(column, title): (&Vec<String>, &&str)| 2 + widest(column).max(title.len()).max(4);
    let mut numbers: usize = columns.iter().zip(titles).map(wide).sum();
    numbers += if with_notes { 2 + widest(&notes) } else { 0 };
    let is_cut = style.elements == Elements::Few && !style.is_whole;
    if is_cut {
        // Names give way to the numbers.
        let room = style.width.saturating_sub(numbers).max(16);
        names.iter_mut().for_each(|name| *name = cut_name(name, room));
    }
    let doc_room = style.width.saturating_sub(numbers + widest(&names) + 2);
    let with_docs = docs.iter().any(|doc| !doc.is_empty()) && (doc_room >= LEAST_DOC || !is_cut);
    let mut header = vec![("", Align::Left)];
    header.extend(titles.iter().map(|title| (*title, Align::Right)));
    header.extend(with_notes.then_some(("", Align::Left)));
    if with_docs {
        header.push(("", Align::Left));
    }
    let rows: Vec<Vec<String>> = (0..names.len())
        .map(|i| {
            let mut row = vec![names[i].clone()];
            row.extend(columns.iter().map(|column| column[i].clone()));
            row.extend(with_notes.then(|| notes[i].clone()));
            if with_docs {
                row.push(if is_cut { cut(&docs[i], doc_room) } else { docs[i].clone() });
            }
            row
        })
        .collect();
    table(&header, &rows, style)
}

/// R-hat and effective sample sizes.
fn agreement(convergence: Convergence) -> [String; 3] {
    let whole = |ess: Option<f64>| ess.map_or_else(|| ABSENT.to_string(), |ess| format!("{ess:.0}"));
    let r_hat = convergence.r_hat.map_or_else(|| ABSENT.to_string(), |r_hat| format!("{r_hat:.3}"));
    [r_hat, whole(convergence.ess_bulk), whole(convergence.ess_tail)]
}

/// How the draws were made and how good they are, and the time it took.
pub fn footer(posterior: &Posterior, style: &Style) -> String {
    let mut text = match &posterior.method {
        Method::Variational(fit) => of_fit(posterior, fit, style),
        Method::Nuts(nuts) => of_sample(posterior, nuts, style),
    };
    if let Some(total) = posterior.seconds.total {
        let s = &posterior.seconds;
        let made = if posterior.nuts().is_some() { "sample" } else { "fit" };
        let phases: Vec<String> = [
            ("load", s.load),
            ("compile", s.compile),
            (made, s.fit),
            ("audit", s.audit),
            ("evidence", s.evidence),
            ("loo", s.loo),
        ]
        .into_iter()
        .filter_map(|(phase, time)| Some(format!("{phase} {}", seconds(time?))))
        .collect();
        let time = format!("{} ({})", seconds(total), phases.join(", "));
        text += &format!("{}\n", style.dim(&time));
    }
    text
}

/// ELBO with its parts, and how the fit was made.
fn of_fit(posterior: &Posterior, fit: &Fit, style: &Style) -> String {
    let mut text = String::new();
    if let Some(elbo) = &fit.elbo {
        let parts = if posterior.coordinates.is_empty() && posterior.evidence {
            "exact: the log evidence".to_string()
        } else if posterior.evidence && !posterior.is_split {
            "missing entries and what was observed have densities in common: no KL to the prior".to_string()
        } else if posterior.evidence {
            let [log_likelihood, kl] = [elbo.log_likelihood, elbo.kl].map(|part| near(part, elbo.se));
            format!("log likelihood {log_likelihood}, KL to the prior {kl}")
        } else {
            "not all densities are normalised: no KL, no evidence".to_string()
        };
        let value = near(elbo.value, elbo.se);
        // An ELBO without an error is exact: nothing varies over draws.
        let margin = if elbo.se > 0.0 { format!(" ± {}", error(elbo.se)) } else { String::new() };
        text += &format!("{} {value}{margin}  ({parts})\n", style.bold("ELBO"));
    }
    text += &evidence(posterior, fit, style);
    if let Some(verdict) = posterior.verdict() {
        text += &format!("{}  {}\n", style.bold(verdict.name()), grounds(posterior, fit, verdict));
    }
    let draws = format!("{} draws, seed {}", posterior.draws.n_draws(), fit.seed);
    let how = if fit.why.is_empty() { fit.family.clone() } else { fit.why.clone() };
    let lines = [Some(format!("{how}; {draws}")), centring(&fit.recentred)];
    text + &lines.into_iter().flatten().map(|line| style.dim(&line) + "\n").collect::<String>()
}

/// How centred latents are in the coordinates of a fit or a sample, where those are not the model's.
fn centring(recentred: &[RecentredLatent]) -> Option<String> {
    /// The others are counted.
    const MOST_NAMED: usize = 4;
    let named =
        recentred.iter().take(MOST_NAMED).map(|latent| format!("{} {:.2}", latent.name, latent.centring));
    let named = named.collect::<Vec<String>>().join(", ");
    let more = recentred.len().saturating_sub(MOST_NAMED);
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    (!recentred.is_empty()).then(|| format!("centring (1: as written): {named}{more}"))
}

/// What a verdict rests on.
fn grounds(posterior: &Posterior, fit: &Fit, verdict: Verdict) -> String {
    /// The largest threshold of k-hat, for any number of draws.
    const THRESHOLD: f64 = 0.7;
    let by_weights = matches!(
        (verdict, posterior.basis),
        (Verdict::Ok, Basis::Approximation) | (Verdict::Corrected, Basis::Weights)
    );
    let k_hat = match fit.k_hat.filter(|k| k.is_finite()) {
        // Their tail says nothing where weights are all alike.
        Some(k) if by_weights && k > THRESHOLD => " (weights are even)".to_string(),
        Some(k) => format!(" (k-hat {k:.2})"),
        None => String::new(),
    };
    let grounds = match (verdict, posterior.basis) {
        (Verdict::Ok, Basis::Approximation) => "weights of the draws leave q where it is",
        (Verdict::Ok, _) => "chains that start from q stay where it is",
        (Verdict::Corrected, Basis::Weights) => "q was off: its draws are weighed",
        (Verdict::Corrected, _) => "q was off: draws of chains that started from it",
        (Verdict::Distrust, _) => "not all of these numbers can be relied on, see the warning",
    };
    format!("{grounds}{k_hat}")
}

/// How the chains were made, and how they went.
fn of_sample(posterior: &Posterior, nuts: &Nuts, style: &Style) -> String {
    let sample = &nuts.sample;
    let Sample { seed, n_warmup, n_draws, .. } = sample;
    let n_chains = sample.chains.len();
    let how = format!("nuts, {n_chains} chains of {n_draws} draws after {n_warmup} of warmup, seed {seed}");
    let mut went = format!("{} divergent trajectories", sample.n_divergent());
    if let Some(e_bfmi) = sample.e_bfmi() {
        went += &format!(", E-BFMI {e_bfmi:.2} at least");
    }
    went += &format!(", {} gradients", sample.gradient_evaluations());
    let whitened = sample.whitened.then(|| "in coordinates without the correlations of a fit".to_string());
    let coordinates: Vec<String> = centring(&sample.recentred).into_iter().chain(whitened).collect();
    let grounds = match (nuts.worst_r_hat(), nuts.least_effective()) {
        (Some(r_hat), Some(ess)) => format!("R-hat {r_hat:.3} at most, {ess:.0} effective draws at least"),
        _ => String::new(),
    };
    let verdict = posterior.verdict().map_or("", |verdict| verdict.name());
    let lines = [how, went, coordinates.join("; ")];
    let lines = lines.iter().filter(|line| !line.is_empty()).map(|line| style.dim(line) + "\n");
    format!("{}  {grounds}\n{}", style.bold(verdict), lines.collect::<String>())
}

/// A number with two digits of its error, and at least two decimals.
pub(super) fn near(x: f64, error: f64) -> String {
    with_digits(&[Some(x)], Some(error.clamp(LEAST_ERROR, 0.1)), 2).remove(0)
}

pub(super) fn error(error: f64) -> String {
    with_digits(&[Some(error)], Some(error.max(LEAST_ERROR)), 2).remove(0)
}

fn widest(cells: &[String]) -> usize {
    cells.iter().map(|cell| cell.chars().count()).max().unwrap_or(0)
}

/// A name cut in its middle, so that both the variable and the end of the label can be read.
fn cut_name(name: &str, width: usize) -> String {
    let n = name.chars().count();
    if n <= width {
        return name.to_string();
    }
    let tail = width / 3;
    let head: String = name.chars().take(width - tail - 1).collect();
    let end: String = name.chars().skip(n - tail).collect();
    format!("{head}…{end}")
}
