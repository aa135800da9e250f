//! Where statements end: newlines, `;` and brackets, as the language reference has it under "Lexical".
//!
//! A newline ends a statement unless brackets are open, the token before it cannot end one, or the token after it
//! cannot begin one. The result is one stream of tokens per statement of the file, with its blocks inside.

use std::collections::HashMap;

use super::error::SyntaxError;
use super::lexer::{Lexed, Lexeme};
use super::token::Token;
use crate::source::Span;

/// Brackets and braces nest this deep at most. Guards the stack of everything that walks the tree later.
pub const MAX_NESTING: usize = 200;

/// A token between its byte offsets, as LALRPOP wants it.
pub type Spanned<'s> = (u32, Token<'s>, u32);

/// A text cut into statements.
#[derive(Debug, Default)]
pub struct Layout<'s> {
    /// The statements of the file, each without its [`Token::End`] at the end.
    pub statements: Vec<Vec<Spanned<'s>>>,
    /// The `##` lines above a statement, by the offset of the statement's first token.
    pub docs: HashMap<u32, String>,
}

/// Applies the newline rules; brackets that do not match are reported, and repaired so that reading can go on.
pub fn lay_out<'s>(lexed: &Lexed<'s>, errors: &mut Vec<SyntaxError>) -> Layout<'s> {
    let mut pass = Pass {
        lexemes: &lexed.lexemes,
        pairs: match_brackets(&lexed.lexemes),
        open: Vec::new(),
        out: Vec::new(),
        errors,
    };
    let mut docs = HashMap::new();
    let mut comments = lexed.comments.iter().peekable();
    let mut index = 0;
    while index < pass.lexemes.len() {
        let lexeme = pass.lexemes[index];
        let mut doc: Vec<&str> = Vec::new();
        while let Some(comment) = comments.next_if(|comment| comment.span.start < lexeme.span.start) {
            doc.extend(comment.doc());
        }
        if pass.begins_statement(&lexeme) && !doc.is_empty() && lexeme.token != Token::RightBrace {
            docs.insert(lexeme.span.start, doc.join("\n"));
        }
        match pass.step(index) {
            Some(next) => index = next,
            None => break,
        }
    }
    pass.finish();
    let statements = split(&pass.out);
    Layout { statements, docs }
}

/// What became of a bracket.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Pair {
    /// Not a bracket, or a brace.
    None,
    /// Matched with the bracket at this index.
    With(usize),
    /// An opener without its closer; a closer without its opener.
    Missing,
}

/// Matches `( )` and `[ ]` by their nesting; a brace ends whatever is open around it.
fn match_brackets(lexemes: &[Lexeme]) -> Vec<Pair> {
    let mut pairs = vec![Pair::None; lexemes.len()];
    let mut open: Vec<usize> = Vec::new();
    for (index, lexeme) in lexemes.iter().enumerate() {
        match lexeme.token {
            Token::LeftParen | Token::LeftBracket => {
                pairs[index] = Pair::Missing;
                open.push(index);
            }
            Token::RightParen | Token::RightBracket => {
                pairs[index] = Pair::Missing;
                let opener = opener_of(lexeme.token);
                if let Some(depth) = open.iter().rposition(|&at| lexemes[at].token == opener) {
                    let partner = open[depth];
                    open.truncate(depth);
                    pairs[partner] = Pair::With(index);
                    pairs[index] = Pair::With(partner);
                }
            }
            Token::LeftBrace | Token::RightBrace => open.clear(),
            _ => {}
        }
    }
    pairs
}

fn opener_of(closer: Token) -> Token<'static> {
    match closer {
        Token::RightParen => Token::LeftParen,
        Token::RightBracket => Token::LeftBracket,
        _ => Token::LeftBrace,
    }
}

struct Pass<'a, 's> {
    lexemes: &'a [Lexeme<'s>],
    pairs: Vec<Pair>,
    /// The openers around the place reached, brackets and braces.
    open: Vec<Lexeme<'s>>,
    out: Vec<Spanned<'s>>,
    errors: &'a mut Vec<SyntaxError>,
}

