//! Functions that the extreme-value distributions share, smooth where a shape passes through 0.

use crate::tape::ops::elementwise::{Slope, Unary};
use crate::tape::{Graph, Node};

/// log(1 - exp(-exp(x))): the logarithm of the inverse of the complementary log-log link, accurate in both tails.
pub fn log_inv_cloglog(g: &mut Graph, x: Node) -> Node {
    g.map1(LogInvCloglog, x)
}

/// log(1 + a z) / a, which is z at a = 0; a z > -1.
pub fn log1p_over(g: &mut Graph, a: Node, z: Node) -> Node {
    let product = g.mul(a, z);
    let ratio = g.map1(Log1pRatio(0), product);
    g.mul(z, ratio)
}

/// (exp(a u) - 1) / a, which is u at a = 0: the inverse of [`log1p_over`]; u may be infinite.
pub fn expm1_over(g: &mut Graph, a: Node, u: Node) -> Node {
    let product = g.mul(a, u);
    let (undefined, zero) = (g.is_nan(product), g.scalar(0.0));
    let product = g.select(undefined, zero, product);
    let (size, one) = (g.abs(product), g.scalar(1.0));
    let near = g.less(size, one);
    let inner = g.select(near, product, zero);
    let ratio = g.map1(Expm1Ratio(0), inner);
    let (close, power) = (g.mul(u, ratio), g.expm1(product));
    let far = g.div(power, a);
    g.select(near, close, far)
}

#[derive(Clone, Copy, Debug)]
struct LogInvCloglog;

/// Below this point 1 - exp(-exp(x)) is exp(x) to full precision.
const CLOGLOG_TAIL: f64 = -37.0;

impl Unary for LogInvCloglog {
    const NAME: &'static str = "log_inv_cloglog";

    fn value(self, x: f64) -> f64 {
        let hazard = x.exp();
        if x < CLOGLOG_TAIL {
            x
        } else if hazard < std::f64::consts::LN_2 {
            (-(-hazard).exp_m1()).ln()
        } else {
            (-(-hazard).exp()).ln_1p()
        }
    }

    fn slope(self, g: &mut Graph, x: Node, y: Node) -> Slope {
        let hazard = g.exp(x);
        let sum = g.add(hazard, y);
        let log_slope = g.sub(x, sum);
        Slope::Node(g.exp(log_slope))
    }
}

/// The derivative of log(1 + w) / w of this order, w > -1.
#[derive(Clone, Copy, Debug)]
struct Log1pRatio(u32);

/// Within this distance of 0 the ratios are power series, since their recurrences cancel.
const LOG1P_SERIES: f64 = 0.3;
const EXPM1_SERIES: f64 = 1.0;

impl Unary for Log1pRatio {
    const NAME: &'static str = "log1p_ratio";

    fn value(self, w: f64) -> f64 {
        let n = self.0;
        let factorial: f64 = (1..=n).map(f64::from).product();
        let sign = if n.is_multiple_of(2) { 1.0 } else { -1.0 };
        sign * factorial * log1p_moment(n, w)
    }

    fn slope(self, g: &mut Graph, w: Node, _y: Node) -> Slope {
        Slope::Node(g.map1(Log1pRatio(self.0 + 1), w))
    }

    fn parameter(self) -> u64 {
        self.0.into()
    }
}

/// The integral of t^n / (1 + w t)^(n + 1) over [0, 1].
fn log1p_moment(n: u32, w: f64) -> f64 {
    if w.abs() < LOG1P_SERIES {
        // sum over k of binomial(n + k, k) (-w)^k / (n + k + 1)
        let mut coefficient = 1.0;
        let mut sum = 1.0 / f64::from(n + 1);
        for k in 1..MAX_TERMS {
            coefficient *= -w * f64::from(n + k) / f64::from(k);
            let term = coefficient / f64::from(n + k + 1);
            sum += term;
            if term.abs() <= f64::EPSILON * 0.1 * sum {
                break;
            }
        }
        return sum;
    }
    let rest = 1.0 / (1.0 + w);
    let mut moment = w.ln_1p() / w;
    for k in 1..=n {
        moment = (moment - rest.powi(k as i32) / f64::from(k)) / w;
    }
    moment
}

/// More terms than a series needs within its radius.
const MAX_TERMS: u32 = 200;

/// The derivative of (e^w - 1) / w of this order: the integral of t^n e^(w t) over [0, 1].
#[derive(Clone, Copy, Debug)]
struct Expm1Ratio(u32);

impl Unary for Expm1Ratio {
    const NAME: &'static str = "expm1_ratio";

