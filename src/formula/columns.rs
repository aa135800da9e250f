//! What is known of the names that a formula may use.

use std::collections::{HashMap, HashSet};

use super::find::{formulas_in, names_in, visit};
use crate::data::{Dataset, ElementType};
use crate::source::{Source, Span};
use crate::syntax::ast::{Block, Expr, ExprKind, File, Statement, StatementKind};
use crate::syntax::{parse_expression, print_expr};

/// Characters beyond which nothing more is put in place of names.
const LONGEST: usize = 10_000;

/// The numbers of an expression of names of the data; `None` if it is none.
type Evaluate<'a> = &'a dyn Fn(&str) -> Option<Vec<f64>>;

/// The data, and what expressions of them are.
pub struct Known<'a> {
    pub data: &'a Dataset,
    pub evaluate: Evaluate<'a>,
}

/// The data, where there are any, and what the file makes of them.
pub struct Columns<'a> {
    data: Option<&'a Dataset>,
    evaluate: Option<Evaluate<'a>>,
    /// Names declared with `data`, with their type; if there are any, no other names are data.
    declared: HashMap<&'a str, &'a str>,
    /// What `=` defines at the top of the file.
    defined: HashMap<&'a str, &'a Expr>,
    /// Of these, names that are defined as a whole.
    definitions: HashMap<&'a str, &'a Expr>,
    /// Names on the left of `~` and `param`.
    drawn: HashSet<&'a str>,
}

/// What a name stands for.
#[derive(Clone, Debug, PartialEq)]
pub enum Kind {
    /// A number for each row, as far as anybody knows.
    Number,
    /// The levels, in order, as they are written in a comparison: `"a"`, `1974`. Unknown before there are data.
    Levels(Option<Vec<Level>>),
    /// Something that is no column: a matrix, one number.
    Other(String),
}

#[derive(Clone, Debug, PartialEq)]
pub struct Level {
    pub name: String,
    pub is_word: bool,
}

impl<'a> Columns<'a> {
    pub fn new(file: &'a File, known: Option<&'a Known<'a>>) -> Self {
        let mut columns = Columns {
            data: known.map(|known| known.data),
            evaluate: known.map(|known| known.evaluate),
            declared: HashMap::new(),
            defined: HashMap::new(),
            definitions: HashMap::new(),
            drawn: HashSet::new(),
        };
        columns.read(&file.statements);
        columns
    }

    fn read(&mut self, statements: &'a [Statement]) {
        for statement in statements {
            match &statement.kind {
                StatementKind::Data { name, element, .. } => {
                    self.declared.insert(&name.text, &element.text);
                }
                StatementKind::Sample { target, .. } => self.drawn.extend(names_in(target).first()),
                StatementKind::Param { name, .. } => {
                    self.drawn.insert(&name.text);
                }
                StatementKind::Define { target, value } => {
                    if let Some(name) = names_in(target).first() {
                        self.defined.insert(name, value);
                    }
                    if let ExprKind::Name(name) = &target.kind
                        && formulas_in(value).is_empty()
                    {
                        self.definitions.insert(name, value);
                    }
                }
                StatementKind::For { body: Block { statements, .. }, .. } => self.read(statements),
                StatementKind::If { arms, otherwise } => {
                    arms.iter()
                        .map(|(_, body)| body)
                        .chain(otherwise)
                        .for_each(|body| self.read(&body.statements));
                }
                StatementKind::Function { .. }
                | StatementKind::Factor { .. }
                | StatementKind::Return { .. } => {}
            }
        }
    }

    /// Whether the file takes the name from the data; before there are data, whatever it does not define itself.
    pub fn in_data(&self, name: &str) -> bool {
        if !self.declared.is_empty() {
            return self.declared.contains_key(name);
        }
        match self.data {
            Some(data) => data.get(name).is_some(),
            None => !self.defined.contains_key(name),
        }
    }

