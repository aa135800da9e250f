//! The tokens that the grammar is written in, and their names in messages.

use std::fmt;

/// What the grammar is written in.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Token<'s> {
    /// A name, without backquotes.
    Name(&'s str),
    Int(i64),
    Real(f64),
    /// A string as written between its quotes, escapes not yet replaced.
    Str(&'s str),
    Data,
    Param,
    For,
    In,
    If,
    Else,
    Fn,
    Return,
    Factor,
    True,
    False,
    LeftParen,
    RightParen,
    LeftBracket,
    RightBracket,
    LeftBrace,
    RightBrace,
    Comma,
    Tilde,
    Equals,
    Colon,
    OrOr,
    AndAnd,
    Less,
    LessEqual,
    Greater,
    GreaterEqual,
    EqualEqual,
    NotEqual,
    Plus,
    Minus,
    Star,
    Slash,
    At,
    Caret,
    Bang,
    Prime,
    /// `|`, in formulas only.
    Bar,
    /// `lm`, where a formula follows.
    Lm,
    Semicolon,
    /// The end of a statement, made by the layout pass from a newline or `;`.
    End,
    /// Text already reported as an error; the statement around it is not worth a second report.
    Unknown,
    /// Stands for a statement that failed to parse.
    BadStatement,
    /// Stands for whatever stood before a `{` and failed to parse.
    BadHeader,
    /// Stands for an `else if` that failed to parse, up to its `{`.
    BadElse,
}

/// The keywords, as they are written.
pub const KEYWORDS: [&str; 11] =
    ["data", "param", "for", "in", "if", "else", "fn", "return", "factor", "true", "false"];

impl Token<'_> {
    /// Stands between two operands, so that a newline beside it ends nothing. (A `-` always counts.)
    pub fn is_infix(&self) -> bool {
        use Token::*;
        matches!(
            self,
            OrOr | AndAnd
                | Less
                | LessEqual
                | Greater
                | GreaterEqual
                | EqualEqual
                | NotEqual
                | Plus
                | Minus
                | Star
                | Slash
                | At
                | Caret
        )
    }

    /// A keyword that only ever begins a statement.
    pub fn is_statement_keyword(&self) -> bool {
        use Token::*;
        matches!(self, Data | Param | For | If | Fn | Return | Factor)
    }

    /// As it is written in a model, where there is one way to write it.
    pub fn symbol(&self) -> Option<&'static str> {
        use Token::*;
        Some(match self {
            Data => "data",
            Param => "param",
            For => "for",
            In => "in",
            If => "if",
            Else => "else",
            Fn => "fn",
            Return => "return",
            Factor => "factor",
            True => "true",
            False => "false",
            LeftParen => "(",
            RightParen => ")",
            LeftBracket => "[",
            RightBracket => "]",
            LeftBrace => "{",
            RightBrace => "}",
            Comma => ",",
            Tilde => "~",
            Equals => "=",
            Colon => ":",
            OrOr => "||",
            AndAnd => "&&",
            Less => "<",
            LessEqual => "<=",
            Greater => ">",
            GreaterEqual => ">=",
            EqualEqual => "==",
            NotEqual => "!=",
            Plus => "+",
            Minus => "-",
            Star => "*",
            Slash => "/",
            At => "@",
            Caret => "^",
            Bang => "!",
            Prime => "'",
            Bar => "|",
            Lm => "lm",
            Semicolon => ";",
            Name(_) | Int(_) | Real(_) | Str(_) | End | Unknown | BadStatement | BadHeader | BadElse => {
                return None;
            }
        })
    }
}

/// In the words of an error message.
impl fmt::Display for Token<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Token::Name(name) => write!(f, "the name `{name}`"),
            Token::Int(value) => write!(f, "the number {value}"),
            Token::Real(value) => write!(f, "the number {value:?}"),
            Token::Str(text) => write!(f, "the string \"{text}\""),
            Token::End => write!(f, "the end of the statement"),
            Token::Unknown | Token::BadStatement | Token::BadHeader | Token::BadElse => {
                write!(f, "a part that could not be read")
            }
            token => match token.symbol() {
                Some(word) if KEYWORDS.contains(&word) => write!(f, "the keyword `{word}`"),
                Some(symbol) => write!(f, "`{symbol}`"),
                None => write!(f, "{token:?}"),
            },
        }
    }
}
