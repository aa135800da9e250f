//! Which distributions of the catalogue have a support that holds given data, and which edges of a support are open.

use super::{ALL, Distribution, Range, Support, Trial};
use crate::tape::{Graph, Node};
use crate::types::ElementType;

/// Most distributions that are named to a user.
const MOST_NAMED: usize = 4;

/// One end of the support of a distribution of single numbers.
#[derive(Clone, Copy, Debug, PartialEq)]
enum End {
    Open,
    /// The same whatever the arguments.
    Fixed(f64),
    /// Where the arguments put it.
    Free,
}

/// Names of distributions of single numbers whose support holds all values: the tightest supports first, discrete ones
/// only for whole numbers, and only those if there are any and `discrete` ones are wanted.
///
/// `but` is left out.
pub fn holding(values: &[f64], discrete: bool, but: &str) -> Vec<&'static str> {
    let whole = values.iter().all(|x| x.fract() == 0.0);
    let (least, most) =
        values.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(a, b), &x| (a.min(x), b.max(x)));
    if !(least.is_finite() && most.is_finite()) {
        return Vec::new();
    }
    let mut found: Vec<(bool, [usize; 3], &str)> = Vec::new();
    let of_numbers =
        |dist: &&dyn Distribution| dist.event_rank() == 0 && !dist.improper() && dist.name() != but;
    for dist in ALL.iter().copied().filter(of_numbers) {
        let is_discrete = dist.element() != ElementType::Real;
        if is_discrete && !whole {
            continue;
        }
        let [lower, upper] = ends(dist);
        let movable = dist.forms()[0]
            .iter()
            .any(|param| matches!(param.range, Range::Real | Range::Extended | Range::Integer));
        let holds = |end: End, x: f64, side: usize| match end {
            End::Open => true,
            End::Free => side == 1 || movable || x > 0.0 || x == 0.0 && is_discrete,
            End::Fixed(at) if at == x => is_discrete || !is_open(dist, 0, side, &[]),
            End::Fixed(at) => (x > at) == (side == 0),
        };
        if !holds(lower, least, 0) || !holds(upper, most, 1) {
            continue;
        }
        let count = |wanted: fn(&End) -> bool| [lower, upper].iter().filter(|end| wanted(end)).count();
        let (open, free) = (count(|e| *e == End::Open), count(|e| *e == End::Free));
        // One argument alone seldom fits data: both place and spread have to move.
        let narrow = usize::from(!is_discrete && dist.forms()[0].len() < 2);
        found.push((is_discrete, [free, narrow, open], dist.name()));
    }
    if discrete && found.iter().any(|(is_discrete, ..)| *is_discrete) {
        found.retain(|(is_discrete, ..)| *is_discrete);
    } else if !discrete && found.iter().any(|(is_discrete, ..)| !*is_discrete) {
        found.retain(|(is_discrete, ..)| !*is_discrete);
    }
    found.sort_by_key(|&(_, looseness, _)| looseness);
    found.into_iter().take(MOST_NAMED).map(|(.., name)| name).collect()
}

/// Whether the density is nowhere finite at an end of the support (0: lower, 1: upper), over the trials of the form;
/// `known` are arguments that the model fixes, `None` where they are not known.
pub fn is_open(dist: &dyn Distribution, form: usize, side: usize, known: &[Option<f64>]) -> bool {
    let mut trials = dist.trials().iter().filter(|trial| trial.form == form).peekable();
    trials.peek().is_some() && trials.all(|trial| !finite_at(dist, trial, side, known))
}

fn finite_at(dist: &dyn Distribution, trial: &Trial, side: usize, known: &[Option<f64>]) -> bool {
    let mut g = Graph::new();
    let params = dist.forms()[trial.form];
    let mut args = Vec::with_capacity(params.len());
    for (k, (param, values)) in params.iter().zip(trial.args).enumerate() {
        let known = known.get(k).copied().flatten();
        args.push(match (param.rank, known) {
            (0, Some(x)) => g.scalar(x),
            (0, None) => g.scalar(values.first().copied().unwrap_or(f64::NAN)),
            (1, _) => g.vector(values),
            _ => return true,
        });
    }
    let bound = match dist.support(&mut g, trial.form, &args) {
        Support::Continuous { constraint, bounds } => {
            let which = if side == 0 { "lower" } else { "upper" };
            constraint.bounds().iter().position(|name| *name == which).map(|k| bounds[k])
        }
        Support::Integers { .. } | Support::Counts { .. } => None,
    };
    let Some(bound) = bound else { return true };
    let density = dist.log_density(&mut g, trial.form, &args, bound);
    g.value(density).is_none_or(|value| value.iter().all(|x| x.is_finite()))
}

