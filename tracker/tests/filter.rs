//! The filter language: tables of what holds and what is refused, and properties that hold for any text.

#![allow(clippy::unwrap_used, reason = "a test ends at the first surprise")]

#[path = "filter/subjects.rs"]
mod subjects;

use proptest::prelude::*;
use scopetop_tracker::filter::{Filter, KEYS, Operator, ParseError};
use scopetop_tracker::text::Text;
use subjects::World;

/// The rows of a table: what stands before the last ` =>` of a line, and what after it.
fn rows(table: &str) -> impl Iterator<Item = (&str, &str)> {
    let lines = table.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines.map(|line| {
        let (filter, expected) = line.rsplit_once(" =>").unwrap();
        (filter, expected.trim())
    })
}

/// The names of the subjects that a filter holds.
fn held(filter: &Filter, world: &World) -> String {
    let subjects = world.subjects();
    let names = subjects.iter().filter(|(_, subject)| filter.matches(subject)).map(|(name, _)| *name);
    names.collect::<Vec<_>>().join(" ")
}

#[test]
fn each_filter_holds_what_the_table_says() {
    let world = World::new();
    let mut wrong = Vec::new();
    for (text, expected) in rows(include_str!("filter/valid.txt")) {
        let found = match text.parse::<Filter>() {
            Ok(filter) => held(&filter, &world),
            Err(error) => error.to_string(),
        };
        if found != expected {
            wrong.push(format!("{text} => {found}, not: {expected}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn each_wrong_filter_is_refused_as_the_table_says() {
    let mut wrong = Vec::new();
    for (text, expected) in rows(include_str!("filter/invalid.txt")) {
        let found = match Filter::parse(text) {
            Ok(filter) => format!("parses to {filter}"),
            Err(error) => format!("{}+{}: {}", error.column, error.length, error.message),
        };
        if found != expected {
            wrong.push(format!("{text} => {found}\n   not: {expected}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn what_parses_is_written_the_same_way_again() {
    for (text, written) in [
        ("", ""),
        ("netns=web  and not(port=9100)", "netns=web and not port=9100"),
        ("a b or (c and (d or \"e f\"))", "a and b or c and (d or \"e f\")"),
        ("((a or b)) not (c d)", "(a or b) and not (c and d)"),
        ("rtt>1000us bytes>=1000k port != 80 ,443", "rtt>1ms and bytes>=1m and port!=80,443"),
        (r#"comm="and" comm~\d+ "not""#, r#"comm="and" and comm~"\\d+" and "not""#),
        ("ip=10.1.2.3/8 state=TIME_WAIT label.a=b", "ip=10.0.0.0/8 and state=time_wait and label.a=b"),
        ("comm=\"\x1b[2J\u{202e}\"", r#"comm="\\x1b[2J\\u{202e}""#),
    ] {
        assert_eq!(Filter::parse(text).unwrap().to_string(), written, "{text}");
    }
}

#[test]
fn a_filter_is_made_of_saved_ones() {
    let (web, all, many) =
        (Filter::parse("port=80 or port=443"), Filter::parse(""), Filter::parse(&"comm~a ".repeat(20)));
    let saved = [("web", web.unwrap()), ("all", all.unwrap()), ("many", many.unwrap())];
    let parse = |text: &str| {
        let parsed = Filter::parse_with(text, saved.iter().map(|(name, filter)| (*name, filter)));
        parsed.map(|filter| filter.to_string()).map_err(|error| error.to_string())
    };
    for (text, written) in [
        ("@web", "port=80 or port=443"),
        (" @web ", "port=80 or port=443"),
        ("@all", ""),
        ("@web and not dir=in", "(port=80 or port=443) and not dir=in"),
        ("dir=in @web", "dir=in and (port=80 or port=443)"),
        ("not @web or dir=in", "not (port=80 or port=443) or dir=in"),
        ("(@web or @web) path=@web", "(port=80 or port=443 or port=80 or port=443) and path=@web"),
        // A word is one in quotes, or where it is no name.
        ("\"@web\"", "\"@web\""),
        ("@/tmp/web @ @we.b", "@/tmp/web and @ and @we.b"),
    ] {
        assert_eq!(parse(text), Ok(written.to_owned()), "{text}");
    }
    for (text, told) in [
        (
            "dir=in and @wbe",
            "column 12: there is no saved filter `wbe`; did you mean `web`? There are web, all, many",
        ),
        (
            "@nothing-like-it",
            "column 1: there is no saved filter `nothing-like-it`; there are web, all, many",
        ),
        ("dir=in or @all", "column 11: `@all` holds everything: it can stand only by itself"),
        ("@many and @many", "column 11: a filter has at most 32 regular expressions"),
    ] {
        assert_eq!(parse(text), Err(told.to_owned()), "{text}");
    }
    assert!(parse(&"@web ".repeat(32)).is_ok());
    assert_eq!(
        parse(&"@web ".repeat(33)),
        Err(String::from("column 161: a filter names at most 32 saved ones"))
    );
    assert_eq!(
        Filter::parse("@web").unwrap_err().to_string(),
        "column 1: there is no saved filter `web` to make this of; a word that begins with @ stands in quotes"
    );
}

#[test]
fn an_error_is_one_line_that_is_safe_to_show() {
    let error = Filter::parse("a and \x1b[31m\u{202e}=1").unwrap_err();
    assert!(error.to_string().starts_with("column 7: there is no key `\\x1b[31m\\u{202e}`; "), "{error}");
    assert_eq!((error.column, error.length), (7, 6));
    let (filter, pointer) = error.pointed("a and \x1b[31m\u{202e}=1");
    assert_eq!(&*filter, "a and \\x1b[31m\\u{202e}=1");
    assert_eq!(pointer, "      ^^^^^^^^^^^^^^^^");
}

#[test]
fn a_suggestion_makes_the_filter_right() {
    for (text, corrected) in [
        ("ip=1.2.3.4 and prot=80", "ip=1.2.3.4 and port=80"),
        ("lable.app=x", "label.app=x"),
        ("label=x", "label.=x"),
        ("dir=in && state=establised", "dir=in and state=establised"),
        ("state=established,tme_wait", "state=established,time_wait"),
    ] {
        let ParseError { column, length, suggestion, .. } = Filter::parse(text).unwrap_err();
        let mut characters: Vec<char> = text.chars().collect();
        characters.splice(column - 1..column - 1 + length, suggestion.unwrap().chars());
        assert_eq!(characters.into_iter().collect::<String>(), corrected);
    }
}

#[test]
fn several_filters_must_all_hold() {
    let world = World::new();
    let parse = |text| Filter::parse(text).unwrap();
    let both = Filter::all(vec![parse("proto=udp or comm=nginx"), parse(""), parse("port=443 or port=22")]);
    assert_eq!(held(&both, &world), "web");
    assert_eq!(both.to_string(), "(proto=udp or comm=nginx) and (port=443 or port=22)");
    assert_eq!(Filter::all(vec![parse("dir=in")]), parse("dir=in"));
    assert!(Filter::all(vec![parse(""), parse(" ")]).is_empty());
    assert!(!both.is_empty());
}

#[test]
fn too_much_is_refused_and_not_more() {
    let message = |text: &str| Filter::parse(text).map(|_| ()).map_err(|error| error.to_string());
    let nested = |depth| format!("{}dir=in{}", "(".repeat(depth), ")".repeat(depth));
    assert_eq!(message(&nested(64)), Ok(()));
    assert_eq!(message(&nested(65)), Err("column 65: brackets and `not` nest at most 64 deep".into()));
    assert_eq!(message(&format!("{}a", "not ".repeat(64))), Ok(()));
    assert_eq!(
        message(&format!("{}a", "not ".repeat(4000))),
        Err("column 257: brackets and `not` nest at most 64 deep".into())
    );
    assert_eq!(message(&"a".repeat(16_384)), Ok(()));
    let long = Err("column 16385: a filter has at most 16384 characters".into());
    assert_eq!(message(&"(".repeat(1_000_000)), long);
    assert_eq!(message(&"é".repeat(16_385)), long);
    assert_eq!(message(&"comm~a ".repeat(32)), Ok(()));
    assert_eq!(
        message(&"comm~a ".repeat(33)),
        Err("column 230: a filter has at most 32 regular expressions".into())
    );
}

/// One value that each key accepts.
fn value_of(key: &str) -> BoxedStrategy<String> {
    let of = |values: &'static [&'static str]| prop::sample::select(values).prop_map(str::to_owned).boxed();
    match key {
        "pid" | "port" => {
            prop_oneof![any::<u16>().prop_map(|number| number.to_string()), of(&["443", "311"])].boxed()
        }
        "ip" => of(&["10.0.0.5", "10.0.0.0/8", "::/0", "fd00::1/64", "::ffff:1.2.3.4/100", "0.0.0.0/0"]),
        "proto" => of(&["tcp", "udp", "unix"]),
        "state" => of(&["established", "time_wait", "LISTEN", "failed"]),
        "dir" => of(&["in", "out", "local"]),
        "scope" => of(&["loopback", "host", "private", "internet"]),
        "age" | "rtt" => of(&["0", "90s", "180us", "1.5h", "25ms", "3d", "7ns"]),
        "bytes" | "rate" => of(&["0", "2k", "1.5m", "900", "18g"]),
        _ => prop_oneof![
            of(&["nginx", "web", "0a1b2c", "none", "host", "1000", "shop", "\"\"", "and", "\"a,b (c)\""]),
            "[a-zA-Z0-9._/:-]{1,12}",
            any::<String>()
                .prop_map(|text| format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))),
        ]
        .boxed(),
    }
}

/// A key, an operator that it allows, and a value or a set of them.
fn condition() -> impl Strategy<Value = (String, Operator, String)> {
    prop::sample::select(KEYS.iter().collect::<Vec<_>>()).prop_flat_map(|row| {
        let key = if row.name == "label." { "label.app" } else { row.name };
        let operators = prop::sample::select(row.kind.operators());
        operators.prop_flat_map(move |operator| {
            let values =
                match operator {
                    Operator::Matches => {
                        prop::sample::select(vec!["^n(g|x)", ".", "[)]a?", "\\w+$", "\"a b|\\\"\"", ""])
                            .prop_map(|pattern| {
                                if pattern.is_empty() { String::from("\"\"") } else { pattern.to_owned() }
                            })
                            .boxed()
                    }
                    Operator::Equal | Operator::NotEqual => prop::collection::vec(value_of(row.name), 1..4)
                        .prop_map(|values| values.join(","))
                        .boxed(),
                    _ => value_of(row.name),
                };
            values.prop_map(move |values| (key.to_owned(), operator, values))
        })
    })
}

/// A filter that parses.
fn filter() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        3 => condition().prop_map(|(key, operator, values)| format!("{key}{operator}{values}")),
        1 => prop::sample::select(vec!["nginx", "10.0", "53", "\"or\"", "é", "[::1]:80", "\"worker p\""])
            .prop_map(str::to_owned),
    ];
    leaf.prop_recursive(6, 40, 4, |inner| {
        let several = prop::collection::vec(inner.clone(), 2..4);
        prop_oneof![
            several.clone().prop_map(|parts| format!("({})", parts.join(" or "))),
            several.clone().prop_map(|parts| format!("({})", parts.join(" and "))),
            several.prop_map(|parts| parts.join(" ")),
            inner.prop_map(|part| format!("not ({part})")),
        ]
    })
}

/// Whether a text may go to a terminal as it is.
fn is_safe(text: &str) -> bool {
    &*Text::from(text) == text
}

/// What holds for any text, whether it parses or not.
fn check(text: &str, world: &World) -> Result<(), TestCaseError> {
    match Filter::parse(text) {
        Ok(filter) => {
            let written = filter.to_string();
            prop_assert!(is_safe(&written), "{written:?}");
            let again = Filter::parse(&written)
                .map_err(|error| TestCaseError::fail(format!("{written}: {error}")))?;
            prop_assert_eq!(&again, &filter, "{}", written);
            prop_assert_eq!(held(&again, world), held(&filter, world));
        }
        Err(error) => {
            let shown = error.to_string();
            prop_assert!(is_safe(&shown), "{shown:?}");
            prop_assert!(error.column >= 1 && error.length >= 1);
            // A missing part is one past the end, and nothing is further out.
            prop_assert!(error.column + error.length <= text.chars().count() + 2, "{error:?}");
            let (line, pointer) = error.pointed(text);
            prop_assert!(is_safe(&line) && pointer.ends_with('^'));
        }
    }
    Ok(())
}

proptest! {
    #[test]
    fn any_text_parses_or_is_refused(text in any::<String>()) {
        check(&text, &World::new())?;
    }

    #[test]
    fn any_text_of_the_languages_parts_parses_or_is_refused(
        parts in prop::collection::vec(
            prop_oneof![
                2 => prop::sample::select(vec![
                    "(", ")", "\"", "\\", ",", "=", "!=", "~", "<", ">=", "!", " ", "[", "]", "and", "or", "not", "|",
                    "label.", "port", "comm", "rtt", "ip", "state", "80", "1ms", "10.0.0.0/8", "listen", "\x1b", "é",
                    "@", "@web", "\"@web\"",
                ]).prop_map(str::to_owned),
                1 => condition().prop_map(|(key, operator, values)| format!(" {key}{operator}{values} ")),
            ],
            0..14,
        )
    ) {
        check(&parts.concat(), &World::new())?;
    }

    #[test]
    fn a_filter_parses_and_means_what_it_says_when_written(text in filter()) {
        prop_assert!(Filter::parse(&text).is_ok(), "{}: {}", text, Filter::parse(&text).unwrap_err());
        check(&text, &World::new())?;
    }

    #[test]
    fn not_is_the_exact_opposite(text in filter()) {
        let world = World::new();
        let (plain, negated) = (Filter::parse(&text).unwrap(), Filter::parse(&format!("not ({text})")).unwrap());
        for (name, subject) in world.subjects() {
            prop_assert_ne!(plain.matches(&subject), negated.matches(&subject), "{}", name);
        }
    }

    #[test]
    fn unequal_is_the_exact_opposite_of_equal((key, _, values) in condition().prop_filter(
        "one that is written with =",
        |(_, operator, _)| matches!(operator, Operator::Equal | Operator::NotEqual),
    )) {
        let world = World::new();
        let equal = Filter::parse(&format!("{key}={values}")).unwrap();
        let unequal = Filter::parse(&format!("{key}!={values}")).unwrap();
        for (name, subject) in world.subjects() {
            prop_assert_ne!(equal.matches(&subject), unequal.matches(&subject), "{}", name);
        }
    }
}
