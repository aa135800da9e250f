//! What writers of R, Stan, BUGS, Python and Julia type by habit, and what to write instead.

use super::ast::{BinaryOp, Expr, ExprKind};
use super::error::SyntaxError;
use super::token::Token;
use crate::source::Span;

/// Type words with which a Stan declaration begins.
const STAN_TYPES: [&str; 20] = [
    "int",
    "real",
    "complex",
    "vector",
    "row_vector",
    "matrix",
    "array",
    "simplex",
    "unit_vector",
    "ordered",
    "positive_ordered",
    "sum_to_zero_vector",
    "cov_matrix",
    "corr_matrix",
    "cholesky_factor_cov",
    "cholesky_factor_corr",
    "bool",
    "float",
    "double",
    "category",
];

/// Words before the `{` of a Stan or BUGS block.
const BLOCKS: [&str; 6] = ["model", "parameters", "transformed", "generated", "quantities", "functions"];

/// What to write for a link function on the left of a definition, as BUGS has it.
pub fn link(name: &str) -> Option<String> {
    let (inverse, argument) = match name {
        "logit" => ("inv_logit(...)", ", or `logit = ...` as the argument of a distribution"),
        "log" => ("exp(...)", ", or `log = ...` as the argument of a distribution"),
        "probit" => ("inv_probit(...)", ""),
        "cloglog" => ("1 - exp(-exp(...))", ""),
        _ => return None,
    };
    Some(format!("a link is undone on the right: `p = {inverse}`{argument}"))
}

/// The error for an operator of another language, and the token to go on with.
pub fn operator(found: &str, at: Span) -> (Token<'static>, SyntaxError) {
    let (token, help) = match found {
        "**" => (Token::Caret, "a power is written `x^2`"),
        ":=" | "<<-" => (Token::Equals, "a quantity is defined with `=`: `x = ...`"),
        "->" | "=>" => (Token::Unknown, "a quantity is defined with its name on the left: `x = ...`"),
        "~=" => (Token::Tilde, "write `x ~ Normal(0, 1)` for a distribution, `!=` for \"is not equal to\""),
        "===" => (Token::EqualEqual, "equality is tested with `==`"),
        "!==" | "<>" => (Token::NotEqual, "inequality is tested with `!=`"),
        "+=" => (
            Token::Unknown,
            "a name is defined once; to add a term to the log density write `factor expr` instead of `target += expr`",
        ),
        "-=" | "*=" | "/=" => {
            (Token::Unknown, "a name is defined once and never changed; give the new value a new name")
        }
        "&" => (Token::AndAnd, "\"and\" is written `&&`"),
        ".*" => (Token::Star, "`*` already works element by element; the matrix product is `@`"),
        "./" => (Token::Slash, "`/` already works element by element"),
        ".^" => (Token::Caret, "`^` already works element by element"),
        "%" | "%%" => (Token::Unknown, "the remainder is a function: `mod(a, b)`"),
        "%/%" => (Token::Unknown, "whole-number division is a function: `div(a, b)`"),
        "%*%" => (Token::At, "the matrix product is `A @ b`"),
        "%o%" => (Token::Unknown, "the outer product is a function: `outer(a, b)`"),
        "$" => (Token::Unknown, "the columns of the data are names of the model: write `y`, not `d$y`"),
        "?" => (Token::Unknown, "a choice between two values is `where(condition, yes, no)`"),
        "\\" => (Token::Unknown, "a linear system A x = b is solved by `solve(A, b)`"),
        _ => (Token::Unknown, "use the operators `+ - * / @ ^`, or a function"),
    };
    (token, SyntaxError::ForeignOperator { found: found.into(), help: help.into(), at })
}

/// The error for a character that belongs to no token, and the token to go on with.
pub fn character(found: &str, at: Span) -> (Token<'static>, SyntaxError) {
    let (token, help) = match found {
        "−" | "–" | "—" => (Token::Minus, "this is a typographic dash; the minus sign is `-`"),
        "×" | "·" | "⋅" | "∗" => (Token::Star, "the product is written `*`"),
        "÷" => (Token::Slash, "the quotient is written `/`"),
        "≤" => (Token::LessEqual, "write `<=`"),
        "≥" => (Token::GreaterEqual, "write `>=`"),
        "≠" => (Token::NotEqual, "write `!=`"),
        "∼" | "˜" => (Token::Tilde, "write `~`"),
        "←" => (Token::Equals, "a quantity is defined with `=`: `x = ...`"),
        "“" | "”" | "„" | "«" | "»" => (Token::Unknown, "strings take straight quotes: \"HENNEPIN\""),
        "‘" | "’" | "´" => {
            (Token::Unknown, "the transpose is a straight `'`, a quoted name takes backquotes")
        }
        "∞" => (Token::Name("inf"), "write `inf`"),
        "²" => (Token::Unknown, "a square is written `x^2`"),
        "³" => (Token::Unknown, "a cube is written `x^3`"),
        "." => {
            (Token::Unknown, "a name has no dots: write `sepal_length`, or quote a column as `Sepal.Length`")
        }
        _ => (Token::Unknown, "a name with unusual characters stands in backquotes: `Sepal Length`"),
    };
    let character = found.chars().next().unwrap_or('\u{FFFD}');
    (token, SyntaxError::UnexpectedCharacter { found: show(character), help: help.into(), at })
}

