//! How formulas are written: as in R, with spaces around all operators but `:` and `/`.

use super::Printer;
use super::doc::Doc;
use crate::source::Span;
use crate::syntax::ast::*;

impl Printer<'_> {
    /// `lm(formula, name = value)`
    pub(super) fn lm(&mut self, model: &LinearModel, all: Span) -> Vec<Doc> {
        let mut docs = self.leaf(all, "lm(".into());
        let mut inside = vec![Doc::Soft];
        inside.extend(self.term(&model.formula));
        for option in &model.options {
            inside.push(Doc::text(","));
            let start = option.name.as_ref().map_or(option.value.span, |name| name.span).start;
            inside.extend(self.comments_before(start));
            inside.push(Doc::Line);
            inside.extend(self.argument(option));
        }
        inside.extend(self.comments_before(all.end));
        docs.push(Doc::Group(vec![Doc::Indent(inside), Doc::Soft]));
        docs.push(Doc::text(")"));
        docs
    }

    fn term(&mut self, term: &Term) -> Vec<Doc> {
        match &term.kind {
            TermKind::Number(value) => {
                let written = self.number(term.span).unwrap_or_else(|| value.to_string());
                self.leaf(term.span, written)
            }
            TermKind::Column(column) => self.expr(column),
            TermKind::Group(inner) => {
                let mut docs = self.leaf(term.span, "(".into());
                let mut inside = vec![Doc::Soft];
                inside.extend(self.term(inner));
                let mut all = vec![Doc::Indent(inside)];
                all.extend(self.comments_before(term.span.end));
                all.push(Doc::Soft);
                docs.extend([Doc::Group(all), Doc::text(")")]);
                docs
            }
            TermKind::Minus(inner) => {
                let mut docs = self.leaf(term.span, "-".into());
                docs.extend(self.term(inner));
                docs
            }
            TermKind::Binary { op, op_span, left, right } => {
                let mut docs = self.term(left);
                match op {
                    TermOp::Add | TermOp::Remove | TermOp::Cross => {
                        let mut link = self.comments_before(op_span.start);
                        link.extend([Doc::Line, Doc::text(op.symbol()), Doc::text(" ")]);
                        link.extend(self.term(right));
                        docs.push(Doc::Group(link));
                    }
                    TermOp::Nest | TermOp::Interact => {
                        docs.extend(self.leaf(*op_span, op.symbol().into()));
                        docs.extend(self.term(right));
                    }
                }
                docs
            }
            TermKind::Effects { terms, bar, correlated, groups } => {
                let mut docs = self.leaf(term.span, "(".into());
                docs.extend(self.term(terms));
                let sign = if *correlated { " | " } else { " || " };
                docs.extend(self.leaf(*bar, sign.into()));
                docs.extend(self.term(groups));
                docs.extend(self.comments_before(term.span.end));
                docs.push(Doc::text(")"));
                docs
            }
        }
    }
}
