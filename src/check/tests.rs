//! Tests of the checker.

use super::*;

/// Checks a text without data.
fn check_text(text: &str) -> Result<Checked, CheckErrors> {
    let source = Source::new("model.vim", text);
    let file = crate::syntax::parse(&source).expect("the text parses");
    check(&source, &file, None)
}

#[test]
fn print_cases() {
    for entry in std::fs::read_dir("/work/shared/cases").unwrap() {
        let dir = entry.unwrap().path();
        let text = std::fs::read_to_string(dir.join("model.vim")).unwrap();
        println!("=== {}", dir.display());
        match check_text(&text) {
            Ok(checked) => {
                println!("{}", dump::dump(&checked.model));
                for lint in checked.lints {
                    println!("{:?}", miette::Report::new(lint).with_source_code(text.clone()));
                }
            }
            Err(errors) => println!("{:?}", miette::Report::new(errors)),
        }
    }
}