/// What to do about a number that is not one.
pub fn number_help(found: &str) -> String {
    let digits = found.trim_end_matches(['L', 'l', 'f', 'd']);
    if digits.len() + 1 == found.len() && digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return format!("write `{digits}` for a whole number, `{digits}.0` for a real one");
    }
    if found.contains("__") || found.ends_with('_') {
        return "an underscore stands between two digits: `1_000`".into();
    }
    let letters = found.trim_start_matches(|c: char| c.is_ascii_digit() || c == '_');
    if letters.starts_with(['e', 'E']) {
        return "an exponent needs digits: `1e-3`".into();
    }
    if !letters.is_empty() && !letters.contains('.') && letters.len() < found.len() {
        let number = &found[..found.len() - letters.len()];
        return format!(
            "a product needs its `*`: `{number} * {letters}`; a column whose name begins with a digit is written \
             `{found}` in backquotes"
        );
    }
    "numbers are written like `3`, `3.0`, `1e-3` or `1_000.5`".into()
}

/// Whether a statement that begins like this is a declaration in Stan's or C's manner.
pub fn is_declaration(first: Token, second: Option<Token>) -> bool {
    matches!(first, Token::Name(word) if STAN_TYPES.contains(&word))
        && matches!(second, Some(Token::Name(_) | Token::Less | Token::LeftBracket))
}

/// The type word, if this is what the grammar makes of the left of `real<lower = 0> sigma`.
pub fn declared_type(target: &Expr) -> Option<&Expr> {
    let ExprKind::Binary { op: BinaryOp::Less, left, .. } = &target.kind else { return None };
    let ExprKind::Name(word) = &left.kind else { return None };
    STAN_TYPES.contains(&word.as_str()).then_some(left)
}

/// Whether these tokens, which stand before a `{`, head a block of Stan or BUGS; gives its name.
pub fn block_name(header: &[Token]) -> Option<String> {
    let is_block = match header {
        [Token::Data] => true,
        [Token::Name(word)] => BLOCKS.contains(word),
        [Token::Name("transformed"), Token::Data | Token::Name(_)] => true,
        [Token::Name("generated"), Token::Name("quantities")] => true,
        _ => false,
    };
    let word = |token: &Token| match token {
        Token::Name(word) => (*word).to_owned(),
        _ => "data".to_owned(),
    };
    is_block.then(|| header.iter().map(word).collect::<Vec<_>>().join(" "))
}

/// What to do about a word of another language at the beginning of a statement.
pub fn first_word_help(word: &str) -> Option<&'static str> {
    Some(match word {
        "let" | "var" | "const" | "val" | "auto" => "a quantity is defined by its name alone: `x = ...`",
        "def" | "function" | "func" | "fun" => "a function is written `fn f(a, b) = ...`",
        "while" | "repeat" | "loop" | "do" => {
            "the only loop is `for i in 1:n { ... }`; its bounds come from the data"
        }
        "foreach" => "a loop is written `for i in 1:n { ... }`",
        "elif" | "elseif" | "elsif" => "write `else if`",
        "then" | "end" | "begin" => "bodies stand in braces: `if c { ... }`",
        "library" | "import" | "require" | "using" | "from" => {
            "a model has everything it needs; nothing is imported"
        }
        "print" | "reject" => "a model has no effects; remove this statement",
        _ => return None,
    })
}

fn show(character: char) -> String {
    if character.is_control() || character.is_whitespace() {
        format!("U+{:04X}", character as u32)
    } else {
        character.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_other_languages_get_the_help_that_fits() {
        for (found, part) in
            [("1L", "`1.0`"), ("1_", "underscore"), ("1e", "exponent"), ("2x", "2 * x"), ("1.2.3", "1e-3")]
        {
            assert!(number_help(found).contains(part), "{found}: {}", number_help(found));
        }
    }

    #[test]
    fn blocks_of_stan_are_known() {
        assert_eq!(block_name(&[Token::Data]).as_deref(), Some("data"));
        let generated = [Token::Name("generated"), Token::Name("quantities")];
        assert_eq!(block_name(&generated).as_deref(), Some("generated quantities"));
        assert_eq!(block_name(&[Token::Name("alpha")]), None);
    }
}
