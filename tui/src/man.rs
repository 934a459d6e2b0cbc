//! The manual page: the options as the command line defines them, the keys and the filter language from their tables.

use std::fmt::Write as _;
use std::io;

use clap::CommandFactory as _;
use clap_mangen::Man;
use clap_mangen::roff::{Inline, Roff, bold, italic, roman};
use scopetop_tracker::filter::KEYS;

use crate::cli::Cli;
use crate::input::{Binding, bindings};

/// The page, in roff and in ASCII.
pub fn page() -> io::Result<String> {
    let mut command = Cli::command();
    command.build();
    let man = Man::new(command.clone()).manual("User Commands");
    let mut page = Vec::new();
    man.render_title(&mut page)?;
    man.render_name_section(&mut page)?;
    man.render_synopsis_section(&mut page)?;
    man.render_description_section(&mut page)?;
    man.render_options_section(&mut page)?;
    commands(&command, &mut page)?;
    let mut roff = Roff::new();
    keys(&mut roff);
    filters(&mut roff);
    files(&mut roff);
    status(&mut roff);
    examples(&command, &mut roff);
    roff.to_writer(&mut page)?;
    Ok(joined(&String::from_utf8_lossy(&page)))
}

/// The parts of a page as one, in ASCII: every formatter reads that, whatever encoding it takes the page to have.
fn joined(parts: &str) -> String {
    let mut page = String::with_capacity(parts.len());
    for line in parts.lines() {
        // Each part begins with how an apostrophe is written; once is enough.
        let defines = line.starts_with(".ie") || line.starts_with(".el");
        if defines && page.contains(line) {
            continue;
        }
        for character in line.chars() {
            if character.is_ascii() {
                page.push(character);
            } else {
                // Writing to a string does not fail.
                let _ = write!(page, "\\[u{:04X}]", u32::from(character));
            }
        }
        page.push('\n');
    }
    page
}

/// Each command with the options that are its own.
fn commands(command: &clap::Command, page: &mut Vec<u8>) -> io::Result<()> {
    let mut roff = Roff::new();
    roff.control("SH", ["COMMANDS"]);
    roff.text([roman("Each takes the options above too, before its name or after it.")]);
    roff.to_writer(page)?;
    let common: Vec<_> = command.get_arguments().map(|argument| argument.get_id().clone()).collect();
    for sub in command.get_subcommands() {
        let own = |argument: &clap::Arg| !common.contains(argument.get_id()) && !argument.is_hide_set();
        let name = format!("scopetop {}", sub.get_name());
        let mut roff = Roff::new();
        roff.control("SS", [name.as_str()]);
        let about = sub.get_long_about().or_else(|| sub.get_about()).map(ToString::to_string);
        for line in about.unwrap_or_default().lines().filter(|line| !line.is_empty()) {
            roff.text([roman(line)]);
        }
        roff.to_writer(page)?;
        if sub.get_arguments().any(own) {
            let shown = sub.clone().mut_args(|argument| {
                let hidden = common.contains(argument.get_id());
                argument.hide(hidden)
            });
            let mut options = Vec::new();
            Man::new(shown).render_options_section(&mut options)?;
            let options = String::from_utf8_lossy(&options);
            let lines = options.lines().filter(|line| {
                !line.starts_with(".SH ") && !line.starts_with(".ie") && !line.starts_with(".el")
            });
            for line in lines {
                page.extend_from_slice(line.as_bytes());
                page.push(b'\n');
            }
        }
    }
    Ok(())
}

fn entry(roff: &mut Roff, head: impl Into<Vec<Inline>>, text: impl Into<Vec<Inline>>) {
    roff.control("TP", []);
    roff.text(head);
    roff.text(text);
}

