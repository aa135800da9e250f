//! Whatever the text, parsing ends in a tree or in errors that can be shown.

use proptest::prelude::*;

use super::{format, parse, parse_expression, parse_line, strip_spans};
use crate::source::Source;

const MODEL: &str = "\
## The mean of all.
mu ~ Normal(0, 10)  # wide
alpha[county, `Sepal Length`] ~ truncated(Normal(mu, 1.5e-3), lower = 0, upper = inf)
fn f(a, b) { u = a^-2 * b'; return u + [1, 2_000.5, \"x\\\"y\"][1] }
data x: real[N, K] in (0, 1)
param s in (0, inf) = 1
for t in 2:T {
  if c == 1 && !d { z[t] ~ f(z[t - 1], 1) } else if true { y[t, :] = X[2:, :3] @ beta } else { factor -x }
}
log(earn) ~ Normal(
  beta[1] + beta[2] * height,
  sd = sigma,
)
";

const PIECES: &[&str] = &[
    "x", "mu", "f", "3", "1.5", ".5", "1.", "\"a\"", "`b c`", "`", "\"", "data", "param", "for", "in", "if",
    "else", "fn", "return", "factor", "true", "(", ")", "[", "]", "{", "}", "(", ")", "{", "}", ",", "~",
    "=", ":", ";", "\n", "\n", "||", "&&", "<", "<=", "==", "+", "-", "*", "/", "@", "^", "!", "'", "|",
    "|>", "<-", "**", "//", "/*", "#", "##", "int", "model", "μ", "→", "\u{0}", "\r", "\\", ".",
];

/// Parses every way there is, shows what comes out, and checks what must hold of it.
fn survives(text: &str) {
    let source = Source::new("fuzz.vim", text);
    let _ = parse_expression(&source);
    let _ = parse_line(&source);
    match parse(&source) {
        Ok(mut file) => {
            let once = format(&source).expect("what parses can be formatted");
            let formatted = Source::new("fuzz.vim", once.as_str());
            let mut again =
                parse(&formatted).unwrap_or_else(|errors| panic!("{text}\n---\n{once}\n{errors:?}"));
            assert_eq!(format(&formatted).expect("parses"), once, "{text}");
            strip_spans(&mut file);
            strip_spans(&mut again);
            if !text.contains('-') {
                assert_eq!(again, file, "{text}\n---\n{once}");
            }
        }
        Err(errors) => {
            assert!(!errors.errors().is_empty());
            for error in errors.errors() {
                let span = error.span();
                assert!(span.start <= span.end && span.end as usize <= text.len(), "{text}\n{error:?}");
                assert!(source.text.is_char_boundary(span.start as usize), "{text}\n{error:?}");
                assert!(source.text.is_char_boundary(span.end as usize), "{text}\n{error:?}");
            }
            let _ = format!("{:?}", miette::Report::new(errors));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text_is_survived(text in "\\PC{0,60}") {
        survives(&text);
    }

    #[test]
    fn any_bytes_are_survived(bytes in proptest::collection::vec(any::<u8>(), 0..80)) {
        survives(&String::from_utf8_lossy(&bytes));
    }

    #[test]
    fn any_tokens_are_survived(
        pieces in proptest::collection::vec((proptest::sample::select(PIECES), any::<bool>()), 0..60),
    ) {
        let text: String = pieces.iter().map(|(piece, space)| format!("{piece}{}", if *space { " " } else { "" })).collect();
        survives(&text);
    }

    #[test]
    fn mutated_models_are_survived(
        edits in proptest::collection::vec((any::<prop::sample::Index>(), 0usize..4, proptest::sample::select(PIECES)), 1..6),
    ) {
        let mut characters: Vec<char> = MODEL.chars().collect();
        for (place, removed, inserted) in edits {
            let at = place.index(characters.len());
            let end = (at + removed).min(characters.len());
            characters.splice(at..end, inserted.chars());
        }
        survives(&characters.into_iter().collect::<String>());
    }

    #[test]
    fn cut_models_are_survived(start in any::<prop::sample::Index>(), end in any::<prop::sample::Index>()) {
        let characters: Vec<char> = MODEL.chars().collect();
        let (a, b) = (start.index(characters.len()), end.index(characters.len()));
        survives(&characters[a.min(b)..a.max(b)].iter().collect::<String>());
    }
}

#[test]
fn deep_and_long_texts_are_errors_not_overflows() {
    const N: usize = 100_000;
    let texts = [
        format!("x = {}1{}", "(".repeat(N), ")".repeat(N)),
        "(".repeat(N),
        ")".repeat(N),
        format!("x = {}", "[".repeat(N)),
        format!("x = {}1", "-".repeat(N)),
        format!("x = {}1", "!".repeat(N)),
        format!("x = 1{}", " + 1".repeat(N)),
        format!("x = 1{}", "^1".repeat(N)),
        format!("x = a{}", "'".repeat(N)),
        format!("x = a{}", "[1]".repeat(N)),
        format!("x = {}1{}", "f(".repeat(N), ")".repeat(N)),
        "for i in 1:2 {".repeat(N),
        format!("{}x = 1{}", "if a {".repeat(N), "}".repeat(N)),
        format!("if a {{}}{}", " else if a = {}".repeat(N)),
        "x = = 1\n".repeat(N),
        format!("for i in 1:2 {{ {} }}", "x = = 1\n".repeat(N / 10)),
        format!("for i in 1:2 {{ {} }}", "x = |\n".repeat(N / 10)),
        format!("for i in 1:2 {{ {} }}", "x < y < z; ".repeat(N / 10)),
    ];
    for text in texts {
        let errors = parse(&Source::new("deep.vim", text.as_str())).expect_err(&text[..40]);
        assert!(errors.errors().len() <= super::SyntaxErrors::LIMIT);
    }
}

#[test]
fn long_but_shallow_texts_parse() {
    let arms = format!("if a {{}}{}", " else if a {}".repeat(10_000));
    let array = format!("x = [{}]", "1, ".repeat(100_000));
    let sum = format!("x = 1{}", " + 1".repeat(400));
    for text in [arms, array, sum] {
        let source = Source::new("long.vim", text.as_str());
        let file = parse(&source).unwrap_or_else(|errors| panic!("{errors}"));
        assert_eq!(file.statements.len(), 1);
        format(&source).expect("parses");
    }
}
