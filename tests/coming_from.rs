//! docs/coming-from.md shows models that exist, counts their lines, and its dictionary is vippl.

mod common;

use std::collections::BTreeMap;
use std::fs;

use common::documents::hold;
use common::{package, prepare};
use vippl::session;
use vippl::source::Source;

const PAGE: &str = "docs/coming-from.md";
/// The languages of the page, in the order of its table.
const LANGUAGES: [&str; 5] = ["vippl", "Stan", "PyMC", "JAGS", "brms"];

#[test]
fn the_page_is_up_to_date() {
    let page = page();
    hold(PAGE, |directive, argument, _| match (directive, argument) {
        ("model", file) => Some(format!("```\n{}\n```", text(file).trim_end())),
        ("generated", "lines") => Some(table_of_lines(&page)),
        _ => None,
    });
}

#[test]
fn the_models_shown_compile_with_their_data() {
    let page = page();
    let models: Vec<&str> = page.lines().filter_map(model_of).collect();
    assert_eq!(models.len(), 10, "ten models are compared");
    for model in models {
        let folder = package().join(model).parent().expect("a folder").to_path_buf();
        let prepared = prepare(&folder).unwrap_or_else(|report| panic!("{model}: {report:?}"));
        assert!(prepared.warnings.is_empty(), "{model}: {:?}", prepared.warnings);
    }
}

/// Each statement between backquotes in the second column of the dictionary, by itself or with the others of its cell.
#[test]
fn the_dictionary_is_vippl() {
    let page = page();
    let (_, dictionary) = page.split_once("\n## Dictionary\n").expect("a dictionary");
    let (dictionary, _) = dictionary.split_once("\n## ").expect("something follows it");
    let mut checked = 0;
    let mut problems = Vec::new();
    for row in dictionary.lines().filter(|line| line.starts_with("| ")) {
        let cell = row.trim_end_matches(" |").rsplit(" | ").next().expect("a last cell");
        let codes = cell.split('`').skip(1).step_by(2).map(|code| code.replace("\\|", "|"));
        let statements: Vec<String> = codes.filter(|code| is_statement(code)).collect();
        checked += statements.len();
        let Err(problem) = statements.iter().try_for_each(|statement| check(statement)) else { continue };
        if check(&statements.join("\n")).is_err() {
            problems.push(format!("{row}\n{problem}"));
        }
    }
    assert!(checked >= 100, "{checked} statements");
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}

fn check(code: &str) -> Result<(), String> {
    session::check(&Source::new(PAGE, code), None, None).map(|_| ()).map_err(|report| format!("{report:?}"))
}

/// Whether a piece of code is a statement, not an expression, a command or a file.
fn is_statement(code: &str) -> bool {
    let begins = ["factor ", "fn ", "for ", "data "].iter().any(|word| code.starts_with(word));
    begins || code.contains(" ~ ") || code.contains(" = ")
}

fn page() -> String {
    text(PAGE)
}

fn text(file: &str) -> String {
    fs::read_to_string(package().join(file)).unwrap_or_else(|error| panic!("{file}: {error}"))
}

/// The file that a line of the page announces.
fn model_of(line: &str) -> Option<&str> {
    line.strip_prefix("<!-- model: ")?.strip_suffix(" -->")
}

/// Lines of each model of the page in each language.
fn table_of_lines(page: &str) -> String {
    let (mut section, mut language) = ("", "");
    let mut sections: Vec<&str> = Vec::new();
    let mut counts: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for (i, part) in page.split("```").enumerate() {
        if i % 2 == 0 {
            section = part.lines().filter_map(|line| line.strip_prefix("## ")).next_back().unwrap_or(section);
            language = part.lines().filter_map(|line| line.strip_suffix(':')).next_back().unwrap_or_default();
            if let Some(model) = part.lines().find_map(model_of) {
                sections.push(section);
                counts.insert((section, "vippl"), lines(&text(model)));
            }
        } else if language != "vippl" {
            let (_, code) = part.split_once('\n').expect("the language of a block ends its line");
            counts.insert((section, language), lines(code));
        }
    }
    let mut rows = vec![format!("| | {} |", LANGUAGES.join(" | ")), format!("|---{}|", "|--:".repeat(5))];
    for section in sections {
        let count = |language: &&str| counts.get(&(section, *language)).map_or("–".into(), usize::to_string);
        rows.push(format!("| {section} | {} |", LANGUAGES.iter().map(count).collect::<Vec<_>>().join(" | ")));
    }
    rows.join("\n")
}

/// Lines of code that are neither blank nor comments.
fn lines(code: &str) -> usize {
    let comment = |line: &str| line.starts_with('#') || line.starts_with("//");
    code.lines().map(str::trim).filter(|line| !line.is_empty() && !comment(line)).count()
}
