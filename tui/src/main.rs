//! `scopetop`: who on this Linux host talks to whom, live, in a terminal.

fn main() {}
