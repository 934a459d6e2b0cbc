//! The answer to `GET /containers/json`.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::{EngineError, EngineFacts};
use crate::identity::ContainerId;
use crate::text::Text;

/// A container as the API tells it; of what is left out, or null, nothing is known.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Row {
    id: Text,
    #[serde(default)]
    names: Option<Vec<Text>>,
    #[serde(default)]
    image: Option<Text>,
    #[serde(default)]
    labels: Option<BTreeMap<Text, Text>>,
}

/// The containers of a list.
pub(super) fn containers(body: &[u8]) -> Result<Vec<(ContainerId, EngineFacts)>, EngineError> {
    let rows: Vec<Row> = serde_json::from_slice(body).map_err(|_| EngineError::NotContainers)?;
    Ok(rows.into_iter().map(told).collect())
}

fn told(row: Row) -> (ContainerId, EngineFacts) {
    let facts = EngineFacts {
        name: name(&row.names.unwrap_or_default()),
        image: row.image.filter(|image| !image.is_empty()),
        labels: row.labels.unwrap_or_default(),
    };
    (ContainerId(row.id), facts)
}

/// The container's own name: `/web`. In `/other/alias` another container calls it (Docker's links).
fn name(names: &[Text]) -> Option<Text> {
    let names: Vec<_> = names.iter().map(|name| name.strip_prefix('/').unwrap_or(name)).collect();
    let own = names.iter().find(|name| !name.contains('/')).or(names.first())?;
    (!own.is_empty()).then(|| Text::from(*own))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test ends at the first surprise")]

    use proptest::prelude::*;

    use super::*;

    fn one(row: &str) -> EngineFacts {
        let mut listed = containers(format!("[{row}]").as_bytes()).unwrap();
        assert_eq!(listed.len(), 1);
        let (id, facts) = listed.remove(0);
        assert_eq!(id.0.as_str(), "a1");
        facts
    }

    #[test]
    fn a_row_tells_name_image_and_labels() {
        let facts =
            one(r#"{"Id":"a1","Names":["/web"],"Image":"nginx:1.27","ImageID":"sha256:1","State":"running",
                "Labels":{"com.docker.compose.project":"shop"},"Ports":[{"PrivatePort":80}]}"#);
        assert_eq!((facts.name.as_deref(), facts.image.as_deref()), (Some("web"), Some("nginx:1.27")));
        let labels: Vec<_> = facts.labels.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
        assert_eq!(labels, [("com.docker.compose.project", "shop")]);
    }

    #[test]
    fn what_is_not_told_is_not_known() {
        for row in [
            r#"{"Id":"a1"}"#,
            r#"{"Id":"a1","Names":null,"Image":"","Labels":null}"#,
            r#"{"Id":"a1","Names":["/"]}"#,
        ] {
            assert_eq!(one(row), EngineFacts::default(), "{row}");
        }
    }

    #[test]
    fn its_own_name_is_not_what_others_call_it() {
        let name = |names: &str| one(&format!(r#"{{"Id":"a1","Names":{names}}}"#)).name.unwrap();
        assert_eq!(name(r#"["/web/db","/shop-db"]"#).as_str(), "shop-db");
        assert_eq!(name(r#"["/web/db"]"#).as_str(), "web/db");
        assert_eq!(name(r#"["plain"]"#).as_str(), "plain");
    }

    #[test]
    fn what_an_engine_tells_is_safe_to_show() {
        let facts = one(r#"{"Id":"a1","Names":["/a\u001b[31m"],"Labels":{"\u202e":"\u0007"}}"#);
        assert_eq!(facts.name.as_deref(), Some("a\\x1b[31m"));
        assert_eq!(facts.labels.first_key_value().unwrap().1.as_str(), "\\x07");
    }

    #[test]
    fn what_is_no_list_of_containers_is_said_to_be_none() {
        let deep = "[".repeat(100_000);
        for body in
            ["", "[", "{}", "null", "[1]", "[{}]", r#"[{"Id":7}]"#, r#"[{"Id":"a","Names":"/x"}]"#, &deep]
        {
            assert_eq!(containers(body.as_bytes()), Err(EngineError::NotContainers), "{body:.20}");
        }
    }

    #[test]
    fn changed_lists_do_no_harm() {
        crate::fuzz::run("containers", 64, |body| {
            let Ok(containers) = containers(body) else { return };
            for (id, EngineFacts { name, image, labels }) in containers {
                let texts = labels.iter().flat_map(|(key, value)| [key, value]);
                for text in texts.chain(&name).chain(&image).chain([&id.0]) {
                    assert!(!text.contains(char::is_control), "{text:?}");
                }
                assert!(
                    name.is_none_or(|name| !name.is_empty()) && image.is_none_or(|image| !image.is_empty())
                );
            }
        });
    }

    proptest! {
        #[test]
        fn no_body_ends_the_program(bytes: Vec<u8>) {
            let _ = containers(&bytes);
        }

        #[test]
        fn nothing_like_a_body_ends_the_program(
            body in r#"\[(\{|\}|"Id":|"a1"|"Names":|\["/{0,2}\PC{0,3}"\]|null|,|"Labels":\{"x":"y"\}){0,12}\]"#,
        ) {
            let _ = containers(body.as_bytes());
        }
    }
}
