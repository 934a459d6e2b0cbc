//! A process's environment, without what looks like a secret.

use super::model::{Facts, Place, Section};
use crate::usage::Single;

/// What is in the names of variables whose values are not shown, in capital letters.
const SECRETS: [&str; 8] = ["SECRET", "TOKEN", "PASS", "PWD", "KEY", "CRED", "AUTH", "PRIVATE"];

/// What is shown in the place of what may be secret.
const MASK: &str = "******";

/// The environment of the process that is looked at, where it was read.
pub(super) fn section(single: Option<&Single>) -> Option<Section> {
    let variables = single?.environment.as_ref()?;
    let mut facts = Facts::default();
    match variables {
        None => facts.add("", "may not be read"),
        Some(variables) if variables.is_empty() => facts.add("", "empty"),
        Some(variables) => {
            for (name, value) in variables {
                facts.add(name.to_string(), shown(name, value.as_deref()));
            }
        }
    }
    let section = facts.section("environment", Place::Whole);
    Some(Section { note: String::from("as the program was started"), ..section })
}

/// A variable's value as it may be shown.
fn shown(name: &str, value: Option<&str>) -> String {
    let Some(value) = value else { return String::from("(no value)") };
    let capitals = name.to_uppercase();
    // The working directory is called as passwords are.
    let is_place = matches!(capitals.as_str(), "PWD" | "OLDPWD");
    if value.is_empty() {
        return String::from("\"\"");
    }
    if !is_place && SECRETS.iter().any(|secret| capitals.contains(secret)) {
        return MASK.to_owned();
    }
    without_password(value)
}

/// Addresses without the passwords in them: `postgres://app:******@db/shop`. In doubt more is left out than had to be.
fn without_password(value: &str) -> String {
    value.split_inclusive(char::is_whitespace).map(word_without_password).collect()
}

fn word_without_password(word: &str) -> String {
    let start = word.find("://").map_or(0, |place| place + 3);
    let (scheme, rest) = word.split_at(start);
    // The password may have anything in it, also what is none of an address: up to the last `@`.
    match (rest.find(':'), rest.rfind('@')) {
        (Some(colon), Some(at)) if colon < at && !rest[..colon].contains('/') => {
            format!("{scheme}{}{MASK}{}", &rest[..=colon], &rest[at..])
        }
        _ => word.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::shown;

    #[test]
    fn what_looks_like_a_secret_is_not_shown() {
        for name in ["DB_PASSWORD", "api_key", "GITHUB_TOKEN", "AWS_SECRET_ACCESS_KEY", "PGPASS", "MYSQL_PWD"]
        {
            assert_eq!(shown(name, Some("hunter2")), "******", "{name}");
        }
        assert_eq!(shown("PWD", Some("/srv")), "/srv");
        assert_eq!(shown("LANG", Some("C")), "C");
        assert_eq!(shown("EMPTY_TOKEN", Some("")), "\"\"");
        assert_eq!(shown("ODD", None), "(no value)");
    }

    #[test]
    fn passwords_in_addresses_are_not_shown() {
        for (value, safe) in [
            ("postgres://app:hunter2@db:5432/shop", "postgres://app:******@db:5432/shop"),
            ("http://a:b@c, http://d:e@f/@g/h", "http://a:******@c, http://d:******@g/h"),
            ("redis://:hunter2@cache", "redis://:******@cache"),
            ("app:hun/ter2@tcp(db)/shop", "app:******@tcp(db)/shop"),
            ("https://host:8443/a", "https://host:8443/a"),
            ("ssh://git@host/x", "ssh://git@host/x"),
            ("/bin:/opt/node@18/bin", "/bin:/opt/node@18/bin"),
        ] {
            assert_eq!(shown("URL", Some(value)), safe);
        }
    }
}
