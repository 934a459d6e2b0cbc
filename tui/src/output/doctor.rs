//! `doctor`: what this kernel and this user allow.

use std::io::{self, Write};

use scopetop_tracker::report::{Outcome, Report, Step};
use scopetop_tracker::text::Text;
use serde::Serialize;

use super::table::{Lean, Table};

/// Writes the report as one JSON object (schema `scopetop-doctor/1`) and a line's end.
pub fn write_json(out: &mut impl Write, report: &Report) -> io::Result<()> {
    #[derive(Serialize)]
    struct Document<'a> {
        schema: &'static str,
        host: Option<&'a Text>,
        kernel: Option<&'a Text>,
        privileged: bool,
        steps: &'a [Step],
    }
    let document = Document {
        schema: "scopetop-doctor/1",
        host: Some(&report.host).filter(|host| !host.is_empty()),
        kernel: Some(&report.kernel).filter(|kernel| !kernel.is_empty()),
        privileged: report.privileged,
        steps: &report.steps,
    };
    serde_json::to_writer(&mut *out, &document)?;
    out.write_all(b"\n")
}

/// Writes the report as a table: each part, each way to it, what came of it, why, and below
/// that what to do about it.
pub fn write_text(out: &mut impl Write, report: &Report) -> io::Result<()> {
    let rights = if report.privileged { "all privileges" } else { "limited privileges" };
    writeln!(out, "{}  kernel {}  {rights}\n", report.host, report.kernel)?;
    let mut table = Table::new([
        ("PART", Lean::Left),
        ("WAY", Lean::Left),
        ("OUTCOME", Lean::Left),
        ("REASON", Lean::Left),
    ]);
    for step in &report.steps {
        let outcome = match step.outcome {
            Outcome::Chosen => "✓ chosen",
            Outcome::NotNeeded => "– not needed",
            Outcome::Refused => "✗ refused",
        };
        let reason = step.reason.as_ref().map(ToString::to_string).unwrap_or_default();
        table.push(false, [step.part.name().to_owned(), step.way.to_string(), outcome.to_owned(), reason]);
        if let Some(remedy) = &step.remedy {
            // Both are sentences: one below the other they stay readable.
            table.push(false, [String::new(), String::new(), String::new(), format!("remedy: {remedy}")]);
        }
    }
    table.write(out, false)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test ends at the first surprise")]

    use scopetop_tracker::report::Part;

    use super::*;
    use crate::output::fixture::{EVIL_NAME, assert_harmless};

    fn report() -> Report {
        let step = |part, way: &str, outcome| Step {
            part,
            way: Text::from(way),
            outcome,
            reason: None,
            remedy: None,
        };
        let refused = Step {
            reason: Some(Text::from_bytes(EVIL_NAME)),
            remedy: Some(Text::from("run as root, or with CAP_BPF and CAP_PERFMON")),
            ..step(Part::Events, "tp_btf", Outcome::Refused)
        };
        Report {
            host: Text::from("web-01"),
            kernel: Text::from("6.12.0"),
            privileged: false,
            steps: vec![
                refused,
                step(Part::Events, "raw_tp", Outcome::Chosen),
                step(Part::Scan, "sock_diag", Outcome::NotNeeded),
            ],
        }
    }

    #[test]
    fn people_read_a_table() {
        let mut out = Vec::new();
        write_text(&mut out, &report()).unwrap();
        let text = String::from_utf8(out).unwrap();
        assert_harmless(&text);
        insta::assert_snapshot!(text);
    }

    #[test]
    fn machines_read_an_object() {
        let mut out = Vec::new();
        write_json(&mut out, &report()).unwrap();
        let text = String::from_utf8(out).unwrap();
        assert_harmless(&text);
        insta::assert_snapshot!(text);
    }
}
