//! Lines as clients send them: RFC 2812 section 2.3 with the tags of IRCv3.

/// The longest line without its tags and its end, in bytes (RFC 2812 section 2.3).
pub(super) const LINE_BYTES_MAX: usize = 510;

/// The longest tags of a client, the `@` and the blank behind them included, in bytes.
const TAGS_BYTES_MAX: usize = 4096;

/// Parameters of a command, as many as are told apart (RFC 2812 section 2.3).
const PARAMS_MAX: usize = 15;

/// A line, understood as far as its form goes.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct IrcLine<'a> {
    /// Those that the server heeds or hands on, in order: `key` or `key=value`, escaped.
    pub(super) tags: Vec<&'a str>,
    /// In capitals.
    pub(super) command: String,
    pub(super) params: Vec<&'a str>,
}

/// Why bytes are no line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum NoLine {
    /// Nothing is there.
    Blank,
    /// Longer than a line may be.
    TooLong,
    /// Not UTF-8; the command and the label, as far as they are.
    NotUtf8 {
        command: String,
        label: Option<String>,
    },
}

impl<'a> IrcLine<'a> {
    /// Reads a line without its end.
    ///
    /// # Errors
    /// What it is instead.
    pub(super) fn read(line: &'a [u8]) -> Result<IrcLine<'a>, NoLine> {
        let end = line.iter().position(|byte| b"\r\n\0".contains(byte));
        let line = &line[..end.unwrap_or(line.len())];
        let start = line.iter().position(|&byte| byte != b' ');
        let line = &line[start.unwrap_or(line.len())..];
        let tags_len = match line.first() {
            Some(b'@') => {
                line.iter()
                    .position(|&byte| byte == b' ')
                    .unwrap_or(line.len())
                    + 1
            }
            _ => 0,
        };
        let tags_len = tags_len.min(line.len());
        if tags_len > TAGS_BYTES_MAX || line.len() - tags_len > LINE_BYTES_MAX {
            return Err(NoLine::TooLong);
        }
        let Ok(line) = std::str::from_utf8(line) else {
            return Err(not_utf8(&String::from_utf8_lossy(line)));
        };
        IrcLine::of_text(line, tags_len)
    }

    fn of_text(line: &'a str, tags_len: usize) -> Result<IrcLine<'a>, NoLine> {
        let tags = line[..tags_len].trim_end_matches(' ').strip_prefix('@');
        let tags = tags.map_or(Vec::new(), |tags| {
            tags.split(';').filter(|tag| !tag.is_empty()).collect()
        });
        let mut rest = line[tags_len..].trim_start_matches(' ');
        if rest.starts_with(':') {
            // A client's own source says nothing new.
            rest = rest.split_once(' ').map_or("", |(_, rest)| rest);
            rest = rest.trim_start_matches(' ');
        }
        let mut params = Vec::new();
        while !rest.is_empty() && params.len() <= PARAMS_MAX {
            if let Some(last) = rest.strip_prefix(':').filter(|_| !params.is_empty()) {
                params.push(last);
                break;
            }
            let (param, behind) = rest.split_once(' ').unwrap_or((rest, ""));
            params.push(param);
            rest = behind.trim_start_matches(' ');
        }
        // What begins like tags or a source is no command.
        if params
            .first()
            .is_none_or(|command| command.starts_with([':', '@']))
        {
            return Err(NoLine::Blank);
        }
        Ok(IrcLine {
            tags,
            command: params.remove(0).to_ascii_uppercase(),
            params,
        })
    }

    /// The value of a tag, unescaped.
    pub(super) fn tag(&self, key: &str) -> Option<String> {
        let value = |tag: &&str| match tag.split_once('=') {
            Some((name, value)) if name == key => Some(unescaped(value)),
            None if *tag == key => Some(String::new()),
            _ => None,
        };
        self.tags.iter().rev().find_map(value)
    }

    /// The tags that clients have for each other, in their form on the wire.
    pub(super) fn client_tags(&self) -> String {
        let is_shown = |tag: &&&str| {
            let key = tag.split('=').next().unwrap_or_default();
            let is_key = |c: char| c.is_ascii_alphanumeric() || "-./".contains(c);
            key.strip_prefix('+')
                .is_some_and(|key| !key.is_empty() && key.chars().all(is_key))
        };
        let tags: Vec<&str> = self.tags.iter().filter(is_shown).copied().collect();
        tags.join(";")
    }
}

fn not_utf8(line: &str) -> NoLine {
    let tags_len = line.starts_with('@').then(|| line.find(' '));
    let tags_len = tags_len.flatten().map_or(0, |len| len + 1);
    match IrcLine::of_text(line, tags_len) {
        Ok(line) => NoLine::NotUtf8 {
            label: line.tag("label"),
            command: line.command,
        },
        Err(blank) => blank,
    }
}

/// A tag's value as it is meant (message-tags, section "Escaping values").
pub(super) fn unescaped(value: &str) -> String {
    let mut out = String::with_capacity(value.len());
    let mut chars = value.chars();
    while let Some(c) = chars.next() {
        match (c, c == '\\') {
            (_, false) => out.push(c),
            (_, true) => match chars.next() {
                Some(':') => out.push(';'),
                Some('s') => out.push(' '),
                Some('r') => out.push('\r'),
                Some('n') => out.push('\n'),
                Some(other) => out.push(other),
                None => {}
            },
        }
    }
    out
}

/// A value as it stands in a tag.
pub(super) fn escaped(value: &str) -> String {
    let mut out = String::with_capacity(value.len());
    for c in value.chars() {
        match c {
            ';' => out.push_str("\\:"),
            ' ' => out.push_str("\\s"),
            '\\' => out.push_str("\\\\"),
            '\r' => out.push_str("\\r"),
            '\n' => out.push_str("\\n"),
            _ => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_every_form() {
        for (line, command, params) in [
            ("NICK bob", "NICK", &["bob"][..]),
            ("nick bob ", "NICK", &["bob"]),
            (
                "  PRIVMSG  #a   :two  words ",
                "PRIVMSG",
                &["#a", "two  words "],
            ),
            (":x!y@z PRIVMSG #a hi", "PRIVMSG", &["#a", "hi"]),
            ("@a=b;+c PING :", "PING", &[""]),
            ("PING x\ry", "PING", &["x"]),
            ("MODE #a +k ::", "MODE", &["#a", "+k", ":"]),
        ] {
            let read = IrcLine::read(line.as_bytes()).expect(line);
            assert_eq!((read.command.as_str(), &read.params[..]), (command, params));
        }
        for blank in ["", "   ", ":x", "@a ", "@a", "\r"] {
            assert_eq!(
                IrcLine::read(blank.as_bytes()),
                Err(NoLine::Blank),
                "{blank:?}"
            );
        }
    }

    #[test]
    fn a_line_at_the_limit_and_one_past_it() {
        let ping = |len: usize| format!("PING {}", "x".repeat(len - 5));
        assert!(IrcLine::read(ping(510).as_bytes()).is_ok());
        assert_eq!(IrcLine::read(ping(511).as_bytes()), Err(NoLine::TooLong));
        let tagged = |len: usize| format!("@{} {}", "x".repeat(len - 2), ping(510));
        assert!(IrcLine::read(tagged(4096).as_bytes()).is_ok());
        assert_eq!(IrcLine::read(tagged(4097).as_bytes()), Err(NoLine::TooLong));
    }

    #[test]
    fn tags_and_what_is_no_text() {
        let read = IrcLine::read(br"@label=a\:b\s;+x=1;y;+ PING").expect("a line");
        assert_eq!(read.tag("label").as_deref(), Some("a;b "));
        assert_eq!(read.client_tags(), "+x=1");
        assert_eq!(unescaped(&escaped("a; \\\r\nb")), "a; \\\r\nb");
        let read = IrcLine::read(b"@label=7 privmsg a \xff");
        let (command, label) = ("PRIVMSG".into(), Some("7".into()));
        assert_eq!(read, Err(NoLine::NotUtf8 { command, label }));
    }
}
