//! Posteriors side by side: two of one model element by element, several of different models by what they predict.

use super::shown;
use super::table::{Align, table};
use crate::posterior::{Agreement, Compared, Loo, Summary};
use crate::report::Style;
use crate::report::number::{ABSENT, align_points, with_digits, with_uncertainty};

/// Names that a verdict gives.
const MOST_NAMED: usize = 3;
/// A difference of elpd below which models predict alike, nats (Sivula, Magnusson & Vehtari 2020).
const SMALL_DIFFERENCE: f64 = 4.0;
/// Standard errors of a difference that may be chance.
const CHANCE: f64 = 2.0;

/// Element by element: means and sds, and differences in sds of the second.
pub fn compared(rows: &[Compared], style: &Style) -> String {
    const TITLES: [&str; 8] = ["mean A", "mean B", "sd A", "sd B", "Δ mean", "Δ ln sd", "Δ 5%", "Δ 95%"];
    let n_shown = shown(rows.len(), style);
    let mut columns: Vec<Vec<String>> = vec![Vec::new(); TITLES.len()];
    for row in &rows[..n_shown] {
        let [a, b]: [Summary; 2] = row.summaries;
        let mut cells = with_uncertainty(&[a.mean, b.mean, a.sd, b.sd], b.sd.or(a.sd));
        let differences = [row.mean_difference, row.ln_sd_ratio, row.q05_difference, row.q95_difference];
        cells.extend(differences.map(signed));
        columns.iter_mut().zip(cells).for_each(|(column, cell)| column.push(cell));
    }
    columns.iter_mut().for_each(|column| align_points(column));
    let mut header = vec![("", Align::Left)];
    header.extend(TITLES.map(|title| (title, Align::Right)));
    header.push(("", Align::Left));
    let mut lines: Vec<Vec<String>> = (0..n_shown)
        .map(|i| {
            let mut line = vec![rows[i].name.clone()];
            line.extend(columns.iter().map(|column| column[i].clone()));
            line.push(rows[i].agreement.name().to_string());
            line
        })
        .collect();
    if n_shown < rows.len() {
        lines.push(vec![format!("  … {} more", rows.len() - n_shown)]);
    }
    table(&header, &lines, style)
}

fn signed(difference: Option<f64>) -> String {
    let text = difference.map_or_else(|| ABSENT.to_string(), |x| format!("{x:+.2}"));
    if matches!(text.as_str(), "-0.00" | "+0.00") { "0.00".to_string() } else { text }
}

/// One line on whether two posteriors are the same, and where they differ most.
pub fn agreement(rows: &[Compared], style: &Style) -> String {
    let count = |agreement| rows.iter().filter(|row| row.agreement == agreement).count();
    let (same, n) = (count(Agreement::Same), rows.len());
    let Some(worst) = rows.iter().map(|row| row.agreement).max() else {
        return "the posteriors have no element in common\n".to_string();
    };
    let mut named: Vec<&Compared> = rows.iter().filter(|row| row.agreement == worst).collect();
    let distance = |row: &Compared| row.distance().unwrap_or(f64::INFINITY);
    named.sort_by(|a, b| distance(b).total_cmp(&distance(a)));
    let names: Vec<String> = named.iter().take(MOST_NAMED).map(|row| format!("`{}`", row.name)).collect();
    let names = names.join(", ");
    let rest = if named.len() > MOST_NAMED { " and others" } else { "" };
    let text = match worst {
        Agreement::Same => {
            format!(
                "the same: no mean of {n} is further than 0.1 sd off, no sd further than 10%, beyond chance"
            )
        }
        Agreement::Close => {
            format!("close: {same} of {n} are the same, none is further off than 0.25 sd; {names}{rest} most")
        }
        Agreement::Different => {
            let different = count(Agreement::Different);
            format!("different: {different} of {n} are further off than 0.25 sd or 25%; {names}{rest} most")
        }
    };
    format!("{}\n", style.bold(&text))
}

/// Leave-one-out of a model, on a line or two.
pub fn loo(loo: &Loo, style: &Style) -> String {
    let Some((elpd, se)) = loo.elpd() else {
        return "leave-one-out: an observation has no finite log likelihood\n".to_string();
    };
    let p_loo = loo.p_loo().map_or_else(|| ABSENT.to_string(), |p| format!("{p:.1}"));
    let [value, error] = pair(elpd, se);
    let mut text =
        format!("{} {value} ± {error}  (p_loo {p_loo}; {})\n", style.bold("elpd_loo"), observations(loo));
    text += &k_hats(loo, "");
    text
}