    /// All names of the data.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.data.into_iter().flat_map(Dataset::names).chain(self.declared.keys().copied())
    }

    /// Whether a name, and all that it is made of, comes from the data.
    pub fn is_data(&self, name: &str) -> bool {
        self.is_data_within(name, self.defined.len())
    }

    fn is_data_within(&self, name: &str, depth: usize) -> bool {
        if self.in_data(name) {
            // Before there are data, what is drawn and not declared may be either.
            return self.data.is_some() || !self.declared.is_empty() || !self.drawn.contains(name);
        }
        let Some(value) = self.defined.get(name).filter(|_| depth > 0) else {
            return !self.drawn.contains(name) && !self.defined.contains_key(name);
        };
        names_in(value).into_iter().all(|part| self.is_data_within(part, depth - 1))
    }

    pub fn kind(&self, name: &str) -> Kind {
        let values = match self.data.filter(|_| self.in_data(name)).and_then(|data| data.get(name)) {
            Some(variable) => &variable.values,
            None if self.declared.get(name) == Some(&"category") => return Kind::Levels(None),
            None => return Kind::Number,
        };
        match (values.rank(), &values.levels) {
            (1, Some(levels)) if values.element == ElementType::Category => {
                let level = |name: &String| Level { name: name.clone(), is_word: true };
                Kind::Levels(Some(levels.names().iter().map(level).collect()))
            }
            (1, _) => Kind::Number,
            (0, _) => Kind::Other("one number, the same for all rows".into()),
            (rank, _) => Kind::Other(format!("an array of {rank} dimensions")),
        }
    }

    /// The levels of a column that is used by `category(name)`: also those of whole numbers. `Err` if it has none.
    pub fn levels(&self, name: &str) -> Result<Option<Vec<Level>>, ()> {
        let Some(variable) = self.data.filter(|_| self.in_data(name)).and_then(|data| data.get(name)) else {
            return Ok(None);
        };
        let grouping = variable.grouping().ok_or(())?;
        let is_word = variable.values.element == ElementType::Category;
        Ok(Some(grouping.levels.names().iter().map(|name| Level { name: name.clone(), is_word }).collect()))
    }

    /// Whether a vector of the data has missing entries.
    pub fn has_missing(&self, name: &str) -> bool {
        let variable = self.data.filter(|_| self.in_data(name)).and_then(|data| data.get(name));
        variable.is_some_and(|variable| variable.values.missing.is_some())
    }

    /// Whether a name of the data has an entry for each row.
    pub fn is_vector(&self, name: &str) -> bool {
        let variable = self.data.filter(|_| self.in_data(name)).and_then(|data| data.get(name));
        variable.is_some_and(|variable| variable.values.rank() == 1)
    }

    /// Whether the file says how a name is distributed.
    pub fn is_drawn(&self, name: &str) -> bool {
        self.drawn.contains(name)
    }

    /// Whether there are data.
    pub fn has_data(&self) -> bool {
        self.data.is_some()
    }

    /// The numbers of an expression of the data alone, all of them finite.
    pub fn evaluate(&self, code: &str) -> Option<Vec<f64>> {
        (self.evaluate?)(&self.inlined(code))
            .filter(|numbers| !numbers.is_empty() && numbers.iter().all(|x| x.is_finite()))
    }

    /// An expression with names that the file defines replaced by what defines them.
    pub fn inlined(&self, code: &str) -> String {
        let mut code = code.to_owned();
        // Each round replaces names by what was defined above them.
        for _ in 0..=self.definitions.len() {
            let Ok(expr) = parse_expression(&Source::new("an expression", code.as_str())) else { break };
            let mut places: Vec<(Span, &Expr)> = Vec::new();
            visit(&expr, &mut |part| {
                if let ExprKind::Name(name) = &part.kind
                    && !self.in_data(name)
                    && let Some(value) = self.definitions.get(name.as_str())
                {
                    places.push((part.span, value));
                }
            });
            if places.is_empty() || code.len() > LONGEST {
                break;
            }
            places.sort_by_key(|(span, _)| span.start);
            for (span, value) in places.into_iter().rev() {
                code.replace_range(
                    span.start as usize..span.end as usize,
                    &format!("({})", print_expr(value)),
                );
            }
        }
        code
    }

    /// Mean and sd of an expression of the data alone.
    pub fn moments(&self, code: &str) -> Option<(f64, f64)> {
        let numbers = self.evaluate(code)?;
        let n = numbers.len() as f64;
        let mean = numbers.iter().sum::<f64>() / n;
        let squares = numbers.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>();
        Some((mean, if n > 1.0 { (squares / (n - 1.0)).sqrt() } else { 0.0 }))
    }
}
