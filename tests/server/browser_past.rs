//! What the page shows of what was said before, and how it comes in as an account.

use crate::browser::*;
use crate::cdp::*;
use crate::util::*;

/// An address of its own, whose port nobody else takes while the server is away.
const OWN_DOOR: &str = "auto://127.0.0.78:0";

impl User<'_> {
    /// The texts shown, from top to bottom.
    fn texts(&self) -> Vec<String> {
        let texts =
            "[...document.querySelectorAll('#log .message .text')].map(it => it.textContent)";
        let texts = self.page.evaluate(texts);
        let texts = texts.as_array().expect("texts").iter();
        texts
            .map(|text| text.as_str().expect("text").to_owned())
            .collect()
    }

    fn has_gap(&self) -> bool {
        self.page
            .evaluate("document.querySelector('#log .gap') !== null")
            == true
    }

    /// Waits until a line that is no message tells something.
    #[track_caller]
    fn is_told(&self, text: &str) -> &Self {
        self.page.wait_until(&format!(
            "[...document.querySelectorAll('#log .notice')].some(it => it.textContent.includes({text:?}))"
        ));
        self
    }
}

fn data(directory: &TempDir) -> String {
    format!("{PATIENT} --data {}", directory.join("data").display())
}

#[test]
fn what_was_said_before_stands_above_once_after_a_reload() {
    let Some(browser) = Browser::start("the page's history") else {
        return;
    };
    let server = Server::with(&[Auto], PATIENT);
    let mut nc = nc(&server, "nancy");
    nc.say("first");
    nc.send("/me waves\n").sync();
    let user = User::join(&browser, &server, "Britta");
    user.sees("nancy", "first").sees("nancy", "waves");
    user.say("mine").sees("Britta", "mine");
    nc.say("last");
    user.sees("nancy", "last");
    let all = ["first", "waves", "mine", "last"];
    assert_eq!(user.texts(), all);
    user.reload();
    user.await_state("connected");
    user.sees("nancy", "last").sees("Britta", "mine");
    nc.say("live");
    user.sees("nancy", "live");
    assert_eq!(user.texts()[..4], all);
    assert!(!user.has_gap());
    user.say("/search WAVES").is_told("#lobby nancy: waves");
}

#[test]
fn nothing_is_missing_and_nothing_doubled_after_a_restart_with_data() {
    let Some(browser) = Browser::start("the page over a restart with --data") else {
        return;
    };
    let directory = TempDir::new();
    let flags = format!("{} --durability seen", data(&directory));
    for signal in ["KILL", "TERM"] {
        let server = Server::open(&[OWN_DOOR], &flags);
        let door = server.door(Auto).to_owned();
        let user = User::join(&browser, &server, "Britta");
        let mut teller = nc(&server, "nancy");
        teller.say(&format!("{signal} of the lobby"));
        user.sees("nancy", &format!("{signal} of the lobby"));
        user.say("/join tea").is_at("room=tea");
        teller.send("/join tea\n").sync();
        user.say(&format!("{signal} before"))
            .sees("Britta", &format!("{signal} before"));
        teller.say(&format!("{signal} too"));
        user.sees("nancy", &format!("{signal} too"));
        server.signal(signal);
        server.wait();
        user.await_state("reconnecting");
        user.say(&format!("{signal} meanwhile"));
        user.page
            .wait_until("document.querySelector('[data-state=pending]') !== null");

        let server = Server::open(&[&door], &flags);
        let mut teller = nc(&server, "nancy");
        teller.say(&format!("{signal} missed?"));
        teller.send("/join tea\n").sync();
        for n in 0..30 {
            teller.say(&format!("{signal} while away {n}"));
        }
        user.await_state("connected");
        user.sees("Britta", &format!("{signal} meanwhile"));
        user.sees("nancy", &format!("{signal} while away 29"));
        user.say(&format!("{signal} after"))
            .sees("Britta", &format!("{signal} after"));
        let texts = user.texts();
        let of_this: Vec<&String> = texts.iter().filter(|it| it.starts_with(signal)).collect();
        assert_eq!(of_this.len(), 34, "{of_this:?}");
        for n in 0..30 {
            assert_eq!(user.count("nancy", &format!("{signal} while away {n}")), 1);
        }
        assert_eq!(*of_this[0], format!("{signal} before"));
        assert!(!user.has_gap());
        user.page.click("[data-room=lobby]");
        user.sees("nancy", &format!("{signal} of the lobby"))
            .sees("nancy", &format!("{signal} missed?"));
        assert!(!user.has_gap());
        user.say("/quit");
    }
}

