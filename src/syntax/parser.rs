//! Drives the grammar over the statements of a text, so that one mistake does not hide the next.
//!
//! A statement that fails to parse is reported, replaced by a placeholder of its own kind, and the parse of its
//! surroundings is repeated: blocks around a bad statement stay blocks, and the statements beside it are read.

use std::ops::Range;

use lalrpop_util::ParseError;

use super::ast::*;
use super::complaint;
use super::error::SyntaxError;
use super::grammar::{ExprParser, StatementsParser};
use super::layout::{Layout, Spanned, lay_out};
use super::lexer::lex;
use super::report::SyntaxErrors;
use super::token::Token;
use super::tree::{Context, Node};
use crate::source::{Source, Span};

/// Parses a model file; the errors are all that the text has (up to [`SyntaxErrors::LIMIT`]).
pub fn parse(source: &Source) -> Result<File, SyntaxErrors> {
    let mut text = Text::read(source)?;
    let mut statements = Vec::new();
    for tokens in std::mem::take(&mut text.layout.statements) {
        if text.errors.len() > SyntaxErrors::LIMIT {
            break;
        }
        statements.extend(text.statement(tokens));
    }
    refuse_returns(&statements, &mut text.errors);
    text.finish(File { statements })
}

/// Parses a text that is one expression.
pub fn parse_expression(source: &Source) -> Result<Expr, SyntaxErrors> {
    let mut text = Text::read(source)?;
    let mut statements = std::mem::take(&mut text.layout.statements).into_iter();
    let tokens = statements.next().unwrap_or_default();
    if let Some(&(start, token, end)) = statements.next().as_ref().and_then(|second| second.first()) {
        let error = SyntaxError::Unexpected {
            found: token.to_string(),
            expected: "the end of the expression".into(),
            help: None,
            at: Span { start, end },
        };
        text.errors.push(error);
    }
    let expr = text.expression(&tokens);
    match expr {
        Some(expr) => text.finish(expr.into_expr()),
        None => Err(SyntaxErrors::in_order(source, text.errors)),
    }
}

/// A line typed at a prompt.
#[derive(Clone, Debug, PartialEq)]
pub enum Line {
    Statements(File),
    Expression(Expr),
}

/// Parses what was typed at a prompt: statements, or one expression. An empty line is no statements.
pub fn parse_line(source: &Source) -> Result<Line, SyntaxErrors> {
    let text = Text::read(source)?;
    match text.layout.statements.as_slice() {
        [tokens] if !looks_like_statement(tokens) => parse_expression(source).map(Line::Expression),
        _ => parse(source).map(Line::Statements),
    }
}

/// Begins with a keyword, has a `~` or `=` outside brackets, or a block.
fn looks_like_statement(tokens: &[Spanned]) -> bool {
    let mut depth = 0usize;
    tokens.first().is_some_and(|(_, first, _)| first.is_statement_keyword())
        || tokens.iter().any(|(_, token, _)| match token {
            Token::LeftParen | Token::LeftBracket => {
                depth += 1;
                false
            }
            Token::RightParen | Token::RightBracket => {
                depth = depth.saturating_sub(1);
                false
            }
            Token::LeftBrace => true,
            Token::Tilde | Token::Equals => depth == 0,
            _ => false,
        })
}

struct Text<'s> {
    source: &'s Source,
    layout: Layout<'s>,
    errors: Vec<SyntaxError>,
    /// Where the last token of the text ends.
    end: u32,
}

impl<'s> Text<'s> {
    fn read(source: &'s Source) -> Result<Self, SyntaxErrors> {
        if u32::try_from(source.text.len()).is_err() {
            return Err(SyntaxErrors::in_order(source, vec![SyntaxError::TooLong]));
        }
        let mut lexed = lex(source);
        let mut errors = std::mem::take(&mut lexed.errors);
        let layout = lay_out(&lexed, &mut errors);
        let end = lexed.lexemes.last().map_or(0, |lexeme| lexeme.span.end);
        Ok(Text { source, layout, errors, end })
    }

    fn finish<T>(self, whole: T) -> Result<T, SyntaxErrors> {
        if self.errors.is_empty() { Ok(whole) } else { Err(SyntaxErrors::in_order(self.source, self.errors)) }
    }

