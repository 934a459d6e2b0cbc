//! What a configuration can say, what is told of one that is wrong, and that none does harm.

#![allow(clippy::unwrap_used, reason = "a test ends at the first surprise")]

use std::path::Path;

use proptest::prelude::*;
use ratatui::style::{Color, Modifier, Style};

use super::*;
use crate::input::{Action, Travel, actions};
use crate::list::Column;

/// What is wrong with a configuration, as it is told.
fn wrong(text: &str) -> String {
    let problems = parse(text).unwrap_err();
    let lines =
        problems.iter().map(|problem| format!("{}:{}: {}", problem.line, problem.column, problem.message));
    lines.collect::<Vec<_>>().join("\n")
}

/// The printed file with its examples as if they were meant: every comment that sets something.
fn with_examples() -> String {
    let sets = |line: &str| {
        let name = line.split(" = ").next().unwrap_or_default();
        line.contains(" = ") && name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-')
    };
    let lines = printed();
    let lines =
        lines.lines().map(|line| line.strip_prefix("# ").filter(|example| sets(example)).unwrap_or(line));
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn nothing_is_the_default() {
    assert_eq!(parse(""), Ok(Config::default()));
    assert_eq!(parse("# nothing\n[keys]\n[filters]\n"), Ok(Config::default()));
}

#[test]
fn what_is_printed_is_the_default() {
    assert_eq!(parse(&printed()), Ok(Config::default()));
    let printed = printed();
    let (settings, keys) = printed.split_once("\n[keys]").unwrap();
    for action in actions() {
        assert_eq!(keys.matches(&format!("\n{} = ", action.name())).count(), 1, "{}", action.name());
    }
    insta::assert_snapshot!(settings);
}

#[test]
fn the_examples_in_what_is_printed_hold() {
    let config = parse(&with_examples()).unwrap();
    assert_eq!(config.filters.len(), 2);
    assert_eq!(config.looks.len(), ROLES.len());
    assert_eq!(config.background, Some(Color::Reset));
    // The looks are those of the theme that it says they are of.
    let terminal = Terminal { colorterm: Some(String::from("truecolor")), ..Terminal::default() };
    let ours = config.theme(&terminal);
    let dark = Config { theme: Some(Named::Dark), ..Config::default() }.theme(&terminal);
    assert_eq!((ours.groups, ours.failed, ours.selected), (dark.groups, dark.failed, dark.selected));
}

#[test]
fn everything_can_be_set() {
    let config = parse(
        "view = 'pod'\nshow = 'tree'\ncolumns = ['server', 'rate']\nsort = 'rate'\nsort-turned = true\ntick = 2_000\nhistory = 60\nhistory-memory = 8\nresolve = true\nno-args = true\nmouse = false\nread-only = true\n\
         theme = 'light'\ncolour = 256\nascii = true\n\
         [filters]\nweb = 'port=80,443'\nbusy = 'rate>1m'\nall = ''\n\
         [colours]\nfailed = 'bold #ff0000 on 7'\nbackground = 234\ngroups = ['cyan', 33]\n\
         [keys]\nrelayout = ['ctrl-l', 'f5']\npause = 'p'\n",
    );
    let config = config.unwrap();
    assert_eq!((config.view, config.mode, config.tick), (By::Pod, Mode::List, Duration::from_secs(2)));
    assert_eq!(config.shape, Shape::Tree);
    let columns: Vec<_> = config.columns.shown().map(Column::name).collect();
    assert_eq!(columns, ["server", "rate"]);
    assert_eq!(config.sort, Sort { column: Column::Rate, turned: true });
    assert_eq!(config.history, Limits { span: Duration::from_mins(1), bytes: 8 << 20 });
    assert!(config.resolve && config.no_args && !config.mouse && config.read_only);
    let filters: Vec<_> =
        config.filters.iter().map(|saved| (saved.name.as_str(), saved.text.as_str())).collect();
    assert_eq!(filters, [("web", "port=80,443"), ("busy", "rate>1m"), ("all", "")]);
    assert!(config.filters[0].active().is_some() && config.filters[2].active().is_none());
    assert_eq!(config.keymap.key_of(Action::Relayout), "^L");
    assert_eq!(config.keymap.key_of(Action::Travel(Travel::Pause)), "p");
    let theme = config.theme(&Terminal::default());
    let failed = Style::new().fg(Color::Rgb(255, 0, 0)).bg(Color::Indexed(7)).add_modifier(Modifier::BOLD);
    assert_eq!((theme.failed, theme.groups.as_slice()), (failed, &[Color::Cyan, Color::Indexed(33)][..]));
    assert_eq!(theme.new, Named::Light.theme().new);
    assert_eq!(theme.finish.background, Some(Color::Indexed(234)));
    assert!(theme.finish.ascii && theme.finish.depth == Depth::Palette);
}

#[test]
fn the_terminal_decides_what_is_left_to_it() {
    let terminal = |no_color: Option<&str>| Terminal {
        no_color: no_color.map(str::to_owned),
        colorfgbg: Some(String::from("0;15")),
        term: Some(String::from("xterm-256color")),
        locale: Some(String::from("C")),
        ..Terminal::default()
    };
    let (free, set) = (Config::default(), parse("colour = 16\nascii = false\ntheme = 'dark'").unwrap());
    let theme = free.theme(&terminal(None));
    assert_eq!((theme.failed, theme.finish.depth), (Named::Light.theme().failed, Depth::Palette));
    assert!(theme.finish.ascii);
    let theme = free.theme(&terminal(Some("1")));
    assert_eq!((theme.failed, theme.finish.depth), (Theme::plain().failed, Depth::None));
    // What the user wrote down for this program goes before what is meant for all of them.
    let theme = set.theme(&terminal(Some("1")));
    assert_eq!((theme.failed, theme.finish.depth), (Named::Dark.theme().failed, Depth::Sixteen));
    assert!(!theme.finish.ascii);
}

#[test]
fn each_thing_that_is_wrong_is_told_with_its_place() {
    insta::assert_snapshot!(wrong(
        "veiw = 'process'\n\
         view = 'proces'\n\
         show = 5.5\n\
         tick = 0x10\n\
         resolve = 'yes'\n\
         theme = 'solarized'\n\
         colour = 17\n\
         nothing-like-it = 1\n\
         columns = ['client', 'rat', 'client', 5]\n\
         sort = 'rate-trend'\n\
         sort-turned = 1\n\
         history = 0.5\n\
         history-memory = 70_000\n\
         \n\
         [filters]\n\
         \"a b\" = 'port=1'\n\
         web = 'comm=nginx and prt=80'\n\
         escaped = \"comm=\\\"x\\\" and prt=80\"\n\
         number = 1\n\
         other = 'port=1 and @web'\n\
         \n\
         [colours]\n\
         failed = 'bold purpel'\n\
         stale = 'red'\n\
         new = 'red on'\n\
         groups = 'red'\n\
         background = '#12345'\n\
         \n\
         [keys]\n\
         relayuot = 'R'\n\
         pause = ['p', 'ctrl-i', 5]\n\
         help = 'entr'"
    ));
}

#[test]
fn a_key_for_two_actions_is_told_where_it_stands_the_second_time() {
    assert_eq!(
        wrong("[keys]\nrelayout = ['ctrl-l', 'q']\npause = 'p'\nhelp = ['?', 'p']\n"),
        "2:23: `q` is already `quit`; give that other keys, or none: quit = []\n4:14: `p` is already `pause`"
    );
    assert_eq!(wrong("[keys]\n\nquit = []"), "3:1: some key has to end the program");
}

#[test]
fn what_is_no_toml_is_told_beside_the_rest() {
    assert_eq!(
        wrong("tick = = 5\ncolur = 'none'\ntick = 500\n").lines().map(|line| &line[..4]).collect::<Vec<_>>(),
        ["1:8:", "2:1:", "3:1:"]
    );
    assert_eq!(wrong("columns = []"), "1:11: no column is named");
    assert_eq!(wrong("columns = 'rate'"), "1:11: expected a list of columns, not a text");
    assert!(wrong("keys = 5").starts_with("1:8: expected a table, not a whole number"));
    assert!(wrong("[view]\na = 1").contains("expected one of process, "));
}

#[test]
fn not_more_is_told_than_anybody_reads() {
    let many: Vec<String> = (0..10_000).map(|number| format!("x{number} = {number}\n")).collect();
    let many = many.concat();
    let told = wrong(&many);
    assert_eq!(told.lines().count(), 51);
    assert!(told.ends_with(" more from here on"), "{told}");
    let keys = vec!["'a'"; 100_000].join(",");
    assert_eq!(wrong(&format!("[keys]\nquit = [{keys}]")), "2:8: expected at most 16 keys");
}

/// A change of a file.
#[derive(Clone, Debug)]
enum Edit {
    Byte(prop::sample::Index, u8),
    Cut(prop::sample::Index),
    Drop(prop::sample::Index, prop::sample::Index),
    Repeat(prop::sample::Index, prop::sample::Index, u8),
    Insert(prop::sample::Index, &'static [u8]),
    Splice(prop::sample::Index, prop::sample::Index, prop::sample::Index),
}

const PIECES: [&[u8]; 16] = [
    b"\"",
    b"'''",
    b"[",
    b"]]",
    b"{",
    b"=",
    b"\n",
    b".",
    b"\\",
    b"\xff",
    b"\xe2\x80\xae",
    b"\x1b[31m",
    b"9999999999",
    b"nan",
    b"1979-05-27",
    b"\xc3\xa9",
];

fn edit() -> impl Strategy<Value = Edit> {
    let index = || any::<prop::sample::Index>();
    prop_oneof![
        4 => (index(), any::<u8>()).prop_map(|(at, byte)| Edit::Byte(at, byte)),
        1 => index().prop_map(Edit::Cut),
        2 => (index(), index()).prop_map(|(from, to)| Edit::Drop(from, to)),
        2 => (index(), index(), 1..50_u8).prop_map(|(from, to, times)| Edit::Repeat(from, to, times)),
        3 => (index(), prop::sample::select(&PIECES[..])).prop_map(|(at, piece)| Edit::Insert(at, piece)),
        1 => (index(), index(), index()).prop_map(|(at, file, from)| Edit::Splice(at, file, from)),
    ]
}

impl Edit {
    fn apply(&self, bytes: &mut Vec<u8>, corpus: &[Vec<u8>]) {
        let place = |index: &prop::sample::Index, bytes: &[u8]| index.index(bytes.len() + 1);
        let part = |one: &prop::sample::Index, other: &prop::sample::Index, bytes: &[u8]| {
            let (one, other) = (place(one, bytes), place(other, bytes));
            one.min(other)..one.max(other).min(one.min(other) + 200)
        };
        match self {
            Self::Byte(at, byte) => {
                let at = place(at, bytes);
                bytes.get_mut(at).into_iter().for_each(|here| *here = *byte);
            }
            Self::Cut(at) => bytes.truncate(place(at, bytes)),
            Self::Drop(from, to) => _ = bytes.drain(part(from, to, bytes)),
            Self::Repeat(from, to, times) => {
                let part = part(from, to, bytes);
                let again = bytes[part.clone()].repeat((*times).into());
                bytes.splice(part.end..part.end, again);
            }
            Self::Insert(at, piece) => {
                let at = place(at, bytes);
                bytes.splice(at..at, piece.iter().copied());
            }
            Self::Splice(at, file, from) => {
                bytes.truncate(place(at, bytes));
                let other = &corpus[file.index(corpus.len())];
                bytes.extend_from_slice(&other[place(from, other)..]);
            }
        }
    }
}

/// The files of `fuzz/config/`, and what the program prints itself.
fn corpus() -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/config");
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    assert!(files.len() > 2, "{files:?}");
    let mut corpus: Vec<Vec<u8>> = files.iter().map(|file| std::fs::read(file).unwrap()).collect();
    corpus.extend([printed().into_bytes(), with_examples().into_bytes()]);
    corpus
}

/// What is told of a changed file has a place in it and disturbs no terminal; nothing panics.
#[test]
fn changed_configurations_do_no_harm() {
    let corpus = corpus();
    let check = |bytes: Vec<u8>| {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        match file::of_bytes(bytes) {
            Ok(config) => _ = config.theme(&Terminal::default()),
            Err(ConfigError::Wrong { problems, .. }) => {
                assert!(!problems.is_empty());
                for problem in problems {
                    let line = text.split('\n').nth(problem.line - 1).unwrap();
                    assert!(
                        (1..=line.chars().count() + 1).contains(&problem.column),
                        "{problem:?} of {text:?}"
                    );
                    let safe = !problem.message.is_empty() && !problem.message.contains(char::is_control);
                    assert!(safe, "{problem:?}");
                }
            }
            Err(error) => assert!(!error.to_string().contains(char::is_control), "{error}"),
        }
    };
    for file in &corpus {
        check(file.clone());
    }
    let cases = std::env::var("SCOPETOP_FUZZ_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(300);
    let config = ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() };
    let changed = (any::<prop::sample::Index>(), prop::collection::vec(edit(), 1..6));
    let mut runner = prop::test_runner::TestRunner::new(config);
    let outcome = runner.run(&changed, |(file, edits)| {
        let mut bytes = corpus[file.index(corpus.len())].clone();
        for edit in &edits {
            edit.apply(&mut bytes, &corpus);
        }
        check(bytes);
        Ok(())
    });
    outcome.unwrap();
}
