//! The warning about what is trusted least: why, which other latent is to blame, and what to do next.

use super::Prepared;
use crate::compile::{Quantity, QuantityKind};
use crate::density::{Coordinate, LogDensity, Term};
use crate::inference::{Cause, Chains, Fitted, Relation, Runaway, Sketch, runaway, trace};
use crate::posterior::{Complaint, Draws, Judged, Lack, Symptom};

impl Prepared {
    /// `None` where all is trusted. `chains` are those that the verdicts rest on.
    pub(super) fn distrust(
        &self,
        judged: &Judged,
        fitted: &Fitted,
        chains: Option<&Chains>,
    ) -> Option<String> {
        let (row, symptom) = match judged.complaint.as_ref()? {
            Complaint::Unwitnessed(lack) => {
                return Some(format!("do not trust this fit: {}", self.unwitnessed(*lack, fitted)));
            }
            Complaint::Row { row, symptom } => (*row, *symptom),
        };
        let density = &self.compiled.density;
        let quantity = self.quantity_of(row)?;
        let name = quantity.element_name(row - quantity.offset);
        let others = match judged.n_distrusted() {
            0 | 1 => String::new(),
            2 => " and one more".to_string(),
            n => format!(" and {} more", n - 1),
        };
        let known = density.coordinates().iter().position(|c| c.name == name);
        let statement = known.map(|i| format!(" (`{}`)", self.statement_of(i).text)).unwrap_or_default();
        let sketch = match (chains, &fitted.weighted) {
            (Some(chains), _) => Some(Sketch::of_chains(chains)),
            (None, Some(weighted)) => Some(Sketch::of_weighted(weighted, fitted.fit.seed)),
            (None, None) => Sketch::of_fit(density, &fitted.fit),
        };
        let i = known.or_else(|| {
            let (z, n) = sketch.as_ref()?.points();
            let values = Draws::push_forward(density, z, n);
            quantity.marginals[row - quantity.offset].or(sketch.as_ref()?.nearest(values.row(row)))
        });
        let cause = i.zip(sketch.as_ref()).and_then(|(i, sketch)| trace(density, fitted, sketch, i));
        let (why, next) = match (cause, i) {
            (Some(cause), Some(i)) => self.explained(&cause, symptom, i, fitted),
            _ => (None, without_cause(symptom)),
        };
        let why = why.map_or_else(|| symptom.to_string(), |why| format!("{why} ({symptom})"));
        Some(format!("do not trust `{name}`{statement}{others}: {why}. {next}"))
    }

    /// The cause in words, and what to do next.
    fn explained(
        &self,
        cause: &Cause,
        symptom: Symptom,
        i: usize,
        fitted: &Fitted,
    ) -> (Option<String>, String) {
        let density = &self.compiled.density;
        let name = |i: usize| format!("`{}`", density.coordinates()[i].name);
        let whole = |i: usize| {
            let element = &density.coordinates()[i].name;
            format!("`{}`", element.split('[').next().unwrap_or(element))
        };
        let own = name(i);
        let (why, next) = match cause {
            Cause::Improper(along) if along.len() < 2 => (
                format!("the posterior is improper: nothing bounds {own}"),
                format!("Give {own} a proper prior"),
            ),
            Cause::Improper(along) => {
                let named = listed(along.iter().map(|&i| name(i)));
                let why = format!(
                    "the posterior is improper: it does not change when {named} move along with each other, however far"
                );
                (why, format!("Give {} a proper prior, or fix it", name(along[0])))
            }
            Cause::Exchange(a, b) => {
                let [a, b] = [*a, *b].map(name);
                let why = format!("there is a mode for each order of {a} and {b}, which can be exchanged");
                let keep = match self.statement_of(i).text.split_once('~') {
                    Some((left, right)) => format!("`{} ~ ordered({})`", left.trim(), right.trim()),
                    None => "`ordered`".to_string(),
                };
                (why, format!("{keep} keeps one order"))
            }
            Cause::Sign(mirrored) => {
                let named = listed(mirrored.iter().map(|&i| name(i)));
                let sign = if mirrored.len() == 1 { "the sign" } else { "the signs" };
                (
                    format!("there are modes that differ by {sign} of {named} only"),
                    format!("A positive prior on {own}, such as HalfNormal, keeps one of them"),
                )
            }
            Cause::Modes(n) => (
                format!("it has {n} modes at least, far from each other"),
                match symptom {
                    Symptom::BetweenModes => format!("Ask for probabilities of {own} in place of quantiles"),
                    _ => format!("A more informative prior on {own} decides between them"),
                },
            ),
            Cause::Ridge { with, correlation, relation } => {
                let of = match relation {
                    Relation::Sum => format!("a combination of {own} and {}", name(*with)),
                    Relation::Product => format!("the product of {own} and {}", name(*with)),
                };
                let sizes = if *relation == Relation::Product { " of their sizes" } else { "" };
                (
                    format!("only {of} is known, with a correlation{sizes} of {correlation:.3}"),
                    format!("Fix one of the two, or give {} a more informative prior", name(*with)),
                )
            }
            Cause::Funnel { scale, of } => {
                let why = format!("a funnel, since the scale of {} goes with {}", name(*of), name(*scale));
                let is_known = density.recentrable().contains(of);
                let next = match symptom {
                    Symptom::HeavyTails => read_quantiles(),
                    _ if is_known && fitted.fit.centring.is_none() => {
                        "`--centring learned` takes them apart".to_string()
                    }
                    _ if is_known || self.is_imputed(*of) => slower(),
                    _ => format!(
                        "Write {} as a latent of scale 1 times its scale: that takes them apart",
                        whole(*of)
                    ),
                };
                (why, next)
            }
            Cause::Curve { with } => {
                (format!("{own} and {} lie along a curve", name(*with)), without_cause(symptom))
            }
            Cause::Runaway(way) => {
                (format!("the posterior is improper: {}", self.rising(way)), self.kept(way))
            }
            Cause::Prior => (
                format!("data say nothing of {own}, only its prior does"),
                match symptom {
                    Symptom::HeavyTails => read_quantiles(),
                    _ => format!("Give {own} a more informative prior"),
                },
            ),
        };
        (Some(why), next)
    }