    /// One statement of the file with all that is in it; empty if it failed.
    fn statement(&mut self, tokens: Vec<Spanned<'s>>) -> Vec<Statement> {
        let parser = StatementsParser::new();
        let mut tokens = replace_reported(tokens);
        // Every round replaces a unit by a placeholder, and a placeholder by another at most once.
        for _ in 0..3 * SyntaxErrors::LIMIT {
            let mut cx = Context { source: self.source, docs: &self.layout.docs, errors: Vec::new() };
            match parser.parse(&mut cx, tokens.iter().copied()) {
                Ok(statements) => {
                    self.errors.append(&mut cx.errors);
                    return statements;
                }
                Err(error) => {
                    let (at, expected) = place_of(error, &tokens);
                    let unit = unit_around(&tokens, at);
                    if !is_reported(&tokens[unit.clone()]) {
                        let error =
                            complaint::about(self.source, &tokens, at, unit.clone(), &expected, self.end);
                        self.errors.push(error);
                    }
                    if self.errors.len() > SyntaxErrors::LIMIT || !replace_unit(&mut tokens, unit) {
                        break;
                    }
                }
            }
        }
        Vec::new()
    }

    fn expression(&mut self, tokens: &[Spanned<'s>]) -> Option<Node> {
        let mut cx = Context { source: self.source, docs: &self.layout.docs, errors: Vec::new() };
        let parsed = ExprParser::new().parse(&mut cx, tokens.iter().copied());
        self.errors.append(&mut cx.errors);
        match parsed {
            Ok(node) => Some(node),
            Err(error) => {
                let (at, expected) = place_of(error, tokens);
                let unit = 0..tokens.len();
                if !is_reported(tokens) || self.errors.is_empty() {
                    self.errors.push(complaint::about(self.source, tokens, at, unit, &expected, self.end));
                }
                None
            }
        }
    }
}

/// The index of the token that did not fit (the number of tokens at the end), and what would have.
fn place_of<'s>(
    error: ParseError<u32, Token<'s>, std::convert::Infallible>,
    tokens: &[Spanned<'s>],
) -> (usize, Vec<String>) {
    match error {
        ParseError::UnrecognizedToken { token: (start, token, _), expected } => {
            // Tokens of width zero share their offset with the next one.
            let first = tokens.partition_point(|&(offset, _, _)| offset < start);
            let same = tokens[first..].iter().position(|&(_, other, _)| other == token);
            (first + same.unwrap_or(0), expected)
        }
        ParseError::UnrecognizedEof { expected, .. } => (tokens.len(), expected),
        ParseError::ExtraToken { token: (start, _, _) } => {
            (tokens.partition_point(|&(offset, _, _)| offset < start), Vec::new())
        }
        ParseError::InvalidToken { location } => {
            (tokens.partition_point(|&(offset, _, _)| offset < location), Vec::new())
        }
        ParseError::User { error } => match error {},
    }
}

/// The simple statement, or the header of a block, that the token at `at` belongs to or ends.
fn unit_around(tokens: &[Spanned], at: usize) -> Range<usize> {
    let is_boundary =
        |(_, token, _): &Spanned| matches!(token, Token::End | Token::LeftBrace | Token::RightBrace);
    let at = at.min(tokens.len());
    let start = tokens[..at].iter().rposition(is_boundary).map_or(0, |boundary| boundary + 1);
    let end = tokens[at..].iter().position(is_boundary).map_or(tokens.len(), |offset| at + offset);
    start..end
}

/// Whether part of these tokens has been reported already.
fn is_reported(unit: &[Spanned]) -> bool {
    unit.iter().any(|(_, token, _)| {
        matches!(token, Token::Unknown | Token::BadStatement | Token::BadHeader | Token::BadElse)
    })
}

/// Puts a placeholder where a unit failed; false if that has been tried there before.
fn replace_unit(tokens: &mut Vec<Spanned>, unit: Range<usize>) -> bool {
    let new = placeholder(tokens, &unit);
    if tokens[unit.clone()].iter().map(|(_, token, _)| token).eq(new.iter().map(|(_, token, _)| token)) {
        return false;
    }
    tokens.splice(unit, new);
    true
}

/// Replaces the units with a part that has been reported already.
fn replace_reported(tokens: Vec<Spanned>) -> Vec<Spanned> {
    if !is_reported(&tokens) {
        return tokens;
    }
    let mut out = Vec::with_capacity(tokens.len());
    let mut at = 0;
    while at < tokens.len() {
        let unit = unit_around(&tokens, at);
        let unit = at..unit.end.max(at);
        if is_reported(&tokens[unit.clone()]) {
            out.extend(placeholder(&tokens, &unit));
        } else {
            out.extend_from_slice(&tokens[unit.clone()]);
        }
        out.extend(tokens.get(unit.end));
        at = unit.end + 1;
    }
    out
}

/// What stands for a unit that is not understood: a header if a block follows, a statement otherwise.
fn placeholder<'s>(tokens: &[Spanned<'s>], unit: &Range<usize>) -> Vec<Spanned<'s>> {
    let is_header = matches!(tokens.get(unit.end), Some((_, Token::LeftBrace, _)));
    let after_block = unit.start > 0 && matches!(tokens[unit.start - 1].1, Token::RightBrace);
    let old = &tokens[unit.clone()];
    let begins_with_else = matches!(old.first(), Some((_, Token::Else, _)));
    let (start, end) = match (old.first(), old.last()) {
        (Some(first), Some(last)) => (first.0, last.2),
        _ => tokens.get(unit.start).map_or((0, 0), |next| (next.0, next.0)),
    };
    let new: &[Token] = match (is_header, after_block, begins_with_else) {
        (true, true, true) => &[Token::BadElse],
        (true, true, false) => &[Token::End, Token::BadHeader],
        (true, false, _) => &[Token::BadHeader],
        (false, true, _) => &[Token::End, Token::BadStatement],
        (false, false, _) => &[Token::BadStatement],
    };
    new.iter().map(|&token| (start, token, end)).collect()
}