/// Models of the same data, each with its name, best first: what they predict, and by how much worse than the best; and which of
/// them predicts better, where that can be said.
pub fn loo_table(models: &[(&str, &Loo)], can_be_ranked: bool, style: &Style) -> String {
    let mut order: Vec<&(&str, &Loo)> = models.iter().collect();
    let elpd = |loo: &Loo| loo.elpd().map_or(f64::NEG_INFINITY, |(elpd, _)| elpd);
    order.sort_by(|a, b| elpd(b.1).total_cmp(&elpd(a.1)));
    let Some((_, best)) = order.first() else { return String::new() };
    let mut columns: [Vec<String>; 6] = Default::default();
    for (k, (_, loo)) in order.iter().enumerate() {
        let absent = || [ABSENT.to_string(), ABSENT.to_string()];
        let [value, error] = loo.elpd().map_or_else(absent, |(elpd, se)| pair(elpd, se));
        let [worse, worse_error] = if k == 0 {
            ["0".to_string(), String::new()]
        } else {
            loo.minus(best).map_or_else(absent, |(difference, se)| pair(difference, se))
        };
        let p_loo = loo.p_loo().map_or_else(|| ABSENT.to_string(), |p| format!("{p:.1}"));
        let bad = format!("{} of {}", loo.n_unreliable(), loo.k_hat.len());
        let cells = [value, error, p_loo, worse, worse_error, bad];
        columns.iter_mut().zip(cells).for_each(|(column, cell)| column.push(cell));
    }
    columns[..5].iter_mut().for_each(|column| align_points(column));
    let titles = ["elpd_loo", "se", "p_loo", "Δ elpd", "se of Δ", "k-hat too large"];
    let mut header = vec![("", Align::Left)];
    header.extend(titles.map(|title| (title, Align::Right)));
    let rows: Vec<Vec<String>> = order
        .iter()
        .enumerate()
        .map(|(i, (name, _))| {
            let mut row = vec![(*name).to_string()];
            row.extend(columns.iter().map(|column| column[i].clone()));
            row
        })
        .collect();
    let mut text = table(&header, &rows, style);
    text.push('\n');
    if let [(first, best), (second, next), ..] = order[..]
        && can_be_ranked
    {
        text += &format!("{}\n", style.bold(&preference((first, best), (second, next))));
        if !best.is_aligned(next) {
            text +=
                "the models observe in different orders: the standard error of the difference is not known\n";
        }
    }
    if best.elpd.len() < best.n_observed {
        text += &format!("{}\n", style.dim(&observations(best)));
    }
    for (name, loo) in order {
        text += &k_hats(loo, &format!("{name}: "));
    }
    text
}

/// Which of two models predicts better, the better one first.
fn preference((first, best): (&str, &Loo), (second, next): (&str, &Loo)) -> String {
    match best.minus(next) {
        None => "one of the models has no finite elpd".to_string(),
        Some((difference, _)) if difference < SMALL_DIFFERENCE => {
            format!(
                "{first} and {second} predict alike: a difference of elpd below {SMALL_DIFFERENCE} is small"
            )
        }
        Some((difference, se)) if difference < CHANCE * se => {
            format!(
                "not clear whether {first} predicts better than {second}: the difference is {:.1} of its se",
                difference / se
            )
        }
        Some((difference, se)) => {
            let [value, error] = pair(difference, se);
            format!("{first} predicts better than {second}, by {value} ± {error}")
        }
    }
}

/// `24 observations, 4000 draws`
fn observations(loo: &Loo) -> String {
    let (n, looked_at) = (loo.n_observed, loo.elpd.len());
    let of = if looked_at < n { format!("{looked_at} of {n}") } else { n.to_string() };
    format!("{of} observations left out, {} draws", loo.n_draws)
}

/// A line on observations whose elpd is not known, if there are any.
fn k_hats(loo: &Loo, before: &str) -> String {
    match loo.n_unreliable() {
        0 => String::new(),
        n => format!(
            "{before}the elpd of {n} of {} observations is not reliable (Pareto k-hat above {:.2}): they change the posterior, or it is \
             not well known\n",
            loo.k_hat.len(),
            loo.threshold()
        ),
    }
}

/// A number with its error, to three digits of the error.
fn pair(value: f64, error: f64) -> [String; 2] {
    let digits = with_digits(&[Some(value), Some(error)], Some(error).filter(|error| *error > 0.0), 3);
    digits.try_into().unwrap_or_else(|_| [value.to_string(), error.to_string()])
}
