//! What touches the kernel.

pub mod address;
pub mod clock;
pub(crate) mod proc_dir;
pub mod scan;
