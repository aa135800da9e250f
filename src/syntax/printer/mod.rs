//! Writes models: `vippl fmt`, and expressions and statements in messages.
//!
//! Canonical layout: one statement a line, blocks indented by two columns, at most one blank line between statements,
//! 100 columns, broken inside brackets or before operators; the `~` and `=` of adjacent statements are aligned, as are
//! the comments behind adjacent lines. Every comment is kept.

mod doc;
mod expr;
mod formula;
mod statement;
#[cfg(test)]
mod tests;

pub use expr::{name as print_name, symbol, unary_symbol};

use self::doc::{Doc, OutLine, render};
use super::ast::*;
use super::lexer::{Comment, lex};
use super::parser::parse;
use super::report::SyntaxErrors;
use crate::source::{Source, Span};

/// Lines are broken, where they can be, to end by this column.
pub const WIDTH: usize = 100;

/// The text in canonical layout, with its comments; formatting again changes nothing.
pub fn format(source: &Source) -> Result<String, SyntaxErrors> {
    let file = parse(source)?;
    let comments = lex(source).comments;
    let mut printer = Printer { source: Some(source), comments: &comments, next: 0, lines: Vec::new() };
    let end = u32::try_from(source.text.len()).unwrap_or(u32::MAX);
    printer.statements(&file.statements, Vec::new(), end, 0);
    Ok(printer.finish())
}

/// The tree as a text that parses to the same tree, up to spans and needed parentheses.
pub fn print_file(file: &File) -> String {
    let mut printer = Printer::without_source();
    printer.statements(&file.statements, Vec::new(), 0, 0);
    printer.finish()
}

/// One line.
pub fn print_expr(expr: &Expr) -> String {
    let docs = Printer::without_source().expr(expr);
    one_line(&docs)
}

/// One line: the statement without the body of a block (`for t in 2:T`, `if c`, `fn f(a, b)`).
pub fn print_statement_head(statement: &Statement) -> String {
    let docs = Printer::without_source().head(statement, 0);
    one_line(&docs)
}

fn one_line(docs: &[Doc]) -> String {
    render(docs, 0, usize::MAX).into_iter().map(|line| line.code).collect::<Vec<_>>().join(" ")
}

/// Collects lines while it walks the tree, and the comments of the source as it passes them.
struct Printer<'a> {
    source: Option<&'a Source>,
    comments: &'a [Comment<'a>],
    /// The first comment not yet printed.
    next: usize,
    lines: Vec<OutLine>,
}

impl<'a> Printer<'a> {
    fn without_source() -> Self {
        Printer { source: None, comments: &[], next: 0, lines: Vec::new() }
    }

    /// The comments not yet printed that begin before `offset`.
    fn take_comments(&mut self, offset: u32) -> Vec<Comment<'a>> {
        let rest = &self.comments[self.next..];
        let count = rest.iter().take_while(|comment| comment.span.start < offset).count();
        self.next += count;
        rest[..count].to_vec()
    }

    /// The same, as text within a statement.
    fn comments_before(&mut self, offset: u32) -> Vec<Doc> {
        let taken = self.take_comments(offset);
        taken
            .into_iter()
            .map(|comment| Doc::Comment { text: comment.text.to_owned(), own_line: comment.own_line })
            .collect()
    }

    /// A piece of text that stands in the source at `span`, after the comments before it.
    fn leaf(&mut self, span: Span, text: String) -> Vec<Doc> {
        let mut docs = self.comments_before(span.start);
        docs.push(Doc::Text(text));
        docs
    }

    /// A number as it was written.
    fn number(&self, span: Span) -> Option<String> {
        self.source.map(|source| source.slice(span).to_owned())
    }

    /// Whether a `,` and a newline stand before the closing bracket that ends at `end`.
    fn ends_with_comma_and_newline(&self, end: u32) -> bool {
        let Some(source) = self.source else { return false };
        let before = &source.text[..(end as usize).saturating_sub(1)];
        let list = before.trim_end();
        list.ends_with(',') && before[list.len()..].contains('\n')
    }

    /// Where the next `closer` ends that stands at or after `offset`, outside comments.
    fn end_of(&self, closer: char, offset: u32) -> u32 {
        let Some(source) = self.source else { return offset };
        let mut in_comment = false;
        let after = source.text[offset as usize..].char_indices().find(|&(_, character)| {
            in_comment = character == '#' || (in_comment && character != '\n');
            character == closer && !in_comment
        });
        after.map_or(offset, |(distance, _)| offset + distance as u32 + 1)
    }

    /// Whether an empty line stands before `offset` in the source.
    fn is_after_blank_line(&self, offset: u32) -> bool {
        let Some(source) = self.source else { return false };
        let before = &source.text[..offset as usize];
        before[before.trim_end().len()..].matches('\n').count() > 1
    }

    /// The lines as one text, comments behind adjacent lines aligned.
    fn finish(self) -> String {
        let mut text = String::new();
        let is_trailing = |line: &OutLine| !line.code.is_empty() && line.comment.is_some();
        for run in self.lines.chunk_by(|a, b| is_trailing(a) && is_trailing(b)) {
            let column = run.iter().map(OutLine::width).max().unwrap_or(0);
            for line in run {
                let indent = if line.is_empty() { 0 } else { line.indent };
                text.extend(std::iter::repeat_n(' ', indent));
                text.push_str(&line.code);
                if let Some(comment) = &line.comment {
                    let gap = if line.code.is_empty() { 0 } else { column - line.width() + 2 };
                    text.extend(std::iter::repeat_n(' ', gap));
                    text.push_str(comment);
                }
                text.push('\n');
            }
        }
        text
    }
}
