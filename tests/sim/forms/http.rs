//! Responses of HTTP/1.1 (RFC 9112), and a WebSocket's frames as a server sends them (RFC 6455).

use crate::told::Told;

use super::{lines, object, shown};

/// How far a connection has come.
#[derive(Debug, Default)]
pub(crate) struct Http {
    /// For each request that is not answered: was it HEAD, whose answer has no body?
    pub(crate) asked: std::collections::VecDeque<bool>,
    socket: Option<Socket>,
    /// Sub-protocol `hubbub.text`, once it is a WebSocket.
    wants_text: bool,
    /// Every message comes back on it.
    is_echo: bool,
    /// Was the last response one that may have come before the request did? A HEAD is not known for one then.
    is_over: bool,
}

#[derive(Debug, PartialEq, Eq)]
enum Socket {
    Open,
    Closed,
}

impl Http {
    pub(crate) fn new(wants_text: bool, is_echo: bool) -> Http {
        Http {
            wants_text,
            is_echo,
            ..Http::default()
        }
    }

    /// Is nothing of a response or frame missing?
    pub(super) fn is_between(&self) -> bool {
        true
    }

    pub(super) fn read(&mut self, bytes: &mut Vec<u8>, told: &mut Vec<Told>) -> Result<(), String> {
        loop {
            if self.is_over {
                bytes.clear();
            }
            let consumed = match &self.socket {
                None => self.response(bytes, told)?,
                Some(Socket::Open) => self.frame(bytes, told)?,
                Some(Socket::Closed) if bytes.is_empty() => 0,
                Some(Socket::Closed) => return Err(format!("behind its Close: {}", shown(bytes))),
            };
            if consumed == 0 {
                return Ok(());
            }
            bytes.drain(..consumed);
        }
    }

    /// One response; 0 where it is not whole.
    fn response(&mut self, bytes: &[u8], told: &mut Vec<Told>) -> Result<usize, String> {
        let wrong = |why: &str| format!("{why}: {}", shown(bytes));
        let start = &b"HTTP/1."[..];
        let seen = bytes.len().min(start.len());
        if bytes[..seen] != start[..seen] {
            return Err(wrong("no response"));
        }
        let Some(head_len) = bytes
            .windows(4)
            .position(|end| end == b"\r\n\r\n")
            .map(|at| at + 4)
        else {
            return Ok(0);
        };
        let head =
            std::str::from_utf8(&bytes[..head_len]).map_err(|_| wrong("a head that is no text"))?;
        let mut head_lines = head.trim_end().split("\r\n");
        let status_line = head_lines.next().unwrap_or_default();
        let status: u16 = status_line
            .get(9..12)
            .and_then(|s| s.parse().ok())
            .ok_or_else(|| wrong("no status"))?;
        let mut len = None;
        for line in head_lines {
            let (name, value) = line.split_once(": ").ok_or_else(|| wrong("no header"))?;
            if name.eq_ignore_ascii_case("content-length") {
                len = Some(value.parse::<usize>().map_err(|_| wrong("no length"))?);
            }
        }
        if status == 100 {
            return Ok(head_len);
        }
        let is_head = self.asked.front().copied().unwrap_or(false);
        if status == 101 {
            self.asked.pop_front();
            self.socket = Some(Socket::Open);
            told.push(Told::Response {
                status,
                body: String::new(),
            });
            return Ok(head_len);
        }
        self.is_over = is_head && matches!(status, 403 | 408 | 429 | 503);
        let len = match is_head || matches!(status, 204 | 304) {
            true => 0,
            false => len.ok_or_else(|| wrong("without a length"))?,
        };
        if bytes.len() < head_len + len {
            return Ok(0);
        }
        self.asked.pop_front();
        let body = String::from_utf8_lossy(&bytes[head_len..head_len + len]).into_owned();
        told.push(Told::Response { status, body });
        Ok(head_len + len)
    }

