//! Questions that a distribution answers in an expression: `lpdf(D, x)`, `cdf(D, x)`, `quantile(D, p)`, `mean(D)`.

use super::{Elsewhere, Instance, Param, Range};
use crate::tape::{Graph, Node};
use crate::types::ElementType;

/// One question: all its facts in one place.
pub struct Question {
    pub name: &'static str,
    /// One line: `Density of D at x, on the log scale.`
    pub summary: &'static str,
    /// What comes after the distribution; `None` where the distribution alone is asked.
    pub argument: Option<Param>,
    pub answer: Answer,
    /// The answer is a value that a draw may take: whole where the distribution is discrete.
    pub is_draw: bool,
    /// An expression that uses it.
    pub example: &'static str,
    /// How the question is put in other systems, for a normal distribution.
    pub elsewhere: Elsewhere,
}

/// How an answer is computed, and what shape it has. `None` where no formula is known.
#[derive(Clone, Copy)]
pub enum Answer {
    /// At a draw, of batch + event shape; an answer for each draw: of the batch shape.
    OfDraw(fn(&Instance, &mut Graph, Node) -> Option<Node>),
    /// At a number, of distributions of single numbers; of the batch shape.
    OfNumber(fn(&Instance, &mut Graph, Node) -> Option<Node>),
    /// Of the distribution alone; of batch + event shape, perhaps yet to be broadcast.
    Alone(fn(&Instance, &mut Graph) -> Option<Node>),
}

/// Every question, in the order of the reference.
pub static ALL: &[&Question] = &[&LPDF, &CDF, &LOG_CDF, &LOG_CCDF, &QUANTILE, &MEAN, &SD, &VAR];

/// The question of this name.
pub fn find(name: &str) -> Option<&'static Question> {
    ALL.iter().copied().find(|question| question.name == name)
}

impl Question {
    /// `cdf(D, x)`
    pub fn signature(&self) -> String {
        match &self.argument {
            Some(argument) => format!("{}(D, {})", self.name, argument.name),
            None => format!("{}(D)", self.name),
        }
    }

    /// Element type of the answers of a distribution of these elements.
    pub fn element(&self, of: ElementType) -> ElementType {
        if self.is_draw && of != ElementType::Real { ElementType::Int } else { ElementType::Real }
    }
}

const X: Param = Param::scalar("x", Range::Extended, "value");

pub static LPDF: Question = Question {
    name: "lpdf",
    summary: "Log density (of a discrete distribution, log probability) of D at x.",
    argument: Some(X),
    answer: Answer::OfDraw(|d, g, x| Some(d.log_density(g, x))),
    is_draw: false,
    example: "lpdf(Normal(0, 1), 0.5)",
    elsewhere: Elsewhere {
        stan: Some("normal_lpdf(x | mu, sigma)"),
        pymc: Some("pm.logp(D, x)"),
        r: Some("dnorm(x, log = TRUE)"),
    },
};

static CDF: Question = Question {
    name: "cdf",
    summary: "Probability of a value of at most x under D.",
    argument: Some(X),
    answer: Answer::OfNumber(|d, g, x| {
        let log_cdf = d.log_cdf(g, x)?;
        Some(g.exp(log_cdf))
    }),
    is_draw: false,
    example: "cdf(Normal(0, 1), 1.96)",
    elsewhere: Elsewhere {
        stan: Some("normal_cdf(x | mu, sigma)"),
        pymc: Some("exp(pm.logcdf(D, x))"),
        r: Some("pnorm(x)"),
    },
};

static LOG_CDF: Question = Question {
    name: "log_cdf",
    summary: "Log probability of a value of at most x under D, exact also where the probability underflows.",
    argument: Some(X),
    answer: Answer::OfNumber(Instance::log_cdf),
    is_draw: false,
    example: "log_cdf(Normal(0, 1), -40)",
    elsewhere: Elsewhere {
        stan: Some("normal_lcdf(x | mu, sigma)"),
        pymc: Some("pm.logcdf(D, x)"),
        r: Some("pnorm(x, log.p = TRUE)"),
    },
};

static LOG_CCDF: Question = Question {
    name: "log_ccdf",
    summary: "Log probability of a value above x under D, exact also where the probability underflows.",
    argument: Some(X),
    answer: Answer::OfNumber(Instance::log_ccdf),
    is_draw: false,
    example: "log_ccdf(Exponential(1), 100)",
    elsewhere: Elsewhere {
        stan: Some("normal_lccdf(x | mu, sigma)"),
        pymc: Some("pm.logccdf(D, x)"),
        r: Some("pnorm(x, lower.tail = FALSE, log.p = TRUE)"),
    },
};

static QUANTILE: Question = Question {
    name: "quantile",
    summary: "Smallest value that a draw of D is at most with probability p or more.",
    argument: Some(Param::scalar("p", Range::UnitInterval, "probability")),
    answer: Answer::OfNumber(|d, g, p| d.quantile(g, p)),
    is_draw: true,
    example: "quantile(Normal(0, 1), 0.975)",
    elsewhere: Elsewhere {
        stan: Some("normal_qf(p | mu, sigma)"),
        pymc: Some("pm.icdf(D, p)"),
        r: Some("qnorm(p)"),
    },
};

static MEAN: Question = Question {
    name: "mean",
    summary: "Mean of D.",
    argument: None,
    answer: Answer::Alone(|d, g| d.mean(g)),
    is_draw: false,
    example: "mean(Gamma(2, 0.5))",
    elsewhere: Elsewhere { stan: None, pymc: None, r: None },
};

static SD: Question = Question {
    name: "sd",
    summary: "Standard deviation of D, of each element of a draw.",
    argument: None,
    answer: Answer::Alone(|d, g| d.sd(g)),
    is_draw: false,
    example: "sd(Gamma(2, 0.5))",
    elsewhere: Elsewhere { stan: None, pymc: None, r: None },
};

static VAR: Question = Question {
    name: "var",
    summary: "Variance of D, of each element of a draw.",
    argument: None,
    answer: Answer::Alone(|d, g| {
        let sd = d.sd(g)?;
        Some(g.square(sd))
    }),
    is_draw: false,
    example: "var(Gamma(2, 0.5))",
    elsewhere: Elsewhere { stan: None, pymc: None, r: None },
};
