//! Which cgroup hierarchy has the containers.

use std::fs;
use std::path::PathBuf;

/// A hierarchy and where it is mounted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct CgroupHierarchy {
    /// The cgroup v1 controller that names the hierarchy; `None` where it is cgroup v2.
    pub(crate) v1_controller: Option<String>,
    /// Its mount point; `None` where it is not mounted.
    pub(crate) mount: Option<PathBuf>,
}

/// The controllers that container engines put every container into, the likeliest first.
const PREFERRED: [&str; 4] = ["pids", "memory", "cpu", "devices"];

impl CgroupHierarchy {
    /// Looks at `/proc/self`. On a host with cgroup v1 controllers (also a hybrid one) it is one of theirs: there the
    /// engines leave every process at the root of the v2 hierarchy.
    pub(crate) fn find() -> Self {
        let mounts = fs::read_to_string("/proc/self/mountinfo").unwrap_or_default();
        Self::from_mounts(&mounts)
    }

    fn from_mounts(mountinfo: &str) -> Self {
        // Fields: id parent major:minor root mount-point options [optional…] - type source super-options
        let mounts: Vec<(&str, &str, &str)> = mountinfo
            .lines()
            .filter_map(|line| {
                let (before, after) = line.split_once(" - ")?;
                let mount_point = before.split(' ').nth(4)?;
                let mut after = after.split(' ');
                Some((after.next()?, mount_point, after.nth(1)?))
            })
            .collect();
        let v1 = PREFERRED.iter().find_map(|&controller| {
            let (_, mount, _) = mounts.iter().find(|(kind, _, options)| {
                *kind == "cgroup" && options.split(',').any(|option| option == controller)
            })?;
            Some(Self { v1_controller: Some(controller.to_owned()), mount: Some(PathBuf::from(mount)) })
        });
        v1.unwrap_or_else(|| Self {
            v1_controller: None,
            mount: mounts
                .iter()
                .find(|(kind, ..)| *kind == "cgroup2")
                .map(|(_, mount, _)| PathBuf::from(mount)),
        })
    }
}

/// Where cgroup v2 is mounted, whatever the containers are in: programs attach to its root. `None` where it is not.
pub(crate) fn unified_mount() -> Option<PathBuf> {
    let mounts = fs::read_to_string("/proc/self/mountinfo").unwrap_or_default();
    unified_mount_in(&mounts)
}

fn unified_mount_in(mountinfo: &str) -> Option<PathBuf> {
    mountinfo.lines().find_map(|line| {
        let (before, after) = line.split_once(" - ")?;
        after.starts_with("cgroup2 ").then(|| before.split(' ').nth(4).map(PathBuf::from)).flatten()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_attach_where_cgroup_v2_is_whatever_the_containers_are_in() {
        let hybrid = "31 30 0:27 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n\
                      34 30 0:30 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n";
        assert_eq!(unified_mount_in(hybrid), Some("/sys/fs/cgroup/unified".into()));
        assert_eq!(
            unified_mount_in("34 30 0:30 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n"),
            None
        );
        assert_eq!(unified_mount_in(" - cgroup2 \ngarbage"), None);
    }

    #[test]
    fn a_unified_host_has_its_one_hierarchy() {
        let hierarchy = CgroupHierarchy::from_mounts(
            "30 23 0:26 / /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup2 rw,nsdelegate\n",
        );
        assert_eq!(hierarchy, CgroupHierarchy { v1_controller: None, mount: Some("/sys/fs/cgroup".into()) });
    }

    #[test]
    fn a_hybrid_host_has_its_containers_in_v1() {
        let hierarchy = CgroupHierarchy::from_mounts(
            "31 30 0:27 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n\
             33 30 0:29 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct\n\
             34 30 0:30 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n",
        );
        assert_eq!(hierarchy.v1_controller.as_deref(), Some("memory"));
        assert_eq!(hierarchy.mount, Some("/sys/fs/cgroup/memory".into()));
    }

    #[test]
    fn no_cgroups_and_nonsense_are_no_error() {
        assert_eq!(CgroupHierarchy::from_mounts("garbage\n - \n"), CgroupHierarchy::default());
    }
}
