//! Log densities to test on: formulas over hyper-dual numbers, and a linear regression by hand.

use std::ops::{Add, Div, Mul, Neg, Sub};

use crate::density::{Coordinate, LogDensity, Role, Term, TermKind};
use crate::source::Span;

/// value + a ε₁ + b ε₂ + c ε₁ε₂: exact first and second derivatives.
#[derive(Clone, Copy, Debug)]
pub struct Jet {
    pub v: f64,
    a: f64,
    b: f64,
    c: f64,
}

impl Jet {
    pub fn constant(v: f64) -> Jet {
        Jet { v, a: 0.0, b: 0.0, c: 0.0 }
    }

    /// f(self) from f, f', f''
    fn map(self, f: f64, d1: f64, d2: f64) -> Jet {
        Jet { v: f, a: d1 * self.a, b: d1 * self.b, c: d1 * self.c + d2 * self.a * self.b }
    }

    pub fn exp(self) -> Jet {
        let e = self.v.exp();
        self.map(e, e, e)
    }

    pub fn ln(self) -> Jet {
        self.map(self.v.ln(), 1.0 / self.v, -1.0 / (self.v * self.v))
    }

    /// 0, with no derivative by what self depends on.
    pub fn kink(self) -> Jet {
        let along = |d: f64| if d == 0.0 { 0.0 } else { f64::NAN };
        Jet { v: 0.0, a: along(self.a), b: along(self.b), c: along(self.c) }
    }

    pub fn square(self) -> Jet {
        self * self
    }

    /// log(1 + e^x)
    pub fn softplus(self) -> Jet {
        let p = 1.0 / (1.0 + (-self.v).exp());
        let value = if self.v > 0.0 { self.v + (-self.v).exp().ln_1p() } else { self.v.exp().ln_1p() };
        self.map(value, p, p * (1.0 - p))
    }
}

impl Add for Jet {
    type Output = Jet;
    fn add(self, o: Jet) -> Jet {
        Jet { v: self.v + o.v, a: self.a + o.a, b: self.b + o.b, c: self.c + o.c }
    }
}
impl Sub for Jet {
    type Output = Jet;
    fn sub(self, o: Jet) -> Jet {
        self + -o
    }
}
impl Neg for Jet {
    type Output = Jet;
    fn neg(self) -> Jet {
        Jet { v: -self.v, a: -self.a, b: -self.b, c: -self.c }
    }
}
impl Mul for Jet {
    type Output = Jet;
    fn mul(self, o: Jet) -> Jet {
        Jet {
            v: self.v * o.v,
            a: self.a * o.v + self.v * o.a,
            b: self.b * o.v + self.v * o.b,
            c: self.c * o.v + self.a * o.b + self.b * o.a + self.v * o.c,
        }
    }
}
impl Div for Jet {
    type Output = Jet;
    fn div(self, o: Jet) -> Jet {
        self * o.map(1.0 / o.v, -1.0 / (o.v * o.v), 2.0 / (o.v * o.v * o.v))
    }
}
impl Add<f64> for Jet {
    type Output = Jet;
    fn add(self, o: f64) -> Jet {
        Jet { v: self.v + o, ..self }
    }
}
impl Sub<f64> for Jet {
    type Output = Jet;
    fn sub(self, o: f64) -> Jet {
        self + -o
    }
}
impl Mul<f64> for Jet {
    type Output = Jet;
    fn mul(self, o: f64) -> Jet {
        Jet { v: self.v * o, a: self.a * o, b: self.b * o, c: self.c * o }
    }
}

/// log N(x | mean, exp(log_sd)²)
pub fn normal(x: Jet, mean: Jet, log_sd: Jet) -> Jet {
    ((x - mean) * (-log_sd).exp()).square() * -0.5 - log_sd - 0.5 * (2.0 * std::f64::consts::PI).ln()
}

/// log N(x | mean, sd²) for constants.
pub fn normal_const(x: Jet, mean: f64, sd: f64) -> Jet {
    normal(x, Jet::constant(mean), Jet::constant(sd.ln()))
}

/// A density given by the formula of its terms: `formula(z, out)` pushes one number per statement.
pub struct Toy<F> {
    coordinates: Vec<Coordinate>,
    statements: Vec<Term>,
    formula: F,
    n_pointwise: usize,
    pointwise: fn(&[f64], &mut [f64]),
}

