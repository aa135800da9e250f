//! Compiles small models with data in memory and holds their densities against densities written by hand.

use std::collections::HashMap;

use vippl::check::{self, DataSummary, DataVariable};
use vippl::compile::{CompileErrors, CompileOptions, Compiled, GradientMode, compile};
use vippl::data::{Dataset, Rows};
use vippl::density::{LogDensity, Role, TermKind};
use vippl::source::Source;
use vippl::syntax;
use vippl::types::{Dim, ElementType, Shape, Type};

use crate::centring::same_in_other_coordinates;

/// |density - by hand| <= this times max(1, |by hand|); the log-Jacobian is taken by differences.
const DENSITY_TOLERANCE: f64 = 1e-7;
/// The same for derivatives against differences.
const DERIVATIVE_TOLERANCE: f64 = 2e-6;

/// Data of a JSON object.
pub fn json(text: &str) -> Dataset {
    Dataset::from_json("data.json", text).expect("the test's data are well formed").0
}

pub fn csv(text: &str) -> Dataset {
    Dataset::from_csv("data.csv", text).expect("the test's data are well formed").0
}

pub fn summary(data: &Dataset) -> DataSummary {
    let variables = data
        .variables()
        .map(|variable| {
            let values = &variable.values;
            let scalar = values.rank() == 0 && values.element == ElementType::Int;
            let size = scalar.then(|| Dim::Known(values.array.first().copied().unwrap_or(0.0) as usize));
            DataVariable {
                name: variable.name.clone(),
                ty: Type { element: Some(values.element), shape: Shape::known(values.shape()), size },
                n_levels: variable.grouping().map(|grouping| grouping.levels.len()),
            }
        })
        .collect();
    let rows = match data.rows() {
        Rows::Known(rows) => Some(rows),
        _ => None,
    };
    DataSummary { variables, rows }
}

/// What compiling says, check errors included as text.
pub fn try_compile(model: &str, data: &Dataset) -> Result<Compiled, String> {
    let source = Source::new("model.vim", model);
    let file = syntax::parse(&source).unwrap_or_else(|errors| panic!("{model}\n{errors:?}"));
    let checked =
        check::check(&source, &file, Some(&summary(data))).map_err(|errors| format!("{errors:?}"))?;
    compile(&checked.model, data, &CompileOptions::default()).map_err(|errors: CompileErrors| {
        let texts: Vec<String> = errors.errors().iter().map(|error| format!("{error} [{error:?}]")).collect();
        texts.join("\n")
    })
}

pub fn compiled(model: &str, data: &Dataset) -> Compiled {
    try_compile(model, data).unwrap_or_else(|error| panic!("{model}\n{error}"))
}

/// Fails unless compiling fails with all of `words` in what it says.
pub fn refused(model: &str, data: &Dataset, words: &[&str]) {
    match try_compile(model, data) {
        Ok(compiled) => panic!("compiles, but should not:\n{model}\n{}", compiled.density.dump()),
        Err(error) => {
            for word in words {
                assert!(error.contains(word), "{model}\nshould say {word:?}, but says\n{error}");
            }
        }
    }
}

/// The constrained values at a point, by name.
pub struct Point {
    values: HashMap<String, Vec<f64>>,
}

impl Point {
    /// All elements, row-major.
    pub fn v(&self, name: &str) -> &[f64] {
        self.values.get(name).unwrap_or_else(|| panic!("no quantity {name}: {:?}", self.values.keys()))
    }

    pub fn s(&self, name: &str) -> f64 {
        assert_eq!(self.v(name).len(), 1, "{name} is no scalar");
        self.v(name)[0]
    }
}

fn constrained(compiled: &Compiled, z: &[f64]) -> Vec<f64> {
    let mut out = vec![0.0; compiled.density.n_constrained()];
    compiled.density.constrain(1, z, &mut out);
    out
}

pub fn point(compiled: &Compiled, z: &[f64]) -> Point {
    let out = constrained(compiled, z);
    let values =
        compiled.quantities.iter().map(|q| (q.name.clone(), out[q.offset..q.offset + q.len()].to_vec()));
    Point { values: values.collect() }
}

pub fn value(compiled: &Compiled, z: &[f64]) -> f64 {
    let mut out = [0.0];
    compiled.density.value(1, z, &mut out);
    out[0]
}

