//! Which values depend on latents, and the places where none may.

use std::collections::HashMap;

use super::error::{CheckError, primary, secondary};
use super::observed::{children, walk};
use crate::ir::{Expr, ExprKind, FunctionId, Index, Model, Role, Statement, StatementKind, VariableId};
use crate::types::ElementType;

/// Functions that ask the shape of their argument, not its elements.
const SHAPE_ONLY: &[&str] = &["len", "nrow", "ncol"];

/// Every place in a model that has to be known from the data and is not.
pub(super) fn check(model: &Model) -> Vec<CheckError> {
    let mut analysis = Analysis::of(model);
    analysis.settle();
    analysis.errors
}

/// The same for an expression over the model's names.
pub(super) fn check_expression(model: &Model, expr: &Expr) -> Vec<CheckError> {
    let mut analysis = Analysis::of(model);
    analysis.settle();
    analysis.errors.clear();
    analysis.expr(expr);
    analysis.errors
}

/// What a value depends on: one latent of each sort as a witness, and the function that it is, if it is one.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Dependence {
    /// A continuous latent, or a point-estimated parameter.
    continuous: Option<VariableId>,
    discrete: Option<VariableId>,
    function: Option<FunctionId>,
}

impl Dependence {
    fn join(self, other: Dependence) -> Dependence {
        Dependence {
            continuous: self.continuous.or(other.continuous),
            discrete: self.discrete.or(other.discrete),
            function: self.function.or(other.function),
        }
    }

    fn latent(self) -> Option<VariableId> {
        self.continuous.or(self.discrete)
    }

    /// Without the witnesses.
    fn sort(self) -> Sort {
        (self.continuous.is_some(), self.discrete.is_some(), self.function)
    }
}

type Sort = (bool, bool, Option<FunctionId>);

/// A function, the sorts of its arguments, and whether its errors are reported.
type Call = (FunctionId, Vec<Sort>, bool);

struct Analysis<'m> {
    model: &'m Model,
    known: HashMap<VariableId, Dependence>,
    /// Calls that have been looked into.
    calls: HashMap<Call, Dependence>,
    changed: bool,
    report: bool,
    errors: Vec<CheckError>,
}

