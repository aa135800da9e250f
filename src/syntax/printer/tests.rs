//! Printing and parsing are inverse, formatting is idempotent and loses nothing: on examples and on random models.

use proptest::prelude::*;

use super::{format, print_expr, print_file, print_statement_head};
use crate::source::{Source, Span};
use crate::syntax::ast::*;
use crate::syntax::layout::{continues_statement, waits_for_more};
use crate::syntax::lexer::lex;
use crate::syntax::token::Token;
use crate::syntax::{parse, parse_expression, strip_expr_spans, strip_spans};

fn formatted(text: &str) -> String {
    let source = Source::new("test.vim", text);
    format(&source).unwrap_or_else(|errors| panic!("{text}\n{:?}", errors.errors()))
}

/// Formats as expected, and the result stays as it is.
fn formats_to(text: &str, expected: &str) {
    assert_eq!(formatted(text), expected);
    assert_eq!(formatted(expected), expected);
}

fn tree(text: &str) -> File {
    let source = Source::new("test.vim", text);
    let mut file = parse(&source).unwrap_or_else(|errors| panic!("{text}\n{:?}", errors.errors()));
    strip_spans(&mut file);
    file
}

/// Sorted: a comment before an `else if` moves behind its condition, into the block.
fn comments(text: &str) -> Vec<String> {
    let source = Source::new("test.vim", text);
    let mut comments: Vec<_> = lex(&source).comments.iter().map(|comment| comment.text.to_owned()).collect();
    comments.sort();
    comments
}

#[test]
fn adjacent_statements_are_aligned() {
    formats_to(
        "mu~Normal(0,10)\ntau  ~ HalfNormal( 1 )\nalpha[county]~Normal(mu,tau) # one per county\nx=1+2*3# all\n",
        "\
mu            ~ Normal(0, 10)
tau           ~ HalfNormal(1)
alpha[county] ~ Normal(mu, tau)  # one per county
x             = 1 + 2 * 3        # all
",
    );
}

#[test]
fn blank_lines_and_comments_separate_runs() {
    formats_to(
        "\n\n# head\n\n\n\na = 1\n\nlong_name = 2\n# own\nb = 3;c=4;\n\n\n# end\n\n",
        "\
# head

a = 1

long_name = 2
# own
b = 3
c = 4

# end
",
    );
}

#[test]
fn long_left_sides_are_not_aligned_to() {
    formats_to(
        "a = 1\na_name_that_is_far_too_long[i, j] = 2\nbb = 3\n",
        "\
a  = 1
a_name_that_is_far_too_long[i, j] = 2
bb = 3
",
    );
}

#[test]
fn blocks_are_indented() {
    formats_to(
        "for t in (K+1):T { y[t]~Normal(mu,1); z=2 }\nif a==1 {x=1} else if b {} else { x=2 # two\n}\nfn f(a,b,)\n{ u=a*b\n\n\n return u'+1 } # f\nfn g() = -x^2\n",
        "\
for t in (K + 1):T {
  y[t] ~ Normal(mu, 1)
  z    = 2
}
if a == 1 {
  x = 1
} else if b {} else {
  x = 2  # two
}
fn f(a, b) {
  u = a * b

  return u' + 1
}  # f
fn g() = -x^2
",
    );
}

#[test]
fn declarations() {
    formats_to(
        "data x:real[ N,K ]in(0,inf)\ndata `for` : category\nparam w[H]\nparam s in (0,inf)=1\nfactor -x\n",
        "\
data x: real[N, K] in (0, inf)
data `for`: category
param w[H]
param s in (0, inf) = 1
factor -x
",
    );
}

