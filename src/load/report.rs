//! A run as one HTML file.

use super::outcome::Outcome;

/// The outcome as a page.
pub fn html(outcome: &Outcome) -> String {
    format!(
        "<!doctype html><title>hubbub load {}</title>",
        outcome.target
    )
}
