//! `if` over data: where the condition changes over a loop, each arm is traced for its own iterations.

use std::collections::{BTreeMap, BTreeSet};

use super::CompileError;
use super::loops::DomainKind;
use super::tracer::{Binding, Result, Tracer};
use super::value::{Axis, Place, Traced, Value};
use crate::ir::{Expr, Statement, StatementKind, VariableId};
use crate::source::Span;
use crate::tape::Node;

impl Tracer<'_> {
    /// `if`: the condition is data; where it changes over a loop, each arm is traced for its own iterations.
    pub fn branch(
        &mut self,
        arms: &[(Expr, Vec<Statement>)],
        otherwise: &[Statement],
    ) -> Result<Option<Value>> {
        let help = "a condition must be known from the data; `where(c, a, b)` chooses by a latent";
        let rows = self.domain.map_or(1, |domain| self.domains[domain].size);
        let mut left: Vec<u32> = (0..rows as u32).collect();
        let mut taken: Vec<(Vec<u32>, &[Statement])> = Vec::new();
        for (condition, body) in arms {
            if left.is_empty() {
                break;
            }
            let mut value = self.array(condition)?;
            let is_ragged = self.ragged_of(&value).is_some();
            if let Some(domain) = self.domain.filter(|_| !is_ragged) {
                self.lift(&mut value, domain);
            }
            if value.rank() > 0 || is_ragged {
                return Err(CompileError::Index {
                    message: "a condition must be a single truth value, and this is an array".into(),
                    help: Some(
                        "`any(...)` and `all(...)` reduce an array; `where` chooses element by element"
                            .into(),
                    ),
                    at: condition.span,
                });
            }
            let known = self.known(&value, condition.span, help)?;
            let holds = |row: u32| known[if known.len() == 1 { 0 } else { row as usize }] != 0.0;
            let (yes, no): (Vec<u32>, Vec<u32>) = left.iter().partition(|&&row| holds(row));
            left = no;
            if !yes.is_empty() {
                taken.push((yes, body));
            }
        }
        if !left.is_empty() {
            taken.push((left, otherwise));
        }
        self.note_branches(&taken);
        match taken.as_slice() {
            [(_, body)] => self.block(body),
            _ if self.scan.is_some() => Err(CompileError::NotSupportedYet {
                feature: "an `if` that changes from step to step of a recursion".into(),
                help: Some("`where(condition, a, b)` chooses by data as well".into()),
                at: arms[0].0.span,
            }),
            _ => self.split_arms(&taken, arms[0].0.span),
        }
    }

    fn split_arms(&mut self, taken: &[(Vec<u32>, &[Statement])], at: Span) -> Result<Option<Value>> {
        let outer = self.domain;
        let mut defined: BTreeMap<VariableId, Vec<Traced>> = BTreeMap::new();
        let mut returned = Vec::new();
        for (rows, body) in taken {
            let order: Vec<(u32, i64)> = rows.iter().map(|&row| (row, 0)).collect();
            let domain = self.new_domain(&order, DomainKind::Branch);
            self.domain = Some(domain);
            let traced = self.block(body);
            self.domain = outer;
            returned.extend(traced?.map(|value| (value, domain)));
            let mut names = BTreeSet::new();
            plain_names(body, &mut names);
            for name in names {
                if let Some(Binding::Value(Value::Array(value))) = self.env[name.0].take() {
                    let value = match self.ragged_of(&value) {
                        Some(_) => self.ragged_within(&value, domain, at)?,
                        None => self.spread(value, domain),
                    };
                    defined.entry(name).or_default().push(value);
                }
            }
        }
        let rows: Vec<u32> = taken.iter().flat_map(|(rows, _)| rows.iter().copied()).collect();
        for (name, parts) in defined {
            if parts.len() == taken.len() {
                let passes: Vec<Vec<u32>> = taken.iter().map(|(rows, _)| rows.clone()).collect();
                let is_ragged = |part: &Traced| self.ragged_of(part).is_some() || part.dims != parts[0].dims;
                let merged = match parts.iter().any(is_ragged) {
                    true => self.merge_slices(&parts, &passes, at)?,
                    false => self.merge(&parts, &rows, at)?,
                };
                self.env[name.0] = Some(Binding::Value(Value::Array(merged)));
            }
        }
        if returned.is_empty() {
            return Ok(None);
        }
        let mut parts = Vec::new();
        for (value, domain) in returned {
            match value {
                Value::Array(array) if self.ragged_of(&array).is_none() => {
                    parts.push(self.spread(array, domain));
                }
                _ => {
                    return Err(CompileError::unsupported(
                        "a branch over a loop that returns a distribution, or a slice whose length changes",
                        at,
                    ));
                }
            }
        }
        if parts.len() < taken.len() {
            return Err(CompileError::unsupported("a `return` in some iterations of a loop only", at));
        }
        self.merge(&parts, &rows, at).map(|merged| Some(Value::Array(merged)))
    }

    /// Slices of several lengths out of the arms of an `if`.
    fn merge_slices(&mut self, parts: &[Traced], passes: &[Vec<u32>], at: Span) -> Result<Traced> {
        let is_plain = |part: &Traced| !part.is_enumerated() && part.place == Place::Main;
        let merged = if parts.iter().all(is_plain) { self.merge_ragged(parts, passes, at)? } else { None };
        merged.ok_or_else(|| CompileError::unsupported("branches that give a name different shapes", at))
    }

    /// Values of parts of the rows, put together in the order of the current domain.
    fn merge(&mut self, parts: &[Traced], rows: &[u32], at: Span) -> Result<Traced> {
        let dims = parts[0].dims.clone();
        if parts.iter().any(|part| part.dims != dims || part.is_enumerated() || part.place != Place::Main) {
            return Err(CompileError::unsupported("branches that give a name different shapes", at));
        }
        let nodes: Vec<Node> = parts.iter().map(|part| part.node).collect();
        let all = self.graph.concat(&nodes, 0);
        let mut order = vec![0u32; rows.len()];
        for (at, &row) in rows.iter().enumerate() {
            order[row as usize] = at as u32;
        }
        let node = self.take_rows(all, &order, &dims, Place::Main);
        let mut merged = Traced::new(node, dims, parts[0].element);
        merged.axes.extend(self.domain.map(Axis::Domain));
        Ok(merged)
    }

    /// In an arm of an `if` only its own iterations count: in the others an index may be out of range.
    pub fn within_branch(&mut self, mut value: Traced, at: Span) -> Result<Traced> {
        let (Some(own), Some(current), Place::Main) = (value.domain(), self.domain, value.place) else {
            return Ok(value);
        };
        let own = self.ragged_of(&value).map_or(own, |ragged| self.lengths(ragged).1);
        if own == current || !self.encloses(own, current) {
            return Ok(value);
        }
        let mut domain = Some(current);
        while let Some(inner) = domain.filter(|&inner| inner != own) {
            if self.domains[inner].kind == DomainKind::Branch {
                if self.ragged_of(&value).is_some() {
                    return self.ragged_within(&value, inner, at);
                }
                self.lift(&mut value, inner);
                break;
            }
            domain = self.domains[inner].parent;
        }
        Ok(value)
    }

    /// Makes a value vary along a domain, also where it is the same everywhere.
    pub fn spread(&mut self, mut value: Traced, domain: usize) -> Traced {
        self.lift(&mut value, domain);
        if value.domain().is_none() {
            let mut shape = self.full_shape(&value.axes, &value.dims, value.place);
            shape.insert(0, 1);
            let node = self.graph_at(value.place).reshape(value.node, &shape);
            value.axes.insert(0, Axis::Domain(domain));
            let full = self.full_shape(&value.axes, &value.dims, value.place);
            value.node = self.graph_at(value.place).broadcast(node, &full);
        }
        value
    }
}

/// Names that a branch defines whole.
fn plain_names(body: &[Statement], names: &mut BTreeSet<VariableId>) {
    for statement in body {
        match &statement.kind {
            StatementKind::Define { variable, .. } => {
                names.insert(*variable);
            }
            StatementKind::If { arms, otherwise } => {
                arms.iter().for_each(|(_, arm)| plain_names(arm, names));
                plain_names(otherwise, names);
            }
            _ => {}
        }
    }
}
