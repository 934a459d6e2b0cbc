//! What runs in the kernel.
//!
//! Nothing here decides anything: each hook reads what the kernel knows of one socket into one
//! [`SocketRecord`] and hands it over. All state but the set of accepted sockets without a known user and the counters
//! of UDP flows is kept in user space.
#![no_std]
#![no_main]
#![feature(asm_experimental_arch)]
#![allow(
    unsafe_code,
    reason = "the kernel's memory is read through raw pointers; the verifier checks each access"
)]

mod awaited;
mod iterator;
mod owner;
mod reader;
mod record;
mod settings;
mod state;
mod udp;
mod unix;

/// The verifier rejects a program that could get here.
#[panic_handler]
fn panic(_info: &core::panic::PanicInfo<'_>) -> ! {
    loop {}
}

/// Some helpers are only for programs whose licence is compatible with the kernel's.
#[unsafe(link_section = "license")]
#[unsafe(no_mangle)]
static LICENSE: [u8; 13] = *b"Dual MIT/GPL\0";