/// Points in (-1.2, 1.2), the same on every run.
pub fn some_points(dim: usize, n: usize) -> Vec<Vec<f64>> {
    let mut state: u64 = 0x9E37_79B9_7F4A_7C15;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 11) as f64 / (1u64 << 53) as f64 * 2.4 - 1.2
    };
    (0..n).map(|_| (0..dim).map(|_| next()).collect()).collect()
}

/// log |d latents / dz| by central differences; simplexes lose their last element, `param`s have none.
fn log_jacobian(compiled: &Compiled, z: &[f64]) -> f64 {
    let latents: Vec<usize> =
        (0..z.len()).filter(|&i| compiled.density.coordinates()[i].role == Role::Latent).collect();
    let rows: Vec<usize> = compiled
        .quantities
        .iter()
        .filter(|q| q.kind.is_latent())
        .flat_map(|q| {
            let report = compiled.variables.iter().find(|v| v.name == q.name).expect("reported");
            let simplex = report.support.as_deref() == Some("simplex");
            let last = *q.dims.last().unwrap_or(&1);
            (0..q.len()).filter(move |i| !simplex || i % last != last - 1).map(move |i| q.offset + i)
        })
        .collect();
    assert_eq!(rows.len(), latents.len(), "as many latent elements as coordinates");
    let n = rows.len();
    let mut matrix = vec![0.0; n * n];
    for (j, &coordinate) in latents.iter().enumerate() {
        let h = 1e-3;
        let at = |step: f64| {
            let mut z = z.to_vec();
            z[coordinate] += step;
            constrained(compiled, &z)
        };
        // Five points: error O(h^4).
        let (a, b, c, d) = (at(-2.0 * h), at(-h), at(h), at(2.0 * h));
        for (i, &row) in rows.iter().enumerate() {
            matrix[i * n + j] = (a[row] - 8.0 * b[row] + 8.0 * c[row] - d[row]) / (12.0 * h);
        }
    }
    log_abs_determinant(matrix, n)
}

pub fn log_abs_determinant(mut m: Vec<f64>, n: usize) -> f64 {
    let mut total = 0.0;
    for k in 0..n {
        let pivot =
            (k..n).max_by(|&a, &b| m[a * n + k].abs().total_cmp(&m[b * n + k].abs())).expect("not empty");
        for j in 0..n {
            m.swap(k * n + j, pivot * n + j);
        }
        total += m[k * n + k].abs().ln();
        for i in k + 1..n {
            let factor = m[i * n + k] / m[k * n + k];
            for j in k..n {
                m[i * n + j] -= factor * m[k * n + j];
            }
        }
    }
    total
}

pub fn close(a: f64, b: f64, tolerance: f64) -> bool {
    a == b || (a - b).abs() <= tolerance * b.abs().max(1.0)
}

/// Compiles, and holds the density at several points against `by_hand`, which gives log p of latents and data on the
/// constrained scale. Derivatives are held against differences.
pub fn agrees(model: &str, data: &Dataset, by_hand: impl Fn(&Point) -> f64) -> Compiled {
    let compiled = compiled(model, data);
    let points = some_points(compiled.density.dim(), 5);
    for z in &points[..3] {
        let expected = by_hand(&point(&compiled, z)) + log_jacobian(&compiled, z);
        let found = value(&compiled, z);
        assert!(
            close(found, expected, DENSITY_TOLERANCE),
            "{model}\nlog p is {found}, by hand {expected}\n{}",
            compiled.density.dump()
        );
    }
    derivatives(model, &compiled, &points);
    parts(model, &compiled, &points[0]);
    same_in_other_coordinates(model, data);
    compiled
}

