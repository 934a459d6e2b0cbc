#![allow(clippy::unwrap_used, reason = "a test ends at the first surprise")]

use clap::CommandFactory as _;
use scopetop_tracker::Backend;

use super::*;
use crate::config::{self, Config};

fn read(words: &[&str]) -> Result<Cli, Error> {
    let words = std::iter::once("scopetop").chain(words.iter().copied());
    Cli::read(words.map(OsString::from)).map(Result::unwrap)
}

fn settings(words: &[&str]) -> Settings {
    read(words).unwrap().settings(&Config::default()).unwrap()
}

fn wrong(words: &[&str]) -> String {
    let error = read(words).and_then(|cli| cli.settings(&Config::default())).unwrap_err();
    assert_eq!(error.status(), 2, "{words:?}");
    error.to_string()
}

#[test]
fn the_definition_holds_together() {
    Cli::command().debug_assert();
}

#[test]
fn help_says_all() {
    let mut help = String::new();
    let mut command = Cli::command().term_width(100);
    command.build();
    help.push_str(&command.render_help().to_string());
    help.push_str(&command.render_long_help().to_string());
    for subcommand in command.get_subcommands_mut() {
        help.extend(["\n===== ", subcommand.get_name(), "\n"]);
        help.push_str(&subcommand.clone().term_width(100).render_long_help().to_string());
    }
    insta::assert_snapshot!(help);
}

#[test]
fn options_hold_before_and_after_the_command() {
    assert_eq!(settings(&[]).tick, DEFAULT_TICK);
    assert_eq!(settings(&["--tick", "200", "events"]).tick, Duration::from_millis(200));
    assert_eq!(settings(&["--tick", "200", "events", "--tick", "300"]).tick, Duration::from_millis(300));
    assert!(!settings(&["snapshot"]).resolve);
    assert!(settings(&["--resolve"]).resolve && settings(&["snapshot", "--resolve"]).resolve);
    assert!(settings(&["events"]).arguments);
    assert!(!settings(&["--no-args"]).arguments && !settings(&["events", "--no-args"]).arguments);
    assert!(!settings(&["replay", "x", "--no-args"]).arguments, "what was recorded can be hidden");
    assert_eq!(settings(&["doctor", "--backend", "proc"]).backend, Backend::Proc);
    assert_eq!(settings(&["--backend", "ebpf", "snapshot"]).backend, Backend::Ebpf);
    assert_eq!(settings(&["--backend", "ebpf", "snapshot", "--backend=auto"]).backend, Backend::Auto);
}

#[test]
fn observations_may_be_shorter_than_a_second_or_nothing() {
    for (text, milliseconds) in [("0", 0), ("0.25", 250), ("10", 10_000)] {
        let cli = read(&["snapshot", "--for", text]).unwrap();
        let Some(Command::Snapshot(snapshot)) = cli.command else { panic!("{cli:?}") };
        assert_eq!(snapshot.duration, Some(Duration::from_millis(milliseconds)));
    }
}

#[test]
fn moments_of_a_recording_are_told_from_its_beginning_from_its_end_or_by_the_clock() {
    let at = |text: &str| {
        let cli = read(&["snapshot", "--replay", "x", "--at", text]).ok()?;
        let Some(Command::Snapshot(snapshot)) = cli.command else { panic!("{cli:?}") };
        snapshot.at
    };
    let seconds = Duration::from_secs_f64;
    for (text, expected) in [
        ("0", At::After(seconds(0.0))),
        ("90.5", At::After(seconds(90.5))),
        ("1:30", At::After(seconds(90.0))),
        ("2:00:01.5", At::After(seconds(7_201.5))),
        ("-0", At::Before(seconds(0.0))),
        ("-1:30", At::Before(seconds(90.0))),
        ("2026-03-01T12:04:31Z", At::Time("2026-03-01T12:04:31Z".parse().unwrap())),
    ] {
        assert_eq!(at(text), Some(expected), "{text}");
    }
    for text in [
        "", "-", "x", "nan", "1e3", "1:60", "1:60:00", "1:1:1:1", ":30", "1:", "--1", "1.5:00", "9e9",
        "99999999",
    ] {
        assert_eq!(at(text), None, "{text}");
    }
}

