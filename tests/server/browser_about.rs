//! What the page does about messages: edits, answers, reactions; and which files it takes.

use crate::browser::*;
use crate::cdp::*;
use crate::files::Shared;
use crate::util::*;

/// Opens what can be done with the message of a text, and presses one of the buttons there.
#[track_caller]
fn act(user: &User<'_>, text: &str, button: &str) {
    let row = format!(
        "[...document.querySelectorAll('#log .message')]
            .find(it => it.querySelector('.text')?.textContent === {text:?})"
    );
    let found = format!(
        "[...({row}?.querySelectorAll('.actions button') ?? [])].find(it => it.textContent === {button:?})"
    );
    user.page.wait_until(&format!("{row}?.dataset.id"));
    user.page.evaluate(&format!("{row}.focus()"));
    user.page.wait_until(&format!("Boolean({found})"));
    user.page.evaluate(&format!("{found}.click()"));
}

#[test]
fn an_edit_a_reaction_and_an_answer_are_seen_in_both_pages() {
    let Some(browser) = Browser::start("edits and reactions in the page") else {
        return;
    };
    let server = Server::with(&[Auto], PATIENT);
    let mut nc = nc(&server, "nancy");
    let britta = User::join(&browser, &server, "Britta");
    let olga = User::join(&browser, &server, "Olga");
    nc.sync();
    britta.say("teh moon").sees("Britta", "teh moon");
    olga.sees("Britta", "teh moon");
    nc.expect_until("[Britta] teh moon\n");
    // ↑ takes the last message up again.
    britta.page.press("ArrowUp");
    britta
        .page
        .wait_until("document.querySelector('#input').value === 'teh moon'");
    britta
        .page
        .evaluate("document.querySelector('#input').select()");
    britta.page.type_text("the *moon*").press("Enter");
    let edited = "document.querySelector('#log .message[data-from=Britta] .edited') !== null &&
        document.querySelector('#log .message[data-from=Britta] strong')?.textContent === 'moon'";
    for user in [&britta, &olga] {
        user.sees("Britta", "the moon");
        user.page.wait_until(edited);
    }
    nc.expect_until("[Britta] (edited) the *moon*\n");
    // A reaction of the picker is counted; who presses it has it, too, and takes it back by the same.
    act(&olga, "the moon", "React");
    olga.page
        .wait_until("document.querySelector('#picker').matches(':popover-open')");
    olga.page.click("#picker-grid button");
    let counts = |count: u32| {
        format!("document.querySelector('.reactions button')?.textContent.endsWith(' {count}')")
    };
    for user in [&britta, &olga] {
        user.page.wait_until(&counts(1));
    }
    nc.expect_until("[Olga] reacted ");
    britta.page.click(".reactions button");
    for user in [&britta, &olga] {
        user.page.wait_until(&counts(2));
    }
    britta
        .page
        .wait_until("document.querySelector('.reactions button').ariaPressed === 'true'");
    britta.page.click(".reactions button");
    olga.page.wait_until(&counts(1));
    // What others do is shown the same way.
    nc.send("/history ids\n");
    let told = String::from_utf8(nc.expect_until(") [Britta] the")).expect("UTF-8");
    let id = told.rsplit(['(', ')']).nth(1).expect("a number").to_owned();
    nc.send(format!("/react {id} yes\n")).sync();
    olga.page.wait_until(
        "[...document.querySelectorAll('.reactions button')].some(it => it.textContent === 'yes 1')",
    );
    // An answer leads to what it answers.
    act(&olga, "the moon", "Reply");
    olga.page.type_text("so it is").press("Enter");
    britta.sees("Olga", "so it is");
    britta.reads("#log .answered", "↪ Britta: the *moon*");
    nc.expect_until("[Olga] → Britta: so it is\n");
    // All of it is there after a reload.
    britta.reload();
    britta.await_state("connected");
    britta.sees("Britta", "the moon");
    britta
        .page
        .wait_until(&format!("{edited} && {}", counts(1)));
}

#[test]
fn files_are_offered_where_they_are_taken_and_listed() {
    let Some(browser) = Browser::start("where the page takes files") else {
        return;
    };
    let hidden = "document.querySelector('#attach').hidden";
    let plain = Server::with(&[Auto], PATIENT);
    let user = User::join(&browser, &plain, "Britta");
    assert_eq!(user.page.evaluate(hidden), true);
    let shared = Shared::with(&[Auto], PATIENT);
    let user = User::join(&browser, &shared.server, "Britta");
    assert_eq!(user.page.evaluate(hidden), false);
    let mut nc = nc(&shared.server, "nancy");
    user.say("/pm nancy psst").is_at("person=nancy");
    user.page.wait_until(hidden);
    user.page.click("[data-room=lobby]");
    user.page.wait_until(&format!("!{hidden}"));
    let told = |text: &str| {
        user.page.wait_until(&format!(
            "[...document.querySelectorAll('#log .notice')].at(-1)?.textContent.includes({text:?})"
        ));
    };
    user.say("/files");
    told("Found: 0");
    user.page.evaluate(
        "(() => {
            const data = new DataTransfer();
            data.items.add(new File(['shine'], 'sun.txt', { type: 'text/plain' }));
            document.querySelector('#main').dispatchEvent(
                new DragEvent('drop', { dataTransfer: data, bubbles: true, cancelable: true }));
        })()",
    );
    nc.expect_until("[Britta] sun.txt (5 B, text/plain)\n");
    user.page
        .wait_until("document.querySelector('#log a.file') !== null");
    user.say("between").sees("Britta", "between");
    user.say("/files");
    told("Found: 1");
    let listed = user.page.evaluate(
        "[...document.querySelectorAll('#log .notice')].at(-2).textContent.match(/\\((\\d+)\\) #lobby Britta: sun.txt/)?.[1]",
    );
    let id = listed.as_str().expect("a number").to_owned();
    user.say(&format!("/unsend {id}"));
    nc.expect_until("deleted");
    user.page
        .wait_until("document.querySelector('#log a.file') === null");
    assert_eq!(user.count("Britta", "between"), 1);
}
