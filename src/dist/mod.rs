//! Distributions and their wrappers: the right-hand sides of `~`.

// Shared by the formulas
mod cutpoints;
mod extremes;
mod finite;
mod formula;
mod incomplete;
mod matrices;
mod quadrature;
mod range;
mod special;

// Distributions of distributions
pub mod fitting;
mod instance;
mod location_scale;
mod moments;
mod quantile;
pub mod question;
mod shapes;
pub mod wrappers;

#[cfg(test)]
mod tests;

pub use flat::Flat;
pub use instance::Sampler;
pub use location_scale::LocationScale;
pub use question::Question;
pub use shapes::{Argument, Extent};

use rand::Rng;

use crate::constraint::Constraint;
use crate::tape::{Graph, Node};
use crate::types::ElementType;

/// Declares the modules and the catalogue: a distribution is one file and one line here.
macro_rules! catalogue {
    ($($module:ident :: $name:ident,)*) => {
        $(mod $module;)*

        /// Every distribution, in the order of the reference.
        pub static ALL: &[&dyn Distribution] = &[$(&$module::$name),*];
    };
}

catalogue! {
    // Continuous
    normal::Normal,
    half_normal::HalfNormal,
    student_t::StudentT,
    half_student_t::HalfStudentT,
    cauchy::Cauchy,
    half_cauchy::HalfCauchy,
    laplace::Laplace,
    asymmetric_laplace::AsymmetricLaplace,
    logistic::Logistic,
    gumbel::Gumbel,
    skew_normal::SkewNormal,
    exp_mod_normal::ExpModNormal,
    log_normal::LogNormal,
    logit_normal::LogitNormal,
    exponential::Exponential,
    gamma::Gamma,
    inverse_gamma::InverseGamma,
    chi_squared::ChiSquared,
    inverse_chi_squared::InverseChiSquared,
    weibull::Weibull,
    frechet::Frechet,
    rayleigh::Rayleigh,
    inverse_gaussian::InverseGaussian,
    pareto::Pareto,
    lomax::Lomax,
    generalized_extreme_value::GeneralizedExtremeValue,
    beta::Beta,
    kumaraswamy::Kumaraswamy,
    uniform::Uniform,
    triangular::Triangular,
    von_mises::VonMises,
    flat::Flat,
    // Discrete
    bernoulli::Bernoulli,
    binomial::Binomial,
    beta_binomial::BetaBinomial,
    poisson::Poisson,
    neg_binomial::NegBinomial,
    geometric::Geometric,
    categorical::Categorical,
    ordered_logistic::OrderedLogistic,
    ordered_probit::OrderedProbit,
    discrete_uniform::DiscreteUniform,
    hypergeometric::Hypergeometric,
    // Multivariate
    mv_normal::MvNormal,
    mv_student_t::MvStudentT,
    dirichlet::Dirichlet,
    multinomial::Multinomial,
    dirichlet_multinomial::DirichletMultinomial,
    lkj_cholesky::LkjCholesky,
    lkj_corr::LkjCorr,
    wishart::Wishart,
    inverse_wishart::InverseWishart,
    random_walk::RandomWalk,
    auto_regressive::AutoRegressive,
    icar::Icar,
}

/// The distribution of this name.
pub fn find(name: &str) -> Option<&'static dyn Distribution> {
    ALL.iter().copied().find(|d| d.name() == name)
}

/// One argument of a distribution or wrapper.
#[derive(Debug)]
pub struct Param {
    pub name: &'static str,
    /// How many trailing dimensions one draw's argument has: 0 for a mean, 1 for a mean vector, 2 for a covariance.
    /// What a value lacks of them is padded with ones: a scalar mean serves every element.
    pub rank: usize,
    pub range: Range,
    /// Value when not given; `None` makes the argument required.
    pub default: Option<f64>,
    pub doc: &'static str,
}

