//! A first look over a file: which names it defines, where, and how, before anything is resolved.

use std::collections::{HashMap, HashSet};

use crate::source::Span;
use crate::syntax::ast;

/// How the file defines one of its names.
#[derive(Clone, Debug)]
pub(super) struct Outline {
    /// The first place.
    pub span: Span,
    pub declared_data: bool,
    pub function: bool,
    /// Left of some `=`, or a `param`.
    pub computed: bool,
    /// Places left of `~`.
    pub samples: Vec<Sample>,
    /// Statements with `=` and brackets.
    pub element_definitions: usize,
    /// `~` statements in a file where every `if` takes its longest arm.
    pub n_samples: usize,
    /// Names on the right of its statements.
    pub uses: HashSet<String>,
}

/// One `x ~ ...` or `x[...] ~ ...`.
#[derive(Clone, Debug)]
pub(super) struct Sample {
    pub span: Span,
    /// Number of entries between the brackets; `None` without brackets.
    pub brackets: Option<usize>,
    pub in_loop: bool,
}

impl Outline {
    fn new(span: Span) -> Outline {
        Outline {
            span,
            declared_data: false,
            function: false,
            computed: false,
            samples: Vec::new(),
            element_definitions: 0,
            n_samples: 0,
            uses: HashSet::new(),
        }
    }

    /// A latent of this name is built up by elements rather than drawn at once over plates.
    pub fn by_elements(&self) -> bool {
        self.n_samples > 1 || self.samples.iter().any(|s| s.in_loop)
    }

    /// Only `~` statements define it.
    pub fn only_sampled(&self) -> bool {
        !self.samples.is_empty() && !self.computed && !self.function && !self.declared_data
    }
}

/// Everything the file defines at its outermost level (names filled by element inside loops included).
#[derive(Debug, Default)]
pub(super) struct Outlines {
    pub names: HashMap<String, Outline>,
    /// The file declares `data`, so that only declared names come from the data.
    pub declares_data: bool,
}

impl Outlines {
    pub fn of(file: &ast::File) -> Outlines {
        let mut outlines = Outlines::default();
        outlines.block(&file.statements, false);
        let counts = count_samples(&file.statements);
        for (name, outline) in &mut outlines.names {
            outline.n_samples = counts.get(name.as_str()).copied().unwrap_or(0);
        }
        outlines
    }

    pub fn get(&self, name: &str) -> Option<&Outline> {
        self.names.get(name)
    }

    fn entry(&mut self, name: &str, span: Span) -> &mut Outline {
        self.names.entry(name.to_string()).or_insert_with(|| Outline::new(span))
    }

    fn block(&mut self, statements: &[ast::Statement], in_loop: bool) {
        use ast::StatementKind as S;
        for statement in statements {
            match &statement.kind {
                S::Sample { target, distribution } => {
                    if let Some((name, span, brackets)) = left_side(target) {
                        let sample = Sample { span: target.span, brackets, in_loop };
                        let outline = self.entry(name, span);
                        outline.samples.push(sample);
                        names_in(distribution, &mut outline.uses);
                    }
                }
                S::Define { target, value } => match left_side(target) {
                    Some((name, span, None)) if !in_loop => {
                        let outline = self.entry(name, span);
                        outline.computed = true;
                        names_in(value, &mut outline.uses);
                    }
                    Some((name, span, Some(_))) => {
                        let outline = self.entry(name, span);
                        outline.computed = true;
                        outline.element_definitions += 1;
                        names_in(value, &mut outline.uses);
                    }
                    _ => {}
                },
                S::Data { name, .. } => {
                    self.declares_data = true;
                    self.entry(&name.text, name.span).declared_data = true;
                }
                S::Param { name, .. } => self.entry(&name.text, name.span).computed = true,
                S::Function { name, .. } => self.entry(&name.text, name.span).function = true,
                S::For { body, .. } => self.block(&body.statements, true),
                S::If { arms, otherwise } => {
                    let blocks = arms.iter().map(|(_, block)| block).chain(otherwise);
                    for block in blocks {
                        self.block(&block.statements, in_loop);
                    }
                }
                S::Factor { .. } | S::Return { .. } => {}
            }
        }
    }
}

/// The name, its place, and the number of bracket entries of a left side that is a name or an indexed name.
pub(super) fn left_side(target: &ast::Expr) -> Option<(&str, Span, Option<usize>)> {
    match &ungroup(target).kind {
        ast::ExprKind::Name(name) => Some((name, target.span, None)),
        ast::ExprKind::Index { base, indices } => match &ungroup(base).kind {
            ast::ExprKind::Name(name) => Some((name, base.span, Some(indices.len()))),
            _ => None,
        },
        _ => None,
    }
}

/// Adds the names in value position.
fn names_in(expr: &ast::Expr, names: &mut HashSet<String>) {
    use ast::ExprKind as E;
    match &expr.kind {
        E::Int(_) | E::Real(_) | E::Bool(_) | E::Str(_) | E::Lm(_) => {}
        E::Name(name) => {
            names.insert(name.clone());
        }
        E::Array(items) => items.iter().for_each(|item| names_in(item, names)),
        E::Group(inner) | E::Transpose(inner) => names_in(inner, names),
        E::Unary { operand, .. } => names_in(operand, names),
        E::Binary { left, right, .. } => {
            names_in(left, names);
            names_in(right, names);
        }
        E::Call { arguments, .. } => arguments.iter().for_each(|argument| names_in(&argument.value, names)),
        E::Index { base, indices } => {
            names_in(base, names);
            for index in indices {
                match index {
                    ast::Index::At(at) => names_in(at, names),
                    ast::Index::Slice { lower, upper, .. } => {
                        lower.iter().chain(upper).for_each(|bound| names_in(bound, names));
                    }
                }
            }
        }
    }
}

/// Without the round brackets around it.
pub(super) fn ungroup(mut expr: &ast::Expr) -> &ast::Expr {
    while let ast::ExprKind::Group(inner) = &expr.kind {
        expr = inner;
    }
    expr
}

/// `~` statements by name; alternatives of an `if` count as the largest of them.
fn count_samples(statements: &[ast::Statement]) -> HashMap<&str, usize> {
    let mut counts: HashMap<&str, usize> = HashMap::new();
    for statement in statements {
        match &statement.kind {
            ast::StatementKind::Sample { target, .. } => {
                if let Some((name, _, _)) = left_side(target) {
                    *counts.entry(name).or_default() += 1;
                }
            }
            ast::StatementKind::For { body, .. } => {
                for (name, n) in count_samples(&body.statements) {
                    *counts.entry(name).or_default() += n;
                }
            }
            ast::StatementKind::If { arms, otherwise } => {
                let mut most: HashMap<&str, usize> = HashMap::new();
                for block in arms.iter().map(|(_, block)| block).chain(otherwise) {
                    for (name, n) in count_samples(&block.statements) {
                        let entry = most.entry(name).or_default();
                        *entry = n.max(*entry);
                    }
                }
                for (name, n) in most {
                    *counts.entry(name).or_default() += n;
                }
            }
            _ => {}
        }
    }
    counts
}
