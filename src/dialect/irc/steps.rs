//! The steps of a dialogue: a line is heard, what it asks is asked, what that comes to is written. Each line is
//! answered on its own, marked with its label where it has one.

use crate::limits::LABELLED_BYTES_MAX;
use crate::model::{Event, Request, RequestId};

use super::caps::Caps;
use super::dialogue::{Dialogue, Queue, Scene};
use super::line::{IrcLine, NoLine};
use super::table;
use super::work::{About, Todo, Work};
use super::write::{Listener, Source, Tags};

/// What is to be done next for a dialogue.
#[derive(Debug)]
pub(crate) enum Move {
    /// Something was written; there may be more to do.
    Written,
    /// Ask this of the chat.
    Ask(Request, RequestId),
    /// Close the connection.
    Close,
}

impl Dialogue {
    /// Is there something to be done before the next line is read?
    pub(crate) fn has_moves(&self) -> bool {
        let work = self.work.as_deref();
        work.is_some_and(|work| work.iter().any(|work| !work.todo.is_empty()))
    }

    /// Reads a line, without its end. What is answered at once is appended to `out`.
    pub(crate) fn hear(&mut self, line: &[u8], scene: &Scene<'_>, out: &mut Vec<u8>) {
        let mut work = Work::default();
        match IrcLine::read(line) {
            Ok(line) => {
                let wants_label = self.caps.has(Caps::LABELED_RESPONSE);
                work.label = line.tag("label").filter(|_| wants_label);
                if !self.take_in(&line, scene, &mut work) {
                    table::handle(self, &line, scene, &mut work);
                }
            }
            Err(NoLine::Blank) => return,
            Err(NoLine::TooLong) => self.too_long(scene, &mut work.out),
            Err(NoLine::NotUtf8 { command, label }) => {
                work.label = label.filter(|_| self.caps.has(Caps::LABELED_RESPONSE));
                let params = [
                    &*command,
                    "INVALID_UTF8",
                    "Message rejected, it is not UTF-8",
                ];
                self.fail(scene, &params, &mut work.out);
            }
        }
        self.begin(work, scene, out);
    }

    /// Begins with something that goes on behind what was begun before.
    fn begin(&mut self, work: Work, scene: &Scene<'_>, out: &mut Vec<u8>) {
        let queue = self.work.get_or_insert_default();
        if queue.is_empty() {
            queue.reserve_exact(1);
        }
        queue.push_back(work);
        self.settle(queue_end(&self.work), scene, out);
    }

    /// What is to be done next; what it answers is appended to `out`.
    pub(crate) fn next(&mut self, scene: &Scene<'_>, out: &mut Vec<u8>) -> Option<Move> {
        let queue = self.work.as_deref_mut()?;
        let at = queue.iter().position(|work| !work.todo.is_empty())?;
        let todo = queue[at].todo.pop_front()?;
        let next = match todo {
            Todo::Ask(request, about) => {
                self.last_request = self.last_request.wrapping_add(1);
                let number = self.last_request;
                queue[at].asked.reserve_exact(1);
                queue[at].asked.push((number, about));
                return Some(Move::Ask(request, RequestId::of_dialogue(number)));
            }
            Todo::List(list) => {
                let mut work = std::mem::take(&mut queue[at]);
                self.go_on_listing(list, scene, &mut work);
                if let Some(queue) = self.work.as_deref_mut() {
                    queue[at] = work;
                }
                Move::Written
            }
            Todo::Close(words) => {
                let mut last = Vec::new();
                self.listener(scene).bare("ERROR", &[&words], &mut last);
                if let Some(work) = self.work.as_deref_mut() {
                    work[at].out.append(&mut last);
                }
                self.settle(at, scene, out);
                return Some(Move::Close);
            }
        };
        self.settle(at, scene, out);
        Some(next)
    }

    /// Writes what a request of the connection's own came to, or what it is told of its own doing.
    pub(crate) fn answer(
        &mut self,
        event: &Event,
        id: Option<&RequestId>,
        scene: &Scene<'_>,
        out: &mut Vec<u8>,
    ) {
        let number = id.and_then(RequestId::dialogue_number);
        let found = number.and_then(|number| self.take_asked(number));
        match found {
            Some((at, about)) => {
                let mut work = self.take_work(at);
                self.answered(event, &about, scene, &mut work);
                self.put_work(at, work);
                self.settle(at, scene, out);
            }
            // Its own words come back before the answer to what said them.
            None => match self.waiting_words() {
                Some(at) if id.is_none() => {
                    let mut work = self.take_work(at);
                    self.echo(event, scene, &mut work);
                    self.put_work(at, work);
                    if self
                        .work
                        .as_ref()
                        .is_some_and(|work| work[at].label.is_none())
                    {
                        self.settle(at, scene, out);
                    }
                }
                _ => self.tell(event, scene, out),
            },
        }
    }

    /// Writes what the connection is told that it did not ask for.
    pub(crate) fn tell(&mut self, event: &Event, scene: &Scene<'_>, out: &mut Vec<u8>) {
        if let Event::Renamed { from, to } = event
            && self
                .nick
                .as_ref()
                .is_some_and(|own| own.key() == from.key())
        {
            self.listener(scene).renamed(from, to, out);
            self.nick = Some(to.clone());
            return;
        }
        if let Event::EnteredRoom { room, .. } = event {
            let mut work = Work::default();
            self.entered(room, scene, &mut work);
            return self.begin(work, scene, out);
        }
        self.told(event, scene, out);
    }

    fn too_long(&self, scene: &Scene<'_>, out: &mut Vec<u8>) {
        self.listener(scene)
            .numeric("417", &["Input line was too long"], out);
    }