impl<'s> Pass<'_, 's> {
    /// Takes the token at `index`; gives the index to go on with, `None` to stop reading altogether.
    fn step(&mut self, index: usize) -> Option<usize> {
        let lexeme = self.lexemes[index];
        if self.newline_ends_statement(&lexeme) {
            self.end_statement(lexeme.span.start);
        }
        match lexeme.token {
            Token::LeftParen | Token::LeftBracket if self.pairs[index] == Pair::Missing => {
                self.report_unclosed(&lexeme);
                self.emit_as(Token::Unknown, lexeme.span);
                return Some(self.resume_after(index));
            }
            Token::LeftParen | Token::LeftBracket | Token::LeftBrace => {
                if self.open.len() == MAX_NESTING {
                    self.errors.push(SyntaxError::NestedTooDeep { limit: MAX_NESTING, at: lexeme.span });
                    self.emit_as(Token::Unknown, lexeme.span);
                    self.open.retain(|opener| opener.token == Token::LeftBrace);
                    self.close_braces_silently(lexeme.span);
                    return None;
                }
                self.open.push(lexeme);
                self.emit(&lexeme);
            }
            Token::RightParen | Token::RightBracket => match self.pairs[index] {
                Pair::With(partner) if self.open.last() == Some(&self.lexemes[partner]) => {
                    self.open.pop();
                    self.emit(&lexeme);
                }
                // Its opener was dropped together with an unclosed bracket around it.
                Pair::With(_) => {}
                _ => self.report_unmatched(&lexeme),
            },
            Token::RightBrace => match self.open.last() {
                Some(opener) if opener.token == Token::LeftBrace => {
                    self.open.pop();
                    if matches!(self.out.last(), Some((_, Token::End, _))) {
                        self.out.pop();
                    }
                    self.emit(&lexeme);
                }
                _ => self.report_unmatched(&lexeme),
            },
            Token::Semicolon => match self.open.last() {
                Some(opener) if opener.token != Token::LeftBrace => {
                    let opener = opener.span;
                    self.errors.push(SyntaxError::SemicolonInBrackets { at: lexeme.span, opener });
                    self.emit_as(Token::Comma, lexeme.span);
                }
                _ => self.end_statement(lexeme.span.start),
            },
            token => {
                let after_block = matches!(self.out.last(), Some((_, Token::RightBrace, _)));
                if after_block && begins_statement_on_the_same_line(&token) {
                    self.errors.push(SyntaxError::MissingSeparator { at: lexeme.span });
                    self.end_statement(lexeme.span.start);
                }
                self.emit(&lexeme);
            }
        }
        Some(index + 1)
    }

    /// Closes what the end of the text leaves open.
    fn finish(&mut self) {
        while let Some(opener) = self.open.pop() {
            self.report_unclosed(&opener);
            self.emit_as(Token::RightBrace, opener.span);
        }
    }

    fn close_braces_silently(&mut self, at: Span) {
        for _ in self.open.drain(..) {
            self.out.push((at.start, Token::RightBrace, at.end));
        }
    }

    fn in_brackets(&self) -> bool {
        self.open.last().is_some_and(|opener| opener.token != Token::LeftBrace)
    }

    fn newline_ends_statement(&self, next: &Lexeme) -> bool {
        next.after_newline
            && !self.in_brackets()
            && !self.out.last().is_some_and(|(_, before, _)| waits_for_more(before))
            && !continues_statement(&next.token)
    }

    /// Whether this token is the first of a statement.
    fn begins_statement(&self, next: &Lexeme) -> bool {
        match self.out.last() {
            None | Some((_, Token::End | Token::LeftBrace, _)) => true,
            Some(_) => self.newline_ends_statement(next),
        }
    }

    fn end_statement(&mut self, at: u32) {
        if !matches!(self.out.last(), None | Some((_, Token::End | Token::LeftBrace, _))) {
            self.out.push((at, Token::End, at));
        }
    }

    fn emit(&mut self, lexeme: &Lexeme<'s>) {
        self.emit_as(lexeme.token, lexeme.span);
    }

    fn emit_as(&mut self, token: Token<'s>, span: Span) {
        self.out.push((span.start, token, span.end));
    }

    fn report_unclosed(&mut self, opener: &Lexeme) {
        let (open, close) = characters(&opener.token);
        self.errors.push(SyntaxError::Unclosed { open, close, at: opener.span });
    }

    fn report_unmatched(&mut self, closer: &Lexeme) {
        let (open, close) = characters(&opener_of(closer.token));
        self.errors.push(SyntaxError::Unmatched { open, close, at: closer.span });
    }

    /// After an opener without closer: the next line that looks like a statement, or the next brace. Brackets in
    /// between that are not closed either are reported too.
    fn resume_after(&mut self, opener: usize) -> usize {
        for index in opener + 1..self.lexemes.len() {
            let lexeme = self.lexemes[index];
            if matches!(lexeme.token, Token::LeftBrace | Token::RightBrace)
                || (lexeme.after_newline && self.line_is_a_statement(index))
            {
                return index;
            }
            if matches!(lexeme.token, Token::LeftParen | Token::LeftBracket)
                && self.pairs[index] == Pair::Missing
            {
                self.report_unclosed(&lexeme);
            }
        }
        self.lexemes.len()
    }

    /// Whether the line that begins at `start` begins with a keyword, or holds a `~` or an `=` outside brackets.
    fn line_is_a_statement(&self, start: usize) -> bool {
        if self.lexemes[start].token.is_statement_keyword() {
            return true;
        }
        let mut depth = 0i32;
        let line = self.lexemes[start..].iter().enumerate();
        for (_, lexeme) in line.take_while(|(offset, lexeme)| *offset == 0 || !lexeme.after_newline) {
            match lexeme.token {
                Token::LeftParen | Token::LeftBracket => depth += 1,
                Token::RightParen | Token::RightBracket => depth -= 1,
                Token::Tilde | Token::Equals if depth == 0 => return true,
                _ => {}
            }
        }
        false
    }
}

