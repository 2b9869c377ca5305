//! The echo dialect: `Echo: ` and the same bytes back.

use super::Ask;

pub(super) fn parse(frame: &[u8]) -> Ask {
    Ask::Answered([b"Echo: ", frame].concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_comes_back() {
        let all: Vec<u8> = (0..=255).collect();
        assert_eq!(parse(&all), Ask::Answered([&b"Echo: "[..], &all].concat()));
        assert_eq!(parse(b""), Ask::Answered(b"Echo: ".to_vec()));
    }
}
