//! Cuts a source text into tokens and comments; newlines and layout are `layout.rs`'s business.

use logos::Logos;

use super::error::{Quote, SyntaxError};
use super::foreign;
use super::token::{KEYWORDS, Token};
use crate::source::{Source, Span};

/// A token and where it stands.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Lexeme<'s> {
    pub token: Token<'s>,
    pub span: Span,
    /// A newline stands between the token before and this one.
    pub after_newline: bool,
}

/// `# ...` to the end of the line.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Comment<'s> {
    /// With its `#`, without white space at the end.
    pub text: &'s str,
    pub span: Span,
    /// Nothing but white space stands before it on its line.
    pub own_line: bool,
}

impl<'s> Comment<'s> {
    /// The text of a `##` line, one leading space removed. Lines of three or more `#` are plain comments.
    pub fn doc(&self) -> Option<&'s str> {
        let text = self.text.strip_prefix("##").filter(|rest| self.own_line && !rest.starts_with('#'))?;
        Some(text.strip_prefix(' ').unwrap_or(text))
    }
}

/// A source cut into tokens.
#[derive(Debug, Default)]
pub struct Lexed<'s> {
    pub lexemes: Vec<Lexeme<'s>>,
    pub comments: Vec<Comment<'s>>,
    pub errors: Vec<SyntaxError>,
}

/// Cuts the whole text; what cannot be read becomes an error and, where a good guess exists, the token meant.
pub fn lex(source: &Source) -> Lexed<'_> {
    let text: &str = &source.text;
    let mut lexed = Lexed::default();
    let mut after_newline = false;
    let mut line_is_empty = true;
    // Whether each open round bracket stands in a formula.
    let mut in_formula = Vec::new();
    for (raw, range) in Raw::lexer(text).spanned() {
        let span = Span::new(range.start, range.end);
        let written = &text[range];
        match raw {
            Ok(Raw::Newline) => {
                after_newline = true;
                line_is_empty = true;
            }
            Ok(Raw::Comment) => {
                let kept = written.trim_end();
                let span = Span::new(span.start as usize, span.start as usize + kept.len());
                lexed.comments.push(Comment { text: kept, span, own_line: line_is_empty });
            }
            Ok(Raw::ForeignComment) => {
                // A block comment may run over several lines.
                lexed.errors.push(SyntaxError::ForeignComment { found: written[..2].into(), at: span });
                after_newline |= written.contains('\n');
            }
            Ok(Raw::Reserved) if written == "|" && in_formula.last() == Some(&true) => {
                lexed.lexemes.push(Lexeme { token: Token::Bar, span, after_newline });
                after_newline = false;
                line_is_empty = false;
            }
            raw => {
                match raw {
                    Ok(Raw::LeftParen) => {
                        let begins = formula_begins(&mut lexed.lexemes, text);
                        in_formula.push(begins || in_formula.last() == Some(&true));
                    }
                    Ok(Raw::RightParen) => {
                        in_formula.pop();
                    }
                    _ => {}
                }
                let token = read(raw.ok(), written, span, &mut lexed.errors);
                lexed.lexemes.push(Lexeme { token, span, after_newline });
                after_newline = false;
                line_is_empty = false;
            }
        }
    }
    lexed
}

/// Whether the bracket behind these tokens is that of `lm(`, whose name becomes a token of its own.
fn formula_begins(before: &mut [Lexeme], text: &str) -> bool {
    let Some(last) = before.last_mut() else { return false };
    let begins = &text[last.span.start as usize..last.span.end as usize] == "lm";
    if begins {
        last.token = Token::Lm;
    }
    begins
}

