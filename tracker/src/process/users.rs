//! The names of users.

use std::time::{Duration, Instant};

use rustc_hash::FxHashMap;

use crate::text::Text;

/// How soon after a reading an unknown user may cause the next one.
const REST: Duration = Duration::from_mins(1);

/// The names of users by id, read when the first is asked for.
#[derive(Debug, Default)]
pub(super) struct Users {
    names: FxHashMap<u32, Text>,
    read_at: Option<Instant>,
}

impl Users {
    /// The name of a user; `None` for an id without a name (a container's user, for one).
    pub(super) fn name(&mut self, uid: u32, now: Instant) -> Option<Text> {
        self.name_from(uid, now, read_users)
    }

    fn name_from(
        &mut self,
        uid: u32,
        now: Instant,
        read: impl FnOnce() -> FxHashMap<u32, Text>,
    ) -> Option<Text> {
        let rested = self.read_at.is_none_or(|at| now.saturating_duration_since(at) >= REST);
        if rested && !self.names.contains_key(&uid) {
            self.read_at = Some(now);
            self.names = read();
        }
        self.names.get(&uid).cloned()
    }
}

/// The system's users; none where they cannot be read: ids are shown then.
fn read_users() -> FxHashMap<u32, Text> {
    let Ok(users) = sysinfo::Users::new_with_refreshed_list() else { return FxHashMap::default() };
    let mut names = FxHashMap::default();
    for user in &users {
        // Of several names for one id the first is the one that `ps` shows.
        names.entry(**user.id()).or_insert_with(|| Text::from(user.name()));
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    fn users(name: &str) -> FxHashMap<u32, Text> {
        FxHashMap::from_iter([(1000, Text::from(name))])
    }

    #[test]
    fn an_unknown_user_causes_a_reading_once_a_minute() {
        let start = Instant::now();
        let mut table = Users::default();
        let panics = || unreachable!("read too soon");
        assert_eq!(table.name_from(1000, start, || users("ann")).as_deref(), Some("ann"));
        assert_eq!(table.name_from(1000, start + REST * 2, panics).as_deref(), Some("ann"));
        assert_eq!(table.name_from(7, start + REST / 2, panics), None);
        assert_eq!(table.name_from(7, start + REST, || users("bob")), None);
        assert_eq!(table.name_from(1000, start + REST, panics).as_deref(), Some("bob"));
    }

    #[test]
    fn root_has_a_name() {
        assert_eq!(Users::default().name(0, Instant::now()).as_deref(), Some("root"));
    }
}
