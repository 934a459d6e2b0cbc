//! What a misspelt word was probably meant to be.

/// The candidate nearest to `word`, if one is near enough to offer; of equally near ones the first. Capital letters
/// do not count as a difference.
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let word: Vec<char> = word.chars().flat_map(char::to_lowercase).collect();
    // Half the word may be wrong, and never more than two letters: beyond that an offer is noise.
    let farthest = (word.len() / 2).min(2);
    candidates
        .into_iter()
        .map(|candidate| (distance(&word, candidate), candidate))
        .filter(|&(distance, _)| distance <= farthest)
        .min_by_key(|&(distance, _)| distance)
        .map(|(_, candidate)| candidate)
}

/// How many letters to put in, take out, replace, or swap with their neighbour, to get from one word to the other.
fn distance(word: &[char], candidate: &str) -> usize {
    let candidate: Vec<char> = candidate.chars().collect();
    // Only the distance of a word of about the same length can be small: a very long one is not worth the table.
    if word.len().abs_diff(candidate.len()) > 2 {
        return usize::MAX;
    }
    let width = candidate.len() + 1;
    let mut table = vec![0; (word.len() + 1) * width];
    for row in 0..=word.len() {
        for column in 0..width {
            table[row * width + column] = if row == 0 || column == 0 {
                row + column
            } else {
                let above = (row - 1) * width + column;
                let differs = usize::from(word[row - 1] != candidate[column - 1]);
                let mut best = (table[above] + 1)
                    .min(table[row * width + column - 1] + 1)
                    .min(table[above - 1] + differs);
                if row > 1
                    && column > 1
                    && word[row - 1] == candidate[column - 2]
                    && word[row - 2] == candidate[column - 1]
                {
                    best = best.min(table[(row - 2) * width + column - 2] + 1);
                }
                best
            };
        }
    }
    table[word.len() * width + candidate.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_missing_added_replaced_and_swapped_are_near() {
        for misspelt in ["contaner", "containeer", "kontainer", "contianer", "CONTAINER"] {
            assert_eq!(nearest(misspelt, ["comm", "container"]), Some("container"), "{misspelt}");
        }
    }

    #[test]
    fn what_is_far_is_not_offered() {
        assert_eq!(nearest("x", ["ip", "in"]), None);
        assert_eq!(nearest("kubernetes", ["container", "user"]), None);
        assert_eq!(nearest("", ["ip"]), None);
    }

    #[test]
    fn the_nearest_wins_and_then_the_first() {
        assert_eq!(nearest("strat", ["rate", "state", "start"]), Some("start"));
        assert_eq!(nearest("prot", ["port", "proto"]), Some("port"));
    }
}
