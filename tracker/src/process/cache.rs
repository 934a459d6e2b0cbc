//! What is known of processes: events and looked-up facts in, [`Process`] out. Pure: no clock, no I/O.

use std::collections::BTreeMap;
use std::sync::Arc;

use rustc_hash::{FxHashMap, FxHashSet};

use super::Process;
use super::proc_files::Facts;
use super::stat::comm_field;
use crate::connection::Actor;
use crate::container::Container;
use crate::container::cgroup::Named;
use crate::container::engine::EngineFacts;
use crate::identity::{ContainerId, NetnsId, ProcessId, Timestamp};
use crate::kernel::clock::Clock;
use crate::text::Text;

/// For how many ticks a process that nothing names is remembered: late events of its sockets may still come.
pub(crate) const TICKS_REMEMBERED: u32 = 10;

#[derive(Debug)]
pub(super) struct ProcessCache {
    clock: Clock,
    entries: FxHashMap<ProcessId, Entry>,
    /// Those whose name changed: to be looked up again.
    renamed: FxHashSet<ProcessId>,
    /// Those that changed after they were explained.
    changed: FxHashSet<ProcessId>,
    containers: FxHashMap<ContainerId, Container>,
    changed_containers: FxHashSet<ContainerId>,
    /// Counts up with everything that happens to a container.
    containers_revision: u64,
}

#[derive(Debug)]
struct Entry {
    process: Arc<Process>,
    comm: [u8; 16],
    cgroup: u64,
    /// Whether it was looked up, successfully or not.
    explained: bool,
    /// Whether it was found in /proc: it is a thread of the kernel then, or it is not.
    kernel_thread: bool,
    /// How many ticks ended since something named it.
    idle: u32,
}

/// What a lookup has to find out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Question {
    pub(super) id: ProcessId,
    /// No event told whose it is.
    pub(super) with_user: bool,
    /// What events told of its cgroup; 0 for nothing.
    pub(super) cgroup: u64,
}

/// What a lookup found out.
#[derive(Clone, Debug, Default)]
pub(super) struct Answer {
    /// What /proc tells; `None` if the process is gone.
    pub(super) facts: Option<Facts>,
    /// The container by the cgroup that events told, where /proc told none.
    pub(super) container: Option<Named>,
}

impl ProcessCache {
    pub(super) fn new(clock: Clock) -> Self {
        Self {
            clock,
            entries: FxHashMap::default(),
            renamed: FxHashSet::default(),
            changed: FxHashSet::default(),
            containers: FxHashMap::default(),
            changed_containers: FxHashSet::default(),
            containers_revision: 0,
        }
    }

    /// Takes in what an event carried.
    pub(super) fn observe(&mut self, actor: &Actor, user_of: impl FnOnce(u32) -> Option<Text>) {
        let comm = comm_field(&actor.comm);
        let entry = self.entries.entry(actor.id).or_insert_with(|| Entry::unknown(actor.id, self.clock));
        entry.idle = 0;
        if actor.cgroup != 0 {
            entry.cgroup = actor.cgroup;
        }
        if entry.comm == comm && entry.process.uid == Some(actor.uid) {
            return;
        }
        let process = Arc::make_mut(&mut entry.process);
        if process.uid != Some(actor.uid) {
            process.uid = Some(actor.uid);
            process.user = user_of(actor.uid);
        }
        // A worker of the kernel's is called by what it does at the moment: no new program.
        let renamed = entry.comm != comm && !entry.kernel_thread;
        entry.comm = comm;
        process.comm = Text::from_c_field(&comm);
        if entry.explained {
            self.changed.insert(actor.id);
            if renamed {
                self.renamed.insert(actor.id);
            }
        }
    }

    /// Which of these are to be looked up, and those renamed since the last time. Each is told once.
    pub(super) fn questions(&mut self, ids: impl IntoIterator<Item = ProcessId>) -> Vec<Question> {
        let mut questions = Vec::new();
        for id in ids {
            let entry = self.entries.entry(id).or_insert_with(|| Entry::unknown(id, self.clock));
            entry.idle = 0;
            if !entry.explained {
                entry.explained = true;
                questions.push(entry.question(id));
            }
        }
        questions.extend(
            self.renamed.drain().filter_map(|id| self.entries.get(&id).map(|entry| entry.question(id))),
        );
        questions
    }

