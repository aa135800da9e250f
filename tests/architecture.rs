//! The order of the modules, held by a test: each imports only what the table below grants it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

/// A module of `src/`, its layer in ARCHITECTURE.md, and the other modules that it may import.
///
/// A new line in a list is a decision about the architecture; [`imports_go_down`] keeps it from pointing up.
const MODULES: &[(u8, &str, &[&str])] = &[
    (1, "source", &[]),
    (1, "types", &[]),
    (1, "stopwatch", &[]),
    (2, "syntax", &["source"]),
    (2, "tape", &[]),
    (2, "density", &["source"]),
    (3, "constraint", &["tape"]),
    (3, "family", &["density"]),
    (4, "dist", &["constraint", "tape", "types"]),
    (4, "builtin", &["tape", "types"]),
    (4, "inference", &["density", "family", "source"]),
    (5, "ir", &["builtin", "dist", "source", "types"]),
    (6, "check", &["builtin", "dist", "ir", "source", "syntax", "types"]),
    (6, "data", &["types"]),
    (7, "compile", &["builtin", "constraint", "data", "density", "dist", "ir", "source", "tape", "types"]),
    (7, "formula", &["check", "data", "source", "syntax"]),
    (
        8,
        "posterior",
        &[
            "check",
            "compile",
            "data",
            "density",
            "family",
            "inference",
            "ir",
            "source",
            "syntax",
            "tape",
            "types",
        ],
    ),
    (
        9,
        "report",
        &[
            "builtin",
            "check",
            "compile",
            "constraint",
            "data",
            "dist",
            "family",
            "inference",
            "ir",
            "posterior",
            "source",
            "syntax",
            "tape",
            "types",
        ],
    ),
    (
        9,
        "session",
        &[
            "check",
            "compile",
            "data",
            "density",
            "formula",
            "inference",
            "ir",
            "posterior",
            "source",
            "syntax",
            "tape",
            "types",
        ],
    ),
    (9, "simulate", &["compile", "data", "ir", "posterior", "types"]),
    (
        10,
        "repl",
        &[
            "compile",
            "data",
            "family",
            "inference",
            "ir",
            "posterior",
            "report",
            "session",
            "source",
            "syntax",
        ],
    ),
    (
        11,
        "cli",
        &[
            "check",
            "compile",
            "data",
            "density",
            "family",
            "inference",
            "posterior",
            "repl",
            "report",
            "session",
            "simulate",
            "source",
            "stopwatch",
            "syntax",
            "types",
        ],
    ),
    (12, "main", &["cli"]),
];

/// The only modules that write to the terminal.
const MAY_PRINT: &[&str] = &["cli", "repl"];

/// The only module that knows the command line's parser.
const MAY_USE_CLAP: &[&str] = &["cli"];

#[test]
fn imports_are_in_the_table() {
    let mut problems = String::new();
    for file in source_files() {
        let Some(&(_, module, allowed)) = MODULES.iter().find(|(_, name, _)| *name == file.module) else {
            writeln!(problems, "{}: the module `{}` is not in the table", file.shown, file.module).unwrap();
            continue;
        };
        for (line, import) in imports(&file) {
            if import != module && !allowed.contains(&import.as_str()) {
                let shown = &file.shown;
                writeln!(
                    problems,
                    "{shown}:{line}: `{module}` imports `{import}`, which the table does not grant it"
                )
                .unwrap();
            }
        }
    }
    assert!(problems.is_empty(), "imports outside the table in tests/architecture.rs:\n{problems}");
}

#[test]
fn imports_go_down() {
    let layers: BTreeMap<&str, u8> = MODULES.iter().map(|&(layer, name, _)| (name, layer)).collect();
    for &(layer, name, allowed) in MODULES {
        for import in allowed {
            let below = layers.get(import).unwrap_or_else(|| panic!("`{import}` is not a module"));
            assert!(
                *below < layer,
                "`{name}` ({layer}) may not import `{import}` ({below}): imports go to smaller numbers"
            );
        }
    }
}

#[test]
fn the_table_lists_the_modules_that_exist() {
    let listed: BTreeSet<String> = MODULES.iter().map(|(_, name, _)| name.to_string()).collect();
    let existing: BTreeSet<String> = source_files().into_iter().map(|file| file.module).collect();
    assert_eq!(listed, existing);
}

#[test]
fn every_file_says_first_why_it_exists() {
    let silent: Vec<String> = all_rust_files(&root().join("src"))
        .into_iter()
        .filter(|path| {
            let text = std::fs::read_to_string(path).expect("a source file");
            !text.lines().next().is_some_and(|line| line.starts_with("//! ") && line.len() > 8)
        })
        .map(|path| path.display().to_string())
        .collect();
    assert!(silent.is_empty(), "no `//! why it exists` on the first line of:\n{}", silent.join("\n"));
}

