//! The terminal's side of scopetop: command line, screen, export.

pub mod act;
pub mod app;
pub mod cli;
mod clicks;
pub mod command;
pub mod config;
pub mod errands;
pub mod error;
pub mod export;
mod frames;
pub mod graph;
pub mod history;
pub mod human;
pub mod input;
pub mod list;
pub mod live;
pub mod man;
pub mod output;
pub mod screen;
mod slots;
pub mod stage;
pub mod terminal;
pub mod theme;
pub mod trend;
pub mod usage;
pub mod view;

#[cfg(test)]
mod fixture;