/// A statement cannot end after this token.
pub(super) fn waits_for_more(before: &Token) -> bool {
    before.is_infix()
        || matches!(before, Token::Comma | Token::Equals | Token::Tilde | Token::Colon | Token::Bang)
}

/// A statement cannot begin with this token.
pub(super) fn continues_statement(next: &Token) -> bool {
    next.is_infix()
        || matches!(
            next,
            Token::Equals | Token::Tilde | Token::Colon | Token::In | Token::Else | Token::LeftBrace
        )
}

/// Directly after a `}` these can only be meant as the next statement.
fn begins_statement_on_the_same_line(token: &Token) -> bool {
    token.is_statement_keyword()
        || matches!(
            token,
            Token::Name(_) | Token::Int(_) | Token::Real(_) | Token::Str(_) | Token::True | Token::False
        )
}

fn characters(opener: &Token) -> (char, char) {
    match opener {
        Token::LeftParen => ('(', ')'),
        Token::LeftBracket => ('[', ']'),
        _ => ('{', '}'),
    }
}

/// Cuts the stream at the ends of statements outside all braces.
fn split<'s>(out: &[Spanned<'s>]) -> Vec<Vec<Spanned<'s>>> {
    let mut statements = vec![Vec::new()];
    let mut depth = 0usize;
    for &spanned in out {
        match spanned.1 {
            Token::LeftBrace => depth += 1,
            Token::RightBrace => depth = depth.saturating_sub(1),
            Token::End if depth == 0 => {
                statements.push(Vec::new());
                continue;
            }
            _ => {}
        }
        if let Some(statement) = statements.last_mut() {
            statement.push(spanned);
        }
    }
    statements.retain(|statement| !statement.is_empty());
    statements
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::Source;
    use crate::syntax::lexer::lex;

    /// The statements, each as its source text with single spaces; `⏎` for an end inside a block.
    fn statements(text: &str) -> Vec<String> {
        let source = Source::new("test", text);
        let mut errors = Vec::new();
        let layout = lay_out(&lex(&source), &mut errors);
        assert!(errors.is_empty(), "{errors:?}");
        let word = |&(start, token, end): &Spanned| match token {
            Token::End => "⏎".to_owned(),
            _ => source.slice(Span { start, end }).to_owned(),
        };
        layout.statements.iter().map(|s| s.iter().map(word).collect::<Vec<_>>().join(" ")).collect()
    }

    fn errors(text: &str) -> Vec<(String, u32)> {
        let source = Source::new("test", text);
        let mut errors = Vec::new();
        lay_out(&lex(&source), &mut errors);
        errors.iter().map(|error| (error.to_string(), error.span().start)).collect()
    }

    #[test]
    fn newlines_and_semicolons_end_statements() {
        assert_eq!(statements("a = 1\nb = 2; c = 3;\n\n;d = 4"), ["a = 1", "b = 2", "c = 3", "d = 4"]);
    }

    #[test]
    fn newlines_mean_nothing_in_brackets() {
        assert_eq!(statements("a = f(1,\n 2\n)\nb = [1\n, 2]"), ["a = f ( 1 , 2 )", "b = [ 1 , 2 ]"]);
    }

    #[test]
    fn statements_go_on_after_what_cannot_end_them() {
        for joint in
            ["||", "&&", "<", "<=", ">", ">=", "==", "!=", "+", "-", "*", "/", "@", "^", ",", "=", "~", ":"]
        {
            assert_eq!(statements(&format!("a {joint} # why\n\n b")), [format!("a {joint} b")], "{joint}");
        }
        assert_eq!(statements("a = !\nb"), ["a = ! b"]);
    }

    #[test]
    fn statements_go_on_before_what_cannot_begin_them() {
        for joint in [
            "||", "&&", "<", "<=", ">", ">=", "==", "!=", "+", "-", "*", "/", "@", "^", "=", "~", ":", "in",
            "else", "{",
        ] {
            let brace = if joint == "{" { "\n}" } else { "" };
            let end = if joint == "{" { " }" } else { "" };
            let text = format!("a\n# why\n\n {joint} b{brace}");
            assert_eq!(statements(&text), [format!("a {joint} b{end}")], "{joint}");
        }
    }

    #[test]
    fn other_tokens_neither_continue_nor_are_continued() {
        assert_eq!(statements("a\n!b"), ["a", "! b"]);
        assert_eq!(statements("a'\nb"), ["a '", "b"]);
        assert_eq!(statements("a\n'b"), ["a", "' b"]);
        assert_eq!(statements("a\n, b"), ["a", ", b"]);
        assert_eq!(statements("for i in\na"), ["for i in", "a"]);
        assert_eq!(statements("a\n(b)"), ["a", "( b )"]);
        assert_eq!(statements("a\n[b]"), ["a", "[ b ]"]);
        assert_eq!(statements("factor\na"), ["factor", "a"]);
    }

    #[test]
    fn blocks_hold_their_statements() {
        assert_eq!(
            statements("for i in 1:2\n{\n a = 1\n b = 2\n}\nif c { d = 1 }\nelse { d = 2; }\ne = 1"),
            ["for i in 1 : 2 { a = 1 ⏎ b = 2 }", "if c { d = 1 } else { d = 2 }", "e = 1"]
        );
        assert_eq!(statements("fn f(x) { y = x; return y }; a = f(1)").len(), 2);
    }

    #[test]
    fn brackets_inside_a_block_and_blocks_after_brackets() {
        assert_eq!(statements("if (a\n) { b = f(\n1) }"), ["if ( a ) { b = f ( 1 ) }"]);
    }

    #[test]
    fn docs_belong_to_the_statement_below() {
        let source = Source::new(
            "test",
            "## one\n## two\n# plain\n\nx = 1 ## no\nfor i in 1:2 {\n ## in\n y = f(\n## no\n2)\n}\n## end",
        );
        let layout = lay_out(&lex(&source), &mut Vec::new());
        let mut docs: Vec<_> = layout.docs.iter().map(|(&at, doc)| (at, doc.as_str())).collect();
        docs.sort();
        let x = source.text.find("x =").unwrap() as u32;
        let y = source.text.find("y =").unwrap() as u32;
        assert_eq!(docs, [(x, "one\ntwo"), (y, "in")]);
    }

    #[test]
    fn an_unclosed_bracket_is_reported_at_its_opener_and_the_rest_is_read() {
        let text = "y ~ Normal(mu, sigma\nz ~ Normal(0, 1)\n";
        assert_eq!(errors(text), [("this `(` is never closed".to_owned(), 10)]);
        assert_eq!(errors("x = [1, (2\n").len(), 2);
        assert_eq!(errors("for i in (1:3 {\n x = 1\n}\n").len(), 1);
        assert_eq!(errors("for i in 1:3 {\n x = 1\n"), [("this `{` is never closed".to_owned(), 13)]);
        assert_eq!(errors("y ~ Normal(mu, f(sigma\nz ~ Normal(0, 1))").len(), 1);
    }

    #[test]
    fn a_stray_closer_and_a_semicolon_in_brackets() {
        assert_eq!(
            errors("x = 1)\n}"),
            [("this `)` closes nothing".to_owned(), 5), ("this `}` closes nothing".to_owned(), 7)]
        );
        assert_eq!(
            errors("x = f(1; 2)"),
            [("a `;` ends a statement, but brackets are still open".to_owned(), 7)]
        );
        assert_eq!(errors("x = (1]"), [("this `(` is never closed".to_owned(), 4)]);
    }

    #[test]
    fn statements_after_a_block_need_a_separator() {
        assert_eq!(errors("if a { b = 1 } c = 2"), [("two statements on one line".to_owned(), 15)]);
    }

    #[test]
    fn nesting_has_a_limit() {
        for text in ["(".repeat(100_000), "{".repeat(100_000), "(".repeat(300) + "x" + &")".repeat(300)] {
            assert!(!errors(&text).is_empty());
        }
        let deep = format!("x = {}1{}", "(".repeat(MAX_NESTING), ")".repeat(MAX_NESTING));
        assert_eq!(statements(&deep).len(), 1);
    }
}
