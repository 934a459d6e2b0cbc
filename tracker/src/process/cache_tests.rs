#![allow(clippy::unwrap_used, reason = "a test ends at the first surprise")]

use super::*;
use crate::process::stat::Stat;

const ID: ProcessId = ProcessId { pid: 7, started: 100 };

fn cache() -> ProcessCache {
    ProcessCache::new(Clock::with_offset(1_000))
}

fn actor(comm: &str, uid: u32) -> Actor {
    Actor { id: ID, comm: comm_field(comm.as_bytes()), uid, cgroup: 9 }
}

fn facts(comm: &str) -> Facts {
    Facts {
        stat: Stat { comm: comm_field(comm.as_bytes()), kernel_thread: false, started: ID.started },
        cmdline: Some(vec![Text::from(comm), Text::from("-x")]),
        exe: Some(Text::from("/bin/x")),
        uid: Some(1000),
        netns: Some(NetnsId(3)),
        container: None,
    }
}

fn named(id: &str) -> Named {
    Named { id: ContainerId(Text::from(id)), runtime: None, name: None, parent: None }
}

fn user_of(uid: u32) -> Option<Text> {
    (uid != 0).then(|| Text::from(format!("user{uid}").as_str()))
}

fn explain(cache: &mut ProcessCache, answer: &Answer) -> usize {
    let questions = cache.questions([ID]);
    for &question in &questions {
        cache.learn(question, answer.clone(), user_of);
    }
    questions.len()
}

fn found(facts: Facts) -> Answer {
    Answer { facts: Some(facts), container: None }
}

#[test]
fn an_event_alone_is_enough() {
    let mut cache = cache();
    cache.observe(&actor("curl", 5), user_of);
    let process = cache.get(&ID).unwrap();
    assert_eq!(process.comm.as_str(), "curl");
    assert_eq!((process.uid, process.user.as_deref()), (Some(5), Some("user5")));
    assert_eq!(process.started_at, Some(Timestamp(1_000_001_000)));
    assert_eq!(process.cmdline, None);
}

#[test]
fn a_process_is_looked_up_once_and_gains_facts() {
    let mut cache = cache();
    cache.observe(&actor("curl", 5), user_of);
    assert_eq!(explain(&mut cache, &found(facts("curl"))), 1);
    let process = cache.get(&ID).unwrap().clone();
    assert_eq!(process.cmdline.as_ref().unwrap()[1].as_str(), "-x");
    assert_eq!((process.uid, process.netns), (Some(5), Some(NetnsId(3))));
    cache.observe(&actor("curl", 5), user_of);
    assert_eq!(explain(&mut cache, &Answer::default()), 0);
    assert!(Arc::ptr_eq(&process, cache.get(&ID).unwrap()));
    assert!(cache.take_changed().is_empty(), "explained for the first time is not changed");
}

#[test]
fn the_user_is_asked_for_only_where_no_event_told() {
    let mut cache = cache();
    let questions = cache.questions([ID]);
    assert_eq!(questions, [Question { id: ID, with_user: true, cgroup: 0 }]);
    cache.learn(questions[0], found(facts("curl")), user_of);
    assert_eq!(cache.get(&ID).unwrap().user.as_deref(), Some("user1000"));
    let other = ProcessId { pid: 8, ..ID };
    cache.observe(&Actor { id: other, ..actor("curl", 5) }, user_of);
    assert_eq!(cache.questions([other]), [Question { id: other, with_user: false, cgroup: 9 }]);
}

#[test]
fn a_vanished_process_keeps_what_its_event_carried() {
    let mut cache = cache();
    cache.observe(&actor("curl", 5), user_of);
    let answer = Answer { facts: None, container: Some(named("abc")) };
    assert_eq!(explain(&mut cache, &answer), 1);
    let process = cache.get(&ID).unwrap();
    assert_eq!((process.comm.as_str(), process.uid), ("curl", Some(5)));
    assert_eq!(process.container, Some(named("abc").id));
    assert_eq!(explain(&mut cache, &answer), 0, "it will not come back");
}

#[test]
fn a_renamed_process_is_looked_up_again_and_told() {
    let mut cache = cache();
    cache.observe(&actor("sh", 5), user_of);
    explain(&mut cache, &found(facts("sh")));
    cache.observe(&actor("curl", 5), user_of);
    assert_eq!(explain(&mut cache, &found(facts("curl"))), 1);
    let changed = cache.take_changed();
    assert_eq!(changed.len(), 1);
    assert_eq!(changed[0].cmdline.as_ref().unwrap()[0].as_str(), "curl");
    assert!(cache.take_changed().is_empty());
}

