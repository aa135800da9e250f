//! Means and sds of the columns of a design, of what is known of them.

use super::columns::Columns;
use super::design::{Column, in_product};
use super::find::{names_in, visit};
use super::prior;
use crate::source::Source;
use crate::syntax::ast::{Expr, ExprKind};
use crate::syntax::parse_expression;

impl Columns<'_> {
    /// Whether all of a column is conditioned on.
    pub fn is_given(&self, column: &Column) -> bool {
        let Some(expr) = parsed(&column.code) else { return true };
        names_in(&expr).into_iter().all(|name| self.is_data(name) && !self.is_drawn(name))
    }

    /// The sd of a column: of what is known of it.
    pub fn sd_of(&self, column: &Column) -> String {
        if self.is_given(column) {
            return format!("sd({})", column.code);
        }
        match self.moments_of(column) {
            Some((_, sd)) if sd > 0.0 => prior::significant(sd),
            _ => "1".into(),
        }
    }

    /// The mean of what is known of a column, to a hundredth of its sd.
    pub fn mean_of(&self, column: &Column) -> Option<String> {
        let (mean, sd) = self.moments_of(column)?;
        (sd > 0.0).then(|| in_product(&prior::rounded(mean, sd)))
    }

    /// Mean and sd of what is known of a column.
    fn moments_of(&self, column: &Column) -> Option<(f64, f64)> {
        let expr = parsed(&column.code)?;
        let names = names_in(&expr);
        if names.iter().any(|name| !self.is_data(name)) {
            return None;
        }
        let mut gaps: Vec<&str> = Vec::new();
        for &name in names.iter().filter(|name| self.has_missing(name)) {
            if !gaps.contains(&name) {
                gaps.push(name);
            }
        }
        let known: Vec<String> = gaps.iter().map(|name| format!("!isnan({name})")).collect();
        let code = match known.is_empty() {
            true => column.code.clone(),
            false => self.filtered(&column.code, &expr, &known.join(" && ")),
        };
        self.moments(&code)
    }

    /// The code with a filter behind each column of the data.
    fn filtered(&self, code: &str, expr: &Expr, filter: &str) -> String {
        let mut ends: Vec<usize> = Vec::new();
        visit(expr, &mut |part| {
            if let ExprKind::Name(name) = &part.kind
                && self.is_vector(name)
            {
                ends.push(part.span.end as usize);
            }
        });
        let mut text = code.to_owned();
        for end in ends.into_iter().rev() {
            text.insert_str(end, &format!("[{filter}]"));
        }
        text
    }
}

/// The code of a column as a tree.
pub fn parsed(code: &str) -> Option<Expr> {
    parse_expression(&Source::new("a column", code)).ok()
}