    fn take_asked(&mut self, number: u32) -> Option<(usize, About)> {
        let queue = self.work.as_deref_mut()?;
        let mut places = queue.iter().enumerate();
        places
            .find_map(|(at, work)| {
                let place = work.asked.iter().position(|(other, _)| *other == number)?;
                Some((at, place))
            })
            .map(|(at, place)| (at, queue[at].asked.remove(place).1))
    }

    /// The first line whose words are not answered yet.
    fn waiting_words(&self) -> Option<usize> {
        let is_words = |(_, about): &(u32, About)| matches!(about, About::Words { .. });
        let mut work = self.work.as_deref()?.iter();
        work.position(|work| work.asked.iter().any(is_words))
    }

    fn take_work(&mut self, at: usize) -> Work {
        let work = self.work.as_deref_mut().and_then(|work| work.get_mut(at));
        work.map(std::mem::take).unwrap_or_default()
    }

    fn put_work(&mut self, at: usize, work: Work) {
        if let Some(place) = self.work.as_deref_mut().and_then(|work| work.get_mut(at)) {
            *place = work;
        }
    }

    /// Hands out what a line is answered so far, and forgets it where that is all.
    fn settle(&mut self, at: usize, scene: &Scene<'_>, out: &mut Vec<u8>) {
        let mut work = self.take_work(at);
        let is_over = work.todo.is_empty() && work.asked.is_empty();
        match &work.label {
            None => out.append(&mut work.out),
            Some(_) if is_over || is_long(&work) => self.hand_out(&mut work, is_over, scene, out),
            Some(_) => {}
        }
        match is_over {
            true => {
                if let Some(queue) = self.work.as_deref_mut() {
                    queue.remove(at);
                }
                if self.work.as_ref().is_some_and(|queue| queue.is_empty()) {
                    self.work = None;
                }
            }
            false => {
                // Thousands may wait for lists.
                work.todo.shrink_to_fit();
                self.put_work(at, work);
            }
        }
    }

    /// A labelled answer: one line with the label, a batch of several, or that there is none. A long one is handed
    /// out a part at a time.
    fn hand_out(&mut self, work: &mut Work, is_over: bool, scene: &Scene<'_>, out: &mut Vec<u8>) {
        let label = work.label.as_deref().unwrap_or_default();
        let label = format!("label={}", super::line::escaped(label));
        let answer = std::mem::take(&mut work.out);
        let lines: Vec<&[u8]> = answer.split_inclusive(|&byte| byte == b'\n').collect();
        let server = |listener: &Listener<'_>, command: &str, params: &[&str]| {
            let mut line = Vec::new();
            listener.line(&Tags::default(), Source::Server, command, params, &mut line);
            line
        };
        match lines[..] {
            [] if work.batch.is_none() => {
                tagged(&label, &server(&self.listener(scene), "ACK", &[]), out);
            }
            [only] if is_over && work.batch.is_none() => tagged(&label, only, out),
            // A batch is one answer.
            [first, ..] if work.batch.is_none() && is_batch(first) && is_one_batch(&lines) => {
                tagged(&label, first, out);
                lines[1..]
                    .iter()
                    .for_each(|line| out.extend_from_slice(line));
            }
            _ => {
                let begun = work.batch.take();
                let batch = begun.unwrap_or_else(|| {
                    let batch = self.next_batch();
                    let params = [&*format!("+{batch}"), "labeled-response"];
                    let line = server(&self.listener(scene), "BATCH", &params);
                    tagged(&label, &line, out);
                    batch
                });
                let mark = format!("batch={batch}");
                for line in &lines {
                    match find(line, b"batch=") && line.starts_with(b"@") {
                        true => out.extend_from_slice(line),
                        false => tagged(&mark, line, out),
                    }
                }
                match is_over {
                    true => {
                        let params = [&*format!("-{batch}")];
                        out.extend(server(&self.listener(scene), "BATCH", &params));
                    }
                    false => work.batch = Some(batch),
                }
            }
        }
    }
}

fn queue_end(queue: &Option<Box<Queue>>) -> usize {
    queue
        .as_ref()
        .map_or(0, |queue| queue.len().saturating_sub(1))
}

fn find(line: &[u8], what: &[u8]) -> bool {
    memchr::memmem::find(line, what).is_some()
}

/// Is the answer to a line so long that a part of it is to be handed out? A history is told whole, as a batch of its
/// own.
fn is_long(work: &Work) -> bool {
    let is_history = work.batch.is_none() && is_batch(&work.out);
    work.out.len() > LABELLED_BYTES_MAX && !is_history
}

/// Does it begin with the begin of a batch?
fn is_batch(line: &[u8]) -> bool {
    let end = memchr::memchr(b'\n', line).unwrap_or(line.len());
    line.starts_with(b"BATCH") || find(&line[..end], b" BATCH +")
}

/// Are the lines those of one batch, its begin and end included?
fn is_one_batch(lines: &[&[u8]]) -> bool {
    let begins = lines.iter().filter(|line| find(line, b" BATCH +"));
    let last = lines.last().is_some_and(|line| find(line, b" BATCH -"));
    last && begins.count() == 1
}

/// Appends a line with one more tag.
fn tagged(tag: &str, line: &[u8], out: &mut Vec<u8>) {
    out.push(b'@');
    out.extend_from_slice(tag.as_bytes());
    match line.strip_prefix(b"@") {
        Some(rest) => {
            out.push(b';');
            out.extend_from_slice(rest);
        }
        None => {
            out.push(b' ');
            out.extend_from_slice(line);
        }
    }
}
