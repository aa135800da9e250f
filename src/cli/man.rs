//! `vippl man`: manual pages, for `man vippl` and `man vippl-fit`.

use std::path::{Path, PathBuf};

use clap::{ArgMatches, Args};
use clap_mangen::Man;
use miette::Report;

use super::terminal::Terminal;
use super::{Command, Failure, define, parsed};

pub struct ManPages;

#[derive(Args)]
struct Arguments {
    /// Command whose page to print; without it, the page of vippl
    command: Option<String>,
    /// Write the pages of all commands to this folder instead
    #[arg(long, value_name = "DIR", conflicts_with = "command")]
    out: Option<PathBuf>,
}

const EXAMPLES: &str = "\
Examples:
  vippl man fit | man -l -
  vippl man --out ~/.local/share/man/man1";

impl Command for ManPages {
    fn define(&self) -> clap::Command {
        let command = Arguments::augment_args(clap::Command::new("man"));
        command.about("Print or write manual pages").after_help(EXAMPLES)
    }

    fn run(&self, matches: &ArgMatches, terminal: &mut Terminal) -> Result<(), Failure> {
        let arguments: Arguments = parsed(matches)?;
        let mut definition = define();
        definition.build();
        if let Some(folder) = &arguments.out {
            let pages = write_all(&definition, folder)
                .map_err(|error| Report::msg(format!("cannot write to {}: {error}", folder.display())))?;
            return Ok(terminal.print(&format!("{pages} pages in {}\n", folder.display()))?);
        }
        let page = match &arguments.command {
            None => definition,
            Some(name) => definition.find_subcommand(name).cloned().ok_or_else(|| no_command(name))?,
        };
        Man::new(page).render(&mut terminal.out)?;
        Ok(())
    }
}

/// One page for vippl and one for each command; how many there are.
fn write_all(definition: &clap::Command, folder: &Path) -> std::io::Result<usize> {
    std::fs::create_dir_all(folder)?;
    let commands = definition.get_subcommands().cloned();
    let pages: Vec<Man> = std::iter::once(definition.clone()).chain(commands).map(Man::new).collect();
    for page in &pages {
        page.generate_to(folder)?;
    }
    Ok(pages.len())
}

fn no_command(name: &str) -> Report {
    let help = "`vippl list commands` lists the commands";
    miette::miette!(code = "vippl::man::unknown_command", help = help, "there is no command `{name}`")
}
