//! What was there before: one scan, by the best way that works.

pub(crate) mod iterator;