fn keys(roff: &mut Roff) {
    roff.control("SH", ["KEYS"]);
    roff.text([
        roman("The keys of the live screen, unless the configuration has others. In italics is what it calls them; "),
        roman("^X is the control key with x, and an arrow that is hollow the shift key."),
    ]);
    let mut sections: Vec<(&str, Vec<&Binding>)> = Vec::new();
    for binding in bindings() {
        match sections.iter_mut().find(|(section, _)| *section == binding.section) {
            Some((_, rows)) => rows.push(binding),
            None => sections.push((binding.section, vec![binding])),
        }
    }
    for (section, rows) in sections {
        roff.control("SS", [section]);
        for row in rows {
            let mut names: Vec<&str> = Vec::new();
            for (_, action) in row.keys {
                if !names.contains(&action.name()) {
                    names.push(action.name());
                }
            }
            entry(
                roff,
                [bold(row.shown)],
                [roman(format!("{} (", row.what)), italic(names.join(", ")), roman(")")],
            );
        }
    }
}

fn filters(roff: &mut Roff) {
    roff.control("SH", ["FILTERS"]);
    roff.text([roman(
        "A filter compares keys with values (port=443), joined by and, or, not and brackets. A set of values goes with = \
         and != (port=80,443); ~ looks for a regular expression. What is unknown satisfies no comparison. A word alone \
         searches names, paths, addresses and ports. @NAME is the saved filter of that name, by itself or as a part of another.",
    )]);
    for key in &KEYS {
        let operators =
            key.kind.operators().iter().map(|operator| operator.name()).collect::<Vec<_>>().join(" ");
        let head = [bold(key.title()), roman(format!("  {operators}"))];
        let about =
            [roman(format!("{}. Compared with {}; e.g. ", key.about, key.kind.about())), italic(key.example)];
        entry(roff, head, about);
    }
}

fn files(roff: &mut Roff) {
    roff.control("SH", ["FILES"]);
    entry(
        roff,
        [
            italic("$XDG_CONFIG_HOME/scopetop/config.toml"),
            roman(", else "),
            italic("~/.config/scopetop/config.toml"),
        ],
        [roman(
            "The configuration; it need not be there. Under sudo it is root's. scopetop config prints one with all \
             defaults, to begin with. What is wrong in it is told with its line and column.",
        )],
    );
    roff.control("SH", ["ENVIRONMENT"]);
    for (name, about) in [
        ("NO_COLOR", "Not empty: no colours, unless the configuration says how many."),
        ("COLORTERM, TERM", "How many colours the terminal shows."),
        ("COLORFGBG", "Whether its background is dark or light."),
        (
            "LC_ALL, LC_CTYPE, LANG",
            "The first that is set: whether the terminal knows UTF-8. Else ASCII is drawn.",
        ),
    ] {
        entry(roff, [bold(name)], [roman(about)]);
    }
}

fn status(roff: &mut Roff) {
    roff.control("SH", ["EXIT STATUS"]);
    for (status, about) in [
        ("0", "It is done, or the reader of its output has seen enough."),
        ("1", "It failed while running."),
        ("2", "The command line or the configuration was wrong."),
    ] {
        entry(roff, [bold(status)], [roman(about)]);
    }
}

