//! The list of rooms as an attack, in the chat and over HTTP.

use std::time::Duration;

use crate::attack::under_attack;

/// Users of 19 rooms each, beside the lobby.
const USERS: usize = 500;

#[test]
#[ignore = "a measurement, not a test"]
fn the_list_of_many_rooms() {
    let joins = |n: usize| {
        let joins = (0..19).map(|room| format!("/join r{n}-{room}\n"));
        joins.collect::<String>()
    };
    under_attack(
        "GET /api/v1/rooms of 9,501 rooms, 280 at 10 addresses",
        "",
        |scene| {
            let users = scene.crowd("user", USERS, joins);
            let request = "GET /api/v1/rooms HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".repeat(50);
            let visitors =
                scene.measure(Duration::from_secs(5), || scene.visitors(280, 28, &request));
            drop((visitors.end(), users.end()));
        },
    );
    under_attack("/rooms of 9,501 rooms, 20 times each of 200", "", |scene| {
        let users = scene.crowd("user", USERS, joins);
        scene.measure(Duration::from_secs(5), || {
            (0..200).for_each(|n| users.send(n, "/rooms\n".repeat(20)));
        });
        drop(users.end());
    });
}
