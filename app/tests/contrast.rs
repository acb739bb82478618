//! The colours of the design system can be read: every pair of text and ground that is used together, in both themes,
//! against WCAG 2.2 (1.4.3: 4.5 to 1 for text; 1.4.11: 3 to 1 for the edges of controls).

use std::collections::BTreeMap;

/// Name → the colour in the light and in the dark theme.
type Tokens = BTreeMap<String, [[u8; 3]; 2]>;

fn tokens() -> Tokens {
    let css = include_str!("../../style/tokens.css");
    let mut tokens = Tokens::new();
    for line in css.lines() {
        let Some((name, value)) = line.trim().strip_prefix("--color-").and_then(|rest| rest.split_once(": ")) else {
            continue;
        };
        let value = value.trim_end_matches(';').trim_start_matches("light-dark(").trim_end_matches(')');
        let (light, dark) = value.split_once(", ").unwrap_or((value, value));
        if let (Some(light), Some(dark)) = (colour(light), colour(dark)) {
            tokens.insert(name.into(), [light, dark]);
        }
    }
    tokens
}

fn colour(text: &str) -> Option<[u8; 3]> {
    let part = |at: usize| u8::from_str_radix(text.get(at..at + 2)?, 16).ok();
    text.starts_with('#').then_some([part(1)?, part(3)?, part(5)?])
}

/// Relative luminance (WCAG 2.2, "relative luminance").
fn luminance(colour: [u8; 3]) -> f64 {
    let [r, g, b] = colour.map(|part| {
        let part = f64::from(part) / 255.0;
        if part <= 0.04045 { part / 12.92 } else { ((part + 0.055) / 1.055).powf(2.4) }
    });
    0.2126 * r + 0.7152 * g + 0.0722 * b
}

fn contrast(one: [u8; 3], other: [u8; 3]) -> f64 {
    let (a, b) = (luminance(one), luminance(other));
    (a.max(b) + 0.05) / (a.min(b) + 0.05)
}

#[track_caller]
fn readable(on: &[&str], what: &[&str], at_least: f64) {
    let tokens = tokens();
    for ground in on {
        for front in what {
            for (theme, name) in ["light", "dark"].into_iter().enumerate() {
                let found = contrast(tokens[*front][theme], tokens[*ground][theme]);
                assert!(found >= at_least, "{name}: {front} on {ground} is {found:.2} to 1, needs {at_least}");
            }
        }
    }
}

#[test]
fn words_can_be_read_on_every_ground() {
    let grounds = ["canvas", "surface", "sunken", "raised", "hover"];
    readable(&grounds, &["ink", "muted", "faint", "accent", "bad"], 4.5);
    readable(&["neutral-soft"], &["ink", "muted", "accent"], 4.5);
}

#[test]
fn states_can_be_read_on_their_own_ground() {
    for tone in ["good", "warning", "bad", "info", "neutral", "accent"] {
        readable(&[&format!("{tone}-soft")], &[tone, "ink", "muted"], 4.5);
    }
}

#[test]
fn filled_buttons_can_be_read() {
    readable(&["accent-fill", "accent-hover", "bad-fill"], &["on-fill"], 4.5);
}

#[test]
fn the_edges_of_controls_can_be_seen() {
    readable(&["canvas", "surface", "sunken", "raised"], &["edge", "accent"], 3.0);
    readable(&["surface", "raised"], &["accent-fill"], 3.0);
}