#[test]
fn a_process_renamed_and_gone_has_not_its_old_command_line() {
    let mut cache = cache();
    cache.observe(&actor("sh", 5), user_of);
    explain(&mut cache, &found(facts("sh")));
    cache.observe(&actor("curl", 5), user_of);
    explain(&mut cache, &Answer::default());
    let changed = cache.take_changed();
    assert_eq!((changed[0].comm.as_str(), &changed[0].cmdline, &changed[0].exe), ("curl", &None, &None));
}

#[test]
fn another_user_is_told() {
    let mut cache = cache();
    cache.observe(&actor("sshd", 0), user_of);
    explain(&mut cache, &found(facts("sshd")));
    cache.observe(&actor("sshd", 1000), user_of);
    assert_eq!(cache.take_changed()[0].user.as_deref(), Some("user1000"));
    assert_eq!(explain(&mut cache, &Answer::default()), 0, "the program is the same");
}

#[test]
fn a_kernel_worker_is_not_looked_up_for_each_of_its_names() {
    let mut cache = cache();
    cache.observe(&actor("kworker/0:1", 0), user_of);
    let mut worker = facts("kworker/0:1-eve");
    worker.stat.kernel_thread = true;
    worker.cmdline = Some(Vec::new());
    explain(&mut cache, &found(worker));
    assert_eq!(cache.get(&ID).unwrap().comm.as_str(), "kworker/0:1");
    cache.observe(&actor("kworker/0:1+rpc", 0), user_of);
    assert_eq!(explain(&mut cache, &Answer::default()), 0);
    assert_eq!(cache.get(&ID).unwrap().cmdline, Some(Vec::new()));
}

#[test]
fn a_container_is_told_once_and_again_when_more_is_known() {
    let mut cache = cache();
    explain(&mut cache, &Answer { facts: None, container: Some(named("abc")) });
    let told = cache.take_changed_containers();
    assert_eq!((told.len(), told[0].netns), (1, None));
    assert!(cache.take_changed_containers().is_empty());
    let other = ProcessId { pid: 8, ..ID };
    let question = cache.questions([other])[0];
    cache.learn(question, found(Facts { container: Some(named("abc")), ..facts("x") }), user_of);
    assert_eq!(cache.take_changed_containers()[0].netns, Some(NetnsId(3)));
}

#[test]
fn what_an_engine_tells_of_a_container_is_told_once_and_only_where_it_is_known() {
    let mut cache = cache();
    explain(&mut cache, &Answer { facts: None, container: Some(named("abc")) });
    cache.take_changed_containers();
    let told = EngineFacts {
        name: Some(Text::from("web")),
        image: Some(Text::from("nginx")),
        labels: BTreeMap::from([(Text::from("a"), Text::from("b"))]),
    };
    let revision = cache.containers_revision();
    cache.learn_container(&named("abc").id, told.clone());
    assert_ne!(cache.containers_revision(), revision);
    let changed = cache.take_changed_containers();
    assert_eq!(
        (&changed[0].name, &changed[0].image, &changed[0].labels),
        (&told.name, &told.image, &told.labels)
    );

    let revision = cache.containers_revision();
    cache.learn_container(&named("abc").id, told.clone());
    cache.learn_container(&named("other").id, told);
    assert!(cache.take_changed_containers().is_empty());
    assert_eq!((cache.containers().count(), cache.containers_revision()), (1, revision));
}

#[test]
fn what_nothing_names_is_forgotten_after_a_while_and_what_is_named_never() {
    let mut cache = cache();
    let named_id = ProcessId { pid: 8, ..ID };
    cache.observe(&actor("curl", 5), user_of);
    explain(&mut cache, &Answer { facts: None, container: Some(named("abc")) });
    cache.questions([named_id]);
    for _ in 0..TICKS_REMEMBERED {
        cache.end_tick(|id| *id == named_id);
        assert_eq!((cache.len(), cache.containers.len()), (2, 1));
    }
    let revision = cache.containers_revision();
    cache.end_tick(|id| *id == named_id);
    assert_ne!(cache.containers_revision(), revision, "a container went");
    assert!(cache.get(&ID).is_none() && cache.get(&named_id).is_some());
    assert!(cache.containers.is_empty());
}

#[test]
fn an_event_makes_a_process_young_again() {
    let mut cache = cache();
    for _ in 0..TICKS_REMEMBERED * 3 {
        cache.observe(&actor("curl", 5), user_of);
        cache.end_tick(|_| false);
    }
    assert!(cache.get(&ID).is_some());
}
