//! Regressions in other units: with their columns and priors rescaled, posteriors are those of the reference, rescaled.

mod common;

use common::package;
use common::reference::{Marginal, Reference};
use serde_json::{Map, Value};
use vippl::data::Dataset;
use vippl::posterior::Verdict;
use vippl::session::{FitRequest, prepare_in_memory};
use vippl::source::Source;

const SEEDS: std::ops::RangeInclusive<u64> = 1..=2;

/// What one unit of the outcome and one of each predictor become.
#[derive(Clone, Copy, Debug)]
struct Units {
    outcome: f64,
    predictor: f64,
}

/// All columns by 1e-4 and by 1e4; outcome and predictors apart, so that slopes change by 1e4 too.
const UNITS: [Units; 4] = [
    Units { outcome: 1e-4, predictor: 1e-4 },
    Units { outcome: 1e4, predictor: 1e4 },
    Units { outcome: 1.0, predictor: 1e-4 },
    Units { outcome: 1.0, predictor: 1e4 },
];

/// A case in other units.
struct Rescaled {
    case: &'static str,
    outcomes: &'static [&'static str],
    predictors: &'static [&'static str],
    /// Other data, with the factors that they have.
    constants: fn(Units) -> Vec<(&'static str, f64)>,
    /// Parts of the model that hold numbers in these units, and what they become.
    priors: fn(Units) -> Vec<(&'static str, String)>,
    /// Factor of a parameter, and what is added to it then.
    becomes: fn(&str, Units) -> (f64, f64),
}

fn nothing<T>(_: Units) -> Vec<T> {
    Vec::new()
}

/// beta[1] is the intercept, the others are slopes.
fn regression(name: &str, units: Units) -> (f64, f64) {
    match name {
        "beta[1]" | "alpha" | "sigma" => (units.outcome, 0.0),
        _ => (units.outcome / units.predictor, 0.0),
    }
}

/// The same, with the product of two predictors.
fn with_interaction(name: &str, units: Units) -> (f64, f64) {
    match name {
        "beta[4]" => (units.outcome / units.predictor.powi(2), 0.0),
        _ => regression(name, units),
    }
}

const CASES: [Rescaled; 8] = [
    Rescaled {
        case: "arK-arK",
        outcomes: &["y"],
        predictors: &[],
        constants: nothing,
        priors: |units| {
            let Units { outcome, .. } = units;
            vec![
                ("alpha   ~ Normal(0, 10)", format!("alpha ~ Normal(0, {})", 10.0 * outcome)),
                ("HalfCauchy(2.5)", format!("HalfCauchy({})", 2.5 * outcome)),
            ]
        },
        becomes: |name, units| match name {
            "alpha" | "sigma" => (units.outcome, 0.0),
            _ => (1.0, 0.0),
        },
    },
    Rescaled {
        case: "earnings-earn_height",
        outcomes: &["earn"],
        predictors: &["height"],
        constants: nothing,
        priors: nothing,
        becomes: regression,
    },
    Rescaled {
        case: "earnings-logearn_interaction",
        outcomes: &["earn"],
        predictors: &["height", "male"],
        constants: nothing,
        priors: nothing,
        // The outcome is a logarithm: another unit moves the intercept.
        becomes: |name, units| match name {
            "beta[1]" => (1.0, units.outcome.ln()),
            _ => with_interaction(name, Units { outcome: 1.0, ..units }),
        },
    },
    Rescaled {
        case: "kidiq-kidscore_interaction",
        outcomes: &["kid_score"],
        predictors: &["mom_hs", "mom_iq"],
        constants: nothing,
        priors: |units| vec![("HalfCauchy(2.5)", format!("HalfCauchy({})", 2.5 * units.outcome))],
        becomes: with_interaction,
    },
    Rescaled {
        case: "kilpisjarvi_mod-kilpisjarvi",
        outcomes: &["y"],
        predictors: &["x"],
        constants: |Units { outcome, predictor }| {
            let slope = outcome / predictor;
            vec![("pmualpha", outcome), ("psalpha", outcome), ("pmubeta", slope), ("psbeta", slope)]
        },
        priors: nothing,
        becomes: regression,
    },
    Rescaled {
        case: "mesquite-mesquite",
        outcomes: &["weight"],
        predictors: &["diam1", "diam2", "canopy_height", "total_height", "density", "group"],
        constants: nothing,
        priors: nothing,
        becomes: regression,
    },
    Rescaled {
        case: "nes1980-nes",
        outcomes: &["partyid7"],
        predictors: &["real_ideo", "race_adj", "educ1", "gender", "income"],
        constants: nothing,
        priors: nothing,
        becomes: |name, units| match name {
            // Indicators of ages, which have no unit.
            "beta[4]" | "beta[5]" | "beta[6]" => (units.outcome, 0.0),
            _ => regression(name, units),
        },
    },
    Rescaled {
        case: "sblri-blr",
        outcomes: &["y"],
        predictors: &["X"],
        constants: nothing,
        priors: |Units { outcome, predictor }| {
            vec![
                ("Normal(0, 10)", format!("Normal(0, {})", 10.0 * outcome / predictor)),
                ("HalfNormal(10)", format!("HalfNormal({})", 10.0 * outcome)),
            ]
        },
        becomes: |name, units| match name {
            "sigma" => (units.outcome, 0.0),
            _ => (units.outcome / units.predictor, 0.0),
        },
    },
];

impl Rescaled {
    fn model(&self, units: Units) -> Source {
        let path = package().join("tests/cases").join(self.case).join("model.vim");
        let mut text = std::fs::read_to_string(path).expect("a model");
        for (part, new) in (self.priors)(units) {
            assert_eq!(text.matches(part).count(), 1, "{}: {part}", self.case);
            text = text.replace(part, &new);
        }
        Source::new(self.case, text)
    }

    fn data(&self, units: Units) -> Dataset {
        let path = package().join("tests/cases").join(self.case).join("data.json");
        let text = std::fs::read_to_string(path).expect("data");
        let mut data: Map<String, Value> = serde_json::from_str(&text).expect("data");
        let outcomes = self.outcomes.iter().map(|name| (*name, units.outcome));
        let predictors = self.predictors.iter().map(|name| (*name, units.predictor));
        for (name, factor) in outcomes.chain(predictors).chain((self.constants)(units)) {
            let column = data.get_mut(name).unwrap_or_else(|| panic!("{}: no {name}", self.case));
            multiply(column, factor);
        }
        Dataset::from_json(self.case, &Value::Object(data).to_string()).expect("data").0
    }

    fn reference(&self, units: Units) -> Reference {
        let mut reference = Reference::of(&package().join("tests/cases").join(self.case));
        for (name, marginal) in &mut reference.parameters {
            let (factor, shift) = (self.becomes)(name, units);
            let Marginal { mean, sd, q05, q50, q95, mcse, mcse_q05, mcse_q50, mcse_q95, .. } = marginal;
            for x in [&mut *mean, sd, q05, q50, q95, mcse, mcse_q05, mcse_q50, mcse_q95] {
                *x *= factor;
            }
            let Marginal { mean, q05, q50, q95, .. } = marginal;
            [mean, q05, q50, q95].into_iter().for_each(|x| *x += shift);
        }
        reference
    }

    fn verdict(&self, units: Units, seed: u64) -> Verdict {
        let what = format!("{}, {units:?}, seed {seed}", self.case);
        let prepared = prepare_in_memory(&self.model(units), self.data(units), &Default::default());
        let prepared = prepared.unwrap_or_else(|report| panic!("{what}: {report:?}"));
        let mut request = FitRequest::default();
        request.options.seed = seed;
        let posterior =
            prepared.fit(&request, &mut |_| ()).unwrap_or_else(|report| panic!("{what}: {report:?}"));
        let errors = self.reference(units).errors(&posterior);
        assert!(errors.is_empty(), "{what}: {errors:#?}");
        posterior.verdict().expect("a verdict")
    }
}

fn multiply(value: &mut Value, factor: f64) {
    match value {
        Value::Array(values) => values.iter_mut().for_each(|value| multiply(value, factor)),
        number => *number = (number.as_f64().expect("a number") * factor).into(),
    }
}

/// Right in all units, and said to be.
fn passes(case: &str) {
    let rescaled = CASES.iter().find(|known| known.case == case).expect("a case");
    for units in UNITS {
        for seed in SEEDS {
            let verdict = rescaled.verdict(units, seed);
            assert_ne!(verdict, Verdict::Distrust, "{case}, {units:?}, seed {seed}");
        }
    }
}

macro_rules! cases {
    ($($test:ident: $case:literal,)*) => {$(
        #[test]
        fn $test() {
            passes($case);
        }
    )*};
}

cases! {
    ark: "arK-arK",
    earn_height: "earnings-earn_height",
    logearn_interaction: "earnings-logearn_interaction",
    kidscore_interaction: "kidiq-kidscore_interaction",
    kilpisjarvi: "kilpisjarvi_mod-kilpisjarvi",
    mesquite: "mesquite-mesquite",
    nes1980: "nes1980-nes",
    sblri: "sblri-blr",
}