    /// One frame; 0 where it is not whole.
    fn frame(&mut self, bytes: &[u8], told: &mut Vec<Told>) -> Result<usize, String> {
        let wrong = |why: &str| format!("{why}: {}", shown(bytes));
        let &[first, second, ref rest @ ..] = bytes else {
            return Ok(0);
        };
        if first & 0x80 == 0 || first & 0x70 != 0 || second & 0x80 != 0 {
            return Err(wrong(
                "a fragment, a reserved bit or a mask from the server",
            ));
        }
        let Some((len, rest)) = length(second, rest) else {
            return Ok(0);
        };
        if (second == 126 && len < 126) || (second == 127 && len < 65_536) {
            return Err(wrong("a length longer than it need be"));
        }
        let Some(payload) = rest.get(..len) else {
            return Ok(0);
        };
        let consumed = bytes.len() - rest.len() + len;
        match first & 0x0f {
            1 | 2 if self.is_echo => {
                told.push(Told::Other(String::from_utf8_lossy(payload).into()))
            }
            1 => {
                if self.wants_text {
                    let mut line = payload.to_vec();
                    let is_prompt = payload.ends_with(lines::PROMPT);
                    if !payload.ends_with(b"\n") && !is_prompt {
                        line.push(b'\n');
                    }
                    lines::read_text(&mut line, told)?;
                    if !line.is_empty() {
                        return Err(wrong("more than a line"));
                    }
                    return Ok(consumed);
                }
                let text = std::str::from_utf8(payload).map_err(|_| wrong("not UTF-8"))?;
                let text = text.strip_suffix('\n').unwrap_or(text);
                told.push(object::json(text, object::TYPES)?);
            }
            8 => {
                if len == 1 {
                    return Err(wrong("half a code"));
                }
                self.socket = Some(Socket::Closed);
                told.push(Told::Farewell("closed"));
            }
            9 => told.push(Told::Ping(payload.to_vec())),
            10 => {}
            _ => return Err(wrong("an unknown opcode")),
        }
        Ok(consumed)
    }
}

/// The length of a frame's payload, and what stands behind it; `None` where it is not whole.
fn length(second: u8, rest: &[u8]) -> Option<(usize, &[u8])> {
    let wide = match second {
        126 => 2,
        127 => 8,
        len => return Some((usize::from(len), rest)),
    };
    let (len, rest) = rest.split_at_checked(wide)?;
    let len = len
        .iter()
        .fold(0, |len, &byte| len << 8 | usize::from(byte));
    Some((len, rest))
}

/// A frame as a client sends it, masked.
pub(crate) fn masked_frame(opcode: u8, is_last: bool, payload: &[u8], mask: [u8; 4]) -> Vec<u8> {
    let mut frame = vec![opcode | if is_last { 0x80 } else { 0 }];
    match payload.len() {
        len @ 0..126 => frame.push(0x80 | len as u8),
        len @ 126..65_536 => {
            frame.push(0x80 | 126);
            frame.extend_from_slice(&(len as u16).to_be_bytes());
        }
        len => {
            frame.push(0x80 | 127);
            frame.extend_from_slice(&(len as u64).to_be_bytes());
        }
    }
    frame.extend_from_slice(&mask);
    frame.extend(
        payload
            .iter()
            .zip(mask.iter().cycle())
            .map(|(byte, mask)| byte ^ mask),
    );
    frame
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(http: &mut Http, bytes: &[u8]) -> Result<(Vec<Told>, usize), String> {
        let (mut bytes, mut told) = (bytes.to_vec(), Vec::new());
        http.read(&mut bytes, &mut told)?;
        Ok((told, bytes.len()))
    }

    #[test]
    fn responses() {
        let ok = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi";
        let told = || {
            vec![Told::Response {
                status: 200,
                body: "hi".into(),
            }]
        };
        assert_eq!(read(&mut Http::default(), ok), Ok((told(), 0)));
        assert_eq!(
            read(&mut Http::default(), &ok[..ok.len() - 1]),
            Ok((vec![], ok.len() - 1))
        );
        let mut http = Http::default();
        http.asked.push_back(true);
        let told = vec![Told::Response {
            status: 200,
            body: String::new(),
        }];
        assert_eq!(read(&mut http, &ok[..ok.len() - 2]), Ok((told, 0)));
        for bad in [
            &b"hello"[..],
            b"HTTP/1.1 OK\r\n\r\n",
            b"HTTP/1.1 200 OK\r\n\r\n",
        ] {
            assert!(read(&mut Http::default(), bad).is_err());
        }
    }

    #[test]
    fn frames() {
        let open = || Http {
            socket: Some(Socket::Open),
            ..Http::default()
        };
        let pong = b"\x81\x0f{\"type\":\"pong\"}";
        assert!(read(&mut open(), pong).is_ok_and(|(told, rest)| told.len() == 1 && rest == 0));
        assert!(read(&mut open(), &pong[..4]).is_ok_and(|(told, _)| told.is_empty()));
        let close = b"\x88\x02\x03\xe8";
        assert_eq!(
            read(&mut open(), close),
            Ok((vec![Told::Farewell("closed")], 0))
        );
        for bad in [
            &b"\x01\x00"[..],
            b"\x81\x80",
            b"\x81\x7e\x00\x01a",
            b"\x88\x02\x03\xe8\x81\x00",
            b"\x83\x00",
        ] {
            assert!(read(&mut open(), bad).is_err(), "{bad:?}");
        }
        assert_eq!(
            masked_frame(1, true, b"hi", [1, 2, 3, 4]),
            [0x81, 0x82, 1, 2, 3, 4, b'h' ^ 1, b'i' ^ 2]
        );
    }
}
