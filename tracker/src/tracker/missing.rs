//! What the user should know about what the picture lacks, and what would help: told from what is seen on the screen.

use crate::report::{Outcome, Part, Report, Step};
use crate::text::Text;

/// What shows everything that this user may not see. Before the comma is the short of it.
const REMEDY: &str =
    "use sudo, or once: sudo setcap cap_bpf,cap_perfmon,cap_net_admin,cap_sys_ptrace+ep PATH-OF-SCOPETOP";

/// What is missing, a short sentence each, what matters most first; and one thing to do about all of it.
pub(super) fn what_is_missing(report: &Report) -> (Vec<Text>, Option<Text>) {
    let mut missing = Vec::new();
    let unix = report.chosen(Part::Scan).is_none_or(|step| *step.way != *"iter");
    if report.chosen(Part::Events).is_some() {
        if unix {
            missing.push(Text::from("not shown: Unix"));
        }
        let refused = || report.steps.iter().filter(|step| step.part == Part::Udp && is_refused(step));
        missing.extend(refused().filter_map(|step| step.reason.clone()));
        return (missing, refused().find_map(|step| step.remedy.clone()));
    }
    let others = report.steps.iter().any(|step| step.part == Part::Processes && is_refused(step));
    let lacks = [(others, "others' processes"), (true, "short connections"), (true, "UDP"), (unix, "Unix")];
    let lacks: Vec<_> = lacks.into_iter().filter_map(|(lacks, what)| lacks.then_some(what)).collect();
    missing.push(Text::from(format!("not shown: {}", lacks.join(", ")).as_str()));
    // Without the kernel's types nothing else was tried.
    let refused =
        report.steps.iter().find(|step| is_refused(step) && matches!(step.part, Part::Types | Part::Events));
    let by_rights = refused.is_some_and(|step| step.part == Part::Events && *step.way != *"ebpf");
    if by_rights && !report.privileged {
        // In which words the kernel refused it, the report tells.
        missing.push(Text::from("this user may not use eBPF, which tells of them"));
        return (missing, Some(Text::from(REMEDY)));
    }
    let why = refused.and_then(|step| step.reason.as_deref()).unwrap_or("the reason is not known");
    missing.push(Text::from(format!("eBPF, which tells of them, is not used: {why}").as_str()));
    (missing, refused.and_then(|step| step.remedy.clone()))
}

fn is_refused(step: &Step) -> bool {
    step.outcome == Outcome::Refused
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::probes::{chosen, refused};

    fn told(privileged: bool, steps: Vec<Step>) -> (Vec<String>, Option<String>) {
        let report = Report { privileged, steps, ..Report::default() };
        let (missing, remedy) = what_is_missing(&report);
        (missing.iter().map(ToString::to_string).collect(), remedy.map(|remedy| remedy.to_string()))
    }

    fn with(remedy: &str, step: Step) -> Step {
        Step { remedy: Some(Text::from(remedy)), ..step }
    }

    #[test]
    fn nothing_is_missing_where_all_works() {
        let steps = vec![chosen(Part::Events, "tp_btf"), chosen(Part::Scan, "iter")];
        assert_eq!(told(true, steps), (vec![], None));
    }

    #[test]
    fn an_ordinary_user_is_told_what_he_does_not_see_and_one_remedy() {
        let steps = vec![
            chosen(Part::Types, "btf"),
            with("another", refused(Part::Events, "tp_btf", "map error: not permitted")),
            refused(Part::Unix, "iter", "only iter"),
            chosen(Part::Scan, "sock_diag"),
            chosen(Part::Processes, "proc"),
            refused(Part::Processes, "proc of others", "without CAP_SYS_PTRACE"),
        ];
        let (missing, remedy) = told(false, steps);
        assert_eq!(
            missing,
            [
                "not shown: others' processes, short connections, UDP, Unix",
                "this user may not use eBPF, which tells of them"
            ]
        );
        assert_eq!(remedy.as_deref(), Some(REMEDY));
    }

    #[test]
    fn what_is_not_a_matter_of_rights_has_its_own_reason_and_remedy() {
        let types = with("a kernel with BTF", refused(Part::Types, "btf", "no such file"));
        for privileged in [true, false] {
            let (missing, remedy) = told(privileged, vec![types.clone(), chosen(Part::Scan, "sock_diag")]);
            assert_eq!(
                missing,
                [
                    "not shown: short connections, UDP, Unix",
                    "eBPF, which tells of them, is not used: no such file"
                ]
            );
            assert_eq!(remedy.as_deref(), Some("a kernel with BTF"));
            let asked = with("leave it out", refused(Part::Events, "ebpf", "--backend proc was asked for"));
            let (missing, remedy) = told(privileged, vec![asked]);
            assert_eq!(missing[1], "eBPF, which tells of them, is not used: --backend proc was asked for");
            assert_eq!(remedy.as_deref(), Some("leave it out"));
        }
    }

    #[test]
    fn what_is_missing_of_udp_and_unix_is_told_beside_events() {
        let udp = with("more rights", refused(Part::Udp, "cgroup addresses", "some datagrams are not seen"));
        let steps = vec![chosen(Part::Events, "tp_btf"), udp, chosen(Part::Scan, "sock_diag")];
        let (missing, remedy) = told(false, steps);
        assert_eq!(missing, ["not shown: Unix", "some datagrams are not seen"]);
        assert_eq!(remedy.as_deref(), Some("more rights"));
    }
}
