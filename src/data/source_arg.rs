//! The argument of `--data`: a file, or a name and a file.

use std::path::{Path, PathBuf};
use std::str::FromStr;

use super::error::DataError;

/// One `--data` argument.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DataArg {
    /// `--data FILE`: the names are in the file.
    File(PathBuf),
    /// `--data NAME=FILE`: the file holds one value.
    Named { name: String, path: PathBuf },
}

impl DataArg {
    /// Parses `FILE` or `NAME=FILE`. A file that exists under the whole text is that file; the part before `=` is a name only
    /// if it has no `/` and no `.` in it. A name may stand in backquotes.
    pub fn parse(argument: &str) -> Result<DataArg, DataError> {
        let wrong = |problem| Err(DataError::Argument { argument: argument.to_string(), problem });
        if argument.is_empty() {
            return wrong("names no file");
        }
        let file = || Ok(DataArg::File(PathBuf::from(argument)));
        let Some((name, path)) = argument.split_once('=') else { return file() };
        if Path::new(argument).exists() || name.contains(['/', '.', std::path::MAIN_SEPARATOR]) {
            return file();
        }
        let bare = name.strip_prefix('`').and_then(|name| name.strip_suffix('`')).unwrap_or(name).trim();
        if bare.is_empty() {
            return wrong("has no name before `=`");
        }
        if path.is_empty() {
            return wrong("has no file after `=`");
        }
        Ok(DataArg::Named { name: bare.to_string(), path: PathBuf::from(path) })
    }

    /// The file.
    pub fn path(&self) -> &Path {
        match self {
            DataArg::File(path) | DataArg::Named { path, .. } => path,
        }
    }
}

/// Whether writing to `path` would overwrite one of these files, by whatever name it has there.
pub fn overwrites<'a>(path: &Path, files: impl IntoIterator<Item = &'a Path>) -> bool {
    let Ok(destination) = path.canonicalize() else { return false };
    files.into_iter().any(|file| file.canonicalize().is_ok_and(|file| file == destination))
}

impl FromStr for DataArg {
    type Err = DataError;

    fn from_str(argument: &str) -> Result<DataArg, DataError> {
        DataArg::parse(argument)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_and_names() {
        let file = |path: &str| DataArg::File(path.into());
        let named = |name: &str, path: &str| DataArg::Named { name: name.into(), path: path.into() };
        for (argument, expected) in [
            ("d.csv", file("d.csv")),
            ("dir/a=b.csv", file("dir/a=b.csv")),
            ("X=m.csv", named("X", "m.csv")),
            ("μ=dir/a=b.csv", named("μ", "dir/a=b.csv")),
            ("`Sepal Length`=s.csv", named("Sepal Length", "s.csv")),
        ] {
            assert_eq!(DataArg::parse(argument).unwrap(), expected, "{argument}");
        }
        for argument in ["", "=d.csv", "X=", "``=d.csv"] {
            assert!(matches!(argument.parse::<DataArg>(), Err(DataError::Argument { .. })), "{argument:?}");
        }
    }
}