impl<F: Fn(&[Jet], &mut Vec<Jet>) + Sync> Toy<F> {
    pub fn new(names: &[&str], statements: &[(&str, TermKind)], formula: F) -> Self {
        let coordinates = names.iter().map(|name| Coordinate::new(*name, Role::Latent));
        let statements = statements.iter().enumerate().map(|(k, (text, kind))| Term {
            text: (*text).into(),
            kind: *kind,
            span: Span::new(10 * k, 10 * k + text.len()),
        });
        Toy {
            coordinates: coordinates.collect(),
            statements: statements.collect(),
            formula,
            n_pointwise: 0,
            pointwise: |_, _| {},
        }
    }

    /// Makes the coordinates with these names point estimates.
    pub fn estimating(mut self, names: &[&str]) -> Self {
        for c in self.coordinates.iter_mut().filter(|c| names.contains(&c.name.as_str())) {
            c.role = Role::PointEstimate;
        }
        self
    }

    pub fn with_pointwise(mut self, n: usize, pointwise: fn(&[f64], &mut [f64])) -> Self {
        (self.n_pointwise, self.pointwise) = (n, pointwise);
        self
    }

    fn terms_at(&self, z: &[Jet]) -> Vec<Jet> {
        let mut out = Vec::new();
        (self.formula)(z, &mut out);
        assert_eq!(out.len(), self.statements.len());
        out
    }

    fn total(&self, z: &[Jet]) -> Jet {
        self.terms_at(z).into_iter().fold(Jet::constant(0.0), |a, b| a + b)
    }
}

/// The coordinates of lane l.
fn lane(lanes: usize, l: usize, z: &[f64]) -> Vec<f64> {
    z.iter().skip(l).step_by(lanes).copied().collect()
}

fn constants(z: &[f64]) -> Vec<Jet> {
    z.iter().map(|z| Jet::constant(*z)).collect()
}

impl<F: Fn(&[Jet], &mut Vec<Jet>) + Sync> LogDensity for Toy<F> {
    fn coordinates(&self) -> &[Coordinate] {
        &self.coordinates
    }
    fn statements(&self) -> &[Term] {
        &self.statements
    }
    fn value(&self, lanes: usize, z: &[f64], out: &mut [f64]) {
        for (l, out) in out.iter_mut().enumerate() {
            *out = self.total(&constants(&lane(lanes, l, z))).v;
        }
    }
    fn gradient(&self, lanes: usize, z: &[f64], out: &mut [f64], gradient: &mut [f64]) {
        self.value(lanes, z, out);
        let mut product = vec![0.0; gradient.len()];
        self.hessian_vector(lanes, z, &vec![0.0; z.len()], gradient, &mut product);
    }
    fn hessian_vector(&self, lanes: usize, z: &[f64], v: &[f64], gradient: &mut [f64], product: &mut [f64]) {
        for l in 0..lanes {
            let (z, v) = (lane(lanes, l, z), lane(lanes, l, v));
            let mut jets: Vec<Jet> =
                z.iter().zip(&v).map(|(z, v)| Jet { b: *v, ..Jet::constant(*z) }).collect();
            for i in 0..z.len() {
                jets[i].a = 1.0;
                let total = self.total(&jets);
                jets[i].a = 0.0;
                gradient[i * lanes + l] = total.a;
                product[i * lanes + l] = total.c;
            }
        }
    }
    fn terms(&self, lanes: usize, z: &[f64], out: &mut [f64]) {
        for l in 0..lanes {
            for (k, term) in self.terms_at(&constants(&lane(lanes, l, z))).into_iter().enumerate() {
                out[k * lanes + l] = term.v;
            }
        }
    }
    fn n_constrained(&self) -> usize {
        self.coordinates.len()
    }
    fn constrain(&self, _lanes: usize, z: &[f64], out: &mut [f64]) {
        out.copy_from_slice(z);
    }
    fn n_pointwise(&self) -> usize {
        self.n_pointwise
    }
    fn pointwise(&self, lanes: usize, z: &[f64], out: &mut [f64]) {
        let mut rows = vec![0.0; self.n_pointwise];
        for l in 0..lanes {
            (self.pointwise)(&lane(lanes, l, z), &mut rows);
            for (i, row) in rows.iter().enumerate() {
                out[i * lanes + l] = *row;
            }
        }
    }
}