    /// Why there is no witness, and what to do next.
    fn unwitnessed(&self, lack: Lack, fitted: &Fitted) -> String {
        const INSTEAD: &str = "`vippl sample` draws from the posterior itself";
        match lack {
            Lack::TooMany => format!(
                "there are too many latents for draws of q to be weighed or held against chains. {INSTEAD}"
            ),
            Lack::Uneven => format!(
                "weights of draws of q are too uneven, and chains that start from it are no help. {INSTEAD}"
            ),
            Lack::Collapsed => self.collapsed(fitted),
        }
    }

    fn collapsed(&self, Fitted { fit, .. }: &Fitted) -> String {
        const WHAT: &str = "q has no width, or an infinite one: the posterior is improper";
        match runaway(&self.compiled.density, fit) {
            Some(way) => format!("{WHAT}, since {}. {}", self.rising(&way), self.kept(&way)),
            None => format!(
                "{WHAT}, as where all observations are equal and a scale can go to 0. Give scales a prior that keeps them from 0"
            ),
        }
    }

    /// Where log p rises to.
    fn rising(&self, way: &Runaway) -> String {
        /// Values below are those of a latent on its way to 0.
        const SMALL: f64 = 1e-9;
        let name = &self.compiled.density.coordinates()[way.coordinate].name;
        let row = self.compiled.quantities.iter().find_map(|quantity| {
            let at = (0..quantity.len()).find(|&element| quantity.element_name(element) == *name)?;
            Some(quantity.offset + at)
        });
        let limit = match row.map(|row| way.values[row]) {
            Some(value) if value.abs() < SMALL => "0",
            _ if way.to_right => "infinity",
            _ => "minus infinity",
        };
        format!("log p rises without end as `{name}` goes to {limit}")
    }

    fn kept(&self, way: &Runaway) -> String {
        let name = &self.compiled.density.coordinates()[way.coordinate].name;
        format!("Give `{name}` a prior that keeps it from there")
    }

    fn quantity_of(&self, row: usize) -> Option<&Quantity> {
        self.compiled.quantities.iter().find(|q| (q.offset..q.offset + q.len()).contains(&row))
    }

    /// Whether a coordinate is that of a missing entry of the data, which cannot be written in another way.
    fn is_imputed(&self, i: usize) -> bool {
        let mut imputed =
            self.compiled.quantities.iter().filter(|quantity| quantity.kind == QuantityKind::Imputed);
        imputed.any(|quantity| quantity.marginals.contains(&Some(i)))
    }

    /// The statement that introduced a coordinate.
    fn statement_of(&self, i: usize) -> &Term {
        let density = &self.compiled.density;
        let Coordinate { statement, .. } = density.coordinates()[i];
        &density.statements()[statement]
    }
}

/// What to do where no cause is found.
fn without_cause(symptom: Symptom) -> String {
    match symptom {
        Symptom::HeavyTails => read_quantiles(),
        Symptom::Divergent { .. } => slower(),
        Symptom::BetweenModes => "Ask for probabilities in place of quantiles".to_string(),
        Symptom::Unsettled { .. } | Symptom::Drifting | Symptom::FewDraws => {
            "`vippl sample` runs longer chains".to_string()
        }
    }
}

fn read_quantiles() -> String {
    "Look at the quantiles instead".to_string()
}

fn slower() -> String {
    "`vippl sample --target-accept 0.99` takes smaller steps".to_string()
}

/// `` `a`, `b` and 3 more``
fn listed(names: impl Iterator<Item = String>) -> String {
    const MOST_NAMED: usize = 3;
    let names: Vec<String> = names.collect();
    match names.as_slice() {
        [first, last] => format!("{first} and {last}"),
        names if names.len() > MOST_NAMED => {
            let more = match names.len() - MOST_NAMED {
                1 => "one more".to_string(),
                n => format!("{n} more"),
            };
            format!("{} and {more}", names[..MOST_NAMED].join(", "))
        }
        names => names.join(", "),
    }
}