/// The examples of the program's help.
fn examples(command: &clap::Command, roff: &mut Roff) {
    roff.control("SH", ["EXAMPLES"]);
    roff.control("nf", []);
    let help = command.get_after_long_help().map(ToString::to_string).unwrap_or_default();
    for line in
        help.lines().skip_while(|line| *line != "Examples:").skip(1).take_while(|line| !line.is_empty())
    {
        roff.text([roman(line.trim_start())]);
    }
    roff.control("fi", []);
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test ends at the first surprise")]

    use std::io::Write as _;
    use std::process::{Command, Stdio};

    use super::*;

    /// What a reader of the page sees, its lines joined.
    fn read(page: &str) -> String {
        let mut text = String::new();
        let mut rest = page;
        while let Some(at) = rest.find('\\') {
            text.push_str(&rest[..at]);
            let escape = &rest[at + 1..];
            let taken = match escape.as_bytes().first() {
                Some(b'f') => 2,
                Some(b'&') => 1,
                Some(b'(') => {
                    text.push('\'');
                    3
                }
                Some(b'*') => {
                    text.push('\'');
                    4
                }
                Some(b'[') => {
                    let end = escape.find(']').unwrap();
                    let code = u32::from_str_radix(&escape[2..end], 16).unwrap();
                    text.push(char::from_u32(code).unwrap());
                    end + 1
                }
                Some(_) => {
                    text.push_str(&escape[..1]);
                    1
                }
                None => 0,
            };
            rest = &escape[taken..];
        }
        text.push_str(rest);
        text
    }

    #[test]
    fn every_key_option_and_filter_key_is_in_the_page() {
        let page = page().unwrap();
        assert!(page.is_ascii());
        let text = read(&page);
        for binding in bindings() {
            assert!(text.contains(binding.shown), "{:?}", binding.shown);
            assert!(text.contains(binding.what), "{:?}", binding.what);
            for (_, action) in binding.keys {
                assert!(text.contains(action.name()), "{}", action.name());
            }
        }
        for key in &KEYS {
            assert!(
                text.contains(key.title()) && text.contains(key.about) && text.contains(key.example),
                "{}",
                key.name
            );
        }
        let mut command = Cli::command();
        command.build();
        for command in std::iter::once(&command).chain(command.get_subcommands()) {
            assert!(text.contains(command.get_name()), "{}", command.get_name());
            for option in command.get_arguments().filter_map(clap::Arg::get_long) {
                assert!(text.contains(&format!("--{option}")), "--{option} of {}", command.get_name());
            }
        }
    }

    /// Whatever formats it: each line is text or a request that the man macros have, in an order that they understand.
    #[test]
    fn the_page_is_made_of_what_formatters_know() {
        let page = page().unwrap();
        let mut sections = Vec::new();
        for line in page.lines() {
            let Some(request) = line.strip_prefix(['.', '\'']) else { continue };
            let (name, rest) = request.split_once(' ').unwrap_or((request, ""));
            assert!(
                ["TH", "SH", "SS", "TP", "PP", "RS", "RE", "IP", "nf", "fi", "ie", "el", "br"]
                    .contains(&name),
                "{line}"
            );
            if name == "SH" {
                sections.push(rest.trim_matches('"').to_owned());
            }
        }
        assert_eq!(
            sections,
            [
                "NAME",
                "SYNOPSIS",
                "DESCRIPTION",
                "OPTIONS",
                "COMMANDS",
                "KEYS",
                "FILTERS",
                "FILES",
                "ENVIRONMENT",
                "EXIT STATUS",
                "EXAMPLES"
            ]
        );
        for (open, close) in [(".nf", ".fi"), (".RS", ".RE")] {
            let count = |request| page.lines().filter(|line| line.starts_with(request)).count();
            assert_eq!(count(open), count(close), "{open}");
        }
    }

    #[test]
    fn groff_has_nothing_to_complain_of() {
        let started = Command::new("groff")
            .args(["-man", "-Tutf8", "-ww", "-rHY=0", "-"])
            .env("GROFF_NO_SGR", "1")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn();
        let mut groff = match started {
            Ok(groff) => groff,
            Err(error) => {
                // The structure is checked above in any case.
                println!("groff is not here ({error}): the page was not formatted");
                return;
            }
        };
        groff.stdin.take().unwrap().write_all(page().unwrap().as_bytes()).unwrap();
        let output = groff.wait_with_output().unwrap();
        let told = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success() && told.is_empty(), "{told}");
        // Bold letters are struck twice.
        let mut text = String::new();
        for character in String::from_utf8_lossy(&output.stdout).chars() {
            if character == '\u{8}' {
                text.pop();
            } else {
                text.push(character);
            }
        }
        for part in ["EXIT STATUS", "--filter", "↑↓←→ hjkl"] {
            assert!(text.contains(part), "{part} is not in {text}");
        }
    }
}
