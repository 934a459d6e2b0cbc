//! The table of processes: what events told, and what `/proc` adds.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use super::Process;
use super::cache::{Answer, ProcessCache};
use super::proc_files::ProcFiles;
use super::users::Users;
use crate::connection::Actor;
use crate::container::Container;
use crate::container::cgroup_ids::CgroupIds;
use crate::container::engine::EngineFacts;
use crate::identity::{ContainerId, NetnsId, ProcessId};
use crate::kernel::clock::Clock;

/// What is known of processes.
///
/// An event's process is known at once by what the event carried ([`ProcessTable::observe`]); `/proc` is read once
/// for each process, when it is needed ([`ProcessTable::explain`]), and again when it has another name.
#[derive(Debug)]
pub struct ProcessTable {
    cache: ProcessCache,
    files: ProcFiles,
    users: Users,
    cgroups: CgroupIds,
}

impl ProcessTable {
    /// An empty table. `cgroup_root`: the hierarchy whose numbers the events carry (see [`CgroupIds::new`]).
    /// `arguments`: whether those of processes are read.
    pub fn new(clock: Clock, cgroup_root: impl Into<PathBuf>, arguments: bool) -> Self {
        Self {
            cache: ProcessCache::new(clock),
            files: ProcFiles::open(arguments),
            users: Users::default(),
            cgroups: CgroupIds::new(cgroup_root),
        }
    }

    /// Takes in what an event carried. Cheap where nothing is new: no lookup is made.
    pub fn observe(&mut self, actor: &Actor) {
        self.cache.observe(actor, |uid| self.users.name(uid, Instant::now()));
    }

    /// Looks up those of the processes that were not yet, and all that were renamed. A process that is gone keeps
    /// what its events carried; another process with its pid is not taken for it; one whose start is not known is
    /// not looked up, for nothing could tell whether it is still the same.
    pub fn explain(&mut self, ids: impl IntoIterator<Item = ProcessId>) {
        let questions = self.cache.questions(ids);
        let found = self.files.facts(&questions);
        for (question, facts) in questions.into_iter().zip(found) {
            let container = match facts.as_ref().and_then(|facts| facts.container.as_ref()) {
                Some(_) => None,
                None => self.cgroups.container(question.cgroup, Instant::now()).cloned(),
            };
            let users = &mut self.users;
            self.cache.learn(question, Answer { facts, container }, |uid| users.name(uid, Instant::now()));
        }
    }

    /// What is known of a process.
    pub fn get(&self, id: &ProcessId) -> Option<Arc<Process>> {
        self.cache.get(id).cloned()
    }

    /// The pids of the remembered processes that were in a network namespace when they were looked up, in no order.
    pub fn pids_in(&self, netns: NetnsId) -> impl Iterator<Item = u32> {
        self.cache.pids_in(netns)
    }

    /// The processes that were explained before and of which something changed since, each once. Call
    /// [`ProcessTable::explain`] first: it looks up those that were renamed.
    pub fn take_changed(&mut self) -> Vec<Arc<Process>> {
        self.cache.take_changed()
    }

    /// The containers in which a process was found for the first time, and those of which more is known, each once.
    pub fn take_changed_containers(&mut self) -> Vec<Container> {
        self.cache.take_changed_containers()
    }

    /// Looks whether there are new cgroups: those of containers that live for a moment are gone when they are asked
    /// for. To be called several times a second; it costs next to nothing where none was made.
    pub fn refresh_cgroups(&mut self) {
        self.cgroups.refresh(Instant::now());
    }

    /// Takes in what an engine tells of a container; it is among the changed ones then.
    pub fn learn_container(&mut self, id: &ContainerId, facts: EngineFacts) {
        self.cache.learn_container(id, facts);
    }

    /// The containers in which a remembered process is, in no order.
    pub fn containers(&self) -> impl Iterator<Item = &Container> {
        self.cache.containers()
    }

    /// Another number whenever [`ProcessTable::containers`] differ from before.
    pub fn containers_revision(&self) -> u64 {
        self.cache.containers_revision()
    }

    /// Ends a tick: a process that `is_named` does not know, and that no event and nobody asked for has named for some
    /// ticks, is forgotten.
    pub fn end_tick(&mut self, is_named: impl FnMut(&ProcessId) -> bool) {
        self.cache.end_tick(is_named);
    }

    /// How many processes it remembers.
    pub fn len(&self) -> usize {
        self.cache.len()
    }

    /// Whether it remembers none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}