/// `return` belongs into functions.
fn refuse_returns(statements: &[Statement], errors: &mut Vec<SyntaxError>) {
    for statement in statements {
        match &statement.kind {
            StatementKind::Return { .. } => errors.push(SyntaxError::ReturnOutside { at: statement.span }),
            StatementKind::For { body, .. } => refuse_returns(&body.statements, errors),
            StatementKind::If { arms, otherwise } => {
                for body in arms.iter().map(|(_, body)| body).chain(otherwise) {
                    refuse_returns(&body.statements, errors);
                }
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(text: &str) -> File {
        parse(&Source::new("test.vim", text)).unwrap_or_else(|errors| panic!("{text}\n{:?}", errors.errors()))
    }

    /// Codes (without their prefix) and the text each error points at.
    fn errors(text: &str) -> Vec<(String, String)> {
        let source = Source::new("test.vim", text);
        let errors = parse(&source).expect_err(text);
        errors.errors().iter().map(|error| (code(error), source.slice(error.span()).to_owned())).collect()
    }

    fn code(error: &SyntaxError) -> String {
        let code = miette::Diagnostic::code(error).expect("every error has a code").to_string();
        code.strip_prefix("vippl::syntax::").expect("one prefix").to_owned()
    }

    fn one_error(text: &str, code: &str, at: &str) {
        assert_eq!(errors(text), [(code.to_owned(), at.to_owned())], "{text}");
    }

    fn shape(text: &str) -> String {
        let expr = parse_expression(&Source::new("test", text)).unwrap_or_else(|e| panic!("{text}: {e}"));
        sexpr(&expr)
    }

    fn sexpr(expr: &Expr) -> String {
        let list = |items: Vec<String>| format!("({})", items.join(" "));
        match &expr.kind {
            ExprKind::Int(value) => value.to_string(),
            ExprKind::Real(value) => format!("{value:?}"),
            ExprKind::Bool(value) => value.to_string(),
            ExprKind::Str(text) => format!("{text:?}"),
            ExprKind::Name(name) => name.clone(),
            ExprKind::Lm(_) => "lm".to_owned(),
            ExprKind::Array(all) => format!("[{}]", all.iter().map(sexpr).collect::<Vec<_>>().join(" ")),
            ExprKind::Group(inner) => sexpr(inner),
            ExprKind::Unary { op, operand } => list(vec![format!("{op:?}"), sexpr(operand)]),
            ExprKind::Binary { op, left, right, .. } => {
                list(vec![format!("{op:?}"), sexpr(left), sexpr(right)])
            }
            ExprKind::Transpose(inner) => list(vec!["T".into(), sexpr(inner)]),
            ExprKind::Call { function, arguments } => {
                let argument = |a: &Argument| match &a.name {
                    Some(name) => format!("{}={}", name.text, sexpr(&a.value)),
                    None => sexpr(&a.value),
                };
                list(std::iter::once(function.text.clone()).chain(arguments.iter().map(argument)).collect())
            }
            ExprKind::Index { base, indices } => {
                let end = |e: &Option<Expr>| e.as_ref().map(sexpr).unwrap_or_default();
                let index = |i: &Index| match i {
                    Index::At(at) => sexpr(at),
                    Index::Slice { lower, upper, .. } => format!("{}:{}", end(lower), end(upper)),
                };
                list(["at".to_owned(), sexpr(base)].into_iter().chain(indices.iter().map(index)).collect())
            }
        }
    }

    #[test]
    fn operators_bind_as_the_reference_says() {
        for (text, expected) in [
            ("a || b && c", "(Or a (And b c))"),
            ("a && b == c", "(And a (Equal b c))"),
            ("a < b:c", "(Less a (Range b c))"),
            ("1:n - 1", "(Range 1 (Sub n 1))"),
            ("a - b - c", "(Sub (Sub a b) c)"),
            ("a + b * c", "(Add a (Mul b c))"),
            ("a * b @ c", "(Mul a (MatMul b c))"),
            ("a / b / c", "(Div (Div a b) c)"),
            ("-a @ b", "(MatMul (Neg a) b)"),
            ("-x^2", "(Neg (Pow x 2))"),
            ("2^-x^2", "(Pow 2 (Neg (Pow x 2)))"),
            ("a^b^c", "(Pow a (Pow b c))"),
            ("!a == b", "(Equal (Not a) b)"),
            ("x'^2", "(Pow (T x) 2)"),
            ("x[1]'", "(T (at x 1))"),
            ("x'[1]", "(at (T x) 1)"),
            ("f(x)[2, :]", "(at (f x) 2 :)"),
            ("x[:3, 2:, a:b, : , 1 + 2:]", "(at x :3 2: (Range a b) : (Add 1 2):)"),
            ("f(x, sd = 1,)", "(f x sd=1)"),
            ("[a, [b], ]", "[a [b]]"),
            ("alpha[\"HENNEPIN\"]", "(at alpha \"HENNEPIN\")"),
            ("--x - -y", "(Sub (Neg (Neg x)) (Neg y))"),
            ("true && !false", "(And true (Not false))"),
            ("f()", "(f)"),
        ] {
            assert_eq!(shape(text), expected, "{text}");
        }
    }

    #[test]
    fn every_form_of_statement_parses() {
        let parsed = file(
            "x ~ Normal(0, 1)\nx[p, q] ~ Normal(0, 1)\nlog(earn) ~ Normal(0, 1)\nx = 1\nx[i] = 2\n\
             for i in 1:n { a = 1; b = 2 }\nfor i in 1:n {}\nif c { a = 1 } else if d { a = 2 } else { a = 3 }\n\
             data x: real[N, K] in (0, inf)\ndata z: category\nparam w[H]\nparam s in (0, inf) = 1\nparam t = 2\n\
             fn f(a, b) = a + b\nfn g(a,) { u = a; return u + 1 }\nfn h() = 1\nfactor -x^2\n",
        );
        assert_eq!(parsed.statements.len(), 17);
        let StatementKind::If { arms, otherwise } = &parsed.statements[7].kind else { panic!() };
        assert!(arms.len() == 2 && otherwise.is_some());
        let StatementKind::Data { dims, range, .. } = &parsed.statements[8].kind else { panic!() };
        assert!(dims.as_ref().is_some_and(|dims| dims.len() == 2) && range.is_some());
        let StatementKind::Param { dims, range, start, .. } = &parsed.statements[11].kind else { panic!() };
        assert!(dims.is_none() && range.is_some() && start.is_some());
    }

    #[test]
    fn models_as_people_write_them_parse() {
        for (model, count) in [
            (
                "# radon.vim: houses in counties\nmu            ~ Normal(0, 10)\nalpha[county] ~ Normal(mu, tau)  # one\n\
                 log_radon     ~ Normal(alpha[county] + beta * floor, sigma)\n",
                3,
            ),
            (
                "h[1] = sigma1\nfor t in 2:T {\n  h[t] = sqrt(a0 + a1 * (y[t - 1] - mu)^2 + b1 * h[t - 1]^2)\n}\n\
                 y ~ Normal(mu, h)\n",
                3,
            ),
            (
                "fn dz_dt(t, z, theta) = [\n  (theta[1] - theta[2] * z[2]) * z[1],\n  -theta[3] * z[2],\n]\n\
                 z = ode(dz_dt, z_init, 0, ts, theta)\n",
                2,
            ),
            (
                "age30_44 = age_discrete == 2\npartyid7 ~ Normal(\n  beta[1] + beta[2] * real_ideo\n    + beta[4] * age30_44,\n  \
                 sigma)\n",
                2,
            ),
            ("for t in (K + 1):T {\n  y[t] ~ Normal(dot(beta, reverse(y[(t - K):(t - 1)])), sigma)\n}\n", 1),
            ("y ~ mixture([theta, 1 - theta], [Normal(mu[1], 1), StudentT(3, mu[2], 1)])\n", 1),
            ("cbind(y1, y2) ~ MvNormal([m1, m2], chol = L)\ns = sum(y, axis = 2); s ~ Binomial(T, p)\n", 3),
            ("x\n  ~ Normal(0, 1)\ny = a\n  @ b'\nz ~\n\n  # why\n  Normal(0,\n    1)\n", 3),
            ("fn f(z)\n{\n  u = z;\n  return u + 1\n}\nif a\n{ b = 1 }\nelse\n{ b = 2 }\n", 2),
        ] {
            assert_eq!(file(model).statements.len(), count, "{model}");
        }
    }

    #[test]
    fn spans_cover_what_was_written() {
        let text = "y[t] ~ Normal((mu + 1), sd = f(2)')\nfor i in 1:2 { a = 1 }\nparam s in (0, 1) = 2 # c\n";
        let source = Source::new("test", text);
        let parsed = file(text);
        let spans: Vec<_> = parsed.statements.iter().map(|s| source.slice(s.span)).collect();
        let lines: Vec<_> = text.lines().map(|line| line.trim_end_matches(" # c")).collect();
        assert_eq!(spans, lines);
        let StatementKind::Sample { target, distribution } = &parsed.statements[0].kind else { panic!() };
        assert_eq!(source.slice(target.span), "y[t]");
        let ExprKind::Call { arguments, function } = &distribution.kind else { panic!() };
        assert_eq!(source.slice(function.span), "Normal");
        assert_eq!(source.slice(arguments[0].value.span), "(mu + 1)");
        assert_eq!(source.slice(arguments[1].value.span), "f(2)'");
    }

    #[test]
    fn docs_are_attached() {
        let parsed = file("## The mean.\n## Of all.\nmu ~ Normal(0, 1)\nx = 1 ## not this\ny = 2");
        let docs: Vec<_> = parsed.statements.iter().map(|s| s.doc.as_deref()).collect();
        assert_eq!(docs, [Some("The mean.\nOf all."), None, None]);
    }

    #[test]
    fn empty_texts_are_empty_models() {
        assert_eq!(file("").statements.len(), 0);
        assert_eq!(file("\n# nothing\n;;\n").statements.len(), 0);
    }

    #[test]
    fn habits_of_other_languages_are_one_error_each() {
        one_error("mu <- 3", "assignment", "<-");
        one_error("x := 3", "operator", ":=");
        one_error("x = a ** 2", "operator", "**");
        one_error("x ~= Normal(0, 1)", "operator", "~=");
        one_error("x = 1 // two", "comment", "// two");
        one_error("x = a %% b", "operator", "%%");
        one_error("x = A %*% b", "operator", "%*%");
        one_error("target += f(x)", "operator", "+=");
        one_error("x == 3", "statement", "x == 3");
        one_error("f(x) = 3", "target", "f(x)");
        one_error("int N;", "declaration", "int");
        one_error("vector[N] y;", "declaration", "vector");
        one_error("real<lower=0> sigma;", "declaration", "real");
        one_error("real<lower=0, upper=1> theta;", "declaration", "real");
        one_error("model {\n y ~ Normal(0, 1)\n}", "block", "model");
        one_error("data {\n y = 1\n}", "block", "data");
        one_error("transformed parameters {\n y = 1;\n}", "block", "transformed parameters");
        one_error("for (i in 1:3) {\n y = 1\n}", "unexpected", "(");
        one_error("if x = 3 { y = 1 }", "unexpected", "=");
        one_error("while (x) { y = 1 }", "word", "while");
        one_error("let x = 3", "word", "let");
        one_error("def f(x) { return x }", "word", "def");
        one_error("x = 2y", "number", "2y");
        one_error("x = 2 y", "unexpected", "y");
        one_error("x = d$y", "operator", "$");
        one_error("x = Sepal.Length", "dotted_name", "Sepal.Length");
        one_error("x = alpha['HENNEPIN']", "unexpected", "'");
        one_error("x = X[,1]", "unexpected", ",");
        one_error("x = a | b", "reserved", "|");
        one_error("x = a |> b", "reserved", "|>");
        one_error("x = a ≤ b", "character", "≤");
        one_error("y ~ Normal(0, 1) T(0, )", "unexpected", "T");
    }

    #[test]
    fn mistakes_in_the_grammar_are_one_error_each() {
        one_error("x = a < b < c", "chained_comparison", "<");
        one_error("x = 1:2:3", "chained_range", ":");
        one_error("x = y[1:2:]", "chained_range", ":");
        one_error("x = .5", "number", ".5");
        one_error("x = 1.", "number", "1.");
        one_error("3 = x", "target", "3");
        one_error("x = f(1 + 2 = 3)", "argument_name", "1 + 2");
        one_error("x = (a)(b)", "call", "(a)");
        one_error("a + b", "statement", "a + b");
        one_error("return 3", "return_outside", "return 3");
        one_error("x = 1 +", "incomplete", "+");
        one_error("x = ", "incomplete", "=");
        one_error("for i in 1:3", "incomplete", "3");
        one_error("x = data", "unexpected", "data");
        one_error("x = f(a b)", "unexpected", "b");
        one_error("else { x = 1 }", "unexpected", "else");
        one_error("{ x = 1 }", "unexpected", "{");
        one_error("for i in 1:2 { x = 1 } else { y = 1 }", "unexpected", "else");
        one_error("if a { x = 1 } y = 2", "separator", "y");
        one_error("y ~ Normal(mu, sigma\nz ~ Normal(0, 1)", "unclosed", "(");
        one_error("x = [1; 2]", "semicolon", ";");
        one_error("x = 1)", "unmatched", ")");
        one_error("x = y = z", "unexpected", "=");
        one_error("x = +1", "unexpected", "+");
    }

    #[test]
    fn all_errors_of_a_file_are_found() {
        let found = errors(
            "mu <- 3\ntau ~ Normal(0 1)\nfor i n 1:3 {\n  x = 1 +\n  y[i] ~ Normal(mu, \n  z = 3 4\n}\n\
             if a == 1 { b = ) 2 } else if { c = }\nok ~ Normal(0, 1)\nlast = = 2\n",
        );
        let codes: Vec<_> = found.iter().map(|(code, at)| format!("{code} {at}")).collect();
        assert_eq!(
            codes,
            [
                "assignment <-",
                "unexpected 1",
                "unexpected n",
                "unclosed (",
                "unexpected 4",
                "unmatched )",
                "unexpected {",
                "incomplete =",
                "unexpected ="
            ]
        );
    }

    #[test]
    fn messages_name_what_was_expected() {
        let message = |text: &str| {
            let errors = parse(&Source::new("test.vim", text)).expect_err(text);
            errors.to_string()
        };
        for (text, expected) in [
            ("x ~ Normal(0 1)", "expected an operator, `,` or `)`, found the number 1"),
            ("for 3 in 1:2 {}", "expected a name, found the number 3"),
            ("for i n 1:2 {}", "expected `in`, found the name `n`"),
            ("x = [1, )", "this `[` is never closed"),
            ("x = 1 +", "the statement stops too early: expected an expression"),
            ("for i in 1:2", "the statement stops too early: expected `{`"),
            ("data x", "the statement stops too early: expected `:`"),
            ("x = (1 + ]", "this `(` is never closed"),
            ("x = 1 y", "expected an operator, found the name `y`"),
            ("x = data", "expected an expression, found the keyword `data`"),
        ] {
            assert_eq!(message(text), expected, "{text}");
        }
    }

    #[test]
    fn expressions_parse_alone() {
        let parse = |text: &str| parse_expression(&Source::new("test", text));
        assert!(parse("mean(theta[1, :]) > 0").is_ok());
        assert!(parse("\n (1 +\n 2) # sum\n").is_ok());
        for text in ["", "x = 1", "x ~ Normal(0, 1)", "1\n2", "a < b < c", "f(", "x {}", "for i in 1:2 {}"] {
            let errors = parse(text).expect_err(text);
            assert_eq!(errors.errors().len(), 1, "{text}: {:?}", errors.errors());
        }
    }

    #[test]
    fn lines_are_statements_or_an_expression() {
        let line = |text: &str| parse_line(&Source::new("test", text));
        for text in ["mu > 0", "f(x, sd = 1)", "(1 +\n 2);", "x == 2"] {
            assert!(matches!(line(text), Ok(Line::Expression(_))), "{text}");
        }
        for (text, count) in [("x = 1", 1), ("x ~ f(1); y = 2", 2), ("", 0), ("for i in 1:2 { x = 1 }", 1)] {
            let Ok(Line::Statements(file)) = line(text) else { panic!("{text}") };
            assert_eq!(file.statements.len(), count, "{text}");
        }
        for text in ["mu >", "f(x", "for i in 1:2 {", "x = ", "fn f(a)", "if a {\n x = 1", "x ~ Normal(0,"] {
            assert!(line(text).expect_err(text).is_incomplete(), "{text}");
        }
        for text in ["mu > ) 0", "x = = 1", "f(x))", "a b", "\"abc"] {
            assert!(!line(text).expect_err(text).is_incomplete(), "{text}");
        }
    }

    #[test]
    fn reports_show_each_error_with_its_source_line() {
        let errors =
            parse(&Source::new("radon.vim", "mu <- 3\ntau ~ Normal(0 1)\n")).expect_err("two errors");
        let handler = miette::GraphicalReportHandler::new_themed(miette::GraphicalTheme::none());
        let mut shown = String::new();
        handler.render_report(&mut shown, &errors).expect("writes");
        for part in [
            "2 syntax errors",
            "radon.vim:1:4",
            "radon.vim:2:16",
            "mu <- 3",
            "vippl::syntax::assignment",
            "help: write `mu = ...`",
        ] {
            assert!(shown.contains(part), "{part}\n{shown}");
        }
        assert!(!shown.contains('\u{1b}'));
        assert_eq!(errors.into_reports().count(), 2);
        let one = parse(&Source::new("radon.vim", "mu <- 3")).expect_err("one error");
        let mut shown = String::new();
        handler.render_report(&mut shown, &one).expect("writes");
        assert!(
            shown.contains("`<-` does not define anything") && !shown.contains("syntax errors"),
            "{shown}"
        );
    }

    #[test]
    fn errors_are_counted_up_to_a_limit() {
        let errors = parse(&Source::new("test", "x = = 1\n".repeat(200))).expect_err("errors");
        assert_eq!(errors.errors().len(), SyntaxErrors::LIMIT);
        assert_eq!(errors.to_string(), "more than 50 syntax errors");
    }
}
