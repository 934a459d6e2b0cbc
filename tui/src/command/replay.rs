//! `scopetop replay`.

use scopetop_tracker::recording::Recording;
use scopetop_tracker::text::Text;

use super::recorded;
use crate::cli::{Replay, Settings};
use crate::config::Config;
use crate::error::Error;
use crate::live::ReplayOptions;

/// What `--demo` shows: a minute of the host of the README's pictures, of which only what is for everybody to see was kept:
///
/// ```sh
/// cargo run -p scopetop-lab --bin lab-pictures assets/pictures host.scopetop
/// cargo run -p scopetop-lab --bin lab-demo host.scopetop assets/demo.scopetop web-01 \
///     nginx postgres gunicorn redis-server celery prometheus coredns firefox curl
/// ```
const DEMO: &[u8] = include_bytes!("../../../assets/demo.scopetop");

/// Shows a recording until the user quits.
pub fn run(options: &Replay, settings: &Settings, mut config: Config) -> Result<(), Error> {
    let recording = match &options.file {
        Some(file) => recorded::open(file)?.1,
        None => recorded::checked(&Text::from("--demo"), Recording::from_bytes(DEMO))?,
    };
    config.view = options.view.unwrap_or(config.view);
    config.mouse &= !options.no_mouse;
    let options = ReplayOptions {
        recording,
        speed: options.speed.unwrap_or_default(),
        filter: settings.filter.clone(),
        arguments: settings.arguments,
        config,
    };
    Ok(super::runtime()?.block_on(crate::live::replay(options))?)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test ends at the first surprise")]

    use scopetop_tracker::recording::Player;
    use scopetop_tracker::topology::Node;

    use super::*;
    use crate::app::{Speed, Time};
    use crate::human;

    #[test]
    fn the_demo_is_whole_and_small() {
        let demo = recorded::checked(&"--demo".into(), Recording::from_bytes(DEMO)).unwrap();
        assert_eq!(demo.flaw(), None);
        assert!(DEMO.len() < 300_000, "{} bytes", DEMO.len());
    }

    #[test]
    fn the_demo_begins_with_names_and_ticks_of_a_second() {
        let demo = Recording::from_bytes(DEMO).unwrap();
        let mut player = Player::new();
        player.go_to(&demo, 0).unwrap();
        let containers = player.topology().unwrap().graph().node_weights().filter_map(|node| match node {
            Node::Container(container) => Some(container.name.as_deref()),
            _ => None,
        });
        let names: Vec<Option<&str>> = containers.collect();
        assert!(names.len() > 5 && names.iter().all(Option::is_some), "{names:?}");
        let tick = Time::recorded(demo.moments(), Speed::default()).usual_length().unwrap();
        assert_eq!(human::tick(tick), "1s");
    }
}
