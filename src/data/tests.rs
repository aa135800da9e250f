//! The rules of data files, one by one, and properties over random tables and broken files.

use std::fmt::Write as _;
use std::path::PathBuf;

use miette::{Diagnostic, GraphicalReportHandler, GraphicalTheme};
use proptest::prelude::*;

use super::*;

fn csv(text: &str) -> (Dataset, Vec<DataWarning>) {
    read_both_ways(text).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

/// A table from a text in memory, after a look that the same comes from a file.
fn read_both_ways(text: &str) -> Result<(Dataset, Vec<DataWarning>), DataError> {
    let dir = tempfile::tempdir().unwrap();
    let held = Dataset::from_csv("d.csv", text);
    let read = read_from_disk("d.csv", &write(&dir, "d.csv", text), csv::Header::Required);
    assert_eq!(told(&read), told(&held), "{text:?}");
    held
}

/// All that is known after reading, whatever the order of hash tables.
fn told(read: &Result<(Dataset, Vec<DataWarning>), DataError>) -> String {
    match read {
        Ok((dataset, warnings)) => format!("{:?} {warnings:?}", dataset.variables),
        Err(error) => format!("{error:?}"),
    }
}

fn read_from_disk(
    file: &str,
    path: &Path,
    header: csv::Header,
) -> Result<(Dataset, Vec<DataWarning>), DataError> {
    let mut warnings = Vec::new();
    let text = Text::on_disk(file, path)?.expect("a file");
    let loaded = csv::read(&text, header, &mut warnings)?;
    Ok((Dataset::from_variables(loaded.into_variables(file))?, warnings))
}

fn json(text: &str) -> (Dataset, Vec<DataWarning>) {
    let held = Dataset::from_json("d.json", text);
    if let Some(streamed) = streamed_json("d.json", text) {
        assert_eq!(told(&streamed), told(&held), "{text:?}");
    }
    held.unwrap_or_else(|error| panic!("{error}\n{text}"))
}

/// As a large file is read, unless there is something wrong with it.
fn streamed_json(file: &str, text: &str) -> Option<Result<(Dataset, Vec<DataWarning>), DataError>> {
    let mut warnings = Vec::new();
    let loaded = json::read_stream(&Text::held(file, text), None, &mut warnings).transpose()?;
    let dataset = loaded.and_then(|loaded| Dataset::from_variables(loaded.into_variables(file)));
    Some(dataset.map(|dataset| (dataset, warnings)))
}

/// A column's type, values, and level names.
fn column(dataset: &Dataset, name: &str) -> (ElementType, Vec<f64>, Vec<String>) {
    let values = &dataset.get(name).unwrap_or_else(|| panic!("no `{name}`")).values;
    let levels = values.levels.as_ref().map_or(Vec::new(), |levels| levels.names().to_vec());
    (values.element, values.flat().to_vec(), levels)
}

/// The report that a person sees, without colours.
fn rendered(error: &dyn Diagnostic) -> String {
    let mut report = String::new();
    let handler = GraphicalReportHandler::new_themed(GraphicalTheme::unicode_nocolor());
    handler.with_links(false).with_width(100).render_report(&mut report, error).unwrap();
    report
}

fn csv_error(text: &str) -> String {
    rendered(&read_both_ways(text).expect_err(text))
}

fn json_error(text: &str) -> String {
    rendered(&Dataset::from_json("d.json", text).expect_err(text))
}

#[track_caller]
fn assert_has(report: &str, parts: &[&str]) {
    let flat = report.split_whitespace().filter(|word| *word != "│").collect::<Vec<_>>().join(" ");
    for part in parts {
        assert!(flat.contains(part) || report.contains(part), "no {part:?} in:\n{report}");
    }
}

fn write(dir: &tempfile::TempDir, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
    let path = dir.path().join(name);
    std::fs::write(&path, bytes).unwrap();
    path
}

#[test]
fn types_are_inferred_over_the_whole_column() {
    let (d, warnings) = csv("i,r,b,c,m\n1,1,TRUE,x,1\n2,2.5,false,y,\n3,Inf,True,x,NA\n");
    assert_eq!(column(&d, "i"), (ElementType::Int, vec![1.0, 2.0, 3.0], vec![]));
    assert_eq!(column(&d, "r"), (ElementType::Real, vec![1.0, 2.5, f64::INFINITY], vec![]));
    assert_eq!(column(&d, "b"), (ElementType::Bool, vec![1.0, 0.0, 1.0], vec![]));
    assert_eq!(column(&d, "c"), (ElementType::Category, vec![1.0, 2.0, 1.0], vec!["x".into(), "y".into()]));
    assert_eq!(d.get("m").unwrap().values.element, ElementType::Int);
    assert_eq!(d.get("m").unwrap().values.missing.as_deref(), Some(&[1, 2][..]));
    assert_eq!(d.names().collect::<Vec<_>>(), ["i", "r", "b", "c", "m"]);
    assert_eq!(d.rows(), Rows::Known(3));
    let warnings: Vec<String> = warnings.iter().map(ToString::to_string).collect();
    assert_eq!(warnings, ["`r` of d.csv has 1 infinite value (first at line 4: Inf)"]);
}

#[test]
fn numbers_beyond_the_largest_are_an_error_and_words_that_look_so_are_not() {
    let report = csv_error("x,y\n1,2\n3,-1e400\n");
    assert_has(&report, &["column `y` of d.csv has a number that is too large at line 3: -1e400", "1.8e308"]);
    assert_has(&csv_error(&format!("x\n1\n{}\n", "9".repeat(400))), &["too large at line 3"]);
    let (d, warnings) = csv("code\n12E456\n13A456\n");
    assert_eq!((column(&d, "code").2, warnings), (vec!["12E456".into(), "13A456".into()], vec![]));
    assert_has(&json_error(r#"{"x": [1, 1e400]}"#), &["number out of range", "write \"Inf\""]);
}

#[test]
fn infinite_elements_of_json_are_told_by_their_place() {
    let (_, warnings) = json(r#"{"x": [[1, 2], [3, "-Inf"], ["Infinity", 4]], "y": "Inf"}"#);
    let warnings: Vec<String> = warnings.iter().map(ToString::to_string).collect();
    assert_eq!(
        warnings,
        [
            "`x` of d.json has 2 infinite values (first at x[2,2]: -Inf)",
            "`y` of d.json has 1 infinite value (first at y: Inf)"
        ]
    );
}

#[test]
fn a_column_of_words_keeps_the_text_of_its_numbers() {
    let (d, _) = csv("x,y\n1.0,a\n1,TRUE\nb,1\nc,\n");
    assert_eq!(column(&d, "x").2, ["1", "1.0", "b", "c"]);
    assert_eq!(column(&d, "y").2, ["1", "TRUE", "a"]);
    assert_eq!(d.get("y").unwrap().values.missing.as_deref(), Some(&[3][..]));
}

#[test]
fn a_few_words_among_numbers_are_told() {
    let mut text = String::from("id,x\n");
    for row in 0..100 {
        let _ = writeln!(text, "{row},{}", if row == 56 { "12a".to_string() } else { row.to_string() });
    }
    let (d, warnings) = csv(&text);
    assert_eq!(d.get("x").unwrap().values.element, ElementType::Category);
    let words: Vec<String> = warnings.iter().map(ToString::to_string).collect();
    assert_eq!(
        words,
        [
            "column `x` of d.csv has 1 of 100 cells that are not numbers (first at line 58: \"12a\"); read as category"
        ]
    );
}

#[test]
fn bom_crlf_quotes_blanks_and_unicode_names() {
    let (d, warnings) =
        csv("\u{feff}Sepal Length, μ ,\"a,\"\"b\"\"\"\r\n 1 ,\" x \",\"two\r\nlines\"\r\n\r\n2,x,z\r\n");
    assert_eq!(d.names().collect::<Vec<_>>(), ["Sepal Length", "μ", "a,\"b\""]);
    assert_eq!(column(&d, "Sepal Length"), (ElementType::Int, vec![1.0, 2.0], vec![]));
    assert_eq!(column(&d, "μ").2, ["x"]);
    assert_eq!(column(&d, "a,\"b\"").2, ["two\r\nlines", "z"]);
    assert!(warnings.is_empty());
}

#[test]
fn lone_carriage_returns_end_lines() {
    let (d, _) = csv("a,b\r1,2\r3,4\r");
    assert_eq!(column(&d, "b").1, [2.0, 4.0]);
}

#[test]
fn semicolons_and_tabs_separate_too() {
    for text in ["a;b,c\n1;2\n", "a\tb,c\n1\t2\n"] {
        let (d, _) = csv(text);
        assert_eq!(d.names().collect::<Vec<_>>(), ["a", "b,c"]);
        assert_eq!(column(&d, "b,c").1, [2.0]);
    }
    assert_eq!(csv("\"a;b;c\",d\n1,2\n").0.len(), 2);
}

#[test]
fn decimal_commas_are_read_between_semicolons_only() {
    let (d, warnings) = csv("a;b\n1;0,5\n2;\n3;-2\n4;x\n".replace("4;x\n", "").as_str());
    let b = &d.get("b").unwrap().values;
    assert_eq!((b.element, b.flat()[0], b.flat()[2], b.n_missing()), (ElementType::Real, 0.5, -2.0, 1));
    assert!(matches!(&warnings[..], [DataWarning::DecimalCommas { column, line: 2, .. }] if column == "b"));

    let (d, warnings) = csv("a,b\n1,\"0,5\"\n2,\"1,5\"\n");
    assert_eq!(d.get("b").unwrap().values.element, ElementType::Category);
    assert!(matches!(&warnings[..], [DataWarning::CommasInNumbers { .. }]));
}

#[test]
fn ragged_rows_show_their_place() {
    assert_has(
        &csv_error("a,b\n1,2\n\n3,4,5\n"),
        &["line 4 of d.csv has 3 fields", "[d.csv:4:5]", "field 3 has no column"],
    );
    assert_has(
        &csv_error("a,b,c\n1,2,3\n4,5\n"),
        &["line 3 of d.csv has 2 fields, but its header has 3", "no value for `c`"],
    );
    assert_has(&csv_error("a,b\n\"x\ny\",1\n2\n"), &["line 4 of d.csv has 1 field,"]);
}

#[test]
fn an_unclosed_quote_is_found_at_its_opener() {
    assert_has(&csv_error("a,b\n1,\"x\n2,y\n3,z\n"), &["opens at line 2, column 3", "opened here"]);
    assert_has(&csv_error("a,\"b\n1,2\n"), &["opens at line 1, column 3"]);
    assert_eq!(column(&csv("a,b\n1,\"x\"\"\"").0, "b").2, ["x\""]);
}

#[test]
fn headers_name_each_column_once() {
    assert_has(
        &csv_error("a,b,a\n1,2,3\n"),
        &["columns 1 and 3 of d.csv are both called `a`", "[d.csv:1:5]"],
    );
    assert_has(&csv_error("1,2.5\n3,4\n"), &["no column names", "--data NAME=d.csv"]);
    let (d, warnings) = csv("\"\",x,\n1,5,\n2,6,\n");
    assert_eq!(d.names().collect::<Vec<_>>(), ["x"]);
    let positions: Vec<_> = warnings.iter().map(ToString::to_string).collect();
    assert_eq!(positions.len(), 2, "{positions:?}");
    assert!(positions[0].starts_with("column 1 of d.csv has no name"));
}

#[test]
fn files_without_data() {
    for text in ["", "\n\n", "\u{feff}"] {
        assert_has(&csv_error(text), &["d.csv is empty"]);
        assert_has(&json_error(text), &["d.json is empty"]);
    }
    assert_has(&csv_error("a,b\n\n"), &["column names but no rows"]);
}

#[test]
fn columns_separated_by_blanks_are_told() {
    let (_, warnings) = csv("\"x\" \"y\"\n\"1\" 2.5 3\n\"2\" 3.5 4\n");
    assert!(
        matches!(&warnings[..], [DataWarning::SpaceSeparated { column, .. }] if column == "x \"y\""),
        "{warnings:?}"
    );
    assert_eq!(csv("full name\nAda Lovelace\nAlan Turing\n").1, []);
}

#[test]
fn odd_numbers_are_told() {
    let (d, warnings) = csv("id,gone,ok\n9007199254740993,,1e20\n1,NA,100000000000000000000\n");
    assert_eq!(d.get("id").unwrap().values.element, ElementType::Real);
    assert_eq!(d.get("gone").unwrap().values.n_missing(), 2);
    assert_eq!(column(&d, "ok").1, [1e20, 1e20]);
    let codes: Vec<_> = warnings.iter().map(|w| w.code().unwrap().to_string()).collect();
    assert_eq!(codes, ["vippl::data::huge_integers", "vippl::data::all_missing"]);
}

#[test]
fn a_blank_line_in_a_single_column_is_told() {
    let (d, warnings) = csv("y\r\n1\r\n\r\n2\r\n");
    assert_eq!(column(&d, "y").1, [1.0, 2.0]);
    assert_eq!(warnings, [DataWarning::BlankLine { file: "d.csv".into(), line: 3 }]);
    for text in ["y\n1\n2\n", "y\r\n1\r\n2\r\n\r\n", "y\n\"\"\n2"] {
        assert_eq!(csv(text).1, [], "{text:?}");
    }
}

#[test]
fn json_values_have_types_and_shapes() {
    let (d, _) = json(
        r#"{"N": 3, "x": [1, 2.5, 3], "w": [1.0, 2.0, null], "N2": 4.0, "far": [1e300, 2.0], "X": [[1,2],[3,4],[5,6]], "b": [true, false], "c": ["v", "u", "v"],
            "none": [], "nones": [[],[]], "m": [1, null, "NA"], "inf": ["-Inf", 0, "NaN"], "s": "only", "big": 9007199254740993}"#,
    );
    let of = |name: &str| {
        let values = &d.get(name).unwrap().values;
        (values.element, values.shape().to_vec(), values.n_missing())
    };
    assert_eq!(of("N"), (ElementType::Int, vec![], 0));
    assert_eq!(d.get("N").unwrap().values.scalar(), Some(3.0));
    assert_eq!(of("x"), (ElementType::Real, vec![3], 0));
    // Counts and groups as other programs write them.
    assert_eq!((of("w"), of("N2")), ((ElementType::Int, vec![3], 1), (ElementType::Int, vec![], 0)));
    assert_eq!(of("far"), (ElementType::Real, vec![2], 0));
    assert_eq!(of("X"), (ElementType::Int, vec![3, 2], 0));
    assert_eq!(column(&d, "X").1, [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]);
    assert_eq!(of("b"), (ElementType::Bool, vec![2], 0));
    assert_eq!(column(&d, "c"), (ElementType::Category, vec![2.0, 1.0, 2.0], vec!["u".into(), "v".into()]));
    assert_eq!(
        (of("none"), of("nones")),
        ((ElementType::Int, vec![0], 0), (ElementType::Int, vec![2, 0], 0))
    );
    assert_eq!(of("m"), (ElementType::Int, vec![3], 2));
    assert_eq!(of("inf"), (ElementType::Real, vec![3], 1));
    assert_eq!(d.get("inf").unwrap().values.flat()[0], f64::NEG_INFINITY);
    assert_eq!(of("s"), (ElementType::Category, vec![], 0));
    assert_eq!(of("big"), (ElementType::Real, vec![], 0));
    assert_eq!(d.names().next(), Some("N"));
}

#[test]
fn bare_nan_and_infinity_of_python_are_read() {
    let (d, _) = json(r#"{"x": [NaN, -Infinity, 1.5, Infinity], "NaN": "a NaN \" NaN"}"#);
    assert_eq!(d.get("x").unwrap().values.missing.as_deref(), Some(&[0][..]));
    assert_eq!(d.get("x").unwrap().values.flat()[1..], [f64::NEG_INFINITY, 1.5, f64::INFINITY]);
    assert_eq!(column(&d, "NaN").2, ["a NaN \" NaN"]);
    assert_has(&json_error("{\"x\": [NaN, NaN], \"y\": 1 2}"), &["line 1, column 26"]);
}

#[test]
fn json_errors_show_path_and_place() {
    assert_has(
        &json_error("{\"N\": 2,\n \"X\": [[1, 2, 3], [1, 2]]}"),
        &["X[2] has length 2, but X[1] has length 3", "[d.json:2:"],
    );
    assert_has(
        &json_error(r#"{"X": [[[1],[2]], [[1],[2, 3]]]}"#),
        &["X[2,2] has length 2, but X[1,1] has length 1"],
    );
    assert_has(&json_error(r#"{"X": [1, [2]]}"#), &["X[2] is an array, but a single value came before"]);
    assert_has(&json_error(r#"{"X": [[2], 1]}"#), &["X[2] is a single value, but an array came before"]);
    assert_has(&json_error(r#"{"X": [1, 2, "a"]}"#), &["X[3] is the text \"a\" among numbers"]);
    assert_has(&json_error(r#"{"X": ["a", 2]}"#), &["X[2] is a number among texts"]);
    assert_has(&json_error(r#"{"X": [true, 2]}"#), &["X[2] is a number among bools"]);
    assert_has(&json_error(r#"{"X": ["Inf", true]}"#), &["X[2] is a bool among numbers"]);
    assert_has(&json_error(r#"{"X": {"0": 1}}"#), &["X is an object", "orient"]);
    assert_has(&json_error(r#"{"X": 1, "X": 2}"#), &["`X` is there twice"]);
    assert_has(&json_error("{\"a\": 1,\n\"b\": 2,\n}"), &["line 3, column 1", "trailing comma"]);
    assert_has(&json_error("{\"a\": [1, 2"), &["the file ends inside a list"]);
    assert_has(&json_error("[1, 2]"), &["d.json holds an array", "--data NAME=d.json"]);
    assert_has(&json_error(&format!("{{\"a\": {}", "[".repeat(100_000))), &["recursion limit"]);
}

#[test]
fn json_records_are_a_table() {
    let (d, _) = json(r#"[{"a": 1, "g": "u", "v": [1, 2]}, {"g": "w", "v": [3, 4], "late": 0.5}]"#);
    assert_eq!(d.rows(), Rows::Known(2));
    assert_eq!(d.get("a").unwrap().origin.kind, OriginKind::Column);
    assert_eq!(d.get("a").unwrap().values.missing.as_deref(), Some(&[1][..]));
    assert_eq!(d.get("late").unwrap().values.missing.as_deref(), Some(&[0][..]));
    assert_eq!(column(&d, "g").2, ["u", "w"]);
    assert_eq!(d.get("v").unwrap().values.shape(), [2, 2]);
    assert_has(&json_error(r#"[{"a": 1}, {"a": 2, "a": 3}]"#), &["record 2 has `a` twice"]);
    assert_has(&json_error(r#"[{"a": 1}, 3]"#), &["expected a record like the first", "line 1, column 1"]);
    assert_has(&json_error(r#"[{"a": 1}, {"a": "x"}]"#), &["a[2] is the text \"x\" among numbers"]);
}

#[test]
fn files_merge_and_names_may_not_repeat() {
    let dir = tempfile::tempdir().unwrap();
    let table = write(&dir, "a.csv", "x,y\n1,2\n3,4\n");
    let entries = write(&dir, "b.json", r#"{"K": 3, "z": [1, 2, 3]}"#);
    let clash = write(&dir, "c.txt", "[{\"y\": 1}]");
    let file = |path: &PathBuf| DataArg::File(path.clone());

    let (d, _) = Dataset::load(&[file(&table), file(&entries)], &[]).unwrap();
    assert_eq!(d.names().collect::<Vec<_>>(), ["x", "y", "K", "z"]);
    assert_eq!(d.rows(), Rows::Known(2));

    let error = Dataset::load(&[file(&table), file(&clash)], &[]).unwrap_err();
    let DataError::Duplicate { name, first, second } = &error else { panic!("{error}") };
    assert!(name == "y" && first.ends_with("a.csv") && second.ends_with("c.txt"));

    let (d, _) = Dataset::load(&[file(&table), file(&clash)], &["y".into()]).unwrap();
    assert_eq!(d.names().collect::<Vec<_>>(), ["x"]);
}

#[test]
fn rows_is_ambiguous_only_when_lengths_differ() {
    let dir = tempfile::tempdir().unwrap();
    let two = DataArg::File(write(&dir, "two.csv", "x\n1\n2\n"));
    let three = DataArg::File(write(&dir, "three.csv", "y\n1\n2\n3\n"));
    let (d, _) = Dataset::load(&[two.clone(), three.clone()], &[]).unwrap();
    let Rows::Ambiguous(lengths) = d.rows() else { panic!("{:?}", d.rows()) };
    assert_eq!(lengths.iter().map(|(_, n_rows)| *n_rows).collect::<Vec<_>>(), [2, 3]);
    assert_eq!(Dataset::load(&[two, three], &["y".into()]).unwrap().0.rows(), Rows::Known(2));

    assert_eq!(json(r#"{"N": 2, "x": [1, 2], "X": [[1], [2]]}"#).0.rows(), Rows::Known(2));
    assert_eq!(
        json(r#"{"x": [1, 2], "y": [1]}"#).0.rows(),
        Rows::Ambiguous(vec![("x".into(), 2), ("y".into(), 1)])
    );
    assert_eq!(json(r#"{"N": 2}"#).0.rows(), Rows::Absent);
}

#[test]
fn drop_knows_the_names() {
    let dir = tempfile::tempdir().unwrap();
    let file = DataArg::File(write(&dir, "d.csv", "height,weight\n1,2\n"));
    let drop = |name: &str| Dataset::load(std::slice::from_ref(&file), &[name.into()]);
    assert_eq!(drop("weight").unwrap().0.len(), 1);
    assert_has(
        &rendered(&drop("Wieght").unwrap_err()),
        &["the data has no `Wieght`", "did you mean `weight`?"],
    );
    assert_has(&rendered(&drop("zzz").unwrap_err()), &["the data has `height`, `weight`"]);
    let (d, _) = drop("weight").unwrap();
    assert_eq!(
        (d.nearest("HEIGHT"), d.nearest("heigt"), d.nearest("q")),
        (Some("height"), Some("height"), None)
    );
}

#[test]
fn name_equals_file_binds_one_value() {
    let dir = tempfile::tempdir().unwrap();
    let named = |file: &str, text: &str| {
        let path = write(&dir, file, text);
        Dataset::load(&[DataArg::Named { name: "X".into(), path }], &[])
    };
    let shape_of = |file: &str, text: &str| {
        let (d, warnings) = named(file, text).unwrap();
        let x = d.get("X").unwrap();
        assert_eq!((d.len(), x.origin.kind), (1, OriginKind::Entry));
        (x.values.element, x.values.shape().to_vec(), x.values.flat().to_vec(), warnings.len())
    };
    assert_eq!(shape_of("one.csv", "y\n1\n2\n"), (ElementType::Int, vec![2], vec![1.0, 2.0], 0));
    let expected = vec![1.0, 2.5, 3.0, 4.0];
    assert_eq!(shape_of("m.csv", "a,b\n1,2.5\n3,4\n"), (ElementType::Real, vec![2, 2], expected.clone(), 0));
    assert_eq!(shape_of("bare.csv", "1,2.5\n3,4\n"), (ElementType::Real, vec![2, 2], expected.clone(), 1));
    assert_eq!(
        shape_of("m.json", "[[1, 2.5], [3, 4]]"),
        (ElementType::Real, vec![2, 2], expected.clone(), 0)
    );
    assert_eq!(
        shape_of("r.json", r#"[{"a": 1, "b": 2.5}, {"a": 3, "b": 4}]"#),
        (ElementType::Real, vec![2, 2], expected, 0)
    );
    assert_eq!(shape_of("s.json", "3"), (ElementType::Int, vec![], vec![3.0], 0));
    assert_eq!(shape_of("e.json", "[]"), (ElementType::Int, vec![0], vec![], 0));
    assert_eq!(shape_of("o.json", r#"{"K": true}"#), (ElementType::Bool, vec![], vec![1.0], 0));

    for (file, text, found) in [
        ("w.csv", "a,b\n1,x\n", "2 columns, and `b` is not numeric"),
        ("o2.json", r#"{"a": 1, "b": 2}"#, "2 entries"),
        ("v.json", r#"[{"a": 1, "v": [1]}]"#, "2 columns, and `v` holds arrays"),
        ("z.json", "{}", "0 entries"),
    ] {
        assert_has(&rendered(&named(file, text).unwrap_err()), &[found]);
    }
}

#[test]
fn missing_matrix_cells_keep_their_flat_position() {
    let dir = tempfile::tempdir().unwrap();
    let path = write(&dir, "m.csv", "a,b\n1,2\n3,NA\n,4\n");
    let (d, _) = Dataset::load(&[DataArg::Named { name: "X".into(), path }], &[]).unwrap();
    let values = &d.get("X").unwrap().values;
    assert_eq!((values.element, values.missing.as_deref()), (ElementType::Int, Some(&[3, 4][..])));
}

#[test]
fn files_that_are_no_text() {
    let dir = tempfile::tempdir().unwrap();
    let load = |name: &str, bytes: &[u8]| {
        let path = write(&dir, name, bytes);
        rendered(&Dataset::load(&[DataArg::File(path)], &[]).unwrap_err())
    };
    assert_has(&load("latin.csv", b"a\nx\ncaf\xe9\n"), &["line 3", "is not UTF-8", "iconv"]);
    assert_has(&load("utf16.csv", b"\xff\xfea\0\n\0"), &["UTF-16"]);
    assert_has(&load("book.csv", b"PK\x03\x04\xff\xfe"), &["spreadsheet"]);
    let absent = Dataset::load(&[DataArg::File(dir.path().join("absent.csv"))], &[]).unwrap_err();
    assert_has(&rendered(&absent), &["cannot read", "check the spelling"]);
    assert_has(
        &rendered(&Dataset::load(&[DataArg::File(dir.path().into())], &[]).unwrap_err()),
        &["cannot read"],
    );
}

/// A column that was made, as it should be read: its cells' texts, type, and values (NaN: missing) or labels.
#[derive(Clone, Debug)]
enum Made {
    Numbers(ElementType, Vec<String>, Vec<f64>),
    Labels(Vec<Option<String>>),
}

fn made(n_rows: usize) -> impl Strategy<Value = Made> {
    // At least the first row has a value, so that the type is determined.
    let missing =
        || prop_oneof![Just("".to_string()), Just("NA".into()), Just("NaN".into()), Just("null".into())];
    let gaps = move || prop::collection::vec(prop::option::weighted(0.2, missing()), n_rows);
    fn with_gaps(element: ElementType, cells: Vec<(String, f64)>, gaps: Vec<Option<String>>) -> Made {
        let cell = |(i, ((text, value), gap)): (usize, ((String, f64), Option<String>))| match gap {
            Some(gap) if i > 0 => (gap, f64::NAN),
            _ => (text, value),
        };
        let (texts, values) = cells.into_iter().zip(gaps).enumerate().map(cell).unzip();
        Made::Numbers(element, texts, values)
    }
    let ints = (prop::collection::vec(-(1i64 << 53)..=1 << 53, n_rows), gaps()).prop_map(|(values, gaps)| {
        with_gaps(ElementType::Int, values.iter().map(|v| (v.to_string(), *v as f64)).collect(), gaps)
    });
    let finite = prop::num::f64::NORMAL | prop::num::f64::SUBNORMAL | prop::num::f64::ZERO;
    let reals = (prop::collection::vec(finite, n_rows), gaps()).prop_map(|(values, gaps)| {
        // Debug writes a point or an exponent, so that no real looks like an int; the first one is not whole.
        let values: Vec<f64> = values
            .iter()
            .enumerate()
            .map(|(i, &v)| if i == 0 && v.fract() == 0.0 { 0.5 } else { v })
            .collect();
        with_gaps(ElementType::Real, values.iter().map(|v| (format!("{v:?}"), *v)).collect(), gaps)
    });
    let bools = (prop::collection::vec(any::<bool>(), n_rows), gaps()).prop_map(|(values, gaps)| {
        with_gaps(
            ElementType::Bool,
            values.iter().map(|&v| (v.to_string(), f64::from(u8::from(v)))).collect(),
            gaps,
        )
    });
    let labels = prop::collection::vec(
        prop::option::weighted(0.8, "[b-zéß\u{1F600}]([ ,;\"\n\t]{0,3}[a-z0-9é]){0,3}"),
        n_rows,
    )
    .prop_filter("some label, none special", |labels| {
        labels[0].is_some() && labels.iter().flatten().all(|l| cell::classify(l) == cell::Cell::Text)
    });
    prop_oneof![ints, reals, bools, labels.prop_map(Made::Labels)]
}

#[derive(Clone, Debug)]
struct Style {
    separator: u8,
    quotes: ::csv::QuoteStyle,
    crlf: bool,
    bom: bool,
}

fn style() -> impl Strategy<Value = Style> {
    let quotes = prop_oneof![
        Just(::csv::QuoteStyle::Necessary),
        Just(::csv::QuoteStyle::Always),
        Just(::csv::QuoteStyle::NonNumeric)
    ];
    (prop_oneof![Just(b','), Just(b';'), Just(b'\t')], quotes, any::<bool>(), any::<bool>())
        .prop_map(|(separator, quotes, crlf, bom)| Style { separator, quotes, crlf, bom })
}

fn written(columns: &[Made], names: &[String], style: &Style) -> String {
    let terminator = if style.crlf { ::csv::Terminator::CRLF } else { ::csv::Terminator::Any(b'\n') };
    let mut builder = ::csv::WriterBuilder::new();
    builder.delimiter(style.separator).quote_style(style.quotes).terminator(terminator);
    let mut writer = builder.from_writer(Vec::new());
    writer.write_record(names).unwrap();
    let cells = |column: &Made| match column {
        Made::Numbers(_, texts, _) => texts.clone(),
        Made::Labels(labels) => labels.iter().map(|label| label.clone().unwrap_or_default()).collect(),
    };
    let columns: Vec<Vec<String>> = columns.iter().map(cells).collect();
    for row in 0..columns[0].len() {
        writer.write_record(columns.iter().map(|column| &column[row])).unwrap();
    }
    let text = String::from_utf8(writer.into_inner().unwrap()).unwrap();
    if style.bom { format!("\u{feff}{text}") } else { text }
}

fn tables() -> impl Strategy<Value = (Vec<Made>, Vec<String>, Style)> {
    let columns = (1..8usize).prop_flat_map(|n_rows| prop::collection::vec(made(n_rows), 1..6));
    let names = prop::collection::hash_set("[a-zéμ_]([ ._]?[a-zA-Z0-9é]){0,6}", 6);
    (columns, names, style()).prop_filter_map("names that are no numbers", |(columns, names, style)| {
        // A single column has no separator to be found by.
        let style = if columns.len() == 1 { Style { separator: b',', ..style } } else { style };
        let names: Vec<String> = names.into_iter().take(columns.len()).collect();
        names.iter().all(|name| !cell::classify(name).is_number()).then_some((columns, names, style))
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn random_tables_are_read_as_they_were_written((columns, names, style) in tables()) {
        let text = written(&columns, &names, &style);
        let (d, _) = csv(&text);
        prop_assert_eq!(d.names().collect::<Vec<_>>(), names.iter().map(String::as_str).collect::<Vec<_>>());
        for (name, column) in names.iter().zip(&columns) {
            let values = &d.get(name).unwrap().values;
            match column {
                Made::Numbers(element, _, expected) => {
                    prop_assert_eq!(values.element, *element);
                    for (found, expected) in values.flat().iter().zip(expected) {
                        prop_assert!(found == expected || (found.is_nan() && expected.is_nan()));
                    }
                    prop_assert_eq!(values.n_missing(), expected.iter().filter(|value| value.is_nan()).count());
                }
                Made::Labels(expected) => {
                    let levels = values.levels.as_ref().unwrap().names();
                    prop_assert!(levels.is_sorted());
                    let found = values.flat().iter().map(|&code| (!code.is_nan()).then(|| levels[code as usize - 1].clone()));
                    prop_assert_eq!(found.collect::<Vec<_>>(), expected.clone());
                }
            }
        }
    }
}

/// Bytes that matter to one of the formats, to break files with.
const BREAKERS: &[&[u8]] = &[
    b"\"",
    b",",
    b";",
    b"\t",
    b"\n",
    b"\r",
    b"\r\n",
    b"[",
    b"]",
    b"{",
    b"}",
    b":",
    b"\\",
    b"\0",
    b"\xff",
    b"\xc3",
    b"NaN",
    b"NA",
    b"null",
    b"1e999",
    b"-",
    b"Inf",
    b"Infinity",
    b"\xf0\x9f\x98\x80",
    b" ",
    b"true",
    b"99999999999999999999",
    b"\xef\xbb\xbf",
];

const CSV_SEED: &str =
    "id,Sepal Length,ok,\"a \"\"b\"\"\"\r\n1,5.1,TRUE,x\r\n2,NA,false,\"y,\nz\"\r\n3,-1e-3,TRUE,é\r\n";
const JSON_SEED: &str =
    r#"{"N": 3, "X": [[1, 2.5], [3, null], [NaN, "Inf"]], "g": ["a", "é\n", "b"], "b": [true]}"#;
const RECORDS_SEED: &str = r#"[{"a": 1, "b": "x"}, {"a": 2.5, "b": "y", "c": [1, 2]}]"#;

fn edits() -> impl Strategy<Value = Vec<(prop::sample::Index, usize, u8)>> {
    prop::collection::vec((any::<prop::sample::Index>(), 0..BREAKERS.len(), 0..4u8), 1..6)
}

fn broken(seed: &str, edits: &[(prop::sample::Index, usize, u8)]) -> Vec<u8> {
    let mut bytes = seed.as_bytes().to_vec();
    for (at, breaker, how) in edits {
        let at = at.index(bytes.len() + 1);
        let end = (at + 1 + usize::from(*how)).min(bytes.len());
        match how {
            0 => drop(bytes.splice(at..at, BREAKERS[*breaker].iter().copied())),
            1 => drop(bytes.splice(at..end, BREAKERS[*breaker].iter().copied())),
            2 => drop(bytes.drain(at..end)),
            _ => bytes.truncate(at.max(3)),
        }
    }
    bytes
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4000, ..ProptestConfig::default() })]

    #[test]
    fn broken_files_give_errors_or_data_and_never_panic(edits in edits()) {
        let dir = tempfile::tempdir().unwrap();
        for (seed, is_json) in [(CSV_SEED, false), (JSON_SEED, true), (RECORDS_SEED, true)] {
            let bytes = broken(seed, &edits);
            let read = decode("f", bytes.clone()).and_then(|text| {
                if is_json {
                    json::read(&Text::held("f", &text), Some("X"), &mut Vec::new()).map(drop)?;
                    let held = Dataset::from_json("f", &text);
                    match streamed_json("f", &text) {
                        Some(streamed) => assert_eq!(told(&streamed), told(&held)),
                        // Bare `NaN` is put right in a text that is held.
                        None => assert!(held.is_err() || text.contains("NaN") || text.contains("Infinity")),
                    }
                    held
                } else {
                    // A first line of numbers is a row here, and an error below.
                    drop(csv::read(&Text::held("f", &text), csv::Header::Optional, &mut Vec::new()));
                    Dataset::from_csv("f", &text)
                }
            });
            if !is_json {
                let from_disk = read_from_disk("f", &write(&dir, "f", &bytes), csv::Header::Required);
                prop_assert_eq!(told(&from_disk), told(&read));
            }
            match read {
                Ok((d, warnings)) => {
                    let n_rows: Vec<usize> = d.variables().filter(|v| v.origin.kind == OriginKind::Column).map(|v| v.values.shape()[0]).collect();
                    prop_assert!(n_rows.windows(2).all(|pair| pair[0] == pair[1]));
                    d.variables().for_each(|v| drop(v.grouping()));
                    warnings.iter().for_each(|warning| drop(rendered(warning)));
                }
                Err(error) => prop_assert!(!rendered(&error).is_empty()),
            }
        }
    }
}

#[test]
fn missing_values_are_on_lines_of_the_file() {
    let lines = |dataset: &Dataset, name: &str| dataset.get(name).unwrap().values.missing_lines.to_vec();
    for end in ["\n", "\r\n"] {
        let text = ["x,w,y", "1,u,1", "", ",v,2", "3,,", "", "", "4,\"two", "lines\",NA", "5,,6"].join(end);
        let (dataset, _) = csv(&text);
        assert_eq!(lines(&dataset, "x"), [4]);
        assert_eq!(lines(&dataset, "w"), [5, 10]);
        assert_eq!(lines(&dataset, "y"), [5, 8]);
        assert_eq!(dataset.get("y").unwrap().values.missing.as_deref(), Some(&[2, 3][..]));
    }
    let (dataset, _) = csv(&format!("x\n{}1\n", "NA\n".repeat(40)));
    assert_eq!(lines(&dataset, "x"), [2, 3, 4, 5, 6]);
    let (dataset, _) = json("[{\"x\": 1}, {\"x\": null}]");
    assert!(lines(&dataset, "x").is_empty());
}

fn joined(
    main: (&str, &str),
    others: &[(&str, &str, &str)],
) -> Result<(Dataset, Vec<DataWarning>), DataError> {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).expect("written");
        path
    };
    let mut sources = vec![DataArg::File(write(main.0, main.1))];
    for (name, file, text) in others {
        sources.push(DataArg::Named { name: (*name).into(), path: write(file, text) });
    }
    Dataset::load(&sources, &[])
}

const PUPILS: (&str, &str) = ("d.csv", "school,score\nOak,61\nElm,55\nOak,58\nAsh,49\n");

#[test]
fn a_table_with_a_key_has_a_value_for_each_level() {
    let schools = "funding,school,district\n1.5,Oak,west\n,Elm,east\n0.1,Ash,west\n9,Yew,north\n";
    let (data, warnings) = joined(PUPILS, &[("schools", "s.csv", schools)]).unwrap();
    let names: Vec<&str> = data.names().collect();
    assert_eq!(names, ["school", "score", "funding", "district"]);
    let funding = data.get("funding").unwrap();
    assert_eq!(funding.values.flat()[0], 0.1);
    assert!(funding.values.flat()[1].is_nan());
    assert_eq!((funding.values.flat()[2], funding.values.missing.as_deref()), (1.5, Some(&[1][..])));
    assert_eq!(funding.origin.levels.as_ref().unwrap().names(), ["Ash", "Elm", "Oak"]);
    let district = data.get("district").unwrap().grouping().unwrap();
    assert_eq!(
        (district.levels.names(), &*district.codes),
        (&["east".to_string(), "west".into()][..], &[2, 1, 2][..])
    );
    assert_eq!(data.rows(), Rows::Known(4));
    let [DataWarning::KeyUnused { n: 1, levels, .. }] = &warnings[..] else { panic!("{warnings:?}") };
    assert_eq!(levels, "Yew");
}

#[test]
fn keys_of_whole_numbers_and_tables_joined_to_joined_tables() {
    let main = ("d.json", r#"{"year": [1980, 1979, 1980], "y": [1, 2, 3]}"#);
    let years = r#"[{"year": 1980, "era": 2, "x": 5}, {"year": 1979, "era": 1, "x": 7}]"#;
    let eras = r#"{"era": [2, 1], "z": [[1, 2], [3, 4]]}"#;
    let (data, warnings) = joined(main, &[("eras", "e.json", eras), ("years", "y.json", years)]).unwrap();
    assert!(warnings.is_empty(), "{warnings:?}");
    assert_eq!(data.get("x").unwrap().values.flat(), [7.0, 5.0]);
    assert_eq!(data.get("x").unwrap().origin.levels.as_ref().unwrap().names(), ["1979", "1980"]);
    assert_eq!(data.get("z").unwrap().values.flat(), [3.0, 4.0, 1.0, 2.0]);
    // 1..J are positions, and have no labels.
    assert_eq!(data.get("z").unwrap().origin.levels, None);
}

#[test]
fn a_file_of_one_value_is_not_joined() {
    let (data, _) =
        joined(PUPILS, &[("m", "m.csv", "a,b\n1,2\n3,4\n"), ("v", "v.csv", "school\nOak\nElm\n")]).unwrap();
    assert_eq!(data.get("m").unwrap().values.shape(), [2, 2]);
    assert_eq!(data.get("v").unwrap().values.shape(), [2]);
    // Numbers with fractions are no key.
    let main = ("d.csv", "a,y\n1.5,2\n2.5,3\n");
    let (data, _) = joined(main, &[("m", "m.csv", "a,b\n1,2\n3,4\n")]).unwrap();
    assert_eq!(data.get("m").unwrap().values.shape(), [2, 2]);
}

#[test]
fn tables_that_cannot_be_joined() {
    let said = |schools: &str| joined(PUPILS, &[("schools", "s.csv", schools)]).unwrap_err();
    assert!(
        matches!(said("school,u\nOak,1\nElm,2\n"), DataError::KeyAbsent { n: 1, levels, .. } if levels == "Ash")
    );
    let twice = said("school,u\nOak,1\nElm,2\nAsh,3\nOak,4\n");
    assert!(matches!(twice, DataError::KeyTwice { first: 1, second: 4, .. }), "{twice:?}");
    assert!(matches!(said("school,u\nOak,1\n,2\nAsh,3\n"), DataError::KeyMissing { row: 2, .. }));
    assert!(matches!(said("school,score,u\nOak,1,1\nElm,2,1\nAsh,3,1\n"), DataError::SeveralKeys { .. }));
    let schools = [("schools", "s.csv", "school,score\nOak,1\nElm,2\nAsh,3\n")];
    let clash = joined(("d.csv", "school,score\nOak,6.5\nElm,5.5\nAsh,4\n"), &schools).unwrap_err();
    assert!(matches!(&clash, DataError::JoinedTwice { name, .. } if name == "score"), "{clash:?}");
}
