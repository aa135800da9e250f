//! How far an expression ranges: to minus infinity, or infinity, as one of its latents ranges over its support.

use std::collections::{HashMap, HashSet};

use super::observed::{children, walk};
use crate::dist::fitting;
use crate::ir::{Expr, ExprKind, Index, Model, StatementKind, VariableId};
use crate::types::ElementType;

/// What takes an expression as far as it goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reach {
    pub through: VariableId,
    pub down: bool,
    pub up: bool,
}

/// What a model says of its names.
pub struct Meanings<'m> {
    /// The first prior of each latent.
    pub priors: HashMap<VariableId, &'m Expr>,
    /// Names that are defined by one expression.
    definitions: HashMap<VariableId, &'m Expr>,
}

/// Expressions within definitions that are looked at.
const MAX_NODES: usize = 1_000;

/// Which element of a latent it is, where numbers say so.
type Position = Option<Vec<u64>>;

fn position(indices: &[Index]) -> Position {
    let number = |index: &Index| match index {
        Index::At(Expr { kind: ExprKind::Number(x, _), .. }) => Some(x.to_bits()),
        _ => None,
    };
    indices.iter().map(number).collect()
}

/// How a latent's way into an expression changes its sign.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Sign {
    Plus,
    Minus,
    Unknown,
}

impl<'m> Meanings<'m> {
    pub fn of(model: &'m Model) -> Meanings<'m> {
        let (mut priors, mut definitions, mut several) = (HashMap::new(), HashMap::new(), Vec::new());
        walk(&model.body, &mut |statement| match &statement.kind {
            StatementKind::Latent { variable, distribution, .. }
            | StatementKind::LatentElements { variable, distribution, .. } => {
                priors.entry(*variable).or_insert(distribution);
            }
            StatementKind::Define { variable, value }
            | StatementKind::DefineElements { variable, value, .. } => {
                several.extend(definitions.insert(*variable, value).map(|_| *variable));
            }
            _ => {}
        });
        definitions.retain(|variable, _| !several.contains(variable));
        Meanings { priors, definitions }
    }

    /// `None` where nothing is known to take it to either end: a latent that stands in it twice may take itself back.
    pub fn reach(&self, expr: &Expr) -> Option<Reach> {
        let (mut latents, mut left) = (Vec::new(), MAX_NODES);
        self.latents(expr, &mut latents, &mut left)?;
        let mut found = Vec::new();
        self.terms(expr, Sign::Plus, &mut found);
        let stands_alone = |id: VariableId| {
            let own: Vec<&Position> = latents.iter().filter(|(of, _)| *of == id).map(|(_, at)| at).collect();
            let is_known = own.iter().all(|at| at.is_some());
            own.len() == 1 || is_known && own.iter().collect::<HashSet<_>>().len() == own.len()
        };
        found.retain(|reach| stands_alone(reach.through) && (reach.down || reach.up));
        // One that goes both ways says most.
        found.iter().find(|reach| reach.down && reach.up).or(found.first()).copied()
    }

    /// The latents of an expression, definitions written out, as often as they stand there; `None` of one too long to tell.
    fn latents(&self, expr: &Expr, found: &mut Vec<(VariableId, Position)>, left: &mut usize) -> Option<()> {
        *left = left.checked_sub(1)?;
        match &expr.kind {
            ExprKind::Variable(id) => match self.definitions.get(id) {
                Some(value) => return self.latents(value, found, left),
                None => found.push((*id, None)),
            },
            ExprKind::Index { base, indices } => {
                if let (ExprKind::Variable(id), Some(at)) = (&base.kind, position(indices))
                    && !self.definitions.contains_key(id)
                {
                    found.push((*id, Some(at)));
                    return Some(());
                }
            }
            _ => {}
        }
        children(expr).into_iter().try_for_each(|child| self.latents(child, found, left))
    }

    /// The latents that an expression is linear in, as far as signs are known.
    fn terms(&self, expr: &Expr, sign: Sign, found: &mut Vec<Reach>) {
        match &expr.kind {
            ExprKind::Variable(id) => match (self.definitions.get(id), self.priors.get(id)) {
                (Some(value), _) => self.terms(value, sign, found),
                (None, Some(prior)) => found.extend(support(*id, prior, sign)),
                (None, None) => {}
            },
            ExprKind::Index { base, .. } => self.terms(base, sign, found),
            ExprKind::Array(items) => items.iter().for_each(|item| self.terms(item, sign, found)),
            ExprKind::Call { builtin, args } => {
                let args: Vec<&Expr> = args.iter().flatten().collect();
                match (builtin.name(), args.as_slice()) {
                    ("+", [a, b]) => {
                        self.terms(a, sign, found);
                        self.terms(b, sign, found);
                    }
                    ("-", [a, b]) => {
                        self.terms(a, sign, found);
                        self.terms(b, sign.times(Sign::Minus), found);
                    }
                    ("neg", [a]) => self.terms(a, sign.times(Sign::Minus), found),
                    ("*", [a, b]) => {
                        self.terms(a, sign.times(of_factor(b)), found);
                        self.terms(b, sign.times(of_factor(a)), found);
                    }
                    ("/", [a, b]) => self.terms(a, sign.times(of_factor(b)), found),
                    ("@" | "dot", [a, b]) => {
                        self.terms(a, Sign::Unknown, found);
                        self.terms(b, Sign::Unknown, found);
                    }
                    ("sum" | "mean" | "transpose", [a, ..]) => self.terms(a, sign, found),
                    _ => {}
                }
            }
            _ => {}
        }
    }
}

impl Sign {
    fn times(self, other: Sign) -> Sign {
        match (self, other) {
            (Sign::Unknown, _) | (_, Sign::Unknown) => Sign::Unknown,
            (a, b) if a == b => Sign::Plus,
            _ => Sign::Minus,
        }
    }
}

/// The sign of a number; that of anything else is not known.
fn of_factor(expr: &Expr) -> Sign {
    match &expr.kind {
        ExprKind::Number(x, _) if *x > 0.0 => Sign::Plus,
        ExprKind::Number(x, _) if *x < 0.0 => Sign::Minus,
        ExprKind::Call { builtin, args } if builtin.name() == "neg" => {
            args.iter().flatten().next().map_or(Sign::Unknown, |arg| of_factor(arg).times(Sign::Minus))
        }
        _ => Sign::Unknown,
    }
}

/// Where a latent with this prior takes what it stands in with this sign.
fn support(id: VariableId, prior: &Expr, sign: Sign) -> Option<Reach> {
    let ExprKind::Distribution { dist, .. } = &prior.kind else { return None };
    if dist.improper() || dist.element() != ElementType::Real || dist.event_rank() > 1 {
        return None;
    }
    let [down, up] = fitting::open_ends(*dist);
    let (down, up) = match sign {
        Sign::Plus => (down, up),
        Sign::Minus => (up, down),
        // A way down is one up where the factor is negative: both are known only where there are both.
        Sign::Unknown => (down && up, down && up),
    };
    Some(Reach { through: id, down, up })
}
