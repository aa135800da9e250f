//! From the syntax tree to the typed program: names, roles, calls, types and shapes, with every error at once.

mod aliases;
mod argument;
mod call;
mod catalogue;
mod declaration;
mod define;
mod dependence;
mod distribution;
mod doubts;
pub mod dump;
pub mod error;
mod expression;
mod foreign_arguments;
mod function;
mod index;
pub mod lint;
mod names;
mod observed;
mod ode;
mod outline;
mod plate;
mod question;
mod reach;
mod sample;
mod scope;
mod statement;
#[cfg(test)]
mod tests;

use std::collections::{HashMap, HashSet};

pub use aliases::{nearest, translate};
pub use catalogue::{builtin_signature, form_signatures, is_operator, wrapper_signature};
pub use error::{CheckError, CheckErrors};
pub use lint::Lint;

use crate::ir::{self, FunctionId, VariableId};
use crate::source::{Source, Span};
use crate::syntax::ast;
use crate::types::{Dim, Type};
use outline::Outlines;
use scope::{Binding, Scopes};

/// What checking needs to know of the data.
#[derive(Clone, Debug, Default)]
pub struct DataSummary {
    /// In the order of the data.
    pub variables: Vec<DataVariable>,
    /// Number of rows of the table, where there is one.
    pub rows: Option<usize>,
}

/// A name in the data.
#[derive(Clone, Debug)]
pub struct DataVariable {
    pub name: String,
    /// Exact: every dimension `Known`, and for a scalar int its value as `size`.
    pub ty: Type,
    /// For a vector of ints or categories: its number of distinct values, where somebody has counted them.
    pub n_levels: Option<usize>,
}

/// A model that can be compiled, with what is odd about it.
#[derive(Clone, Debug)]
pub struct Checked {
    pub model: ir::Model,
    pub lints: Vec<Lint>,
    /// Names that nothing defines, taken to be data because there were no data to look into.
    pub assumed_data: Vec<VariableId>,
}

/// Checks a parsed file, against the data if they are given. All errors are reported.
pub fn check(source: &Source, file: &ast::File, data: Option<&DataSummary>) -> Result<Checked, CheckErrors> {
    let mut checker = Checker::new(source, Outlines::of(file), data);
    let body = checker.block(&file.statements);
    let mut model = ir::Model {
        source: source.clone(),
        variables: std::mem::take(&mut checker.variables),
        functions: std::mem::take(&mut checker.functions),
        body,
    };
    if checker.call_depths.iter().all(|&depth| depth <= function::MAX_CALL_DEPTH) {
        checker.errors.extend(dependence::check(&model));
    }
    observed::mark(&mut model);
    if checker.errors.is_empty() {
        checker.errors.extend(observed::check(&model, checker.roles_known()));
    }
    checker.final_lints(&model);
    checker.lints.extend(doubts::lints(&model));
    if checker.errors.is_empty() {
        Ok(Checked { model, lints: checker.lints, assumed_data: checker.assumed_data })
    } else {
        Err(CheckErrors::in_order(source, checker.errors))
    }
}

/// Checks an expression over the names and functions of a model, as typed at the REPL.
pub fn check_expression(
    model: &ir::Model,
    source: &Source,
    expr: &ast::Expr,
) -> Result<ir::Expr, CheckErrors> {
    let mut checker = Checker::over(model, source);
    let checked = checker.value(expr);
    match checked {
        Some(checked) if checker.errors.is_empty() => {
            let errors = dependence::check_expression(model, &checked);
            if errors.is_empty() { Ok(checked) } else { Err(CheckErrors::in_order(source, errors)) }
        }
        _ => Err(CheckErrors::in_order(source, checker.errors)),
    }
}

/// What sort of thing an expression stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    /// A number or an array of numbers.
    Value,
    Distribution,
    Function,
    /// An argument of a function of the file may be any of them.
    Unknown,
}