impl Param {
    /// A required number.
    const fn scalar(name: &'static str, range: Range, doc: &'static str) -> Param {
        Param { name, rank: 0, range, default: None, doc }
    }

    /// A required vector.
    const fn vector(name: &'static str, range: Range, doc: &'static str) -> Param {
        Param { name, rank: 1, range, default: None, doc }
    }

    /// A required matrix.
    const fn matrix(name: &'static str, range: Range, doc: &'static str) -> Param {
        Param { name, rank: 2, range, default: None, doc }
    }

    /// A number with a default.
    const fn optional(name: &'static str, range: Range, default: f64, doc: &'static str) -> Param {
        Param { name, rank: 0, range, default: Some(default), doc }
    }
}

/// What values an argument may take; constants are checked before fitting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Range {
    /// Finite.
    Real,
    /// Infinite numbers too: bounds, log odds.
    Extended,
    Positive,
    NonNegative,
    UnitInterval,
    /// Probabilities that sum to 1 along the last dimension.
    Simplex,
    /// Increasing along the last dimension.
    Increasing,
    /// 0, 1, 2, ...
    Count,
    /// 1, 2, 3, ...: a position, a length.
    Ordinal,
    Integer,
    /// Symmetric positive definite.
    Covariance,
    /// Lower triangular with a positive diagonal.
    CholeskyFactor,
}

/// Where a distribution puts its mass.
#[derive(Clone, Debug)]
pub enum Support {
    /// The image of a constraint; `bounds` broadcast against the batch shape.
    Continuous { constraint: &'static dyn Constraint, bounds: Vec<Node> },
    /// Whole numbers between bounds, each included; `None` is unbounded.
    Integers { lower: Option<Node>, upper: Option<Node> },
    /// Vectors of whole numbers, 0 or more, whose sum is `total`, of the batch shape; only data have them.
    Counts { total: Node },
}

/// A distribution: all its facts in one place.
///
/// Arguments arrive as nodes in the order of the chosen parameterisation `form`, defaults filled in. Their shapes are
/// batch dimensions (broadcasting against each other and x as in NumPy) followed by `Param::rank` event dimensions.
/// `x` is batch + `event_rank` dimensions.
pub trait Distribution: Sync {
    fn name(&self) -> &'static str;

    /// One line: `Normal (Gaussian) distribution on the real line.`
    fn summary(&self) -> &'static str;

    /// The parameterisations; the first is the one whose arguments may go by position. A call picks the first one that
    /// has all the names used.
    fn forms(&self) -> &'static [&'static [Param]];

