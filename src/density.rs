//! The only seam between models and inference: a log density over R^D, evaluated for many points at once.

use serde::{Deserialize, Serialize};

/// What one unconstrained coordinate stands for.
#[derive(Clone, Debug, PartialEq)]
pub struct Coordinate {
    /// `tau`, `alpha[HENNEPIN]`: the element of the latent (or `param`) that the coordinate feeds.
    pub name: String,
    pub role: Role,
    /// Index into [`LogDensity::statements`] of the statement that introduced it.
    pub statement: usize,
    /// Unconstrained value that the model itself suggests as a start (a `param`'s start, the centre of a prior).
    pub start: Option<f64>,
    /// Standard deviation of random starts of a point estimate: small enough for the weights of a network.
    pub start_sd: f64,
    /// Where it is along the first plate of its latent.
    pub row: Option<Row>,
}

/// Position `at` of `of` along a plate. Latents of one row are likely to depend on each other, those of different rows
/// on each other through the rest only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Row {
    pub at: usize,
    pub of: usize,
}

impl Coordinate {
    /// Standard deviation of random starts of point estimates that nothing else is known of.
    pub const START_SD: f64 = 0.3;

    pub fn new(name: impl Into<String>, role: Role) -> Coordinate {
        let start_sd = Coordinate::START_SD;
        Coordinate { name: name.into(), role, statement: 0, start: None, start_sd, row: None }
    }
}

/// Latents get a distribution q; point-estimated parameters (theta) get a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    Latent,
    PointEstimate,
}

/// A statement that adds to the log density.
#[derive(Clone, Debug, PartialEq)]
pub struct Term {
    /// One-line text of the statement, for messages: `y ~ Normal(mu, sigma)`.
    pub text: String,
    pub kind: TermKind,
    /// Bytes of the model text.
    pub span: crate::source::Span,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TermKind {
    /// log p(z), log-Jacobian of the map to the constrained space included.
    Prior,
    /// log p(x | z)
    Likelihood,
    /// `factor`; counted with the likelihood.
    Factor,
}

/// log p(x, z) on the unconstrained space, log-Jacobians included.
///
/// Points come in batches of `lanes`, lanes innermost: coordinate `i` of point `l` is `z[i * lanes + l]`.
/// A log density that is not finite is a value (`-inf` or NaN), never an error: inference steps back from it.
pub trait LogDensity: Sync {
    /// Unconstrained coordinates, latents and theta together, in the order of `z`.
    fn coordinates(&self) -> &[Coordinate];

    fn dim(&self) -> usize {
        self.coordinates().len()
    }

    /// The statements that [`LogDensity::terms`] reports on.
    fn statements(&self) -> &[Term];

    /// Roughly how many sums and products the value at one point takes.
    fn work(&self) -> f64 {
        (self.n_pointwise() + self.dim()) as f64
    }

    /// `out[lanes]`: log p(x, z) of each point.
    fn value(&self, lanes: usize, z: &[f64], out: &mut [f64]);

    /// `out[lanes]`, `gradient[D][lanes]`.
    fn gradient(&self, lanes: usize, z: &[f64], out: &mut [f64], gradient: &mut [f64]);

    /// `product[D][lanes]` = Hessian(z_l) v_l for each point; also the gradient, which comes for free.
    fn hessian_vector(&self, lanes: usize, z: &[f64], v: &[f64], gradient: &mut [f64], product: &mut [f64]);

    /// `out[statements][lanes]`: log density by statement; they sum to [`LogDensity::value`].
    fn terms(&self, lanes: usize, z: &[f64], out: &mut [f64]);

    /// How many numbers [`LogDensity::constrain`] gives for a point.
    fn n_constrained(&self) -> usize;

    /// `out[n_constrained][lanes]`: latents, theta and reported deterministic quantities on their own scales.
    fn constrain(&self, lanes: usize, z: &[f64], out: &mut [f64]);

    /// How many observed elements [`LogDensity::pointwise`] gives.
    fn n_pointwise(&self) -> usize;

    /// `out[n_pointwise][lanes]`: log p(x_i | z) of each observed element.
    fn pointwise(&self, lanes: usize, z: &[f64], out: &mut [f64]);

    /// Coordinates z_i, in ascending order, with log p(z_i | others) = log f((z_i - m_i) / s_i) - log s_i where the location
    /// m_i or the scale s_i varies with other coordinates: those that can be recentred.
    fn recentrable(&self) -> &[usize] {
        &[]
    }

    /// `location[n][lanes]` m_i and `log_scale[n][lanes]` log s_i of the n coordinates of [`LogDensity::recentrable`].
    fn locations_and_scales(&self, _lanes: usize, _z: &[f64], location: &mut [f64], log_scale: &mut [f64]) {
        location.fill(0.0);
        log_scale.fill(0.0);
    }

    /// The same density in other coordinates z~, for the n coordinates of [`LogDensity::recentrable`]; always counted from
    /// the model as written. Programs are made once, whatever the centring. `None` where nothing can be recentred.
    fn recentred(&self, _centring: &Centring) -> Option<Box<dyn Recentred + '_>> {
        None
    }
}

/// Other coordinates of location-scale latents: z_i = m_i + (s_i / r_i)^(1 - c_i) (z~_i - c_i m_i), where m_i and s_i are the
/// location and the scale that the model gives z_i. The prior of z~_i has location c_i m_i and scale s_i^c_i r_i^(1 - c_i).
///
/// At c_i = 1 it is as written, at 0 the prior of z~_i depends on no other coordinate. With r_i the usual size of s_i, z~_i
/// is about z_i - (1 - c_i) m_i: the coordinates of Papaspiliopoulos, Roberts & Sköld (2007), whatever the unit of z. With
/// r_i = 1 they are those of Gorinova, Moore & Hoffman (2020), "Automatic reparameterisation of probabilistic programs".
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Centring {
    /// c_i in [0, 1].
    pub weights: Vec<f64>,
    /// log r_i.
    pub log_units: Vec<f64>,
}

impl Centring {
    /// With all units 1.
    pub fn new(weights: Vec<f64>) -> Centring {
        let log_units = vec![0.0; weights.len()];
        Centring { weights, log_units }
    }
}

/// A density in coordinates z~, whose log-Jacobians are included. All of [`LogDensity`] is at points z~;
/// [`LogDensity::constrain`] gives the same quantities as before.
pub trait Recentred: LogDensity {
    /// For each of the coordinates of [`LogDensity::recentrable`].
    fn centring(&self) -> &Centring;

    /// `out[D][lanes]`: the coordinates as written of points z~.
    fn to_written(&self, lanes: usize, z: &[f64], out: &mut [f64]);

    /// `out[D][lanes]`: z~ of points in the coordinates as written.
    fn from_written(&self, lanes: usize, z: &[f64], out: &mut [f64]);
}
