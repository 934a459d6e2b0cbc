//! The only code that touches the kernel: what loads and attaches, what scans, what converts.

pub mod address;
pub(crate) mod btf;
pub(crate) mod cgroup_hierarchy;
pub mod clock;
pub(crate) mod conntrack;
pub(crate) mod convert;
pub(crate) mod errand;
pub(crate) mod flow_map;
pub(crate) mod netlink;
pub(crate) mod network;
mod offsets;
pub(crate) mod probes;
pub(crate) mod proc_dir;
pub mod scan;
pub(crate) mod udp;
pub(crate) mod unix_list;
pub(crate) mod unix_record;
pub(crate) mod visits;
