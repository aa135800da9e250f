//! Turns "this token does not fit" into the sentence and the advice that a person needs.

use std::ops::Range;

use super::error::SyntaxError;
use super::foreign;
use super::layout::Spanned;
use super::token::Token;
use crate::source::{Source, Span};

/// The error for the token at `at`, within the statement or header `unit`; `expected` are the terminals of the grammar
/// that would have fitted, `text_end` is where the last token of the text ends.
pub fn about(
    source: &Source,
    tokens: &[Spanned],
    at: usize,
    unit: Range<usize>,
    expected: &[String],
    text_end: u32,
) -> SyntaxError {
    let words: Vec<Token> = tokens[unit.clone()].iter().map(|(_, token, _)| *token).collect();
    let is_header = matches!(tokens.get(unit.end), Some((_, Token::LeftBrace, _)));
    if let Some(block) = foreign::block_name(&words).filter(|_| is_header) {
        return SyntaxError::ForeignBlock { block, at: span_of(tokens, unit) };
    }
    if words.first().is_some_and(|first| foreign::is_declaration(*first, words.get(1).copied())) {
        return SyntaxError::Declaration { at: span_of(tokens, unit.start..unit.start + 1) };
    }
    if let Some(Token::Name(word)) = words.first()
        && at > unit.start
        && !matches!(words.get(1), Some(Token::Tilde | Token::Equals | Token::LeftBracket))
        && let Some(help) = foreign::first_word_help(word)
    {
        return SyntaxError::ForeignWord {
            word: (*word).to_owned(),
            help: help.into(),
            at: span_of(tokens, unit.start..unit.start + 1),
        };
    }
    let before = at.checked_sub(1).and_then(|index| tokens.get(index)).copied();
    let wanted = Wanted::from(expected);
    match (tokens.get(at), before) {
        (None | Some((_, Token::End | Token::RightBrace, _)), Some(before)) => SyntaxError::Incomplete {
            expected: wanted.to_string(),
            help: help_at_end(&words),
            at: span(before),
            at_end_of_text: before.2 == text_end,
        },
        (None, None) => SyntaxError::Incomplete {
            expected: wanted.to_string(),
            help: None,
            at: Span::new(source.text.len(), source.text.len()),
            at_end_of_text: true,
        },
        (Some(&found), before) => SyntaxError::Unexpected {
            found: describe(source, found),
            expected: wanted.to_string(),
            help: help(
                &words,
                at.saturating_sub(unit.start),
                before.map(|(_, token, _)| token),
                found.1,
                &wanted,
            ),
            at: span(found),
        },
    }
}

fn span((start, _, end): Spanned) -> Span {
    Span { start, end }
}

fn span_of(tokens: &[Spanned], range: Range<usize>) -> Span {
    let tokens = &tokens[range];
    match (tokens.first(), tokens.last()) {
        (Some(first), Some(last)) => Span { start: first.0, end: last.2 },
        _ => Span::default(),
    }
}

/// Numbers are shown as they were written.
fn describe(source: &Source, found: Spanned) -> String {
    match found.1 {
        Token::Int(_) | Token::Real(_) => format!("the number {}", source.slice(span(found))),
        token => token.to_string(),
    }
}

fn help_at_end(words: &[Token]) -> Option<String> {
    Some(match words.first()? {
        Token::For if !words.contains(&Token::In) => "a loop is written `for i in 1:n { ... }`".into(),
        Token::For => "the body of a loop stands in braces: `for i in 1:n { ... }`".into(),
        Token::If => "the body of a branch stands in braces: `if c { ... }`".into(),
        Token::Else => "`else` is followed by `{ ... }` or by `if`, on the same line".into(),
        Token::Fn => "a function is written `fn f(a, b) = ...` or `fn f(a, b) { ...; return ... }`".into(),
        Token::Data => "a declaration of data is written `data x: real[N, K] in (0, 1)`".into(),
        Token::Param => "a parameter is written `param s in (0, inf) = 1`".into(),
        _ => return None,
    })
}

