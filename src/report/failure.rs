//! Errors and warnings as JSON: what `--json` prints where there is no result.

use miette::{Diagnostic, LabeledSpan, SourceCode};
use serde_json::{Value, json};

use super::json::SCHEMA;

/// Longest piece of source that a label quotes, bytes.
const MAX_QUOTED: usize = 200;

/// The object of an error, which is the last of these, and of the warnings that came before it.
pub fn failure(in_order: &[&dyn Diagnostic]) -> Value {
    let Some((error, warnings)) = in_order.split_last() else { return Value::Null };
    let warnings: Vec<Value> = warnings.iter().map(|warning| object(*warning, None)).collect();
    json!({ "schema": SCHEMA, "error": object(*error, None), "warnings": warnings })
}

/// `outer` is the source of what the diagnostic is related to.
fn object(diagnostic: &dyn Diagnostic, outer: Option<&dyn SourceCode>) -> Value {
    let source = diagnostic.source_code().or(outer);
    let labels: Vec<Value> =
        diagnostic.labels().into_iter().flatten().filter_map(|label| place(&label, source?)).collect();
    let related: Vec<Value> =
        diagnostic.related().into_iter().flatten().map(|one| object(one, source)).collect();
    // Several errors in one are where the first of them is.
    let first = labels.first().or(related.first());
    let of_first = |key: &str| first.map_or(Value::Null, |first| first[key].clone());
    json!({
        "code": diagnostic.code().map(|code| code.to_string()),
        "message": diagnostic.to_string(),
        "help": diagnostic.help().map(|help| help.to_string()),
        "file": of_first("file"),
        "line": of_first("line"),
        "column": of_first("column"),
        "labels": labels,
        "related": related,
    })
}

/// Where a label points to, counted from 1, and what it says.
fn place(label: &LabeledSpan, source: &dyn SourceCode) -> Option<Value> {
    let contents = source.read_span(label.inner(), 0, 0).ok()?;
    let data = contents.data();
    let quoted = String::from_utf8_lossy(&data[..data.len().min(MAX_QUOTED)]);
    Some(json!({
        "file": contents.name(),
        "line": contents.line() + 1,
        "column": contents.column() + 1,
        "source": quoted,
        "text": label.label(),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::Source;
    use crate::syntax;

    #[test]
    fn errors_have_their_places() {
        let source = Source::new("m.vim", "mu ~ Normal(0, 1)\ny ~ Normal(mu 1)\nz = 15.\n");
        let report = miette::Report::new(syntax::parse(&source).unwrap_err());
        let object = failure(&[report.as_ref()]);
        let error = &object["error"];
        assert_eq!((&error["file"], &error["line"]), (&"m.vim".into(), &2.into()), "{object:#}");
        let all: Vec<&Value> = error["related"].as_array().unwrap().iter().collect();
        assert_eq!(all.len(), 2, "{object:#}");
        for one in all {
            assert!(one["code"].as_str().unwrap().starts_with("vippl::syntax::"), "{one:#}");
            assert!(one["column"].is_u64() && one["labels"][0]["source"].is_string(), "{one:#}");
        }
        let plain = miette::miette!(code = "vippl::some::thing", help = "do this", "it is wrong");
        let object = failure(&[plain.as_ref(), plain.as_ref()]);
        assert_eq!(
            (&object["error"]["message"], &object["error"]["line"]),
            (&"it is wrong".into(), &Value::Null)
        );
        assert_eq!(object["warnings"][0]["help"], "do this");
    }
}
