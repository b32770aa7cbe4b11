//! Text that came from outside is data: clipped, and freed of characters that could pass for
//! something else (control, bidirectional, zero-width, and Unicode tag characters).

/// The first `max_chars` characters, with an ellipsis where something was cut.
pub fn clip(text: &str, max_chars: usize) -> String {
    match text.char_indices().nth(max_chars) {
        None => text.to_owned(),
        Some((end, _)) => format!("{}…", &text[..end]),
    }
}

/// Makes outside text safe to show: invisible and direction-changing characters are dropped,
/// line breaks and tabs become one space, runs of space are folded, and the result is clipped.
pub fn one_line(text: &str, max_chars: usize) -> String {
    let mut out = String::with_capacity(text.len().min(max_chars * 4));
    for ch in text.chars() {
        if ch.is_whitespace() {
            if !out.ends_with(' ') && !out.is_empty() {
                out.push(' ');
            }
        } else if !is_hidden(ch) {
            out.push(ch);
        }
    }
    clip(out.trim_end(), max_chars)
}

/// Whether a character is invisible or changes the direction of text.
pub fn is_hidden(ch: char) -> bool {
    ch.is_control()
        || matches!(ch,
            '\u{00ad}' | '\u{061c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hidden_characters_and_line_breaks_go() {
        assert_eq!(one_line("a\u{202e}b\n\n c\u{200b}\u{e0041}", 20), "ab c");
        assert_eq!(one_line("abcdef", 3), "abc…");
        assert_eq!(one_line("  \n ", 3), "");
    }
}