/// Gradients of both modes and Hessian-vector products against differences; many lanes against one.
pub fn derivatives(model: &str, compiled: &Compiled, points: &[Vec<f64>]) {
    let density = &compiled.density;
    let dim = density.dim();
    let lanes = points.len();
    let batch: Vec<f64> = (0..dim).flat_map(|i| points.iter().map(move |z| z[i])).collect();
    let direction: Vec<f64> = (0..dim * lanes).map(|i| ((i * 7 % 11) as f64 - 5.0) / 5.0).collect();
    let mut values = vec![0.0; lanes];
    density.value(lanes, &batch, &mut values);
    let mut gradients = vec![vec![0.0; dim * lanes]; 3];
    for (gradient, mode) in
        gradients.iter_mut().zip([GradientMode::Reverse, GradientMode::Forward, GradientMode::Auto])
    {
        let mut out = vec![0.0; lanes];
        density.gradient_with(mode, lanes, &batch, &mut out, gradient);
        assert!(
            out.iter().zip(&values).all(|(&a, &b)| close(a, b, 1e-12)),
            "{model}\nvalues {out:?} {values:?}"
        );
    }
    let (mut hvp_gradient, mut product) = (vec![0.0; dim * lanes], vec![0.0; dim * lanes]);
    density.hessian_vector(lanes, &batch, &direction, &mut hvp_gradient, &mut product);
    gradients.push(hvp_gradient);
    for (l, z) in points.iter().enumerate() {
        assert!(close(values[l], value(compiled, z), 1e-12), "{model}\nlane {l} differs from one lane");
        let v: Vec<f64> = (0..dim).map(|i| direction[i * lanes + l]).collect();
        let shifted = |step: f64, along: &[f64]| -> Vec<f64> {
            z.iter().zip(along).map(|(z, v)| z + step * v).collect()
        };
        let h = 1e-3;
        for i in 0..dim {
            let unit: Vec<f64> = (0..dim).map(|j| f64::from(u8::from(i == j))).collect();
            let at = |step: f64| value(compiled, &shifted(step, &unit));
            let expected = (at(-2.0 * h) - 8.0 * at(-h) + 8.0 * at(h) - at(2.0 * h)) / (12.0 * h);
            for (k, gradient) in gradients.iter().enumerate() {
                let found = gradient[i * lanes + l];
                assert!(
                    close(found, expected, DERIVATIVE_TOLERANCE),
                    "{model}\ngradient {k} of {} is {found}, by differences {expected}",
                    density.coordinates()[i].name
                );
            }
        }
        let gradient_at = |step: f64| {
            let (mut out, mut gradient) = ([0.0], vec![0.0; dim]);
            density.gradient_with(GradientMode::Reverse, 1, &shifted(step, &v), &mut out, &mut gradient);
            gradient
        };
        let (a, b, c, d) = (gradient_at(-2.0 * h), gradient_at(-h), gradient_at(h), gradient_at(2.0 * h));
        for i in 0..dim {
            let expected = (a[i] - 8.0 * b[i] + 8.0 * c[i] - d[i]) / (12.0 * h);
            let found = product[i * lanes + l];
            assert!(
                close(found, expected, DERIVATIVE_TOLERANCE),
                "{model}\nHessian product {i} is {found}, by differences {expected}"
            );
        }
    }
}

/// Terms sum to the value, pointwise log densities to the likelihood, and names fit the coordinates.
fn parts(model: &str, compiled: &Compiled, z: &[f64]) {
    let density = &compiled.density;
    let mut terms = vec![0.0; density.statements().len()];
    density.terms(1, z, &mut terms);
    let total: f64 = terms.iter().sum();
    assert!(close(total, value(compiled, z), 1e-10), "{model}\nterms {terms:?} do not sum to the value");
    let mut pointwise = vec![0.0; density.n_pointwise()];
    density.pointwise(1, z, &mut pointwise);
    let likelihood: f64 = density
        .statements()
        .iter()
        .zip(&terms)
        .filter(|(statement, _)| statement.kind == TermKind::Likelihood)
        .map(|(_, term)| term)
        .sum();
    let sum: f64 = pointwise.iter().sum();
    assert!(
        close(sum, likelihood, 1e-10),
        "{model}\npointwise sums to {sum}, the likelihood is {likelihood}"
    );
    let mut names: Vec<&str> = density.coordinates().iter().map(|c| c.name.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), density.dim(), "{model}\ntwo coordinates share a name: {names:?}");
    for coordinate in density.coordinates() {
        assert!(coordinate.statement < density.statements().len(), "{model}\n{coordinate:?}");
    }
    let mut offset = 0;
    for quantity in &compiled.quantities {
        assert_eq!(quantity.offset, offset, "{model}\n{}", quantity.name);
        assert_eq!(quantity.marginals.len(), quantity.len(), "{model}\n{}", quantity.name);
        offset += quantity.len();
    }
    assert_eq!(offset, density.n_constrained());
}