/// The state of one check.
struct Checker<'a> {
    source: &'a Source,
    data: Option<&'a DataSummary>,
    data_index: HashMap<&'a str, usize>,
    outlines: Outlines,
    scopes: Scopes,
    variables: Vec<ir::Variable>,
    /// One for each variable.
    kinds: Vec<Kind>,
    functions: Vec<ir::Function>,
    function_names: HashMap<String, FunctionId>,
    /// What each function returns.
    results: Vec<Kind>,
    /// How deep each function calls others, itself included.
    call_depths: Vec<usize>,
    /// The same for the function that is being defined, so far.
    call_depth: usize,
    /// The function that is being defined, and what its `return`s have been so far.
    function: Option<(String, Vec<Kind>)>,
    /// The name on the left of the statement at hand, while its right side must not use it.
    defining: Option<String>,
    /// Elements filled so far, by variable.
    extents: HashMap<VariableId, define::Extent>,
    /// For the variables of open loops: the last value of their range.
    loop_ends: HashMap<VariableId, Dim>,
    used: HashSet<VariableId>,
    called: HashSet<FunctionId>,
    /// First observing statement of each name of the data.
    observed: HashMap<VariableId, Span>,
    assumed_data: Vec<VariableId>,
    /// Declarations with `data`.
    declared: Vec<VariableId>,
    shadowed: HashSet<String>,
    /// Names that have been reported: once is enough.
    unknown: HashSet<String>,
    errors: Vec<CheckError>,
    lints: Vec<Lint>,
}

impl<'a> Checker<'a> {
    fn new(source: &'a Source, outlines: Outlines, data: Option<&'a DataSummary>) -> Checker<'a> {
        let names = data.iter().flat_map(|d| d.variables.iter());
        Checker {
            source,
            data,
            data_index: names.enumerate().map(|(i, v)| (v.name.as_str(), i)).collect(),
            outlines,
            scopes: Scopes::new(),
            variables: Vec::new(),
            kinds: Vec::new(),
            functions: Vec::new(),
            function_names: HashMap::new(),
            results: Vec::new(),
            call_depths: Vec::new(),
            call_depth: 0,
            function: None,
            defining: None,
            extents: HashMap::new(),
            loop_ends: HashMap::new(),
            used: HashSet::new(),
            called: HashSet::new(),
            observed: HashMap::new(),
            assumed_data: Vec::new(),
            declared: Vec::new(),
            shadowed: HashSet::new(),
            unknown: HashSet::new(),
            errors: Vec::new(),
            lints: Vec::new(),
        }
    }

    /// A checker that knows what a checked model defines, and takes nothing else to be data.
    fn over(model: &ir::Model, source: &'a Source) -> Checker<'a> {
        let outlines = Outlines { declares_data: true, ..Outlines::default() };
        let mut checker = Checker::new(source, outlines, None);
        checker.variables = model.variables.clone();
        checker.kinds = distribution::kinds(model);
        checker.functions = model.functions.clone();
        checker.results = distribution::results(model);
        checker.call_depths = vec![1; model.functions.len()];
        for (i, function) in model.functions.iter().enumerate() {
            checker.function_names.insert(function.name.clone(), FunctionId(i));
        }
        for (i, variable) in model.variables.iter().enumerate() {
            if !matches!(variable.role, ir::Role::Loop | ir::Role::Local) {
                let binding = Binding { id: VariableId(i), span: Span::default(), by_element: false };
                checker.scopes.bind(0, &variable.name, binding);
            }
        }
        checker
    }

    fn error(&mut self, error: CheckError) {
        self.errors.push(error);
    }

    /// Whether it is certain which names come from the data.
    fn roles_known(&self) -> bool {
        self.data.is_some() || self.outlines.declares_data
    }

    fn variable(&self, id: VariableId) -> &ir::Variable {
        &self.variables[id.0]
    }

    fn new_variable(&mut self, variable: ir::Variable, kind: Kind) -> VariableId {
        self.variables.push(variable);
        self.kinds.push(kind);
        VariableId(self.variables.len() - 1)
    }

    /// The entry of the data by this name, if the file may take it from there.
    fn data_variable(&self, name: &str) -> Option<&'a DataVariable> {
        let position = *self.data_index.get(name)?;
        self.data.map(|data| &data.variables[position])
    }

    /// Whether a name that the file does not declare comes from the data.
    fn in_data(&self, name: &str) -> bool {
        !self.outlines.declares_data && self.data_index.contains_key(name)
    }
}