    /// Dimensions of one draw, the same number in every form. Default: a number.
    fn event(&self, _form: usize) -> &'static [Extent] {
        &[]
    }

    /// How many trailing dimensions one draw has.
    fn event_rank(&self) -> usize {
        self.event(0).len()
    }

    /// `Real`, or `Int` / `Bool` for discrete distributions.
    fn element(&self) -> ElementType {
        ElementType::Real
    }

    /// Density does not integrate (`Flat`).
    fn improper(&self) -> bool {
        false
    }

    /// Why arguments of these shapes (batch dimensions included) do not go together, in words for the user: a mean of
    /// another length than the covariance. The other methods are called only where there is none.
    fn event_mismatch(&self, _form: usize, _args: &[&[usize]]) -> Option<String> {
        None
    }

    /// Why there is no such distribution, in words for the user, as far as the constants among the arguments tell: bounds
    /// that leave nothing between them. What a single argument may be is in its `Param::range`.
    fn objection(&self, _g: &mut Graph, _form: usize, _args: &[Node]) -> Option<String> {
        None
    }

    /// What to change where there is an objection.
    fn remedy(&self) -> Option<&'static str> {
        None
    }

    fn support(&self, g: &mut Graph, form: usize, args: &[Node]) -> Support;

    /// log p(x), all constants kept; of the batch shape. Outside the support: -inf.
    fn log_density(&self, g: &mut Graph, form: usize, args: &[Node], x: Node) -> Node;

    /// log P(X <= x) for x in the support (whole for discrete distributions), accurate in both tails, with derivatives in
    /// x and the arguments; [`Instance::log_cdf`] takes any x. `None` only for vectors and improper distributions.
    fn log_cdf(&self, _g: &mut Graph, _form: usize, _args: &[Node], _x: Node) -> Option<Node> {
        None
    }

    /// log P(X > x), as the lower tail.
    fn log_ccdf(&self, _g: &mut Graph, _form: usize, _args: &[Node], _x: Node) -> Option<Node> {
        None
    }

    /// The p-quantile, for p in [0, 1], where there is a formula for it; else the distribution function is inverted.
    fn quantile(&self, _g: &mut Graph, _form: usize, _args: &[Node], _p: Node) -> Option<Node> {
        None
    }

    /// The mean, of batch + event shape; `None` where no formula is known. Infinite or NaN where the arguments leave none.
    fn mean(&self, _g: &mut Graph, _form: usize, _args: &[Node]) -> Option<Node> {
        None
    }

    /// The standard deviation of every element, of batch + event shape; as the mean otherwise.
    fn sd(&self, _g: &mut Graph, _form: usize, _args: &[Node]) -> Option<Node> {
        None
    }

    /// Where the density has a corner inside its support, of the batch shape: its mode.
    fn corner(&self, _form: usize, _args: &[Node]) -> Option<Node> {
        None
    }

    /// One draw; `args[k]` holds one draw's argument, row-major (1 number for rank 0). `out` has the event's length.
    fn sample(&self, form: usize, args: &[&[f64]], rng: &mut dyn Rng, out: &mut [f64]);

    /// Mean and standard deviation, where this is a normal distribution: what closed forms are known for.
    fn as_normal(&self, _form: usize, _args: &[Node]) -> Option<[Node; 2]> {
        None
    }

    /// Which arguments are location m and scale s of a draw on the unconstrained scale of its support (the real line, log x,
    /// logit x): there its log density is log f((z - m) / s) - log s, and f depends on neither.
    fn location_scale(&self, _form: usize) -> Option<[usize; 2]> {
        None
    }

    /// The density as a formula in plain text, for the reference.
    fn formula(&self) -> &'static str;

    /// A model line that uses it.
    fn example(&self) -> &'static str;

    /// What it is called in other systems.
    fn elsewhere(&self) -> Elsewhere;

    /// Arguments of every form, and points, at which tests compare derivatives with finite differences and draws with
    /// distribution functions and moments.
    fn trials(&self) -> &'static [Trial];
}

/// A distribution's names in other systems, with their arguments where these differ: `gamma(alpha, beta)`; `None` where a
/// system has no such thing.
#[derive(Clone, Copy, Debug, Default)]
pub struct Elsewhere {
    pub stan: Option<&'static str>,
    pub pymc: Option<&'static str>,
    pub r: Option<&'static str>,
}

/// Arguments, row-major, and points of a distribution.
#[derive(Clone, Copy, Debug)]
pub struct Trial {
    pub form: usize,
    /// One draw's arguments: one number of rank 0, a vector of rank 1, a square matrix of rank 2.
    pub args: &'static [&'static [f64]],
    /// One draw after another.
    pub points: &'static [f64],
}