    /// Takes in what a lookup found out.
    pub(super) fn learn(
        &mut self,
        question: Question,
        answer: Answer,
        user_of: impl FnOnce(u32) -> Option<Text>,
    ) {
        let Some(entry) = self.entries.get_mut(&question.id) else { return };
        let process = Arc::make_mut(&mut entry.process);
        let container = if let Some(facts) = answer.facts {
            entry.kernel_thread = facts.stat.kernel_thread;
            let keeps_name = entry.kernel_thread && !process.comm.is_empty();
            if !keeps_name {
                entry.comm = facts.stat.comm;
                process.comm = Text::from_c_field(&facts.stat.comm);
            }
            process.cmdline = facts.cmdline;
            process.exe = facts.exe;
            process.netns = facts.netns;
            if process.uid.is_none() {
                process.uid = facts.uid;
                process.user = facts.uid.and_then(user_of);
            }
            facts.container.or(answer.container)
        } else {
            // What is known from before a rename is another program's.
            process.cmdline = None;
            process.exe = None;
            answer.container
        };
        if let Some(named) = container {
            process.container = Some(named.id.clone());
            let netns = process.netns;
            self.name_container(named, netns);
        }
    }

    fn name_container(&mut self, named: Named, netns: Option<NetnsId>) {
        let container = self.containers.entry(named.id.clone()).or_insert_with(|| {
            self.changed_containers.insert(named.id.clone());
            self.containers_revision += 1;
            Container {
                id: named.id.clone(),
                runtime: None,
                parent: None,
                name: named.name.clone(),
                image: None,
                labels: BTreeMap::new(),
                netns: None,
            }
        });
        let (runtime, netns) = (container.runtime.clone().or(named.runtime), container.netns.or(netns));
        let parent = container.parent.clone().or(named.parent);
        if (&runtime, &parent, netns) != (&container.runtime, &container.parent, container.netns) {
            (container.runtime, container.parent, container.netns) = (runtime, parent, netns);
            self.changed_containers.insert(named.id);
            self.containers_revision += 1;
        }
    }

    /// Takes in what an engine tells of a container. One without a process is not remembered.
    pub(super) fn learn_container(&mut self, id: &ContainerId, facts: EngineFacts) {
        let Some(container) = self.containers.get_mut(id) else { return };
        let EngineFacts { name, image, labels } = facts;
        if (&name, &image, &labels) == (&container.name, &container.image, &container.labels) {
            return;
        }
        (container.name, container.image, container.labels) = (name, image, labels);
        self.changed_containers.insert(id.clone());
        self.containers_revision += 1;
    }

    /// The containers that have a process.
    pub(super) fn containers(&self) -> impl Iterator<Item = &Container> {
        self.containers.values()
    }

    /// Another number whenever a container came, changed or went.
    pub(super) fn containers_revision(&self) -> u64 {
        self.containers_revision
    }

    pub(super) fn get(&self, id: &ProcessId) -> Option<&Arc<Process>> {
        self.entries.get(id).map(|entry| &entry.process)
    }

    /// The processes that changed after they were explained, each once.
    pub(super) fn take_changed(&mut self) -> Vec<Arc<Process>> {
        let mut changed: Vec<_> = self
            .changed
            .drain()
            .filter_map(|id| self.entries.get(&id).map(|entry| entry.process.clone()))
            .collect();
        changed.sort_by_key(|process| process.id);
        changed
    }

    /// The containers that a process was found in for the first time, and those of which more is known, each once.
    pub(super) fn take_changed_containers(&mut self) -> Vec<Container> {
        let mut changed: Vec<_> =
            self.changed_containers.drain().filter_map(|id| self.containers.get(&id).cloned()).collect();
        changed.sort_by(|one, other| one.id.cmp(&other.id));
        changed
    }

    /// Ends a tick: forgets the processes that nothing has named for a while, and the containers without one.
    pub(super) fn end_tick(&mut self, mut is_named: impl FnMut(&ProcessId) -> bool) {
        self.entries.retain(|id, entry| {
            entry.idle = if is_named(id) { 0 } else { entry.idle + 1 };
            entry.idle <= TICKS_REMEMBERED
        });
        let inhabited: FxHashSet<_> =
            self.entries.values().filter_map(|entry| entry.process.container.as_ref()).collect();
        let before = self.containers.len();
        self.containers.retain(|id, _| inhabited.contains(id));
        if self.containers.len() < before {
            self.containers_revision += 1;
        }
    }

    /// How many processes it remembers.
    pub(super) fn pids_in(&self, netns: NetnsId) -> impl Iterator<Item = u32> {
        let entries = self.entries.values().filter(move |entry| entry.process.netns == Some(netns));
        entries.map(|entry| entry.process.id.pid)
    }

    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }
}

impl Entry {
    fn unknown(id: ProcessId, clock: Clock) -> Self {
        let started_at: Option<Timestamp> = clock.started_at(id);
        Self {
            process: Arc::new(Process { started_at, ..Process::unknown(id) }),
            comm: [0; 16],
            cgroup: 0,
            explained: false,
            kernel_thread: false,
            idle: 0,
        }
    }

    fn question(&self, id: ProcessId) -> Question {
        Question { id, with_user: self.process.uid.is_none(), cgroup: self.cgroup }
    }
}

#[cfg(test)]
#[path = "cache_tests.rs"]
mod tests;
