//! The filter language under changed filters.

use super::Filter;
use super::parser::LONGEST;

#[test]
fn changed_filters_do_no_harm() {
    // A pattern's compiled form may be large, up to a limit of its own.
    crate::fuzz::run("filter", 4096, |text| {
        let text = String::from_utf8_lossy(text);
        match Filter::parse(&text) {
            Ok(filter) => {
                let written = filter.to_string();
                // Written out it is longer, and may be too long.
                if written.chars().count() > LONGEST {
                    return;
                }
                let again = Filter::parse(&written).map(|again| again.to_string());
                assert_eq!(again.as_ref(), Ok(&written), "of {text:?}");
            }
            Err(error) => {
                assert!((1..=text.chars().count() + 1).contains(&error.column), "{error} of {text:?}");
                assert!(error.length > 0 && !error.to_string().contains(char::is_control), "{error:?}");
            }
        }
    });
}