#[test]
fn nothing_prints_outside_the_surface() {
    let printing = ["println!", "eprintln!", "print!", "eprint!", "dbg!", "stdout()", "stderr()"];
    let problems = uses(MAY_PRINT, |code, at| {
        let before = code[..at].chars().next_back();
        let starts_word = !before.is_some_and(|c| c.is_alphanumeric() || c == '_');
        starts_word && printing.iter().any(|p| code[at..].starts_with(p))
    });
    assert!(problems.is_empty(), "output belongs to cli/ and repl/; found it in:\n{}", problems.join("\n"));
}

#[test]
fn clap_stays_in_cli() {
    let problems = uses(MAY_USE_CLAP, |code, at| code[at..].starts_with("clap::"));
    assert!(problems.is_empty(), "clap is used outside cli/:\n{}", problems.join("\n"));
}

#[test]
fn the_reader_of_imports_finds_every_form() {
    let text = r##"
        use crate::tape::Graph; // crate::cli in a comment
        /* crate::cli /* nested */ crate::cli */
        use crate::{check, data::{Dataset, Levels}, ir as typed};
        fn f<'a>(x: &'a str) -> char { let s = "crate::cli \" crate::cli"; let r = r#"crate::cli"#; '"' }
        fn g() { super::super::posterior::draw(super::here()); crate :: dist :: find('\''); }
        #[cfg(test)]
        mod tests { use crate::cli; }
    "##;
    let file = SourceFile { module: "a".into(), depth: 2, shown: "a/b.rs".into(), code: code_only(text) };
    let found: Vec<(usize, String)> = imports(&file);
    let expected = [(2, "tape"), (4, "check"), (4, "data"), (4, "ir"), (6, "posterior"), (6, "dist")];
    assert_eq!(found, expected.map(|(line, name)| (line, name.to_string())));
}

