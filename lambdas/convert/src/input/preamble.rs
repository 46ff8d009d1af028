//! Lines before the header that belong to no table: report titles, time stamps, blank lines.
//!
//! They end at LF, CRLF or CR as rows do, but quotes mean nothing in them.

pub(super) struct Preamble {
    wanted: u32,
    left: u32,
    /// An LF that comes next belongs to the line break before it.
    after_cr: bool,
}

impl Preamble {
    pub fn new(lines: u32) -> Self {
        Self { wanted: lines, left: lines, after_cr: false }
    }

    /// Whether the next byte is the table's for sure.
    pub fn is_over(&self) -> bool {
        self.left == 0 && !self.after_cr
    }

    /// Lines stepped over so far.
    pub fn lines(&self) -> u32 {
        self.wanted - self.left
    }

    /// How many of the next bytes belong to it.
    pub fn take(&mut self, text: &[u8]) -> usize {
        for (at, byte) in text.iter().enumerate() {
            let second_half = std::mem::take(&mut self.after_cr) && *byte == b'\n';
            if second_half {
                continue;
            }
            if self.left == 0 {
                return at;
            }
            if matches!(byte, b'\n' | b'\r') {
                self.left -= 1;
                self.after_cr = *byte == b'\r';
            }
        }
        text.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_ends_behind_its_last_line_break_in_any_pieces() {
        let cases: &[(u32, &str, &str)] = &[
            (0, "a\n", "a\n"),
            (1, "title\na\n", "a\n"),
            (2, "one\r\ntwo\r\na\n", "a\n"),
            (2, "one\rtwo\ra", "a"),
            (2, "\n\n\na", "\na"),
            (3, "\"one\ntwo\"\r\rb", "b"),
            (9, "too\nshort", ""),
            (1, "cr\r", ""),
        ];
        for (lines, text, rest) in cases {
            for piece in 1..=text.len() {
                let mut preamble = Preamble::new(*lines);
                let mut taken = 0;
                for chunk in text.as_bytes().chunks(piece) {
                    let count = preamble.take(chunk);
                    taken += count;
                    if count < chunk.len() {
                        break;
                    }
                }
                assert_eq!(text.get(taken..), Some(*rest), "{lines} {text:?} {piece}");
            }
        }
    }
}