impl<'m> Analysis<'m> {
    fn of(model: &'m Model) -> Analysis<'m> {
        Analysis {
            model,
            known: HashMap::new(),
            calls: HashMap::new(),
            changed: false,
            report: false,
            errors: Vec::new(),
        }
    }

    /// Goes over the model until nothing changes (recursions through elements take a second round), then once more
    /// to report.
    fn settle(&mut self) {
        loop {
            self.changed = false;
            self.calls.clear();
            self.block(&self.model.body);
            if !self.changed {
                break;
            }
        }
        self.report = true;
        self.calls.clear();
        self.block(&self.model.body);
    }

    fn learn(&mut self, id: VariableId, new: Dependence) {
        let before = self.known.get(&id).copied().unwrap_or_default();
        let after = before.join(new);
        if after != before {
            self.known.insert(id, after);
            self.changed = true;
        }
    }

    /// Statements in order; the dependence of what they return.
    fn block(&mut self, body: &'m [Statement]) -> Dependence {
        body.iter()
            .fold(Dependence::default(), |returned, statement| returned.join(self.statement(statement)))
    }

    fn statement(&mut self, statement: &'m Statement) -> Dependence {
        match &statement.kind {
            StatementKind::Latent { variable, plates, distribution } => {
                let name = &self.model.variable(*variable).name;
                for plate in plates {
                    self.data_only(plate, &format!("the number of draws of `{name}`"), None);
                }
                self.expr(distribution);
            }
            StatementKind::LatentElements { variable, indices, distribution } => {
                self.positions(*variable, indices);
                self.expr(distribution);
            }
            StatementKind::Observe { value, distribution } => {
                let help = "only data are observed; the log density of a latent quantity is added by `factor lpdf(D, x)`";
                self.data_only(value, "what stands left of `~`", Some(help));
                self.expr(distribution);
            }
            StatementKind::Define { variable, value } => {
                let value = self.expr(value);
                self.learn(*variable, value);
            }
            StatementKind::DefineElements { variable, indices, value } => {
                self.positions(*variable, indices);
                let value = self.expr(value);
                self.learn(*variable, value);
            }
            StatementKind::For { range, body, .. } => {
                self.data_only(range, "the range of a loop", None);
                return self.block(body);
            }
            StatementKind::If { arms, otherwise } => {
                let help = "a choice that depends on a latent is an expression: where(c, a, b)";
                let mut returned = Dependence::default();
                for (condition, body) in arms {
                    self.data_only(condition, "the condition of `if`", Some(help));
                    returned = returned.join(self.block(body));
                }
                return returned.join(self.block(otherwise));
            }
            StatementKind::Data { dims, range, .. } => {
                for length in dims.iter().flatten() {
                    self.data_only(length, "a length in a declaration", None);
                }
                for bound in range.iter().flat_map(|(lower, upper)| [lower, upper]) {
                    self.data_only(bound, "the range of a declaration", None);
                }
            }
            StatementKind::Param { dims, range, start, .. } => {
                for length in dims {
                    self.data_only(length, "a length in a declaration", None);
                }
                let ends = range.iter().flat_map(|(lower, upper)| [lower, upper]);
                for bound in ends.chain(start) {
                    self.data_only(bound, "the range and start of a parameter", None);
                }
            }
            StatementKind::Factor { value } => {
                self.expr(value);
            }
            StatementKind::Return { value } => return self.expr(value),
        }
        Dependence::default()
    }

    fn positions(&mut self, id: VariableId, indices: &'m [Index]) {
        let place = format!("which element of `{}` is defined", self.model.variable(id).name);
        for index in indices {
            match index {
                Index::At(expr) => self.data_only(expr, &place, None),
                Index::Slice { lower, upper, .. } => {
                    lower.iter().chain(upper).for_each(|bound| self.data_only(bound, &place, None));
                }
            }
        }
    }

    fn data_only(&mut self, expr: &Expr, place: &str, help: Option<&str>) {
        let dependence = self.expr(expr);
        if let Some(latent) = dependence.latent()
            && self.report
        {
            let (latent, labels) = self.witness(latent, expr);
            let help = help.map(str::to_string);
            self.errors.push(CheckError::DataOnly { place: place.into(), latent, labels, help });
        }
    }

    /// The name of a latent, labels for where it is used and what it is.
    fn witness(&self, latent: VariableId, expr: &Expr) -> (String, Vec<miette::LabeledSpan>) {
        let variable = self.model.variable(latent);
        let mut labels = vec![primary(expr.span, format!("depends on `{}`", variable.name))];
        let inside = expr.span.start <= variable.span.start && variable.span.end <= expr.span.end;
        if !inside {
            let what = if variable.role == Role::PointEstimate { "a parameter" } else { "latent" };
            labels.push(secondary(variable.span, format!("`{}` is {what}", variable.name)));
        }
        (variable.name.clone(), labels)
    }

    fn variable(&self, id: VariableId) -> Dependence {
        let variable = self.model.variable(id);
        match variable.role {
            Role::Data | Role::Observed | Role::Loop => Dependence::default(),
            Role::Latent if matches!(variable.ty.element, Some(ElementType::Int | ElementType::Bool)) => {
                Dependence { discrete: Some(id), ..Dependence::default() }
            }
            Role::Latent | Role::PointEstimate => {
                Dependence { continuous: Some(id), ..Dependence::default() }
            }
            Role::Deterministic | Role::Local => self.known.get(&id).copied().unwrap_or_default(),
        }
    }

    fn expr(&mut self, expr: &Expr) -> Dependence {
        match &expr.kind {
            ExprKind::Variable(id) => self.variable(*id),
            ExprKind::Function(id) => Dependence { function: Some(*id), ..Dependence::default() },
            ExprKind::Index { base, indices } => {
                let base = self.expr(base);
                indices.iter().fold(base, |all, index| all.join(self.index(index)))
            }
            // Shapes are known from the data, whatever the elements are.
            ExprKind::Call { builtin, .. } if SHAPE_ONLY.contains(&builtin.name()) => Dependence::default(),
            ExprKind::Distribution { dist, form, args } => {
                for extent in dist.event(*form) {
                    for &k in extent.arguments() {
                        let place = format!("`{}` of {}", dist.forms()[*form][k].name, dist.name());
                        let help = "it says how long a draw is: a number such as 3, or a length in the data, as in len(y)";
                        args[k].iter().for_each(|arg| self.data_only(arg, &place, Some(help)));
                    }
                }
                args.iter().flatten().fold(Dependence::default(), |all, arg| all.join(self.expr(arg)))
            }
            ExprKind::Range { from, to } => {
                self.data_only(from, "a bound of a range", None);
                self.data_only(to, "a bound of a range", None);
                Dependence::default()
            }
            ExprKind::Apply { function, args } => {
                let args: Vec<Dependence> = args.iter().map(|arg| self.expr(arg)).collect();
                self.apply(*function, args)
            }
            ExprKind::ApplyVariable { variable, args } => {
                let args: Vec<Dependence> = args.iter().map(|arg| self.expr(arg)).collect();
                match self.variable(*variable).function {
                    Some(function) => self.apply(function, args),
                    None => args.into_iter().fold(Dependence::default(), Dependence::join),
                }
            }
            ExprKind::Ode(ode) => {
                for (name, option) in ode.options() {
                    self.data_only(option, &format!("`{name}`"), None);
                }
                let function = self.expr(&ode.function).function;
                let solved = [&ode.start, &ode.t0, &ode.times];
                let solved = solved.into_iter().fold(Dependence::default(), |all, e| all.join(self.expr(e)));
                let args: Vec<Dependence> = ode.args.iter().map(|arg| self.expr(arg)).collect();
                let all = args.iter().copied().fold(solved, Dependence::join);
                let all = Dependence { function: None, ..all };
                match function {
                    Some(function) => {
                        let args = [all, all].into_iter().chain(args).collect();
                        Dependence { function: None, ..all.join(self.apply(function, args)) }
                    }
                    None => all,
                }
            }
            _ => {
                let below = children(expr);
                below.into_iter().fold(Dependence::default(), |all, child| all.join(self.expr(child)))
            }
        }
    }

    fn index(&mut self, index: &Index) -> Dependence {
        match index {
            Index::At(expr) => {
                let dependence = self.expr(expr);
                if let Some(latent) = dependence.continuous {
                    if self.report {
                        let (latent, labels) = self.witness(latent, expr);
                        self.errors.push(CheckError::ContinuousIndex { latent, labels });
                    }
                } else if let (Some(latent), Some(ElementType::Bool), true) =
                    (dependence.discrete, expr.ty.element, self.report)
                {
                    let (latent, labels) = self.witness(latent, expr);
                    let place = "which elements a filter keeps".into();
                    self.errors.push(CheckError::DataOnly { place, latent, labels, help: None });
                }
                dependence
            }
            Index::Slice { lower, upper, .. } => {
                lower.iter().chain(upper).for_each(|bound| self.data_only(bound, "a bound of a slice", None));
                Dependence::default()
            }
        }
    }

    /// What a call depends on; looks into the function once for every sort of arguments.
    fn apply(&mut self, id: FunctionId, args: Vec<Dependence>) -> Dependence {
        let key = (id, args.iter().map(|arg| arg.sort()).collect::<Vec<_>>(), self.report);
        if let Some(found) = self.calls.get(&key) {
            let given = args.iter().copied().fold(Dependence::default(), Dependence::join);
            return Dependence {
                continuous: found.continuous.map(|latent| given.continuous.unwrap_or(latent)),
                discrete: found.discrete.map(|latent| given.discrete.unwrap_or(latent)),
                function: found.function,
            };
        }
        // A function that calls itself through one of its parameters finds this, and is refused when compiled.
        self.calls.insert(key.clone(), Dependence::default());
        let (changed, report) = (self.changed, self.report);
        let function = self.model.function(id);
        self.report = false;
        walk(&function.body, &mut |statement| {
            if let StatementKind::Define { variable, .. } | StatementKind::DefineElements { variable, .. } =
                &statement.kind
            {
                self.known.remove(variable);
            }
        });
        for (parameter, arg) in function.parameters.iter().zip(args) {
            self.known.insert(*parameter, arg);
        }
        let mut returned;
        loop {
            self.changed = false;
            returned = self.block(&function.body);
            if !self.changed {
                break;
            }
        }
        if report {
            self.report = true;
            self.block(&function.body);
        }
        (self.changed, self.report) = (changed, report);
        self.calls.insert(key, returned);
        returned
    }
}