#[test]
fn a_gap_is_shown_where_a_server_forgot() {
    let Some(browser) = Browser::start("the page over a restart that forgets") else {
        return;
    };
    let server = Server::open(&[OWN_DOOR], PATIENT);
    let door = server.door(Auto).to_owned();
    let user = User::join(&browser, &server, "Britta");
    for text in ["one", "two", "three"] {
        user.say(text).sees("Britta", text);
    }
    user.say("/join tea").is_at("room=tea");
    user.say("in the other room")
        .sees("Britta", "in the other room");
    user.page.click("[data-room=lobby]");
    user.is_at("room=lobby").sees("Britta", "three");
    server.signal("KILL");
    server.wait();
    user.await_state("reconnecting");
    let server = Server::open(&[&door], PATIENT);
    let mut nc = nc(&server, "nancy");
    nc.say("of another life");
    user.await_state("connected");
    nc.say("and more");
    user.sees("nancy", "and more").is_at("room=lobby");
    assert!(user.has_gap());
    for text in ["one", "two", "three"] {
        assert_eq!(user.count("Britta", text), 1, "{text}");
    }
}

#[test]
fn older_messages_come_by_scrolling() {
    let Some(browser) = Browser::start("the page's older messages") else {
        return;
    };
    let directory = TempDir::new();
    let server = Server::with(&[Auto], &data(&directory));
    let mut nc = nc(&server, "nancy");
    for n in 0..300 {
        nc.say(&format!("message {n}"));
    }
    nc.sync();
    let user = User::join(&browser, &server, "Britta");
    user.sees("nancy", "message 299");
    let is_all = "document.querySelectorAll('#log .message').length === 300";
    user.page.wait_until(&format!(
        "(document.querySelector('#log').scrollTop = 0) || {is_all}"
    ));
    let shown = shown_of_run(&user.page, "nancy");
    assert!(shown.iter().copied().eq(0..300), "{shown:?}");
    nc.say("message 300");
    user.page
        .wait_until("document.querySelector('#pill').textContent.includes('1 new')");
}

#[test]
fn what_was_said_with_somebody_is_found_again() {
    let Some(browser) = Browser::start("the page's private history") else {
        return;
    };
    let directory = TempDir::new();
    let server = Server::with(&[Auto], &data(&directory));
    let mut nc = nc(&server, "nancy");
    let user = User::join(&browser, &server, "Britta");
    nc.send("/pm Britta psst\n").sync();
    user.page
        .wait_until("document.querySelector('[data-person=nancy]') !== null");
    user.page.click("[data-person=nancy]");
    user.sees("nancy", "psst");
    user.say("what?").sees("Britta", "what?");
    user.leave();
    user.is_at("room=lobby");
    user.open_card("nancy");
    user.page.click("#card-message");
    user.is_at("person=nancy");
    user.sees("nancy", "psst").sees("Britta", "what?");
    assert_eq!(user.texts(), ["psst", "what?"]);
}

#[test]
fn an_account_comes_in_with_its_password_which_is_stored_nowhere() {
    let Some(browser) = Browser::start("the page's login") else {
        return;
    };
    let directory = TempDir::new();
    let flags = format!("{} --strict-names", data(&directory));
    let server = Server::open(&[OWN_DOOR], &flags);
    let door = server.door(Auto).to_owned();
    let mut owner = nc(&server, "Britta");
    owner.send("/register s3cret-pw\n");
    owner.expect_until("registered");
    owner.send("/quit\n").rest();
    let page = browser.open(&url(&server));
    page.click("#name").type_text("Britta").press("Enter");
    let wants_password = "document.activeElement.id === 'password' &&
        document.querySelector('#join-error').textContent !== ''";
    page.wait_until(wants_password);
    assert_eq!(
        page.evaluate("document.activeElement.type + document.activeElement.autocomplete"),
        "passwordcurrent-password"
    );
    page.type_text("wrong").press("Enter");
    page.wait_until(&format!(
        "{wants_password} && document.activeElement.value === 'wrong'
         && document.querySelector('#join-error').textContent.includes('wrong')"
    ));
    page.type_text("s3cret-pw").press("Enter");
    let user = User { page };
    user.await_state("connected");
    user.say("here").sees("Britta", "here");

    server.signal("KILL");
    server.wait();
    user.await_state("reconnecting");
    let server = Server::open(&[&door], &flags);
    user.await_state("connected");
    user.say("and here again").sees("Britta", "and here again");
    user.say("/passwd s3cret-pw n3w-pw").is_told("changed");
    user.say("/logout").is_told("not logged in");
    user.say("/login Britta n3w-pw")
        .is_told("logged in as Britta");
    user.page.click("#input").press("ArrowUp");
    assert_eq!(user.value(), "/logout");
    user.page.press("ArrowDown");
    // A draft is kept for each conversation, but none with a password.
    user.page.click("#input").type_text("/login Britta n3w-pw");
    user.say("").is_told("logged in as Britta");
    let kept = user.page.evaluate(
        "JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.body.innerText])",
    );
    let kept = kept.as_str().expect("text");
    assert!(
        !kept.contains("s3cret") && !kept.contains("n3w-pw"),
        "{kept}"
    );
    drop(server);
}