#[test]
fn long_calls_break_at_their_arguments_and_sums_before_operators() {
    formats_to(
        "partyid7 ~ Normal(beta[1] + beta[2] * real_ideo + beta[3] * race_adj + beta[4] * age30_44 + beta[5] * age45_64 + beta[6] * age65up, sigma)\n",
        "\
partyid7 ~ Normal(
  beta[1] + beta[2] * real_ideo + beta[3] * race_adj + beta[4] * age30_44 + beta[5] * age45_64
    + beta[6] * age65up,
  sigma,
)
",
    );
    formats_to(
        "a_long_name = another_long_name + another_long_name + another_long_name * (another_long_name - a_last_one)\n",
        "\
a_long_name = another_long_name + another_long_name
  + another_long_name * (another_long_name - a_last_one)
",
    );
}

#[test]
fn a_list_closed_after_a_comma_on_its_own_line_stays_broken() {
    formats_to("x = [\n1,2,\n]\ny = f(1,2,)\nz = A[1,]\n", "x = [\n  1,\n  2,\n]\ny = f(1, 2)\nz = A[1]\n");
}

#[test]
fn comments_inside_statements_stay_where_they_can() {
    formats_to(
        "y ~ # dist\n Normal(mu, # mean\n sd = sigma # sd\n # last\n)\nx = a # one\n\n + b\nfor i # var\n in 1:3 # range\n { # body\n z = 1 }\nif a { x = 1 } # why\n else { }\nz = f( # none\n)\n",
        "\
y ~  # dist
Normal(
  mu,          # mean
  sd = sigma,  # sd
  # last
)
x = a  # one
  + b
for i     # var
in 1:3 {  # range
  # body
  z = 1
}
if a {
  x = 1
} else {  # why
}
z = f(  # none
)
",
    );
}

#[test]
fn numbers_stay_as_written_and_names_lose_needless_backquotes() {
    formats_to("x = 1_000.50 + 1E-3 + `y` + `a b`\n", "x = 1_000.50 + 1E-3 + y + `a b`\n");
}

#[test]
fn a_line_never_begins_with_a_minus_that_would_continue_the_line_above() {
    formats_to("x = 1; -y + 1 ~ f(2); !z ~ f(3)", "x        = 1\n(-y + 1) ~ f(2)\n!z       ~ f(3)\n");
}

#[test]
fn docs_stay_above_their_statement() {
    formats_to("## The mean.\nmu ~ f(1)\n  ## Deep.\n x = 2", "## The mean.\nmu ~ f(1)\n## Deep.\nx = 2\n");
}

#[test]
fn a_doc_line_inside_a_statement_does_not_become_a_doc() {
    let text = "if a {\n  x = 1\n}  # c\n## d\nelse {\n  x = 2\n}\nfor i in 1:2\n## e\n{\n  x = 2\n}\n";
    formats_to(text, text);
    formats_to("if a {} \n # d\nelse if b {x=1}", "if a {} else if b {\n  # d\n  x = 1\n}\n");
}

#[test]
fn empty_files_stay_empty() {
    assert_eq!(formatted(""), "");
    assert_eq!(formatted("\n\n ;; \n"), "");
    assert_eq!(formatted("# only\r\n"), "# only\n");
}

#[test]
fn heads_and_expressions_are_one_line() {
    let head = |text: &str| {
        let file = parse(&Source::new("t", text)).expect("parses");
        print_statement_head(&file.statements[0])
    };
    assert_eq!(head("for t in 2:T { x = 1 }"), "for t in 2:T");
    assert_eq!(head("if a<b { x = 1 } else { x = 2 }"), "if a < b");
    assert_eq!(head("fn f(a, b) { return a }"), "fn f(a, b)");
    assert_eq!(head("y[ 1,: ] ~ # c\n Normal(\n0,\n1,\n)"), "y[1, :] ~ Normal(0, 1)");
    let expr = parse_expression(&Source::new("t", "(a)'[1:2, :3] ^ -2 @ !b")).expect("parses");
    assert_eq!(print_expr(&expr), "(a)'[1:2, :3]^-2 @ !b");
}

// Random models

fn at() -> Span {
    Span::default()
}

fn make(kind: ExprKind) -> Expr {
    Expr { kind, span: at() }
}