/// Whether draws are positions of categories: whole numbers from 1 to a length among the arguments.
pub fn is_of_categories(dist: &dyn Distribution) -> bool {
    dist.element() != ElementType::Real && ends(dist) == [End::Fixed(1.0), End::Free]
}

/// Whether draws go to minus infinity, and to infinity, whatever the arguments.
pub fn open_ends(dist: &dyn Distribution) -> [bool; 2] {
    ends(dist).map(|end| end == End::Open)
}

/// The ends of the support that are the same whatever the arguments.
pub fn fixed_ends(dist: &dyn Distribution) -> [Option<f64>; 2] {
    ends(dist).map(|end| match end {
        End::Fixed(at) => Some(at),
        End::Open | End::Free => None,
    })
}

/// Whether draws are 0 or 1, whatever the arguments.
pub fn is_binary(dist: &dyn Distribution) -> bool {
    dist.element() != ElementType::Real && ends(dist) == [End::Fixed(0.0), End::Fixed(1.0)]
}

/// Both ends of the support of the first form.
fn ends(dist: &dyn Distribution) -> [End; 2] {
    // An end that moves with the lengths of the arguments is where they put it.
    let [two, three] = [2, 3].map(|length| ends_for(dist, length));
    [0, 1].map(|side| if two[side] == three[side] { two[side] } else { End::Free })
}

/// The same for vectors of one length among the arguments.
fn ends_for(dist: &dyn Distribution, length: usize) -> [End; 2] {
    let mut g = Graph::new();
    let args: Vec<Node> = dist.forms()[0].iter().map(|param| g.input(&vec![length; param.rank])).collect();
    let support = dist.support(&mut g, 0, &args);
    let end = |bound: Option<Node>| match bound {
        None => End::Open,
        Some(bound) => match g.value(bound).and_then(|value| value.first().copied()) {
            Some(at) if at.is_infinite() => End::Open,
            Some(at) => End::Fixed(at),
            None => End::Free,
        },
    };
    match support {
        Support::Integers { lower, upper } => [end(lower), end(upper)],
        Support::Counts { .. } => [End::Free; 2],
        Support::Continuous { constraint, bounds } => ["lower", "upper"].map(|which| {
            let at = constraint.bounds().iter().position(|name| *name == which);
            end(at.map(|k| bounds[k]))
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dist::find;

    #[test]
    fn supports_hold_the_data_that_they_are_named_for() {
        let names = |values: &[f64], discrete| holding(values, discrete, "");
        assert!(names(&[-1.0, 0.5, 3.0], false).contains(&"Normal"));
        assert!(!names(&[-1.0, 0.5], false).contains(&"Gamma"));
        assert_eq!(names(&[0.0, 1.0, 1.0], true)[0], "Bernoulli");
        assert!(names(&[0.0, 1.0, 7.0], true).contains(&"Poisson"));
        assert!(names(&[0.2, 1.5], false).contains(&"Gamma"));
        assert!(!names(&[0.0, 1.5], false).contains(&"LogNormal"));
        assert!(names(&[0.2, 0.5], false).contains(&"Beta"));
        assert!(
            names(&[0.5, 7.0], true).iter().all(|name| find(name).unwrap().element() == ElementType::Real)
        );
        assert!(names(&[f64::NAN], false).is_empty());
    }

    #[test]
    fn categories_and_binary_outcomes_are_told_by_their_support() {
        let all = |test: fn(&dyn Distribution) -> bool| {
            ALL.iter().filter(|d| d.event_rank() == 0 && test(**d)).map(|d| d.name()).collect::<Vec<_>>()
        };
        assert_eq!(all(is_of_categories), ["Categorical", "OrderedLogistic", "OrderedProbit"]);
        assert_eq!(all(is_binary), ["Bernoulli"]);
    }

    #[test]
    fn edges_are_open_where_no_argument_gives_them_a_finite_density() {
        let open = |name: &str, known: &[Option<f64>]| is_open(find(name).unwrap(), 0, 0, known);
        assert!(open("LogNormal", &[]) && open("InverseGamma", &[]) && open("Gamma", &[]));
        assert!(!open("Exponential", &[]) && !open("HalfNormal", &[]));
        assert!(!open("Gamma", &[Some(1.0), None]), "Gamma(1, rate) is an exponential");
    }
}
