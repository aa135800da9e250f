//! How statements and blocks are written, and where their comments and blank lines go.

use super::doc::{Doc, INDENT, OutLine, render};
use super::expr::{name, parenthesised};
use super::{Printer, WIDTH};
use crate::syntax::ast::*;
use crate::syntax::lexer::Comment;

/// A left side longer than this is not aligned with its neighbours, in columns.
const LONGEST_ALIGNED: usize = 24;

impl<'a> Printer<'a> {
    /// The statements of a block or file that ends at offset `end`, after comments held back for its beginning.
    pub(super) fn statements(
        &mut self,
        statements: &[Statement],
        held: Vec<Comment<'a>>,
        end: u32,
        indent: usize,
    ) {
        let paddings = self.paddings(statements);
        let mut is_first = true;
        self.own_line_comments(held, &mut is_first, indent);
        for (statement, padding) in statements.iter().zip(paddings) {
            let above = self.take_comments(statement.span.start);
            self.own_line_comments(above, &mut is_first, indent);
            if !is_first && self.is_after_blank_line(statement.span.start) {
                self.lines.push(OutLine::default());
            }
            is_first = false;
            if self.source.is_none() {
                for line in statement.doc.iter().flat_map(|doc| doc.split('\n')) {
                    let comment = if line.is_empty() { "##".to_owned() } else { format!("## {line}") };
                    self.lines.push(OutLine { indent, comment: Some(comment), ..OutLine::default() });
                }
            }
            self.statement(statement, padding, indent);
            self.trailing_comment(statement.span.end);
        }
        let below = self.take_comments(end);
        self.own_line_comments(below, &mut is_first, indent);
    }

    fn own_line_comments(&mut self, comments: Vec<Comment<'a>>, is_first: &mut bool, indent: usize) {
        for comment in comments {
            if !*is_first && self.is_after_blank_line(comment.span.start) {
                self.lines.push(OutLine::default());
            }
            *is_first = false;
            let text = Some(comment.text.to_owned());
            self.lines.push(OutLine { indent, comment: text, ..OutLine::default() });
        }
    }

    /// Puts a comment that stands behind `end` on the same line there.
    fn trailing_comment(&mut self, end: u32) {
        let Some(source) = self.source else { return };
        let Some(&comment) = self.comments.get(self.next) else { return };
        let between = source.text.get(end as usize..comment.span.start as usize);
        let is_here = between
            .is_some_and(|between| between.chars().all(|c| c != '\n' && (c == ';' || c.is_whitespace())));
        if let Some(line) = self.lines.last_mut()
            && line.comment.is_none()
            && is_here
        {
            line.comment = Some(comment.text.to_owned());
            self.next += 1;
        }
    }

    /// The width to which each left side is padded: in runs of adjacent `~` and `=`, that of the longest.
    fn paddings(&self, statements: &[Statement]) -> Vec<usize> {
        let widths: Vec<Option<usize>> = statements
            .iter()
            .map(|statement| match &statement.kind {
                StatementKind::Sample { target, .. } | StatementKind::Define { target, .. } => {
                    self.width_of(target)
                }
                _ => None,
            })
            .collect();
        let mut paddings = vec![0; statements.len()];
        let mut start = 0;
        for end in 1..=statements.len() {
            let goes_on = end < statements.len()
                && widths[end - 1].is_some()
                && widths[end].is_some()
                && !self.is_separated(&statements[end - 1], &statements[end]);
            if !goes_on {
                let fits = |width: &Option<usize>| width.filter(|&width| width <= LONGEST_ALIGNED);
                let widest = widths[start..end].iter().filter_map(fits).max().unwrap_or(0);
                paddings[start..end].fill(widest);
                start = end;
            }
        }
        paddings
    }

    /// Columns of a left side on one line; `None` with comments inside.
    fn width_of(&self, target: &Expr) -> Option<usize> {
        let first = self.comments.partition_point(|comment| comment.span.start < target.span.start);
        let has_comment =
            self.comments.get(first).is_some_and(|comment| comment.span.start < target.span.end);
        if has_comment {
            return None;
        }
        let mut printer = Printer { source: self.source, comments: &[], next: 0, lines: Vec::new() };
        let docs = printer.target(target);
        match render(&docs, 0, usize::MAX).as_slice() {
            [line] => Some(line.width()),
            _ => None,
        }
    }