fn name() -> impl Strategy<Value = Name> {
    const NAMES: &[&str] =
        &["mu", "x1", "_", "μ", "for", "data", "in", "Sepal Length", "1a", "true", "T", "vector", "a-b"];
    proptest::sample::select(NAMES).prop_map(|text| Name { text: text.into(), span: at() })
}

fn expr() -> impl Strategy<Value = Expr> {
    let leaf = prop_oneof![
        (0..i64::MAX).prop_map(ExprKind::Int),
        (0i64..20).prop_map(ExprKind::Int),
        (0.0..1e300f64).prop_map(ExprKind::Real),
        proptest::sample::select([1e-300, 0.1, 3.0, 1e16, 1e22, 0.0].as_slice()).prop_map(ExprKind::Real),
        any::<bool>().prop_map(ExprKind::Bool),
        r#"[a-zA-Z "\\#;é]{0,6}"#.prop_map(ExprKind::Str),
        name().prop_map(|name| ExprKind::Name(name.text)),
    ]
    .prop_map(make);
    leaf.prop_recursive(5, 40, 4, |inner| {
        let boxed = inner.clone().prop_map(Box::new);
        let index = prop_oneof![
            inner.clone().prop_map(Index::At),
            (proptest::option::of(inner.clone()), proptest::option::of(inner.clone())).prop_map(
                |(lower, upper)| match (lower, upper) {
                    // `a:b` is a range.
                    (Some(lower), Some(_)) => Index::Slice { lower: Some(lower), upper: None, span: at() },
                    (lower, upper) => Index::Slice { lower, upper, span: at() },
                }
            ),
        ];
        let argument =
            (proptest::option::of(name()), inner.clone()).prop_map(|(name, value)| Argument { name, value });
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(ExprKind::Array),
            boxed.clone().prop_map(ExprKind::Group),
            (proptest::sample::select([UnaryOp::Neg, UnaryOp::Not].as_slice()), boxed.clone())
                .prop_map(|(op, operand)| ExprKind::Unary { op, operand }),
            (operator(), boxed.clone(), boxed.clone()).prop_map(|(op, left, right)| ExprKind::Binary {
                op,
                op_span: at(),
                left,
                right
            }),
            (operator(), boxed.clone(), boxed.clone()).prop_map(|(op, left, right)| ExprKind::Binary {
                op,
                op_span: at(),
                left,
                right
            }),
            boxed.clone().prop_map(ExprKind::Transpose),
            (name(), proptest::collection::vec(argument, 0..4))
                .prop_map(|(function, arguments)| ExprKind::Call { function, arguments }),
            (boxed, proptest::collection::vec(index, 1..4))
                .prop_map(|(base, indices)| ExprKind::Index { base, indices }),
        ]
        .prop_map(make)
    })
}

fn operator() -> impl Strategy<Value = BinaryOp> {
    use BinaryOp::*;
    proptest::sample::select(
        [
            Or,
            And,
            Less,
            LessEqual,
            Greater,
            GreaterEqual,
            Equal,
            NotEqual,
            Range,
            Add,
            Sub,
            Mul,
            Div,
            MatMul,
            Pow,
        ]
        .as_slice(),
    )
}

