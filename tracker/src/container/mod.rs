//! Containers: whose a process is.

pub mod cgroup;
pub mod cgroup_ids;
pub mod engine;
pub mod unit;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::identity::{ContainerId, NetnsId};
use crate::text::Text;

/// What is known of a container. Its cgroup's path tells the engine and the id; names come from the engine. A systemd
/// service is one too: it groups processes in the same way, and its cgroup's path is its id.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Container {
    /// The engine's id of it.
    pub id: ContainerId,
    /// The engine, as far as the cgroup's path tells it: `docker`, `podman`, `containerd`, `cri-o`, `lxc`,
    /// `systemd-nspawn`, `systemd` (a service); `None` where the path has only the id.
    pub runtime: Option<Text>,
    /// The container that it runs in, where one does (Docker in Docker, Kubernetes in a container).
    #[serde(default)]
    pub parent: Option<ContainerId>,
    /// Its name.
    pub name: Option<Text>,
    /// Its image.
    pub image: Option<Text>,
    /// Its labels.
    pub labels: BTreeMap<Text, Text>,
    /// The network namespace of its first process.
    pub netns: Option<NetnsId>,
}

impl Container {
    /// Whether it is a systemd service, which has nothing of its own but a name.
    pub fn is_service(&self) -> bool {
        self.runtime.as_deref() == Some(unit::SYSTEMD)
    }

    /// Whether an engine with the Docker-compatible API may know it. Others have ids of the same form.
    pub fn may_be_in_an_engine(&self) -> bool {
        self.runtime.as_deref().is_none_or(|runtime| matches!(runtime, "docker" | "podman"))
    }
}