    /// Whether a blank line or a comment of its own stands between two statements.
    fn is_separated(&self, above: &Statement, below: &Statement) -> bool {
        let between = above.span.end..below.span.start;
        let first = self.comments.partition_point(|comment| comment.span.start < between.start);
        let comments = self.comments[first..].iter().take_while(|comment| comment.span.start < between.end);
        self.is_after_blank_line(below.span.start)
            || comments.into_iter().any(|comment| comment.own_line)
            || (self.source.is_none() && below.doc.is_some())
    }

    fn statement(&mut self, statement: &Statement, padding: usize, indent: usize) {
        match &statement.kind {
            StatementKind::For { body, .. }
            | StatementKind::Function { body: FunctionBody::Block(body), .. } => {
                let mut head = self.head(statement, padding);
                head.push(Doc::text(" {"));
                self.add(&head, indent);
                self.block(body, Vec::new(), indent);
                self.close(indent);
            }
            StatementKind::If { arms, otherwise } => {
                for (position, (condition, body)) in arms.iter().enumerate() {
                    let held = if position == 0 {
                        self.add(&[], indent);
                        Vec::new()
                    } else {
                        let held = self.take_comments(condition.span.start);
                        self.close_before_else(held, indent)
                    };
                    let mut head = vec![Doc::text(if position == 0 { "if " } else { "else if " })];
                    head.extend(self.expr(condition));
                    head.push(Doc::text(" {"));
                    self.join(&head, indent);
                    self.block(body, held, indent);
                }
                if let Some(body) = otherwise {
                    let held = self.take_comments(body.span.start);
                    let held = self.close_before_else(held, indent);
                    self.join(&[Doc::text("else {")], indent);
                    self.block(body, held, indent);
                }
                self.close(indent);
            }
            _ => {
                let mut docs = self.head(statement, padding);
                docs.extend(self.comments_before(statement.span.end));
                self.add(&docs, indent);
            }
        }
    }

    /// A statement without the body of its block; the left of `~` or `=` padded to `padding` columns.
    pub(super) fn head(&mut self, statement: &Statement, padding: usize) -> Vec<Doc> {
        match &statement.kind {
            StatementKind::Sample { target, distribution: right } => {
                self.equation(target, "~", right, padding)
            }
            StatementKind::Define { target, value: right } => self.equation(target, "=", right, padding),
            StatementKind::For { variable, range, .. } => {
                let mut docs = vec![Doc::text("for "), Doc::text(name(&variable.text))];
                docs.extend(self.comments_before(range.span.start));
                docs.push(Doc::text(" in "));
                docs.extend(self.expr(range));
                docs
            }
            StatementKind::If { arms, .. } => {
                let mut docs = vec![Doc::text("if ")];
                if let Some((condition, _)) = arms.first() {
                    docs.extend(self.expr(condition));
                }
                docs
            }
            StatementKind::Data { name: declared, element, dims, range } => {
                let mut docs = vec![Doc::text(format!("data {}: ", name(&declared.text)))];
                docs.extend(self.leaf(element.span, name(&element.text)));
                docs.extend(dims.iter().flat_map(|dims| self.dims(dims)));
                docs.extend(range.iter().flat_map(|range| self.interval(range)));
                docs
            }
            StatementKind::Param { name: declared, dims, range, start } => {
                let mut docs = vec![Doc::text(format!("param {}", name(&declared.text)))];
                docs.extend(dims.iter().flat_map(|dims| self.dims(dims)));
                docs.extend(range.iter().flat_map(|range| self.interval(range)));
                if let Some(start) = start {
                    docs.push(Doc::text(" = "));
                    docs.extend(self.expr(start));
                }
                docs
            }
            StatementKind::Function { name: function, parameters, body } => {
                let mut docs = vec![Doc::text(format!("fn {}(", name(&function.text)))];
                let end = self.end_of(')', parameters.last().map_or(function.span.end, |last| last.span.end));
                docs.push(self.names(parameters, end));
                docs.push(Doc::text(")"));
                if let FunctionBody::Expr(value) = body {
                    docs.push(Doc::text(" = "));
                    docs.extend(self.expr(value));
                }
                docs
            }
            StatementKind::Factor { value } => {
                let mut docs = vec![Doc::text("factor ")];
                docs.extend(self.expr(value));
                docs
            }
            StatementKind::Return { value } => {
                let mut docs = vec![Doc::text("return ")];
                docs.extend(self.expr(value));
                docs
            }
        }
    }

