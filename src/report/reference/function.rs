//! Pages of functions and operators, with their examples worked out.

use miette::Report;

use super::{Argument, Example, Fact, Page};
use crate::builtin::{self, Builtin, ParamKind};
use crate::check::{self, check_expression};
use crate::compile::compile_expression;
use crate::report::number::plain;
use crate::source::Source;
use crate::syntax;
use crate::types::ElementType;

/// The name, or the symbol of an operator that is called by a word inside.
pub fn symbol(f: &dyn Builtin) -> &'static str {
    match f.name() {
        "neg" => "-x",
        "range" => ":",
        name => name,
    }
}

/// How it is called, or how an operator is written.
pub fn signature(f: &dyn Builtin) -> String {
    if !check::is_operator(f.name()) {
        return check::builtin_signature(f);
    }
    let params: Vec<&str> = f.params().iter().map(|param| param.name).collect();
    match (f.name(), params.as_slice()) {
        ("range", [a, b]) => format!("{a}:{b}"),
        ("neg", [x]) => format!("-{x}"),
        ("[]", _) => "[a, b, ...]".into(),
        (symbol, [x]) => format!("{symbol}{x}"),
        (symbol, [a, b]) => format!("{a} {symbol} {b}"),
        (symbol, _) => symbol.into(),
    }
}

/// Heading in lists.
pub fn group(f: &dyn Builtin) -> String {
    if check::is_operator(f.name()) {
        return String::new();
    }
    let holds = |(_, families): &&builtin::Group| {
        families.iter().any(|family| family.iter().any(|other| other.name() == f.name()))
    };
    builtin::GROUPS.iter().find(holds).map(|(title, _)| title.to_string()).unwrap_or_default()
}

pub fn fill(page: &mut Page, f: &dyn Builtin) {
    let kind = |kind| match kind {
        ParamKind::Required => "",
        ParamKind::Optional => "may be left out",
        ParamKind::Variadic => "one or more",
        ParamKind::Named => "by name, may be left out",
    };
    if f.params().iter().any(|param| param.kind != ParamKind::Required) {
        let argument = |param: &builtin::Param| Argument {
            name: param.name.into(),
            range: kind(param.kind).into(),
            default: None,
            doc: param.doc.into(),
        };
        page.arguments = f.params().iter().map(argument).collect();
    }
    if f.elementwise() {
        page.facts.push(Fact {
            title: "shapes",
            text: "works element by element; a scalar goes with any array".into(),
        });
    }
    if f.training_constant() {
        page.facts.push(Fact {
            title: "on other data",
            text: "of data alone, it keeps the value that it had in the fit".into(),
        });
    }
    // A test evaluates every example: there is a result.
    let result = evaluate(f.example()).ok();
    page.example = Some(Example { text: f.example().into(), result });
}

/// The value of an expression without names, as the language writes it: `[1, 2.5]`.
///
/// # Errors
/// A diagnostic on the expression.
pub fn evaluate(expression: &str) -> Result<String, Report> {
    let nothing = Source::new("nothing", "");
    let mut empty = check::check(&nothing, &syntax::parse(&nothing)?, None)?.model;
    let source = Source::new("example", expression);
    empty.source = source.clone();
    let typed = check_expression(&empty, &source, &syntax::parse_expression(&source)?)?;
    let compiled = compile_expression(&empty, &typed, &[], &[], None)?;
    let mut workspace = compiled.program.workspace(1);
    compiled.program.run(&mut workspace, &[]);
    let size: usize = compiled.dims.iter().product();
    let mut values = vec![0.0; size];
    compiled.program.output(&workspace, 0).copy_to(&mut values, 1);
    Ok(literal(&values, &compiled.dims, compiled.element))
}

/// Nested brackets for the dimensions.
fn literal(values: &[f64], dims: &[usize], element: ElementType) -> String {
    let Some((&n, inner)) = dims.split_first() else {
        return match element {
            ElementType::Bool => (values[0] != 0.0).to_string(),
            _ => plain(values[0]),
        };
    };
    let size: usize = inner.iter().product();
    let items = (0..n).map(|i| literal(&values[i * size..(i + 1) * size], inner, element));
    format!("[{}]", items.collect::<Vec<_>>().join(", "))
}
