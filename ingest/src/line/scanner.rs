//! Tokens of the line protocol: words with escapes, quoted texts, ends of lines.

use std::borrow::Cow;

/// A place in a body.
#[derive(Debug)]
pub(super) struct Scanner<'a> {
    text: &'a str,
    at: usize,
}

/// Where a word ends, and which characters a backslash takes that meaning from.
#[derive(Debug, Clone, Copy)]
pub(super) struct Word {
    stops: &'static [u8],
    escapes: &'static [u8],
}

/// A measurement: ends at a comma or a space.
pub(super) const MEASUREMENT: Word = Word {
    stops: b", ",
    escapes: b", ",
};
/// A key: ends at an equals sign too.
pub(super) const KEY: Word = Word {
    stops: b",= ",
    escapes: b",= ",
};
/// A tag's value.
pub(super) const TAG_VALUE: Word = Word {
    stops: b", ",
    escapes: b",= ",
};
/// A number, a truth value or a time.
pub(super) const BARE: Word = Word {
    stops: b", ",
    escapes: b"",
};

impl<'a> Scanner<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { text, at: 0 }
    }

    /// Returns the offset of the next byte.
    pub(super) fn offset(&self) -> usize {
        self.at
    }

    /// Moves to the next line that is neither empty nor a comment; false at the end of the body.
    pub(super) fn next_line(&mut self) -> bool {
        loop {
            while self.peek().is_some_and(|byte| byte.is_ascii_whitespace()) {
                self.at += 1;
            }
            match self.peek() {
                None => return false,
                Some(b'#') => self.skip_line(),
                Some(_) => return true,
            }
        }
    }

    /// Takes the byte if it is the next one.
    pub(super) fn take(&mut self, byte: u8) -> bool {
        let taken = self.peek() == Some(byte);
        self.at += usize::from(taken);
        taken
    }

    /// Skips spaces; tells whether there were any.
    pub(super) fn skip_spaces(&mut self) -> bool {
        let start = self.at;
        while self.peek() == Some(b' ') {
            self.at += 1;
        }
        self.at > start
    }

    /// Tells whether the line ends here: a line feed, CR and LF, or the end of the body.
    pub(super) fn at_line_end(&self) -> bool {
        let rest = self.rest();
        matches!(rest, "" | "\r") || rest.starts_with('\n') || rest.starts_with("\r\n")
    }

    /// Takes a word up to one of its stops or the end of the line, escapes undone.
    ///
    /// A backslash before anything that it need not escape stands for itself.
    pub(super) fn word(&mut self, word: Word) -> Cow<'a, str> {
        let mut unescaped = Unescaped::new(self.at);
        while let Some(byte) = self.peek() {
            let is_line_end = matches!(byte, b'\n' | b'\r') && self.at_line_end();
            if is_line_end || word.stops.contains(&byte) {
                break;
            }
            let escaped = self.bytes().get(self.at + 1);
            if byte == b'\\' && escaped.is_some_and(|next| word.escapes.contains(next)) {
                unescaped.skip(self.text, self.at);
                self.at += 1;
            }
            self.at += 1;
        }
        unescaped.finish(self.text, self.at)
    }

    /// Takes what stands between quotation marks, line feeds included; `None` if it is never closed.
    pub(super) fn quoted(&mut self) -> Option<Cow<'a, str>> {
        if !self.take(b'"') {
            return None;
        }
        let mut unescaped = Unescaped::new(self.at);
        loop {
            match self.peek()? {
                b'"' => break,
                b'\\' if matches!(self.bytes().get(self.at + 1), Some(b'"' | b'\\')) => {
                    unescaped.skip(self.text, self.at);
                    self.at += 2;
                }
                _ => self.at += 1,
            }
        }
        let text = unescaped.finish(self.text, self.at);
        self.at += 1;
        Some(text)
    }

    /// Returns the next byte.
    pub(super) fn peek(&self) -> Option<u8> {
        self.bytes().get(self.at).copied()
    }

    fn bytes(&self) -> &'a [u8] {
        self.text.as_bytes()
    }

    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn skip_line(&mut self) {
        let length = self.rest().find('\n').unwrap_or(self.rest().len());
        self.at += length;
    }
}

/// A token that is borrowed as long as nothing in it was escaped.
struct Unescaped {
    start: usize,
    copied: Option<String>,
}

impl Unescaped {
    fn new(start: usize) -> Self {
        Self {
            start,
            copied: None,
        }
    }

    /// Leaves out the backslash at `at`.
    fn skip(&mut self, text: &str, at: usize) {
        let until_here = text.get(self.start..at).unwrap_or_default();
        self.copied.get_or_insert_default().push_str(until_here);
        self.start = at + 1;
    }

    fn finish(self, text: &str, end: usize) -> Cow<'_, str> {
        let last = text.get(self.start..end).unwrap_or_default();
        match self.copied {
            None => Cow::Borrowed(last),
            Some(mut copied) => {
                copied.push_str(last);
                Cow::Owned(copied)
            }
        }
    }
}