/// y ~ Normal(X beta, exp(s)), beta_j ~ Normal(mean_j, sd_j) (sd infinite: flat), flat on exp(s).
pub struct Regression {
    coordinates: Vec<Coordinate>,
    statements: Vec<Term>,
    /// Rows of X.
    pub x: Vec<Vec<f64>>,
    pub y: Vec<f64>,
    /// Mean and sd for each column.
    pub prior: Vec<(f64, f64)>,
    /// s where it is known, so that the posterior is Gaussian.
    known_log_sd: Option<f64>,
}

impl Regression {
    pub fn new(
        x: Vec<Vec<f64>>,
        y: Vec<f64>,
        prior: Vec<(f64, f64)>,
        known_log_sd: Option<f64>,
    ) -> Regression {
        let k = x[0].len();
        let names =
            (1..=k).map(|j| format!("beta[{j}]")).chain(known_log_sd.is_none().then(|| "sigma".into()));
        let coordinate = |name: String| Coordinate::new(name, Role::Latent);
        let term = |text: &str, kind| Term { text: text.into(), kind, span: Span::default() };
        Regression {
            coordinates: names.map(coordinate).collect(),
            statements: vec![
                term("beta ~ Normal(mean, sd)", TermKind::Prior),
                term("y ~ Normal(X @ beta, sigma)", TermKind::Likelihood),
            ],
            x,
            y,
            prior,
            known_log_sd,
        }
    }

    pub fn k(&self) -> usize {
        self.x[0].len()
    }

    fn log_sd(&self, z: &[f64]) -> f64 {
        self.known_log_sd.unwrap_or_else(|| z[self.k()])
    }

    /// Prior (with the Jacobian of s) and likelihood of one point.
    fn parts(&self, z: &[f64]) -> (f64, f64) {
        let s = self.log_sd(z);
        let c = 0.5 * (2.0 * std::f64::consts::PI).ln();
        let mut prior = if self.known_log_sd.is_none() { s } else { 0.0 };
        for (b, (mean, sd)) in z.iter().zip(&self.prior).filter(|(_, (_, sd))| sd.is_finite()) {
            prior += -0.5 * ((b - mean) / sd).powi(2) - sd.ln() - c;
        }
        let squares: f64 = self.residuals(z).iter().map(|r| r * r).sum();
        (prior, -(self.y.len() as f64) * (s + c) - 0.5 * squares * (-2.0 * s).exp())
    }

    fn residuals(&self, z: &[f64]) -> Vec<f64> {
        let fitted = |row: &[f64]| row.iter().zip(z).map(|(x, b)| x * b).sum::<f64>();
        self.x.iter().zip(&self.y).map(|(row, y)| y - fitted(row)).collect()
    }
}

impl LogDensity for Regression {
    fn coordinates(&self) -> &[Coordinate] {
        &self.coordinates
    }
    fn statements(&self) -> &[Term] {
        &self.statements
    }
    fn value(&self, lanes: usize, z: &[f64], out: &mut [f64]) {
        for (l, out) in out.iter_mut().enumerate() {
            let (prior, likelihood) = self.parts(&lane(lanes, l, z));
            *out = prior + likelihood;
        }
    }
    fn gradient(&self, lanes: usize, z: &[f64], out: &mut [f64], gradient: &mut [f64]) {
        self.value(lanes, z, out);
        let mut product = vec![0.0; gradient.len()];
        self.hessian_vector(lanes, z, &vec![0.0; z.len()], gradient, &mut product);
    }
    fn hessian_vector(&self, lanes: usize, z: &[f64], v: &[f64], gradient: &mut [f64], product: &mut [f64]) {
        let k = self.k();
        for l in 0..lanes {
            let (z, v) = (lane(lanes, l, z), lane(lanes, l, v));
            let r = self.residuals(&z);
            let w = (-2.0 * self.log_sd(&z)).exp();
            let vs = if self.known_log_sd.is_none() { v[k] } else { 0.0 };
            let (mut g, mut h) = (vec![0.0; z.len()], vec![0.0; z.len()]);
            let (mut rr, mut r_dr) = (0.0, 0.0);
            for (row, r) in self.x.iter().zip(&r) {
                let dr: f64 = -row.iter().zip(&v).map(|(x, v)| x * v).sum::<f64>();
                for j in 0..k {
                    g[j] += row[j] * r * w;
                    h[j] += row[j] * w * (dr - 2.0 * vs * r);
                }
                rr += r * r;
                r_dr += r * dr;
            }
            for j in 0..k {
                let (mean, sd) = self.prior[j];
                g[j] -= (z[j] - mean) / (sd * sd);
                h[j] -= v[j] / (sd * sd);
            }
            if self.known_log_sd.is_none() {
                g[k] = 1.0 - self.y.len() as f64 + rr * w;
                h[k] = 2.0 * w * (r_dr - vs * rr);
            }
            for i in 0..z.len() {
                gradient[i * lanes + l] = g[i];
                product[i * lanes + l] = h[i];
            }
        }
    }
    fn terms(&self, lanes: usize, z: &[f64], out: &mut [f64]) {
        for l in 0..lanes {
            (out[l], out[lanes + l]) = self.parts(&lane(lanes, l, z));
        }
    }
    fn n_constrained(&self) -> usize {
        self.coordinates.len()
    }
    fn constrain(&self, _lanes: usize, z: &[f64], out: &mut [f64]) {
        out.copy_from_slice(z);
    }
    fn n_pointwise(&self) -> usize {
        self.y.len()
    }
    fn pointwise(&self, lanes: usize, _z: &[f64], out: &mut [f64]) {
        out[..self.y.len() * lanes].fill(0.0);
    }
}

