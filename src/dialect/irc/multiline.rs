//! Messages of several lines, which come in a batch (IRCv3 draft multiline). In the world such a message is one text with
//! line breaks in it.

use crate::limits::MESSAGE_LINES_MAX;
use crate::model::Manner;
use serde::{Deserialize, Serialize};

use super::caps::Caps;
use super::dialogue::{Dialogue, Scene};
use super::line::IrcLine;
use super::numerics::word;
use super::talk::action;
use super::words::{CONCAT, KIND};
use super::work::Work;

/// A message that comes in lines.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Multiline {
    reference: String,
    target: String,
    label: Option<String>,
    /// Those that clients have for each other.
    tags: String,
    /// That of its lines, once there are some.
    command: String,
    lines: usize,
    text: String,
    /// Where a line goes on with the one before it, in bytes of the text.
    joints: Vec<usize>,
}

/// Why a batch is none.
enum Fault {
    Invalid(&'static str),
    Target(String),
    Lines,
    Bytes(usize),
}

impl Dialogue {
    pub(super) fn batch(&mut self, line: &IrcLine<'_>, scene: &Scene<'_>, work: &mut Work) {
        let open = self.multiline.take();
        let reference = line.params[0];
        let begun = match (reference.strip_prefix('+'), &line.params[1..], &open) {
            (Some(reference), [KIND, target, ..], None) if self.caps.has(Caps::MULTILINE) => {
                self.multiline = Some(Box::new(Multiline {
                    reference: reference.into(),
                    target: (*target).into(),
                    label: work.label.take(),
                    tags: self.client_tags(line),
                    command: String::new(),
                    lines: 0,
                    text: String::new(),
                    joints: Vec::new(),
                }));
                return;
            }
            _ => reference.strip_prefix('-'),
        };
        match open.filter(|open| begun == Some(&open.reference)) {
            Some(whole) if !whole.text.trim().is_empty() => self.say_lines(*whole, scene, work),
            Some(_) => self.fail_batch(Fault::Invalid("There is no text in it"), scene, work),
            None => self.fail_batch(Fault::Invalid("There is no such batch"), scene, work),
        }
    }

    /// Takes a line in that is part of a batch. `false`: it is none.
    pub(super) fn take_in(
        &mut self,
        line: &IrcLine<'_>,
        scene: &Scene<'_>,
        work: &mut Work,
    ) -> bool {
        let reference = match line.tags.is_empty() || !self.caps.has(Caps::MULTILINE) {
            true => None,
            false => line.tag("batch"),
        };
        let Some(reference) = reference else {
            return false;
        };
        let open = self
            .multiline
            .take()
            .filter(|open| open.reference == reference);
        let taken = open.ok_or(Fault::Invalid("There is no such batch"));
        let bytes_max = scene.world.server().message_bytes;
        match taken.and_then(|open| open.with(line, bytes_max)) {
            Ok(open) => self.multiline = Some(open),
            Err(fault) => self.fail_batch(fault, scene, work),
        }
        true
    }

    fn fail_batch(&self, fault: Fault, scene: &Scene<'_>, work: &mut Work) {
        let (lines, bytes) = (
            MESSAGE_LINES_MAX.to_string(),
            match fault {
                Fault::Bytes(bytes) => bytes.to_string(),
                _ => String::new(),
            },
        );
        let params = match &fault {
            Fault::Invalid(why) => ["MULTILINE_INVALID", why].to_vec(),
            Fault::Target(other) => [
                "MULTILINE_INVALID_TARGET",
                other,
                "Not whom the batch is for",
            ]
            .to_vec(),
            Fault::Lines => ["MULTILINE_MAX_LINES", &lines, "Too many lines"].to_vec(),
            Fault::Bytes(_) => ["MULTILINE_MAX_BYTES", &bytes, "Too much text"].to_vec(),
        };
        let params: Vec<&str> = ["BATCH"].into_iter().chain(params).collect();
        self.fail(scene, &params, &mut work.out);
    }

    fn say_lines(&mut self, whole: Multiline, scene: &Scene<'_>, work: &mut Work) {
        work.label = whole.label;
        let is_notice = whole.command == "NOTICE";
        let (manner, text) = match action(&whole.text) {
            Some(text) if !is_notice => (Manner::Acted, text),
            _ if is_notice => (Manner::Noticed, &*whole.text),
            _ => (Manner::Said, &*whole.text),
        };
        let mut tags = whole.tags;
        if !whole.joints.is_empty() && !text.starts_with('\u{1}') && manner != Manner::Acted {
            let joints: Vec<String> = whole.joints.iter().map(usize::to_string).collect();
            let between = if tags.is_empty() { "" } else { ";" };
            tags += &format!("{between}{CONCAT}={}", joints.join(","));
        }
        self.ask_utter(&whole.target, manner, text, &tags, scene, work);
    }
}

impl Multiline {
    /// With one more line.
    fn with(
        mut self: Box<Multiline>,
        line: &IrcLine<'_>,
        bytes_max: usize,
    ) -> Result<Box<Multiline>, Fault> {
        let is_first = self.lines == 0;
        if is_first {
            self.command.clone_from(&line.command);
        }
        let is_talk = ["PRIVMSG", "NOTICE"].contains(&&*line.command);
        if !is_talk || self.command != line.command {
            return Err(Fault::Invalid("Its lines are all PRIVMSG, or all NOTICE"));
        }
        let target = line.params.first().copied().unwrap_or_default();
        if !target.eq_ignore_ascii_case(&self.target) {
            return Err(Fault::Target(word(target).into()));
        }
        let text = line.params.get(1).copied().unwrap_or_default();
        let is_joined = line.tag(CONCAT).is_some();
        if is_joined && text.is_empty() {
            return Err(Fault::Invalid("A blank line goes on with nothing"));
        }
        self.lines += 1;
        if self.lines > MESSAGE_LINES_MAX {
            return Err(Fault::Lines);
        }
        match (is_first, is_joined) {
            (true, _) => {}
            (false, true) => self.joints.push(self.text.len()),
            (false, false) => self.text.push('\n'),
        }
        self.text += text;
        match self.text.len() > bytes_max {
            true => Err(Fault::Bytes(bytes_max)),
            false => Ok(self),
        }
    }
}