/// What the characters are, before they mean anything.
#[derive(Logos, Clone, Copy, Debug, PartialEq)]
#[logos(skip r"[ \t\r\x0B\x0C\u{A0}\u{FEFF}]+")]
enum Raw {
    #[token("\n")]
    Newline,
    #[regex("#[^\n]*", allow_greedy = true)]
    Comment,
    #[regex("//[^\n]*", allow_greedy = true)]
    #[token("/*", block_comment)]
    ForeignComment,
    #[regex(r"[\p{XID_Start}_]\p{XID_Continue}*", priority = 5)]
    Name,
    #[regex(r"[\p{XID_Start}_]\p{XID_Continue}*(\.[\p{XID_Start}_]\p{XID_Continue}*)+", priority = 5)]
    DottedName,
    #[regex("`[^`\n]*`")]
    Backquoted,
    #[regex("`[^`\n]*", allow_greedy = true, priority = 3)]
    OpenBackquote,
    #[regex(r#""([^"\\\n]|\\[^\n])*""#)]
    Str,
    #[regex(r#""([^"\\\n]|\\[^\n])*\\?"#, allow_greedy = true, priority = 3)]
    OpenStr,
    #[regex("[0-9](_?[0-9])*", priority = 10)]
    Int,
    #[regex(r"[0-9](_?[0-9])*\.[0-9](_?[0-9])*([eE][+-]?[0-9]+)?", priority = 10)]
    #[regex(r"[0-9](_?[0-9])*[eE][+-]?[0-9]+", priority = 10)]
    Real,
    #[regex(r"\.[0-9][0-9_]*([eE][+-]?[0-9]+)?", priority = 10)]
    LeadingDot,
    #[regex(r"[0-9](_?[0-9])*\.([eE][+-]?[0-9]+)?", priority = 10)]
    TrailingDot,
    #[regex(r"[0-9][0-9_.\p{XID_Continue}]*", priority = 1)]
    BadNumber,
    #[token("(")]
    LeftParen,
    #[token(")")]
    RightParen,
    #[token("[")]
    LeftBracket,
    #[token("]")]
    RightBracket,
    #[token("{")]
    LeftBrace,
    #[token("}")]
    RightBrace,
    #[token(",")]
    Comma,
    #[token("~")]
    Tilde,
    #[token("=")]
    Equals,
    #[token(":")]
    Colon,
    #[token(";")]
    Semicolon,
    #[token("||")]
    OrOr,
    #[token("&&")]
    AndAnd,
    #[token("<")]
    Less,
    #[token("<=")]
    LessEqual,
    #[token(">")]
    Greater,
    #[token(">=")]
    GreaterEqual,
    #[token("==")]
    EqualEqual,
    #[token("!=")]
    NotEqual,
    #[token("+")]
    Plus,
    #[token("-")]
    Minus,
    #[token("*")]
    Star,
    #[token("/")]
    Slash,
    #[token("@")]
    At,
    #[token("^")]
    Caret,
    #[token("!")]
    Bang,
    #[token("'")]
    Prime,
    #[token("|")]
    #[token("|>")]
    Reserved,
    /// Operators of other languages; `foreign.rs` says what to write instead.
    #[token("**")]
    #[token(":=")]
    #[token("~=")]
    #[token("===")]
    #[token("!==")]
    #[token("<>")]
    #[token("<<-")]
    #[token("->")]
    #[token("=>")]
    #[token("+=")]
    #[token("-=")]
    #[token("*=")]
    #[token("/=")]
    #[token("&")]
    #[token(".*")]
    #[token("./")]
    #[token(".^")]
    #[token("%")]
    #[regex("%[^% \t\r\n(){},;]*%")]
    #[token("$")]
    #[token("?")]
    #[token("\\")]
    Foreign,
}

/// Takes a `/* ... */`, or the rest of the text if it is never closed.
fn block_comment(lexer: &mut logos::Lexer<Raw>) {
    let rest = lexer.remainder();
    lexer.bump(rest.find("*/").map_or(rest.len(), |end| end + 2));
}

