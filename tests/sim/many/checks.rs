//! What must hold of several servers when nothing goes wrong any more.

use std::collections::BTreeMap;

use crate::checks::Failure;

use super::client::{Answer, Client, Told};
use super::scene::{Scene, Text, text_of};

pub(super) fn check(scene: &Scene) -> Result<(), Failure> {
    check_servers(scene)?;
    check_order(scene)?;
    check_answers(scene)?;
    for (number, text) in scene.texts.iter().enumerate() {
        check_text(scene, number, text)?;
    }
    Ok(())
}

fn fails<T>(check: &'static str, what: String) -> Result<T, Failure> {
    Err(Failure::new(check, what))
}

/// All are there, and at one place.
fn check_servers(scene: &Scene) -> Result<(), Failure> {
    let replicas: Vec<_> = scene.servers.iter().map(|it| it.replica()).collect();
    let mut all = Vec::new();
    for (server, replica) in scene.servers.iter().zip(replicas) {
        match replica {
            None => return fails("back", format!("{} is not back", server.name())),
            Some(replica) => all.push((replica.position, replica.state)),
        }
    }
    let is_one = all.iter().all(|it| *it == all[0]);
    let places: Vec<_> = all.iter().map(|(at, _)| at.to_string()).collect();
    match is_one {
        true => Ok(()),
        false => fails("apart", format!("they are at {places:?}")),
    }
}

/// One id is one message, told so by all, and ids rise.
fn check_order(scene: &Scene) -> Result<(), Failure> {
    let mut known: BTreeMap<u64, &Told> = BTreeMap::new();
    for (at, client) in scene.clients.iter().enumerate() {
        let mut last = 0;
        for told in &client.told {
            if told.id <= last {
                return fails("order", format!("#{at} was told {told:?} after {last}"));
            }
            last = told.id;
            let other = *known.entry(told.id).or_insert(told);
            if other != told {
                return fails("ids", format!("{told:?} is told to #{at}, and {other:?}"));
            }
        }
    }
    for told in known.values() {
        let is_it = |(number, _): &(usize, &Text)| text_of(*number) == told.text;
        let Some((_, text)) = scene.texts.iter().enumerate().find(is_it) else {
            return fails("words", format!("nobody has said {told:?}"));
        };
        if !scene.clients[text.by].names.contains(&told.by) {
            return fails("owner", format!("{told:?} is not by #{}", text.by));
        }
    }
    Ok(())
}

/// Who is there is answered.
fn check_answers(scene: &Scene) -> Result<(), Failure> {
    for (at, client) in scene.clients.iter().enumerate() {
        if client.joins > 0 && !client.has_ended {
            return fails(
                "answer",
                format!("#{at} wants to come in, and hears nothing"),
            );
        }
        if let Some((id, number)) = client.pending.first_key_value()
            && !client.has_ended
        {
            let text = text_of(*number);
            return fails("answer", format!("#{at} has none to {id}, {text}"));
        }
    }
    Ok(())
}

/// Was it in the chat, and in that room, from then on?
fn has_stayed(scene: &Scene, at: usize, text: &Text) -> bool {
    let client: &Client = &scene.clients[at];
    let server = &scene.servers[client.server];
    let generation = server.replica().map_or(0, |it| it.generation);
    let since_us = client.rooms.get(&text.room);
    since_us.is_some_and(|&since_us| since_us < text.at_us)
        && !(client.has_ended || client.has_moved || client.has_quit)
        && scene.came[at] == (server.starts, generation)
}

fn check_text(scene: &Scene, number: usize, text: &Text) -> Result<(), Failure> {
    let words = text_of(number);
    let mut known = None;
    for (at, client) in scene.clients.iter().enumerate() {
        let told: Vec<&Told> = client.told.iter().filter(|it| it.text == words).collect();
        if told.len() > 1 {
            return fails("once", format!("#{at} was told {told:?}"));
        }
        known = known.or(told.first().map(|it| it.id));
        match text.answer {
            Answer::Refused if !told.is_empty() => {
                return fails("refused", format!("{words} was told to #{at} all the same"));
            }
            Answer::Said(id)
                if told.is_empty()
                    && at != text.by
                    && !text.is_excused
                    && has_stayed(scene, at, text) =>
            {
                return fails("loss", format!("{words} ({id}) was not told to #{at}"));
            }
            _ => {}
        }
    }
    match (text.answer, known) {
        (Answer::Said(id), Some(known)) if id != known => {
            fails("ids", format!("{words} is {id}, and told as {known}"))
        }
        _ => Ok(()),
    }
}