/// Advice about `found`, the token number `place` of the statement made of `words`.
fn help(
    words: &[Token],
    place: usize,
    before: Option<Token>,
    found: Token,
    wanted: &Wanted,
) -> Option<String> {
    let in_condition = words.contains(&Token::If);
    let says = |advice: &str| Some(advice.to_owned());
    match (before, found) {
        (_, Token::Equals) if in_condition => says("equality is tested with `==`"),
        (_, Token::Tilde) if words[..place.min(words.len())].contains(&Token::Lm) => {
            says("what a formula predicts stands outside of it: `y ~ Normal(lm(1 + x), sigma)`")
        }
        (Some(Token::Fn), Token::Lm) => says("`lm` is the name of formulas: give the function another one"),
        (_, Token::Equals | Token::Tilde) if wanted.operator => {
            if words[..place.min(words.len())].iter().any(|word| matches!(word, Token::Equals | Token::Tilde))
            {
                says("a statement has one `~` or `=`; perhaps a newline is missing, or `==` was meant")
            } else {
                says("a statement is `x ~ D(...)` or `x = ...`; equality is tested with `==`")
            }
        }
        (Some(Token::For), Token::LeftParen) => says("no parentheses: `for i in 1:n { ... }`"),
        (_, Token::Else) => says("an `else` follows the `}` of an `if`"),
        (Some(Token::RightParen), Token::Name("T" | "I")) => {
            says("a truncated distribution is `truncated(D, lower = a, upper = b)`")
        }
        (Some(Token::Int(_) | Token::Real(_)), Token::Name(name)) if wanted.operator => {
            Some(format!("a product needs its `*`: `* {name}`"))
        }
        (Some(before), found) if wanted.operator && ends_operand(&before) && begins_operand(&found) => {
            if wanted.in_brackets() {
                says(
                    "perhaps a `,` or an operator is missing, or the bracket was not closed on the line above",
                )
            } else {
                says("perhaps an operator is missing, or a newline between two statements")
            }
        }
        (Some(Token::LeftBracket | Token::Comma), Token::Comma | Token::RightBracket)
            if wanted.expression =>
        {
            says("a whole dimension is written `:`, as in `x[:, 1]`")
        }
        (_, Token::Prime) if wanted.expression => says("strings take double quotes: \"HENNEPIN\""),
        (_, Token::Plus) if wanted.expression => says("a number or name has no leading `+`"),
        (_, Token::LeftBrace) if words.first() == Some(&Token::For) && !words.contains(&Token::In) => {
            says("a loop is written `for i in 1:n { ... }`")
        }
        (_, Token::LeftBrace) if wanted.expression => says("braces hold statements; an array is `[a, b, c]`"),
        (_, Token::LeftBrace) => says("only `for`, `if`, `else` and `fn` have a body in braces"),
        (_, keyword) if keyword.symbol().is_some_and(|word| super::token::KEYWORDS.contains(&word)) => {
            let word = keyword.symbol()?;
            (wanted.expression || wanted.name)
                .then(|| format!("`{word}` is a keyword; a column called so is written in backquotes"))
        }
        _ => None,
    }
}

fn ends_operand(token: &Token) -> bool {
    matches!(
        token,
        Token::Name(_)
            | Token::Int(_)
            | Token::Real(_)
            | Token::Str(_)
            | Token::True
            | Token::False
            | Token::RightParen
            | Token::RightBracket
            | Token::Prime
    )
}

fn begins_operand(token: &Token) -> bool {
    token.is_statement_keyword()
        || matches!(
            token,
            Token::Name(_) | Token::Int(_) | Token::Real(_) | Token::Str(_) | Token::True | Token::False
        )
}

/// What would have fitted, in the grain in which a person thinks of it.
struct Wanted {
    statement: bool,
    expression: bool,
    name: bool,
    /// An operand is complete: an operator may follow.
    operator: bool,
    /// The symbols and keywords among the rest.
    symbols: Vec<String>,
}

/// Symbols worth naming beside "an operator", in this order.
const AFTER_OPERAND: [&str; 7] = ["~", "=", ",", ")", "]", "{", "in"];

impl Wanted {
    fn from(expected: &[String]) -> Self {
        let terminals: Vec<&str> = expected.iter().map(|terminal| terminal.trim_matches('"')).collect();
        let has = |terminal: &str| terminals.contains(&terminal);
        let expression = has("int");
        let operator = has("+") && !expression;
        let in_brackets = has(")") || has("]");
        let symbols = if operator {
            let is_worth = |symbol: &&&str| has(symbol) && !(in_brackets && **symbol == "=");
            AFTER_OPERAND.iter().filter(is_worth).map(|symbol| (*symbol).to_owned()).collect()
        } else if expression {
            [")", "]"].iter().filter(|symbol| has(symbol)).map(|symbol| (*symbol).to_owned()).collect()
        } else {
            let shown =
                |terminal: &&&str| !["name", "end"].contains(*terminal) && !terminal.starts_with("bad ");
            terminals.iter().filter(shown).map(|terminal| (*terminal).to_owned()).collect()
        };
        Wanted {
            statement: expression && has("factor"),
            expression,
            name: has("name") && !expression,
            operator,
            symbols,
        }
    }

    fn in_brackets(&self) -> bool {
        self.symbols.iter().any(|symbol| symbol == ")" || symbol == "]")
    }
}

impl std::fmt::Display for Wanted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut parts: Vec<String> = Vec::new();
        if self.statement {
            parts.push("a statement".into());
        } else if self.expression {
            parts.push("an expression".into());
        }
        if self.name {
            parts.push("a name".into());
        }
        if self.operator {
            parts.push("an operator".into());
        }
        parts.extend(self.symbols.iter().map(|symbol| format!("`{symbol}`")));
        match parts.split_last() {
            None => f.write_str("the end of the statement"),
            Some((last, [])) => f.write_str(last),
            Some((last, first)) => write!(f, "{} or {last}", first.join(", ")),
        }
    }
}