#[test]
fn what_is_wrong_is_told_in_one_line() {
    let lines: Vec<_> = [
        &["--tick", "49"] as &[&str],
        &["--tick", "3600001"],
        &["--tick", "-1"],
        &["--tick", "1.5"],
        &["--tick"],
        &["events", "--for", "-1"],
        &["events", "--for", "nan"],
        &["events", "--for", "1e300"],
        &["snapshot", "--for", "1", "--for", "2"],
        &["snapshot", "--format", "xml"],
        &["--backend="],
        &["snapshto"],
        &["events", "--fliter", "x"],
        &["events", "extra"],
        &["\u{1b}[31m\u{202e}"],
        &["--filter", "pid=1", "--filter", "pid=1 and prt=80"],
        &["--filter", "pid=1", "events", "--filter", "prt=80"],
        &["snapshot", "--format", "svg", "--size", "39x10"],
        &["snapshot", "--format", "svg", "--size", "120"],
        &["--view", "cgroup"],
        &["--view", "pod", "snapshot"],
        &["--history", "60", "events"],
        &["--history-memory", "-1"],
        &["record"],
        &["record", "x", "--filter", "pid=1"],
        &["snapshot", "--at", "1:30"],
        &["snapshot", "--replay", "x", "--at", "1:60"],
        &["snapshot", "--replay", "x", "--for", "1"],
        &["snapshot", "--replay", "x", "--tick", "100"],
        &["replay"],
        &["replay", "x", "--demo"],
        &["replay", "x", "--speed", "3"],
        &["--tick", "100", "replay", "x"],
        &["replay", "x", "--backend", "proc"],
        &["--env", "events"],
        &["--no-mouse", "events"],
        &["--ascii", "events"],
        &["--filter", "@web"],
        &["completions", "tcsh"],
        &["completions"],
    ]
    .into_iter()
    .map(|words| format!("{} => {}", words.join(" ").escape_debug(), wrong(words)))
    .collect();
    assert!(lines.iter().all(|line| !line.contains('\n')));
    insta::assert_snapshot!(lines.join("\n"));
}

#[test]
fn what_is_configured_holds_where_nothing_else_is_said() {
    let config = config::parse(
        "tick = 250\nresolve = true\nno-args = true\n[filters]\nweb = 'port=443'\nown = 'comm=me'",
    );
    let config = config.unwrap();
    let settings = |words: &[&str]| read(words).unwrap().settings(&config);
    let plain = settings(&["snapshot"]).unwrap();
    assert_eq!((plain.tick, plain.resolve, plain.arguments), (Duration::from_millis(250), true, false));
    assert!(plain.filter.is_empty());
    assert_eq!(settings(&["--tick", "500"]).unwrap().tick, Duration::from_millis(500));
    let filter = |words: &[&str]| settings(words).map(|settings| settings.filter.to_string());
    assert_eq!(filter(&["--filter", "@web"]).unwrap(), "port=443");
    assert_eq!(filter(&["events", "--filter", " @own "]).unwrap(), "comm=me");
    assert!(filter(&["--filter", "\"@web\""]).is_ok() && filter(&["--filter", "@/tmp/.X11-unix"]).is_ok());
    let told = filter(&["--filter", "@wbe"]).unwrap_err().to_string();
    let expected =
        "--filter: column 1: there is no saved filter `wbe`; did you mean `web`? There are web, own";
    assert_eq!(told, expected);
    assert_eq!(
        filter(&["--filter", "not @own", "events", "--filter", "@web dir=in"]).unwrap(),
        "not comm=me and port=443 and dir=in"
    );
}

#[test]
fn a_configuration_is_read_unless_none_is_wanted() {
    let configured = |words: &[&str]| read(words).unwrap().configuration(|_| None);
    assert_eq!(configured(&[]).unwrap(), Config::default());
    assert_eq!(configured(&["snapshot", "--no-config"]).unwrap(), Config::default());
    for words in [&["--config", "/nowhere"] as &[&str], &["doctor", "--config", "/nowhere"]] {
        let error = configured(words).unwrap_err();
        assert_eq!((error.status(), error.to_string().starts_with("/nowhere: ")), (2, true), "{error}");
    }
    let error = configured(&["--config", "/nowhere", "doctor", "--no-config"]).unwrap_err();
    let says =
        "--no-config: --config /nowhere is given too: leave out one of the two (see 'scopetop --help')";
    assert_eq!(error.to_string(), says);
}
