//! Numbers with their derivatives in two parameters: what carries a series or continued fraction to its derivatives.

use std::ops::{Add, Div, Mul, Sub};

/// Taylor coefficients of da^i db^j in row i, column j, up to i + j < N. `Jet<1>` is a plain number, and takes short ways that
/// cost what a plain number costs.
#[derive(Clone, Copy, Debug)]
pub struct Jet<const N: usize>([[f64; N]; N]);

/// Coefficients below this share of the value have converged when they no longer matter beside it.
const FLOOR: f64 = 1e-3;

impl<const N: usize> Jet<N> {
    #[inline(always)]
    pub fn constant(x: f64) -> Jet<N> {
        Jet::linear(x, 0.0, 0.0)
    }

    /// x + da first + db second
    #[inline(always)]
    pub fn linear(x: f64, first: f64, second: f64) -> Jet<N> {
        let mut c = [[0.0; N]; N];
        c[0][0] = x;
        if N > 1 {
            c[1][0] = first;
            c[0][1] = second;
        }
        Jet(c)
    }

    pub fn from_derivatives(derivative: impl Fn(usize, usize) -> f64) -> Jet<N> {
        let mut c = [[0.0; N]; N];
        for (i, row) in c.iter_mut().enumerate() {
            for (j, c) in row.iter_mut().enumerate().take(N - i) {
                *c = derivative(i, j) / (factorial(i) * factorial(j));
            }
        }
        Jet(c)
    }

    #[inline(always)]
    pub fn value(self) -> f64 {
        self.0[0][0]
    }

    pub fn derivative(self, i: usize, j: usize) -> f64 {
        self.0[i][j] * factorial(i) * factorial(j)
    }

    /// The same derivatives, another value.
    #[inline(always)]
    pub fn with_value(mut self, x: f64) -> Jet<N> {
        self.0[0][0] = x;
        self
    }

    /// f of it, from `value` = f and `coefficients(k)` = f^(k) / k! at the value, k >= 1.
    #[inline(always)]
    pub fn compose(self, value: f64, coefficient: impl Fn(usize) -> f64) -> Jet<N> {
        if N == 1 {
            return Jet::constant(value);
        }
        let step = self.with_value(0.0);
        let (mut out, mut power) = (Jet::constant(value), step);
        for k in 1..N {
            out = out + power * coefficient(k);
            power = power * step;
        }
        out
    }

    #[inline(always)]
    pub fn recip(self) -> Jet<N> {
        let x = self.value();
        self.compose(1.0 / x, |k| (-1.0 / x).powi(k as i32) / x)
    }

    pub fn ln(self) -> Jet<N> {
        let x = self.value();
        self.compose(x.ln(), |k| -(-1.0 / x).powi(k as i32) / k as f64)
    }

    pub fn exp(self) -> Jet<N> {
        let y = self.value().exp();
        self.compose(y, |k| y / factorial(k))
    }

    /// log(1 - exp(x)), x <= 0; what rounding takes above 0 counts as 0.
    pub fn log1m_exp(self) -> Jet<N> {
        let x = if self.value() > 0.0 { 0.0 } else { self.value() };
        if x == f64::NEG_INFINITY {
            return Jet::constant(0.0);
        }
        let value = if x > -std::f64::consts::LN_2 { (-x.exp_m1()).ln() } else { (-x.exp()).ln_1p() };
        if N == 1 {
            return Jet::constant(value);
        }
        let mut rest = Jet::constant(0.0) - self.with_value(x).exp();
        rest.0[0][0] = -x.exp_m1();
        rest.ln().with_value(value)
    }

    /// Whether adding `term` changes this sum no more.
    #[inline(always)]
    pub fn absorbs(self, term: Jet<N>) -> bool {
        self.is_close(term, f64::EPSILON * 0.5)
    }

    /// Whether multiplying this product by `factor` changes it no more.
    #[inline(always)]
    pub fn keeps(self, factor: Jet<N>) -> bool {
        (factor.value() - 1.0).abs() <= f64::EPSILON
            && self.is_close((factor + -1.0) * self.value(), 4.0 * f64::EPSILON)
    }

    #[inline(always)]
    fn is_close(self, change: Jet<N>, share: f64) -> bool {
        let size = self.value().abs();
        if N == 1 {
            return change.value().abs() <= share * size;
        }
        (0..N)
            .all(|i| (0..N - i).all(|j| change.0[i][j].abs() <= share * self.0[i][j].abs().max(FLOOR * size)))
    }

    /// Lentz's guard against a zero denominator.
    #[inline(always)]
    pub fn nonzero(self) -> Jet<N> {
        if self.value().abs() < 1e-300 { self.with_value(1e-300) } else { self }
    }
}

fn factorial(n: usize) -> f64 {
    (2..=n).map(|k| k as f64).product()
}

impl<const N: usize> Add for Jet<N> {
    type Output = Jet<N>;

    #[inline(always)]
    fn add(mut self, other: Jet<N>) -> Jet<N> {
        if N == 1 {
            return Jet::constant(self.value() + other.value());
        }
        for i in 0..N {
            for j in 0..N - i {
                self.0[i][j] += other.0[i][j];
            }
        }
        self
    }
}

impl<const N: usize> Sub for Jet<N> {
    type Output = Jet<N>;

    #[inline(always)]
    fn sub(self, other: Jet<N>) -> Jet<N> {
        self + other * -1.0
    }
}

impl<const N: usize> Mul for Jet<N> {
    type Output = Jet<N>;

    #[inline(always)]
    fn mul(self, other: Jet<N>) -> Jet<N> {
        if N == 1 {
            return Jet::constant(self.value() * other.value());
        }
        let mut c = [[0.0; N]; N];
        for (i, row) in c.iter_mut().enumerate() {
            for (j, c) in row.iter_mut().enumerate().take(N - i) {
                for p in 0..=i {
                    for q in 0..=j {
                        *c += self.0[p][q] * other.0[i - p][j - q];
                    }
                }
            }
        }
        Jet(c)
    }
}

impl<const N: usize> Div for Jet<N> {
    type Output = Jet<N>;

    #[inline(always)]
    fn div(self, other: Jet<N>) -> Jet<N> {
        if N == 1 {
            return Jet::constant(self.value() / other.value());
        }
        self * other.recip()
    }
}

impl<const N: usize> Add<f64> for Jet<N> {
    type Output = Jet<N>;

    #[inline(always)]
    fn add(self, x: f64) -> Jet<N> {
        self.with_value(self.value() + x)
    }
}

impl<const N: usize> Mul<f64> for Jet<N> {
    type Output = Jet<N>;

    #[inline(always)]
    fn mul(mut self, x: f64) -> Jet<N> {
        if N == 1 {
            return Jet::constant(self.value() * x);
        }
        for i in 0..N {
            for j in 0..N - i {
                self.0[i][j] *= x;
            }
        }
        self
    }
}