    fn equation(&mut self, left: &Expr, sign: &str, right: &Expr, padding: usize) -> Vec<Doc> {
        let width = self.width_of(left).unwrap_or(padding);
        let mut docs = self.target(left);
        let gap = " ".repeat(padding.saturating_sub(width) + 1);
        docs.push(Doc::text(format!("{gap}{sign} ")));
        docs.extend(self.expr(right));
        docs
    }

    /// The left of `~` or `=`; in parentheses if it begins with a `-`, which would continue the line above.
    fn target(&mut self, target: &Expr) -> Vec<Doc> {
        let docs = self.expr(target);
        let first = docs.iter().find_map(|doc| match doc {
            Doc::Text(text) => Some(text.as_str()),
            _ => None,
        });
        if first.is_some_and(|first| first.starts_with('-')) { parenthesised(docs) } else { docs }
    }

    /// ` in (lower, upper)`
    fn interval(&mut self, range: &Interval) -> Vec<Doc> {
        let mut docs = self.comments_before(range.span.start);
        docs.push(Doc::text(" in ("));
        docs.extend(self.expr(&range.lower));
        docs.push(Doc::text(", "));
        docs.extend(self.expr(&range.upper));
        docs.extend(self.comments_before(range.span.end));
        docs.push(Doc::text(")"));
        docs
    }

    /// What stands between the braces; `held` are comments to put at its beginning.
    fn block(&mut self, block: &Block, mut held: Vec<Comment<'a>>, indent: usize) {
        let inner_end = block.span.end.saturating_sub(1);
        let before_brace = self.take_comments(block.span.start);
        if before_brace.iter().any(|comment| comment.doc().is_some()) {
            if let Some(line) = self.lines.last_mut() {
                line.code.truncate(line.code.trim_end_matches([' ', '{']).len());
            }
            self.stay(before_brace, indent);
            self.join(&[Doc::text("{")], indent);
        } else {
            held.extend(before_brace);
        }
        if held.is_empty()
            && let Some(&comment) = self.comments.get(self.next)
            && comment.span.start < inner_end
            && !comment.own_line
            && block.statements.first().is_none_or(|first| comment.span.start < first.span.start)
        {
            held.push(comment);
            self.next += 1;
        }
        // A comment behind what came before the block stays on the line of its `{`.
        if held.first().is_some_and(|comment| !comment.own_line)
            && let Some(line) = self.lines.last_mut()
            && line.comment.is_none()
        {
            line.comment = Some(held.remove(0).text.to_owned());
        }
        self.statements(&block.statements, held, inner_end, indent + INDENT);
    }

    /// New lines for this text.
    fn add(&mut self, docs: &[Doc], indent: usize) {
        self.lines.extend(render(docs, indent, WIDTH));
    }

    /// The same, but on the last line if that is empty or ends in a brace with nothing behind it.
    fn join(&mut self, docs: &[Doc], indent: usize) {
        let mut lines = render(docs, indent, WIDTH).into_iter();
        if let Some(last) = self.lines.last_mut()
            && last.comment.is_none()
            && (last.code.is_empty() || last.code.ends_with(['{', ' ']))
            && let Some(first) = lines.next()
        {
            last.code.push_str(&first.code);
            last.comment = first.comment;
        }
        self.lines.extend(lines);
    }

    fn close(&mut self, indent: usize) {
        self.join(&[Doc::text("}")], indent);
    }

    /// The `}` before an `else`, with the comments between them. They move into the block of the `else`, except where
    /// a `##` line would become the doc of its first statement. Gives those that move.
    fn close_before_else(&mut self, held: Vec<Comment<'a>>, indent: usize) -> Vec<Comment<'a>> {
        self.close(indent);
        if held.iter().any(|comment| comment.doc().is_some()) {
            self.stay(held, indent);
            return Vec::new();
        }
        if let Some(line) = self.lines.last_mut() {
            line.code.push(' ');
        }
        held
    }

    /// Comments that stay between the lines of a statement, and an empty line to go on.
    fn stay(&mut self, held: Vec<Comment<'a>>, indent: usize) {
        for comment in held {
            let text = Some(comment.text.to_owned());
            match self.lines.last_mut() {
                Some(line) if !comment.own_line && line.comment.is_none() => line.comment = text,
                _ => self.lines.push(OutLine { indent, comment: text, ..OutLine::default() }),
            }
        }
        self.lines.push(OutLine { indent, ..OutLine::default() });
    }
}