    fn value(self, w: f64) -> f64 {
        let n = self.0;
        if w.abs() < EXPM1_SERIES {
            // sum over k of w^k / (k! (n + k + 1))
            let mut power = 1.0;
            let mut sum = 1.0 / f64::from(n + 1);
            for k in 1..MAX_TERMS {
                power *= w / f64::from(k);
                let term = power / f64::from(n + k + 1);
                sum += term;
                if term.abs() <= f64::EPSILON * 0.1 * sum {
                    break;
                }
            }
            return sum;
        }
        let end = w.exp();
        let mut moment = w.exp_m1() / w;
        for k in 1..=n {
            moment = (end - f64::from(k) * moment) / w;
        }
        moment
    }

    fn slope(self, g: &mut Graph, w: Node, _y: Node) -> Slope {
        Slope::Node(g.map1(Expm1Ratio(self.0 + 1), w))
    }

    fn parameter(self) -> u64 {
        self.0.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(value: f64, expected: f64) {
        assert!((value - expected).abs() <= 2e-13 * expected.abs(), "{value:e} is not {expected:e}");
    }

    /// Derivatives of order 0 to 3 at points on both sides of the switches, from mpmath with 50 digits.
    #[test]
    fn ratios_keep_their_relative_precision() {
        for &(w, log1p, expm1) in RATIOS {
            for n in 0..4 {
                if w > -1.0 {
                    close(Log1pRatio(n).value(w), log1p[n as usize]);
                }
                close(Expm1Ratio(n).value(w), expm1[n as usize]);
            }
        }
    }

    #[test]
    fn the_inverse_link_keeps_its_relative_precision() {
        close(LogInvCloglog.value(-1e4), -1e4);
        close(LogInvCloglog.value(CLOGLOG_TAIL.next_up()), LogInvCloglog.value(CLOGLOG_TAIL.next_down()));
        close(LogInvCloglog.value(0.0), -0.45867514538708193);
        close(LogInvCloglog.value(3.0), -1.8921786966284627e-9);
    }

    /// w, derivatives of log1p(w) / w, derivatives of expm1(w) / w
    const RATIOS: &[(f64, [f64; 4], [f64; 4])] = &[
        (
            -0.999,
            [6.914669948931067, -994.0794094605286, 999010.8520331103, -1999001969.4133086],
            [0.6323848802666037, 0.26440177743037113, 0.16071676701409343, 0.11401681324185925],
        ),
        (
            -0.31,
            [1.1969796173897806, -0.8138572417066451, 1.524789007777795, -4.8830523868573055],
            [0.8598485283087444, 0.4077470067240485, 0.2646679265284123, 0.1953445914869277],
        ),
        (
            -0.29,
            [1.1810010653337102, -0.7843090996263515, 1.4314316792420247, -4.460987351531169],
            [0.8680566635221889, 0.4130796411849093, 0.26860591307328757, 0.1984626608320603],
        ),
        (
            -1e-09,
            [1.0000000005, -0.5000000006666667, 0.6666666681666666, -1.5000000048],
            [0.9999999995, 0.49999999966666664, 0.33333333308333335, 0.2499999998],
        ),
        (0.0, [1.0, -0.5, 0.6666666666666666, -1.5], [1.0, 0.5, 0.3333333333333333, 0.25]),
        (
            0.2,
            [0.9116077839697732, -0.391372253182199, 0.44150030959976766, -0.8354676069594779],
            [1.1070137908008493, 0.5719448367966034, 0.38756542283481593, 0.29353244827860986],
        ),
        (
            0.35,
            [0.8574416927152516, -0.3334312913557455, 0.3376163934809991, -0.5713284732524099],
            [1.197335853123592, 0.6335191299133289, 0.4343693964759985, 0.33131245475789073],
        ),
        (
            1.1,
            [0.6744884952085248, -0.18027092638004422, 0.12162225740506905, -0.13537033871121648],
            [1.8219691126785758, 1.0747244647889616, 0.7770155403350094, 0.6119267299467319],
        ),
        (
            40.0,
            [0.09283930166760769, -0.0017112264441292168, 7.068922226594924e-05, -4.576223380165139e-06],
            [5884631670925500.0, 5737515879152362.0, 5597755876967882.0, 5464799980152909.0],
        ),
        (
            -1.2,
            [f64::NAN; 4],
            [0.5823381567398316, 0.23428662068969125, 0.13948252455598367, 0.09771113479645739],
        ),
        (
            -30.0,
            [f64::NAN; 4],
            [0.03333333333333022, 0.001111111111107888, 7.407407407073999e-05, 7.407407403954791e-06],
        ),
    ];
}
