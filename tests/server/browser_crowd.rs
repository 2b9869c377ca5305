//! The page with a crowd.

use crate::browser::*;
use crate::cdp::*;
use crate::util::*;

/// So many who come in, one after the other.
fn crowd(server: &Server, name: &str, count: usize) -> Vec<Peer> {
    let come_in = |n: usize| {
        let mut peer = Peer::connect(server.door(Auto), Json);
        peer.send(Json.join(&format!("{name}{n}")));
        peer.line();
        peer
    };
    (0..count).map(come_in).collect()
}

#[test]
fn a_page_takes_a_thousand_messages_and_two_hundred_members() {
    let Some(browser) = Browser::start("the page with a crowd") else {
        return;
    };
    let server = Server::with(&[Auto], PATIENT);
    let user = User::join(&browser, &server, "Britta");
    let page = &user.page;
    let crowd = crowd(&server, "member", 199);
    page.wait_until("document.querySelectorAll('#members [data-name]').length === 200");
    let mut nc = nc(&server, "nancy");
    for n in 0..1000 {
        nc.say(&format!("message {n}"));
    }
    user.sees("nancy", "message 999");
    let shown = shown_of_run(page, "nancy");
    let first = shown[0];
    assert!(shown.len() >= 100, "{} are shown", shown.len());
    assert!(shown.iter().copied().eq(first..1000), "{shown:?}");
    drop(crowd);
    page.wait_until("document.querySelectorAll('#members [data-name]').length === 2");
    user.say("still here").sees("Britta", "still here");
}

#[test]
fn a_page_shows_a_crowd_by_pages_and_counts_all_of_it() {
    let Some(browser) = Browser::start("the page with more members than are named at once") else {
        return;
    };
    let server = Server::with(&[Auto], PATIENT);
    let mut early = crowd(&server, "early", 600);
    let late = crowd(&server, "late", 601);
    let user = User::join(&browser, &server, "Britta");
    let page = &user.page;
    let shows = |count: &str, rows: usize| {
        page.wait_until(&format!(
            "document.querySelector('#count').textContent === '{count}' \
             && document.querySelectorAll('#members [data-name]').length === {rows}"
        ));
    };
    page.resize(1400, 700);
    let to_end = "document.querySelector('#aside').scrollTop = 1e6";
    shows("500 of 1202", 500);
    let row =
        |n: usize| format!("document.querySelectorAll('#members [data-name]')[{n}].dataset.name");
    assert_eq!(page.evaluate(&row(0)), "early0", "they stand as they came");
    // Behind whom the next page is to begin goes by another name, and the next of them is gone.
    early[499].send("{\"type\":\"nick\",\"username\":\"renamed\"}\n");
    page.wait_until(&format!("{} === 'renamed'", row(499)));
    page.evaluate(to_end);
    shows("1000 of 1202", 1000);
    assert_eq!(page.evaluate(&row(500)), "early500");
    assert_eq!(page.evaluate(&row(999)), "late399");
    page.evaluate(to_end);
    shows("1202", 1202);
    assert_eq!(page.evaluate(&row(1201)), "Britta");
    // It is counted again after a while, and what was shown stays.
    drop(late);
    page.wait_until("document.querySelector('#count').textContent === '601'");
    shows("601", 601);
    // Again: of the next room the first are shown.
    user.say("/who");
    page.wait_until("document.querySelector('#log').textContent.includes(' and 101 others')");
    user.say("/join tea");
    shows("1", 1);
}
