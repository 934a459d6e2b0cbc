//! A trend in a few cells.

/// From nothing to the most of what is shown. None fills its cell: trends in rows below each other stay apart.
const BARS: [char; 7] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇'];

/// The newest values as bars, the newest at the right end, in exactly so many cells. The greatest of those shown is the
/// highest bar, zero the lowest one, and anything above zero at least the second; what is not known is blank.
pub fn sparkline(values: &[Option<f32>], width: usize) -> String {
    let shown = &values[values.len().saturating_sub(width)..];
    let most = shown.iter().flatten().copied().fold(0.0, f32::max);
    let bar = |value: &Option<f32>| match *value {
        None => ' ',
        Some(value) if value > 0.0 && most > 0.0 => {
            let steps = (BARS.len() - 1) as f32;
            BARS[((value / most * steps).ceil() as usize).clamp(1, BARS.len() - 1)]
        }
        Some(_) => BARS[0],
    };
    std::iter::repeat_n(' ', width - shown.len()).chain(shown.iter().map(bar)).collect()
}

#[cfg(test)]
mod tests {
    use super::sparkline;

    #[test]
    fn the_greatest_is_the_highest_bar_and_zero_the_lowest() {
        let values = [0.0, 1.0, 7.0, 14.0, 50.0, 99.0, 100.0].map(Some);
        assert_eq!(sparkline(&values, 7), "▁▂▂▂▄▇▇");
        assert_eq!(sparkline(&values[..3], 3), "▁▂▇", "of what is shown");
        assert_eq!(sparkline(&[Some(0.0); 3], 3), "▁▁▁");
    }

    #[test]
    fn what_is_not_known_is_blank_and_the_newest_is_at_the_right() {
        assert_eq!(sparkline(&[None, Some(0.0), None, Some(2.0)], 6), "   ▁ ▇");
        assert_eq!(sparkline(&[Some(9.0), Some(1.0), Some(2.0)], 2), "▄▇");
        assert_eq!(sparkline(&[None; 4], 2), "  ");
        assert_eq!(sparkline(&[Some(1.0)], 0), "");
        assert_eq!(sparkline(&[], 2), "  ");
        assert_eq!(sparkline(&[Some(f32::NAN), Some(1.0)], 2), "▁▇");
    }
}