/// A source file without what is only compiled for tests.
struct SourceFile {
    /// The module of `src/` that it belongs to.
    module: String,
    /// How many modules it is below the crate's root: 1 for `src/source.rs`, 2 for `src/syntax/lexer.rs`.
    depth: usize,
    shown: String,
    /// Its text with comments, literals and test modules blanked out, line by line as it was.
    code: String,
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Every file of `src/` but `lib.rs` and those of tests.
fn source_files() -> Vec<SourceFile> {
    let src = root().join("src");
    all_rust_files(&src)
        .into_iter()
        .filter_map(|path| {
            let relative = path.strip_prefix(&src).expect("a file of src");
            let parts: Vec<&str> = relative.iter().map(|part| part.to_str().expect("ASCII names")).collect();
            let is_test = parts.iter().any(|p| *p == "tests" || *p == "tests.rs" || p.ends_with("_tests.rs"));
            if is_test || parts == ["lib.rs"] {
                return None;
            }
            let module = parts[0].trim_end_matches(".rs").to_string();
            let depth = parts.len() - usize::from(parts[parts.len() - 1] == "mod.rs");
            let text = std::fs::read_to_string(&path).expect("a source file");
            Some(SourceFile {
                module,
                depth,
                shown: format!("src/{}", parts.join("/")),
                code: code_only(&text),
            })
        })
        .collect()
}

fn all_rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            files.extend(all_rust_files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    files.sort();
    files
}

/// Places, as `file:line`, outside the `allowed` modules where `found(code, byte)` holds.
fn uses(allowed: &[&str], found: impl Fn(&str, usize) -> bool) -> Vec<String> {
    let mut places = Vec::new();
    for file in source_files().iter().filter(|file| !allowed.contains(&file.module.as_str())) {
        for (i, line) in file.code.lines().enumerate() {
            if line.char_indices().any(|(at, _)| found(line, at)) {
                places.push(format!("{}:{}: {}", file.shown, i + 1, line.trim()));
            }
        }
    }
    places
}

/// The modules of `src/` that a file names, with the line: `crate::x`, `crate::{x, y}`, `super::super::x`.
fn imports(file: &SourceFile) -> Vec<(usize, String)> {
    let tokens = tokens(&file.code);
    let word = |i: usize| tokens.get(i).map_or("", |(_, text)| *text);
    let mut found = Vec::new();
    let mut i = 0;
    while i < tokens.len() {
        let mut next = i + 1;
        let from_root = match word(i) {
            "crate" => word(i + 1) == "::",
            "vippl" => file.module == "main" && word(i + 1) == "::",
            "super" if word(i.wrapping_sub(1)) != "::" => {
                let mut levels = 1;
                while word(next) == "::" && word(next + 1) == "super" {
                    levels += 1;
                    next += 2;
                }
                levels == file.depth && word(next) == "::"
            }
            _ => false,
        };
        if from_root {
            match word(next + 1) {
                "{" => found.extend(heads_of_group(&tokens, next + 1)),
                // `use super::*` in a module that stands inside the file
                "*" => {}
                name => found.push((tokens[i].0, name.to_string())),
            }
        }
        i = next;
    }
    found
}

/// The first word of each item of `{a, b::{c, d}, e as f}`.
fn heads_of_group(tokens: &[(usize, &str)], open: usize) -> Vec<(usize, String)> {
    let (mut depth, mut heads) = (0, Vec::new());
    for k in open..tokens.len() {
        match tokens[k].1 {
            "{" => depth += 1,
            "}" => depth -= 1,
            name if depth == 1 && matches!(tokens[k - 1].1, "{" | ",") => {
                heads.push((tokens[k].0, name.to_string()));
            }
            _ => {}
        }
        if depth == 0 {
            break;
        }
    }
    heads
}

/// Words, `::` and single marks, with their 1-based lines.
fn tokens(code: &str) -> Vec<(usize, &str)> {
    let mut tokens = Vec::new();
    for (line, text) in code.lines().enumerate() {
        let mut rest = text;
        while let Some(first) = rest.chars().next() {
            let length = if first.is_alphanumeric() || first == '_' {
                rest.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(rest.len())
            } else if rest.starts_with("::") {
                2
            } else {
                first.len_utf8()
            };
            if !first.is_whitespace() {
                tokens.push((line + 1, &rest[..length]));
            }
            rest = &rest[length..];
        }
    }
    tokens
}

/// Blanks comments, string and character literals, and items under `#[cfg(test)]`; keeps the lines.
fn code_only(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while !rest.is_empty() {
        let (kept, skipped) = match skipped_here(rest, out.chars().next_back()) {
            Some(length) => (0, length),
            None => (rest.chars().next().map_or(0, char::len_utf8), 0),
        };
        out.push_str(&rest[..kept]);
        out.extend(rest[..skipped].chars().map(|c| if c == '\n' { '\n' } else { ' ' }));
        rest = &rest[kept + skipped..];
    }
    without_test_items(&out)
}

/// Length of the comment or literal that begins here, if one does.
fn skipped_here(rest: &str, before: Option<char>) -> Option<usize> {
    if rest.starts_with("//") {
        return Some(rest.find('\n').unwrap_or(rest.len()));
    }
    if rest.starts_with("/*") {
        return Some(block_comment(rest));
    }
    let in_word = before.is_some_and(|c| c.is_alphanumeric() || c == '_');
    if let Some(hashes) = raw_string_hashes(rest).filter(|_| !in_word) {
        let end = format!("\"{}", "#".repeat(hashes));
        let body = 2 + hashes;
        return Some(rest[body..].find(&end).map_or(rest.len(), |at| body + at + end.len()));
    }
    if rest.starts_with('"') {
        return Some(quoted(rest, '"'));
    }
    // 'x' and '\n' are characters, 'a in &'a str is a lifetime
    let mut chars = rest.chars();
    if chars.next() == Some('\'') {
        let (first, second) = (chars.next()?, chars.next()?);
        if first == '\\' {
            return Some(quoted(rest, '\''));
        }
        if second == '\'' {
            return Some(2 + first.len_utf8());
        }
    }
    None
}

fn block_comment(rest: &str) -> usize {
    let (mut depth, mut at) = (0, 0);
    while at < rest.len() {
        if rest[at..].starts_with("/*") {
            depth += 1;
            at += 2;
        } else if rest[at..].starts_with("*/") {
            depth -= 1;
            at += 2;
        } else {
            at += rest[at..].chars().next().map_or(1, char::len_utf8);
        }
        if depth == 0 {
            break;
        }
    }
    at
}

/// The number of `#` of `r#"..."#`, if a raw string begins here.
fn raw_string_hashes(rest: &str) -> Option<usize> {
    let after = rest.strip_prefix('r')?;
    let hashes = after.len() - after.trim_start_matches('#').len();
    after[hashes..].starts_with('"').then_some(hashes)
}

/// Length of a literal with escapes, both quotes included.
fn quoted(rest: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, c) in rest.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            c if c == quote => return at + c.len_utf8(),
            _ => {}
        }
    }
    rest.len()
}

/// Blanks each item that stands under `#[cfg(test)]`: up to its `;`, or its braces.
fn without_test_items(code: &str) -> String {
    const MARK: &str = "#[cfg(test)]";
    let mut out = String::with_capacity(code.len());
    let mut rest = code;
    while let Some(at) = rest.find(MARK) {
        out.push_str(&rest[..at]);
        let item = &rest[at..];
        let mut depth = 0;
        let end = item
            .char_indices()
            .skip(MARK.len())
            .find_map(|(k, c)| match c {
                '{' => {
                    depth += 1;
                    None
                }
                '}' => {
                    depth -= 1;
                    (depth == 0).then_some(k + 1)
                }
                ';' if depth == 0 => Some(k + 1),
                _ => None,
            })
            .unwrap_or(item.len());
        out.extend(item[..end].chars().map(|c| if c == '\n' { '\n' } else { ' ' }));
        rest = &item[end..];
    }
    out.push_str(rest);
    out
}