fn statement(in_function: bool) -> impl Strategy<Value = Statement> {
    let doc = proptest::option::weighted(0.2, r"[a-z ]{0,4}[a-z](\n[a-z]{0,3})?");
    let element = (name(), proptest::collection::vec(expr(), 1..3)).prop_map(|(name, indices)| {
        let base = Box::new(make(ExprKind::Name(name.text)));
        make(ExprKind::Index { base, indices: indices.into_iter().map(Index::At).collect() })
    });
    let target = prop_oneof![name().prop_map(|name| make(ExprKind::Name(name.text))), element];
    let dims = || proptest::option::of(proptest::collection::vec(expr(), 1..3));
    let interval = || {
        proptest::option::of((expr(), expr()).prop_map(|(lower, upper)| Interval {
            lower,
            upper,
            span: at(),
        }))
    };
    let last = if in_function {
        expr().prop_map(|value| StatementKind::Return { value }).boxed()
    } else {
        expr().prop_map(|value| StatementKind::Factor { value }).boxed()
    };
    let simple = prop_oneof![
        3 => (expr(), expr()).prop_map(|(target, distribution)| StatementKind::Sample { target, distribution }),
        3 => (target, expr()).prop_map(|(target, value)| StatementKind::Define { target, value }),
        1 => (name(), name(), dims(), interval())
            .prop_map(|(name, element, dims, range)| StatementKind::Data { name, element, dims, range }),
        1 => (name(), dims(), interval(), proptest::option::of(expr()))
            .prop_map(|(name, dims, range, start)| StatementKind::Param { name, dims, range, start }),
        1 => (name(), proptest::collection::vec(name(), 0..3), expr()).prop_map(|(name, parameters, body)| {
            StatementKind::Function { name, parameters, body: FunctionBody::Expr(body) }
        }),
        1 => last,
    ];
    (simple, doc).prop_map(|(kind, doc)| Statement { kind, span: at(), doc }).prop_recursive(
        3,
        12,
        3,
        |inner| {
            let block = proptest::collection::vec(inner, 0..3)
                .prop_map(|statements| Block { statements, span: at() })
                .boxed();
            let arms = proptest::collection::vec((expr(), block.clone()), 1..3);
            prop_oneof![
                (name(), expr(), block.clone()).prop_map(|(variable, range, body)| StatementKind::For {
                    variable,
                    range,
                    body
                }),
                (arms, proptest::option::of(block.clone()))
                    .prop_map(|(arms, otherwise)| StatementKind::If { arms, otherwise }),
                (name(), proptest::collection::vec(name(), 0..3), block).prop_map(
                    |(name, parameters, body)| {
                        StatementKind::Function { name, parameters, body: FunctionBody::Block(body) }
                    }
                ),
            ]
            .prop_map(|kind| Statement { kind, span: at(), doc: None })
        },
    )
}

fn file() -> impl Strategy<Value = File> {
    proptest::collection::vec(statement(false), 0..5).prop_map(|statements| File { statements })
}

/// Without `Group`s, which print themselves and stand in for needed parentheses.
fn without_groups(expr: Expr) -> Expr {
    let kind = match expr.kind {
        ExprKind::Group(inner) => return without_groups(*inner),
        ExprKind::Array(all) => ExprKind::Array(all.into_iter().map(without_groups).collect()),
        ExprKind::Unary { op, operand } => {
            ExprKind::Unary { op, operand: Box::new(without_groups(*operand)) }
        }
        ExprKind::Binary { op, op_span, left, right } => ExprKind::Binary {
            op,
            op_span,
            left: Box::new(without_groups(*left)),
            right: Box::new(without_groups(*right)),
        },
        ExprKind::Transpose(operand) => ExprKind::Transpose(Box::new(without_groups(*operand))),
        ExprKind::Call { function, arguments } => ExprKind::Call {
            function,
            arguments: arguments
                .into_iter()
                .map(|argument| Argument { value: without_groups(argument.value), ..argument })
                .collect(),
        },
        ExprKind::Index { base, indices } => ExprKind::Index {
            base: Box::new(without_groups(*base)),
            indices: indices
                .into_iter()
                .map(|index| match index {
                    Index::At(at) => Index::At(without_groups(at)),
                    Index::Slice { lower, upper, span } => Index::Slice {
                        lower: lower.map(without_groups),
                        upper: upper.map(without_groups),
                        span,
                    },
                })
                .collect(),
        },
        leaf => leaf,
    };
    Expr { kind, span: expr.span }
}

fn parsed_expr(text: &str) -> Expr {
    let mut expr = parse_expression(&Source::new("test", text))
        .unwrap_or_else(|errors| panic!("{text}\n{:?}", errors.errors()));
    strip_expr_spans(&mut expr);
    expr
}