/// The token that `written` is, or is meant to be; `None` is a character of no token.
fn read<'s>(raw: Option<Raw>, written: &'s str, at: Span, errors: &mut Vec<SyntaxError>) -> Token<'s> {
    let Some(raw) = raw else {
        let (token, error) = foreign::character(written, at);
        errors.push(error);
        return token;
    };
    match raw {
        Raw::Newline | Raw::Comment | Raw::ForeignComment => Token::Unknown, // handled by `lex`
        Raw::Name => name_or_keyword(written),
        Raw::DottedName => {
            errors.push(SyntaxError::DottedName {
                found: written.into(),
                instead: written.replace('.', "_"),
                at,
            });
            Token::Name(written)
        }
        Raw::Backquoted => {
            let name = &written[1..written.len() - 1];
            if name.trim().is_empty() {
                errors.push(SyntaxError::EmptyName { at });
            }
            Token::Name(name)
        }
        Raw::OpenBackquote => {
            errors.push(SyntaxError::UnclosedQuote { what: Quote::Name, mark: '`', at });
            Token::Unknown
        }
        Raw::Str => {
            let inner = &written[1..written.len() - 1];
            for (offset, escape) in bad_escapes(inner) {
                let start = at.start as usize + 1 + offset;
                errors.push(SyntaxError::BadEscape {
                    found: escape.into(),
                    at: Span::new(start, start + escape.len()),
                });
            }
            Token::Str(inner)
        }
        Raw::OpenStr => {
            errors.push(SyntaxError::UnclosedQuote { what: Quote::String, mark: '"', at });
            Token::Unknown
        }
        Raw::Int => match without_underscores(written).parse() {
            Ok(value) => Token::Int(value),
            Err(_) => {
                errors.push(SyntaxError::IntTooLarge { at });
                Token::Int(0)
            }
        },
        Raw::Real => real(written, at, errors),
        Raw::LeadingDot => {
            let instead = format!("0{written}");
            let value = real(&instead, at, errors);
            errors.push(SyntaxError::BareDot { found: written.into(), instead, at });
            value
        }
        Raw::TrailingDot => {
            let instead = written.replace('.', ".0");
            let value = real(&instead, at, errors);
            errors.push(SyntaxError::BareDot { found: written.into(), instead, at });
            value
        }
        Raw::BadNumber => {
            errors.push(SyntaxError::BadNumber {
                found: written.into(),
                help: foreign::number_help(written),
                at,
            });
            Token::Int(0)
        }
        Raw::LeftParen => Token::LeftParen,
        Raw::RightParen => Token::RightParen,
        Raw::LeftBracket => Token::LeftBracket,
        Raw::RightBracket => Token::RightBracket,
        Raw::LeftBrace => Token::LeftBrace,
        Raw::RightBrace => Token::RightBrace,
        Raw::Comma => Token::Comma,
        Raw::Tilde => Token::Tilde,
        Raw::Equals => Token::Equals,
        Raw::Colon => Token::Colon,
        Raw::Semicolon => Token::Semicolon,
        Raw::OrOr => Token::OrOr,
        Raw::AndAnd => Token::AndAnd,
        Raw::Less => Token::Less,
        Raw::LessEqual => Token::LessEqual,
        Raw::Greater => Token::Greater,
        Raw::GreaterEqual => Token::GreaterEqual,
        Raw::EqualEqual => Token::EqualEqual,
        Raw::NotEqual => Token::NotEqual,
        Raw::Plus => Token::Plus,
        Raw::Minus => Token::Minus,
        Raw::Star => Token::Star,
        Raw::Slash => Token::Slash,
        Raw::At => Token::At,
        Raw::Caret => Token::Caret,
        Raw::Bang => Token::Bang,
        Raw::Prime => Token::Prime,
        Raw::Reserved => {
            errors.push(SyntaxError::Reserved { found: written.into(), at });
            Token::Unknown
        }
        Raw::Foreign => {
            let (token, error) = foreign::operator(written, at);
            errors.push(error);
            token
        }
    }
}

fn name_or_keyword(word: &str) -> Token<'_> {
    match word {
        "data" => Token::Data,
        "param" => Token::Param,
        "for" => Token::For,
        "in" => Token::In,
        "if" => Token::If,
        "else" => Token::Else,
        "fn" => Token::Fn,
        "return" => Token::Return,
        "factor" => Token::Factor,
        "true" => Token::True,
        "false" => Token::False,
        name => Token::Name(name),
    }
}

fn without_underscores(digits: &str) -> std::borrow::Cow<'_, str> {
    if digits.contains('_') { digits.replace('_', "").into() } else { digits.into() }
}

fn real(digits: &str, at: Span, errors: &mut Vec<SyntaxError>) -> Token<'static> {
    match without_underscores(digits).parse::<f64>() {
        Ok(value) if value.is_finite() => Token::Real(value),
        _ => {
            errors.push(SyntaxError::RealTooLarge { at });
            Token::Real(0.0)
        }
    }
}

/// Escapes other than `\"` and `\\`, with their byte offsets.
fn bad_escapes(inner: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut rest = inner.char_indices();
    std::iter::from_fn(move || {
        loop {
            let (start, character) = rest.next()?;
            if character == '\\'
                && let Some((next, escaped)) = rest.next()
                && !matches!(escaped, '"' | '\\')
            {
                return Some((start, &inner[start..next + escaped.len_utf8()]));
            }
        }
    })
}