/// The log density of one factor from the coordinates it touches.
pub type Factor = Box<dyn Fn(&[Jet]) -> Jet + Sync>;

/// A sum of factors that touch a few coordinates each, for models with many; factors belong to statement 0.
pub struct Sparse {
    coordinates: Vec<Coordinate>,
    statements: Vec<Term>,
    factors: Vec<(Vec<usize>, Factor)>,
}

impl Sparse {
    pub fn new(d: usize, factors: Vec<(Vec<usize>, Factor)>) -> Sparse {
        let coordinate = |i: usize| Coordinate::new(format!("z[{i}]"), Role::Latent);
        Sparse {
            coordinates: (0..d).map(coordinate).collect(),
            statements: vec![Term { text: "z".into(), kind: TermKind::Prior, span: Span::default() }],
            factors,
        }
    }

    /// Makes these coordinates point estimates.
    pub fn estimating(mut self, which: impl IntoIterator<Item = usize>) -> Self {
        for i in which {
            self.coordinates[i].role = Role::PointEstimate;
        }
        self
    }
}

impl LogDensity for Sparse {
    fn coordinates(&self) -> &[Coordinate] {
        &self.coordinates
    }
    fn statements(&self) -> &[Term] {
        &self.statements
    }
    fn value(&self, lanes: usize, z: &[f64], out: &mut [f64]) {
        for (l, out) in out.iter_mut().enumerate() {
            let at =
                |which: &[usize]| which.iter().map(|i| Jet::constant(z[i * lanes + l])).collect::<Vec<Jet>>();
            *out = self.factors.iter().map(|(which, factor)| factor(&at(which)).v).sum();
        }
    }
    fn gradient(&self, lanes: usize, z: &[f64], out: &mut [f64], gradient: &mut [f64]) {
        self.value(lanes, z, out);
        let mut product = vec![0.0; gradient.len()];
        self.hessian_vector(lanes, z, &vec![0.0; z.len()], gradient, &mut product);
    }
    fn hessian_vector(&self, lanes: usize, z: &[f64], v: &[f64], gradient: &mut [f64], product: &mut [f64]) {
        gradient.fill(0.0);
        product.fill(0.0);
        for (which, factor) in &self.factors {
            for l in 0..lanes {
                let jet = |i: &usize| Jet { b: v[i * lanes + l], ..Jet::constant(z[i * lanes + l]) };
                let mut jets: Vec<Jet> = which.iter().map(jet).collect();
                for (k, i) in which.iter().enumerate() {
                    jets[k].a = 1.0;
                    let value = factor(&jets);
                    jets[k].a = 0.0;
                    gradient[i * lanes + l] += value.a;
                    product[i * lanes + l] += value.c;
                }
            }
        }
    }
    fn terms(&self, lanes: usize, z: &[f64], out: &mut [f64]) {
        self.value(lanes, z, out);
    }
    fn n_constrained(&self) -> usize {
        self.coordinates.len()
    }
    fn constrain(&self, _lanes: usize, z: &[f64], out: &mut [f64]) {
        out.copy_from_slice(z);
    }
    fn n_pointwise(&self) -> usize {
        0
    }
    fn pointwise(&self, _lanes: usize, _z: &[f64], _out: &mut [f64]) {}
}