/// The same tokens, with comments and newlines wherever the layout rules allow them.
fn with_comments(text: &str, choices: &[u8]) -> String {
    let source = Source::new("test", text);
    let mut choices = choices.iter().copied().cycle().enumerate();
    let mut depth = vec![false];
    let mut before: Option<Token> = None;
    let mut out = String::new();
    let lexed = lex(&source);
    for lexeme in &lexed.lexemes {
        let in_brackets = depth.last() == Some(&true);
        let is_joined =
            before.is_some_and(|before| waits_for_more(&before)) || continues_statement(&lexeme.token);
        let is_boundary = (lexeme.after_newline && !in_brackets && !is_joined)
            || before == Some(Token::LeftBrace)
            || lexeme.token == Token::RightBrace;
        let may_break = in_brackets || is_boundary || is_joined || before.is_none();
        let (count, choice) = choices.next().unwrap_or((0, 0));
        // Directly above a statement a `##` line would be its doc.
        match choice % 8 {
            0 if may_break => out.push_str(&format!(" # c{count}\n")),
            1 if may_break => out.push_str(&format!("\n  # c{count}\n\n\n# d{count},\n")),
            2 if may_break => out.push_str("\n\n\n"),
            3 if may_break => out.push('\n'),
            5 if may_break && !is_boundary && before.is_some() => out.push_str(&format!("\n## e{count}\n")),
            4 if is_boundary && !matches!(before, None | Some(Token::LeftBrace)) => {
                out.push_str("; ");
            }
            _ if is_boundary && lexeme.after_newline => out.push('\n'),
            _ => out.push(' '),
        }
        out.push_str(source.slice(lexeme.span));
        match lexeme.token {
            Token::LeftParen | Token::LeftBracket => depth.push(true),
            Token::LeftBrace => depth.push(false),
            Token::RightParen | Token::RightBracket | Token::RightBrace => {
                depth.pop();
            }
            _ => {}
        }
        before = Some(lexeme.token);
    }
    out.push_str(" # end");
    out
}

fn without_docs(mut file: File) -> File {
    fn forget(statements: &mut [Statement]) {
        for statement in statements {
            statement.doc = None;
            match &mut statement.kind {
                StatementKind::For { body, .. }
                | StatementKind::Function { body: FunctionBody::Block(body), .. } => {
                    forget(&mut body.statements)
                }
                StatementKind::If { arms, otherwise } => {
                    for body in arms.iter_mut().map(|(_, body)| body).chain(otherwise) {
                        forget(&mut body.statements);
                    }
                }
                _ => {}
            }
        }
    }
    forget(&mut file.statements);
    file
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_printed_expression_parses_to_itself(expr in expr()) {
        let text = print_expr(&expr);
        let parsed = parsed_expr(&text);
        prop_assert_eq!(without_groups(parsed.clone()), without_groups(expr), "{}", text);
        // Once parsed, groups included.
        prop_assert_eq!(&print_expr(&parsed), &text);
        prop_assert_eq!(parsed_expr(&print_expr(&parsed)), parsed);
    }

    #[test]
    fn a_printed_file_parses_to_itself(file in file()) {
        let text = print_file(&file);
        let parsed = tree(&text);
        let again = print_file(&parsed);
        prop_assert_eq!(&again, &text);
        prop_assert_eq!(tree(&again), parsed);
    }

    #[test]
    fn formatting_is_idempotent_and_keeps_trees_and_comments(
        file in file(),
        choices in proptest::collection::vec(any::<u8>(), 1..60),
    ) {
        let plain = print_file(&without_docs(file));
        let messy = with_comments(&plain, &choices);
        let expected = tree(&plain);
        prop_assert_eq!(&tree(&messy), &expected, "{}", messy);
        let once = formatted(&messy);
        prop_assert_eq!(&tree(&once), &expected, "{}\n---\n{}", messy, once);
        prop_assert_eq!(comments(&once), comments(&messy), "{}\n---\n{}", messy, once);
        prop_assert_eq!(&formatted(&once), &once, "{}\n---\n{}", messy, once);
    }
}