/// The characters of a string literal, from what stands between its quotes.
pub fn unescape(inner: &str) -> String {
    let mut text = String::with_capacity(inner.len());
    let mut characters = inner.chars();
    while let Some(character) = characters.next() {
        text.push(if character == '\\' { characters.next().unwrap_or('\\') } else { character });
    }
    text
}

/// Whether `text` can be written without backquotes.
pub fn is_plain_name(text: &str) -> bool {
    let mut characters = text.chars();
    characters.next().is_some_and(|first| first == '_' || unicode_ident::is_xid_start(first))
        && characters.all(unicode_ident::is_xid_continue)
        && !KEYWORDS.contains(&text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens(text: &str) -> (Vec<String>, Vec<String>) {
        let source = Source::new("test", text);
        let lexed = lex(&source);
        let spans = lexed.lexemes.iter().map(|lexeme| source.slice(lexeme.span).to_owned()).collect();
        (spans, lexed.errors.iter().map(|error| error.to_string()).collect())
    }

    fn kinds(text: &str) -> Vec<String> {
        let source = Source::new("test", text);
        lex(&source).lexemes.iter().map(|lexeme| format!("{:?}", lexeme.token)).collect()
    }

    #[test]
    fn numbers_are_int_or_real_by_how_they_are_written() {
        assert_eq!(
            kinds("3 3.0 1e-3 1_000.5 1_000 2E5 1:3"),
            [
                "Int(3)",
                "Real(3.0)",
                "Real(0.001)",
                "Real(1000.5)",
                "Int(1000)",
                "Real(200000.0)",
                "Int(1)",
                "Colon",
                "Int(3)"
            ]
        );
    }

    #[test]
    fn malformed_numbers_are_one_error_each() {
        for text in
            [".5", "1.", "1.e5", "1_", "1__0", "2x", "0x1F", "1.2.3", "1e", "99999999999999999999", "1e999"]
        {
            let (_, errors) = tokens(text);
            assert_eq!(errors.len(), 1, "{text}: {errors:?}");
        }
    }

    #[test]
    fn names_are_unicode_or_backquoted() {
        assert_eq!(
            kinds("μ sigma_y _x `Sepal Length` `for` βeta2"),
            [
                "Name(\"μ\")",
                "Name(\"sigma_y\")",
                "Name(\"_x\")",
                "Name(\"Sepal Length\")",
                "Name(\"for\")",
                "Name(\"βeta2\")"
            ]
        );
        let (_, errors) = tokens("Sepal.Length ``");
        assert_eq!(errors.len(), 2, "{errors:?}");
    }

    #[test]
    fn strings_know_two_escapes() {
        assert_eq!(unescape(r#"a\"b\\c"#), r#"a"b\c"#);
        let (_, errors) = tokens(r#""a\"b\\c" "a\nb""#);
        assert_eq!(errors.len(), 1, "{errors:?}");
        for open in ["\"abc\nx", "\"abc\\", "`abc\nx", "\"", "`"] {
            let (_, errors) = tokens(open);
            assert_eq!(errors.len(), 1, "{open}: {errors:?}");
        }
    }

    #[test]
    fn comments_keep_their_place() {
        let source = Source::new("test", "x # one  \r\n  ## two\n### three\n#four");
        let comments: Vec<_> = lex(&source).comments.iter().map(|c| (c.text, c.own_line, c.doc())).collect();
        assert_eq!(
            comments,
            [
                ("# one", false, None),
                ("## two", true, Some("two")),
                ("### three", true, None),
                ("#four", true, None)
            ]
        );
    }

    #[test]
    fn foreign_comments_are_reported_and_skipped() {
        let (found, errors) = tokens("x = 1 // one\n/* two\n three */ y");
        assert_eq!(found, ["x", "=", "1", "y"]);
        assert_eq!(errors.len(), 2);
    }

    #[test]
    fn plain_names_need_no_backquotes() {
        assert!(is_plain_name("μ_1") && is_plain_name("_"));
        assert!(!is_plain_name("for") && !is_plain_name("Sepal Length") && !is_plain_name("1a"));
        assert!(!is_plain_name(""));
    }
}