/// A distribution with its arguments, perhaps wrapped: what stands to the right of `~` once names are gone.
#[derive(Clone)]
pub enum Instance {
    Plain { dist: &'static dyn Distribution, form: usize, args: Vec<Node> },
    Wrapped { wrapper: &'static dyn Wrapper, inner: Vec<Instance>, args: Vec<Option<Node>> },
}

/// `truncated`, `ordered`, `mixture`: makes a distribution out of distributions.
///
/// The surface form is `name(D, ...)` or, where the inner position is 1, `name(w, D)` / `name(w, [D1, D2])`.
pub trait Wrapper: Sync {
    fn name(&self) -> &'static str;

    fn summary(&self) -> &'static str;

    /// Arguments other than the inner distribution(s).
    fn params(&self) -> &'static [Param];

    /// Position of the inner distribution among the positional arguments: 0, or 1 for `mixture(w, D)`.
    fn inner_position(&self) -> usize {
        0
    }

    /// Takes `[D1, D2]` where others take one distribution.
    fn takes_list(&self) -> bool {
        false
    }

    /// Trailing batch dimensions of the inner distribution that this wrapper uses up (a mixture's components).
    fn inner_rank(&self, _n_inner: usize) -> usize {
        0
    }

    fn event_rank(&self, inner: &[Instance]) -> usize {
        inner[0].event_rank()
    }

    fn support(&self, g: &mut Graph, inner: &[Instance], args: &[Option<Node>]) -> Support;

    /// Numbers that have a probability of their own although the distribution is continuous, of the batch shape: the
    /// limits of `censored`, 0 under `hurdle`. The support is about all other numbers. Only data can have such a
    /// distribution, and few wrappers can take one.
    fn atoms(&self, _g: &mut Graph, _inner: &[Instance], _args: &[Option<Node>]) -> Vec<Node> {
        Vec::new()
    }

    /// Whether the distributions inside may have atoms.
    fn takes_atoms(&self) -> bool {
        false
    }

    /// What to write for a latent instead, where there are atoms.
    fn latent_advice(&self) -> &'static str {
        ""
    }

    /// log p(x) of the batch shape, -inf outside the support; at an atom its log probability.
    fn log_density(&self, g: &mut Graph, inner: &[Instance], args: &[Option<Node>], x: Node) -> Node;

    /// Why this wrapper cannot take these distributions, in words for the user; `None` when it can. The other methods
    /// are called only then.
    fn objection(&self, _g: &mut Graph, _inner: &[Instance], _args: &[Option<Node>]) -> Option<String> {
        None
    }

    /// What to change where there is an objection.
    fn remedy(&self) -> Option<&'static str> {
        None
    }

    /// What to do about an observed value outside the support.
    fn outside_advice(&self) -> Option<&'static str> {
        None
    }

    /// Whether the density integrates to 1, so that evidences mean something.
    fn normalized(&self, g: &mut Graph, inner: &[Instance], _args: &[Option<Node>]) -> bool {
        inner.iter().all(|d| d.normalized(g))
    }

    /// log P(X <= x) for x in the support, where there is a formula; for discrete distributions x is whole.
    fn log_cdf(&self, _g: &mut Graph, _inner: &[Instance], _args: &[Option<Node>], _x: Node) -> Option<Node> {
        None
    }

    /// log P(X > x).
    fn log_ccdf(
        &self,
        _g: &mut Graph,
        _inner: &[Instance],
        _args: &[Option<Node>],
        _x: Node,
    ) -> Option<Node> {
        None
    }

    /// The mean, of batch + event shape, where there is a formula.
    fn mean(&self, _g: &mut Graph, _inner: &[Instance], _args: &[Option<Node>]) -> Option<Node> {
        None
    }

    /// The standard deviation, as the mean.
    fn sd(&self, _g: &mut Graph, _inner: &[Instance], _args: &[Option<Node>]) -> Option<Node> {
        None
    }

    /// One draw of `event` shape; `None` where there is no way to make one.
    fn sample(
        &self,
        draw: &Sampler<'_>,
        inner: &[Instance],
        args: &[Option<Node>],
        event: &[usize],
        rng: &mut dyn Rng,
    ) -> Option<Vec<f64>>;

    /// The density in terms of the inner one, in plain text, for the reference.
    fn formula(&self) -> &'static str;

    fn example(&self) -> &'static str;

    /// What it is called, or how it is written, in other systems.
    fn elsewhere(&self) -> Elsewhere;
}
