//! The page as somebody new finds it: the way in, messages as they are shown, rooms, members and settings.

use serde_json::json;

use crate::browser::*;
use crate::cdp::*;
use crate::util::*;

/// How the cases of the markup are written, from what the page makes of a text.
const TAGGED: &str = "import('/markup.js').then(({ blocksOf }) => {
    const tags = { bold: 'b', italic: 'i', spoiler: 's' };
    const part = it => typeof it === 'string' ? it : it.code !== undefined ? `<c>${it.code}</c>`
        : it.begin ? `<${tags[it.begin]}>` : `</${tags[it.end]}>`;
    const outer = { line: ['', ''], quote: ['<q>', '</q>'], item: ['<l>', '</l>'], fence: ['<p>', '</p>'] };
    return cases.map(text => blocksOf(text).map(({ kind, code, pieces }) =>
        outer[kind][0] + (code ?? pieces.map(part).join('')) + outer[kind][1]).join('\\n'));
})";

impl User<'_> {
    /// Puts a text into the box at once, as pasting does, and sends it.
    #[track_caller]
    fn paste(&self, text: &str) -> &Self {
        self.page.click("#input");
        self.page.evaluate(&format!(
            "(input => {{ input.value = {}; input.dispatchEvent(new Event('input')); }})
             (document.querySelector('#input'))",
            json!(text)
        ));
        self.page.press("Enter");
        self
    }

    /// Waits until what a selector finds contains a text.
    #[track_caller]
    fn shows(&self, selector: &str, text: &str) -> &Self {
        self.page.wait_until(&format!(
            "document.querySelector({selector:?})?.innerText.includes({})",
            json!(text)
        ));
        self
    }
}

#[test]
fn who_is_new_sees_who_is_here_and_is_offered_a_name() {
    let Some(browser) = Browser::start("the page's way in") else {
        return;
    };
    let server = Server::with(&[Auto], PATIENT);
    let mut nc = nc(&server, "nancy");
    nc.send("/join rust\n").sync();
    let page = browser.open(&url(&server));
    page.wait_until("document.querySelector('#present').innerText.includes('nancy')");
    page.wait_until("document.querySelector('#present').innerText.includes('#rust (1)')");
    // The rules stand there, and what breaks them is told before the server is asked.
    page.wait_until("document.querySelector('#rules').innerText.includes('1 to 20 letters')");
    page.click("#name").type_text("two words").press("Enter");
    page.wait_until("document.querySelector('#name').ariaInvalid === 'true'");
    page.wait_until("document.querySelector('#rules').matches('.error')");
    page.evaluate("document.querySelector('#name').select()");
    page.type_text("Nancy");
    page.wait_until("document.querySelector('#rules').innerText.includes('Nancy is here already')");
    page.press("Enter");
    page.wait_until("document.querySelector('#join-error').innerText !== ''");
    page.wait_until("document.querySelector('#offer').innerText.includes('Nancy2')");
    page.click("#offer button");
    let user = User { page };
    user.await_state("connected");
    user.reads("#self", "Nancy2");
    // Another page of the same browser finds the name taken, and offers a form; who left finds one, too.
    user.say("/quit");
    user.reload();
    user.page
        .wait_until("!document.querySelector('#door').hidden");
    assert_eq!(
        user.page.evaluate("document.querySelector('#name').value"),
        "Nancy2"
    );
}

#[test]
fn who_comes_again_is_signed_in() {
    let Some(browser) = Browser::start("the page's next visit") else {
        return;
    };
    let server = Server::with(&[Auto], PATIENT);
    let user = User::join(&browser, &server, "Britta");
    // As in a new tab, where the old one is gone.
    user.page.evaluate(
        "window.onpagehide = null, addEventListener('pagehide', () => sessionStorage.clear())",
    );
    user.reload();
    user.await_state("connected");
    user.reads("#self", "Britta");
}

#[test]
fn markup_means_what_the_cases_say() {
    let Some(browser) = Browser::start("the page's markup") else {
        return;
    };
    let server = Server::with(&[Auto], PATIENT);
    let page = browser.open(&url(&server));
    let cases = include_str!("../../src/model/markup_cases.txt").lines();
    let cases = cases.skip_while(|line| !line.starts_with("## "));
    let cases = cases.filter(|line| !line.is_empty() && !line.starts_with("## "));
    let cases: Vec<(String, String)> = cases
        .map(|case| {
            let (typed, meant) = case.split_once(" \u{2192} ").expect("an arrow");
            (typed.replace("\\n", "\n"), meant.replace("\\n", "\n"))
        })
        .collect();
    assert!(cases.len() > 100);
    let typed: Vec<&str> = cases.iter().map(|(typed, _)| typed.as_str()).collect();
    let shown = page.evaluate(&format!("{{ const cases = {}; {TAGGED} }}", json!(typed)));
    for (at, (typed, meant)) in cases.iter().enumerate() {
        assert_eq!(shown[at], json!(meant), "{typed}");
    }
    // What is long is read in linear time.
    for unit in ["*a", "_a *b ", "` ", "||a", "https://", "```\n", "a* "] {
        let took = page.evaluate(&format!(
            "import('/markup.js').then(({{ blocksOf }}) => {{
                const begin = performance.now();
                blocksOf({});
                return performance.now() - begin;
            }})",
            json!(unit.repeat(100_000 / unit.len()))
        ));
        assert!(
            took.as_f64().is_some_and(|ms| ms < 10_000.0),
            "{unit:?}: {took}"
        );
    }
}

#[test]
fn messages_are_shown_as_they_are_meant() {
    let Some(browser) = Browser::start("the page's messages") else {
        return;
    };
    let server = Server::with(&[Auto], PATIENT);
    let mut nc = nc(&server, "nancy");
    let user = User::join(&browser, &server, "Britta");
    nc.sync();
    let page = &user.page;
    nc.say("a *bold* _word_, `co*de*` :tada: @Britta ||boo||");
    user.sees("nancy", "a bold word, co*de* \u{1f389} @Britta boo");
    for (selector, text) in [
        ("strong", "bold"),
        ("em", "word"),
        ("code", "co*de*"),
        (".at", "@Britta"),
    ] {
        user.reads(&format!("#log .text {selector}"), text);
    }
    // A spoiler is shown to who asks for it.
    page.wait_until(
        "getComputedStyle(document.querySelector('.spoiler *')).visibility === 'hidden'",
    );
    page.click(".spoiler");
    page.wait_until("document.querySelector('.spoiler') === null");
    user.paste("```rust\nfn main() {\n\tx();\n}\n```\n> said\n- one\n- two");
    user.reads("#log pre code", "fn main() {\n\tx();\n}")
        .reads("#log blockquote", "said");
    page.wait_until("document.querySelectorAll('#log .text li').length === 2");
    // It is copied as it was typed, line ends and all.
    page.evaluate("document.execCommand = () => { window.copied = document.activeElement.value; }");
    page.evaluate("Object.defineProperty(navigator, 'clipboard', { value: undefined })");
    page.click("#log .copy");
    page.wait_until("window.copied === 'fn main() {\\n\\tx();\\n}'");
    user.reads("#log .copy", "Copied");
    // Long ones are folded.
    let long: Vec<String> = (0..60).map(|n| format!("line {n}")).collect();
    user.paste(&long.join("\n"));
    page.wait_until("document.querySelector('#log .folded')?.offsetHeight < 400");
    page.click("#log .fold");
    page.wait_until("document.querySelector('#log .folded') === null");
    // Every message has its time, and none a mark that all is well.
    page.wait_until(
        "[...document.querySelectorAll('#log .message')].every(row =>
            /^\\d\\d:\\d\\d$/.test(row.querySelector('time').innerText)
            && row.querySelector('.mark').innerText === '')",
    );
}

#[test]
fn names_have_colours_of_their_own_and_come_again_after_a_while() {
    let Some(browser) = Browser::start("the page's names and times") else {
        return;
    };
    let server = Server::with(&[Auto], PATIENT);
    let names = [
        "ann", "bob", "cyd", "dan", "eve", "fay", "gus", "hal", "ida", "jim",
    ];
    let mut peers: Vec<Peer> = names.iter().map(|name| nc(&server, name)).collect();
    let user = User::join(&browser, &server, "Britta");
    for (peer, name) in peers.iter_mut().zip(names) {
        peer.say("hello");
        user.sees(name, "hello");
    }
    let hues = "new Set([...document.querySelectorAll('#members li')].map(li => li.style.getPropertyValue('--hue'))).size";
    assert_eq!(user.page.evaluate(hues), 11);
    // Four minutes and four more: what is said then begins anew.
    let shown = "import('/state.js').then(({ state }) => {
        const [first] = state.current.entries.filter(({ from }) => from === 'jim');
        for (const minutes of [4, 8, 9]) {
            state.current.add({ ...first, number: 1e6 + minutes, id: 1e6 + minutes, text: `${minutes}`, time: first.time + minutes * 60_000 });
        }
        window.dispatchEvent(new Event('click'));
    })";
    user.page.evaluate(shown);
    user.page.wait_until(
        "[...document.querySelectorAll('[data-from=jim]')].map(row => row.matches('.continued')).join()
            === 'false,true,false,true'",
    );
}

#[test]
fn a_permalink_and_what_is_found_lead_to_their_place() {
    let Some(browser) = Browser::start("the page's permalinks") else {
        return;
    };
    let directory = TempDir::new();
    let flags = format!("{PATIENT} --data {}", directory.join("data").display());
    let server = Server::with(&[Auto], &flags);
    let mut nc = nc(&server, "nancy");
    nc.send("/join rust\n").sync();
    for n in 0..400 {
        nc.say(&format!(
            "message {n}{}",
            if n == 7 { " needle" } else { "" }
        ));
    }
    nc.sync();
    let user = User::join(&browser, &server, "Britta");
    let page = &user.page;
    user.say("/join rust").is_at("room=rust");
    user.sees("nancy", "message 399");
    let is_led = "document.querySelector('.goal .text')?.textContent === 'message 7 needle'
        && (box => box.top >= 0 && box.bottom <= innerHeight)(document.querySelector('.goal').getBoundingClientRect())";
    page.click("#search");
    page.type_text("needle").press("Enter");
    user.shows("#found", "message 7 needle");
    page.click("#found button");
    page.wait_until(is_led);
    let id = page.evaluate("document.querySelector('.goal').dataset.id");
    let id = id.as_str().expect("an id").to_owned();
    let link = page.evaluate("document.querySelector('.goal .stamp').href");
    assert_eq!(link, format!("{}#rust/{id}", url(&server)));
    // What lies between is asked for, up to what was there.
    page.wait_until("document.querySelector('.hole') !== null");
    page.evaluate("document.querySelector('.hole button').click()");
    page.wait_until(
        "(all => all.length > 200 && all.every((text, at) => at === 0 || parseInt(text.slice(8)) > parseInt(all[at - 1].slice(8))))
         ([...document.querySelectorAll('#log .text')].map(it => it.textContent))",
    );
    // The address leads there, too.
    let page = browser.open(&format!("{}#rust/{id}", url(&server)));
    page.click("#name").type_text("Carl").press("Enter");
    page.wait_until(is_led);
}

#[test]
fn what_is_unread_begins_with_a_line_and_a_way_to_it() {
    let Some(browser) = Browser::start("the page's unread line") else {
        return;
    };
    let server = Server::with(&[Auto], PATIENT);
    let mut nc = nc(&server, "nancy");
    let user = User::join(&browser, &server, "Britta");
    let page = &user.page;
    user.say("/join tea").is_at("room=tea");
    for n in 0..90 {
        nc.say(&format!("message {n}"));
    }
    user.reads("[data-room=lobby] .unread", "90");
    page.click("[data-room=lobby]");
    user.is_at("room=lobby");
    page.wait_until("document.querySelector('.new + .message .text')?.textContent === 'message 0'");
    page.click("#pill");
    page.wait_until("!document.querySelector('#to-new').hidden");
    page.click("#to-new");
    page.wait_until("document.querySelector('.goal .text')?.textContent === 'message 0'");
}

#[test]
fn one_writes_with_emoji_and_drafts_and_an_input_method() {
    let Some(browser) = Browser::start("the page's box") else {
        return;
    };
    let server = Server::with(&[Auto], PATIENT);
    let user = User::join(&browser, &server, "Britta");
    let page = &user.page;
    page.click("#input").type_text("so ");
    page.click("#emoji");
    page.type_text("tada");
    page.press("Enter");
    page.wait_until("document.querySelector('#input').value === 'so \u{1f389}'");
    // What is chosen while an input method composes is not sent.
    page.click("#input");
    page.evaluate(
        "document.querySelector('#input').dispatchEvent(new KeyboardEvent('keydown',
            { key: 'Enter', isComposing: true, bubbles: true, cancelable: true }))",
    );
    assert_eq!(user.value(), "so \u{1f389}");
    // Each room has a draft, and the box does not move.
    let place = "JSON.stringify(document.querySelector('#input').getBoundingClientRect())";
    let before = page.evaluate(place);
    user.page.press("Enter");
    user.sees("Britta", "so \u{1f389}");
    user.say("/join tea").is_at("room=tea");
    page.click("#input").type_text("a draft");
    page.click("[data-room=lobby]");
    user.is_at("room=lobby");
    assert_eq!(user.value(), "");
    assert_eq!(page.evaluate(place), before);
    page.click("[data-room=tea]");
    user.is_at("room=tea");
    assert_eq!(user.value(), "a draft");
    // It says how much more fits, and that something does not.
    for (letters, is_over) in [(7500, false), (8500, true)] {
        page.evaluate(&format!(
            "(input => {{ input.value = 'a'.repeat({letters}); input.dispatchEvent(new Event('input')); }})
             (document.querySelector('#input'))"
        ));
        page.wait_until(&format!(
            "(left => left.innerText !== '' && left.matches('.over') === {is_over})(document.querySelector('#left'))"
        ));
    }
}

#[test]
fn rooms_are_found_and_made_and_left() {
    let Some(browser) = Browser::start("the page's list of rooms") else {
        return;
    };
    let server = Server::with(&[Auto], PATIENT);
    let mut nc = nc(&server, "nancy");
    nc.send("/join rust\n/topic crabs\n").sync();
    let user = User::join(&browser, &server, "Britta");
    let page = &user.page;
    page.click("#browse");
    user.shows("#rooms-there", "#rust");
    page.click("#room-filter").type_text("crab");
    page.wait_until("document.querySelectorAll('#rooms-there button').length === 1");
    page.click("#rooms-there button");
    user.is_at("room=rust");
    // A private one is seen by nobody, and entered by who is invited.
    page.click("#browse");
    page.click("#new-room")
        .type_text("no good name")
        .press("Enter");
    page.wait_until("document.querySelector('#make-room .error') !== null");
    page.evaluate("document.querySelector('#new-room').select()");
    page.type_text("den").click("#new-private").press("Tab");
    page.click("#make-room .primary");
    user.is_at("room=den");
    user.shows("#log", "moderate it");
    user.page
        .wait_until("document.querySelectorAll('#log .notice').length > 2");
    nc.send("/join den\n").expect_until("invited to #den");
    user.say("/invite nancy");
    nc.expect_until("den");
    nc.send("/join den\n").expect_until("#den");
    // One leaves a room with three clicks, or thinks better of it.
    page.click("#room-info").click("#leave");
    page.wait_until("document.querySelector('#yes') !== null");
    page.press("Escape");
    page.wait_until("!document.querySelector('#box').open");
    user.is_at("room=den").leave();
    page.wait_until("document.querySelector('[data-room=den]') === null");
}

#[test]
fn a_member_has_a_card() {
    let Some(browser) = Browser::start("the page's members") else {
        return;
    };
    let server = Server::with(&[Auto], PATIENT);
    let mut nc = nc(&server, "nancy");
    nc.send("/away having tea\n").sync();
    let user = User::join(&browser, &server, "Britta");
    let page = &user.page;
    user.open_card("nancy");
    user.shows("#box", "Is in #lobby.")
        .shows("#box", "having tea");
    nc.sync();
    // Nobody moderates the lobby.
    assert_eq!(
        page.evaluate("document.querySelector('#card-kick') === null"),
        true
    );
    page.click("#card-ignore");
    user.shows("#box", "You hear nothing more");
    nc.say("unheard");
    page.click("#card-ignore");
    user.shows("#box", "You hear from them again");
    page.press("Escape");
    nc.say("heard");
    user.sees("nancy", "heard");
    assert_eq!(user.count("nancy", "unheard"), 0);
    // Who moderates a room can keep silent and put out.
    user.say("/join den").is_at("room=den");
    nc.send("/join den\n").sync();
    page.wait_until("document.querySelector('#members [data-name=nancy]') !== null");
    user.open_card("nancy");
    page.wait_until("document.querySelector('#card-kick') !== null");
    page.click("#card-mute");
    user.shows("#box", "silent for 10 minutes");
    page.click("#card-unmute");
    page.click("#card-kick").click("#yes");
    nc.expect_until("put you out of #den");
    page.wait_until("document.querySelector('#members [data-name=nancy]') === null");
    // A name that is written leads there, and one's own to the settings.
    page.click("[data-room=lobby]");
    user.is_at("room=lobby");
    page.evaluate("document.querySelector('#members [data-name=Britta] button').click()");
    page.wait_until("document.querySelector('#menu').open");
}

#[test]
fn settings_are_kept_and_the_page_can_be_installed() {
    let Some(browser) = Browser::start("the page's settings") else {
        return;
    };
    let directory = TempDir::new();
    let flags = format!("{PATIENT} --data {}", directory.join("data").display());
    let server = Server::with(&[Auto], &flags);
    let user = User::join(&browser, &server, "Britta");
    let page = &user.page;
    page.click("#me");
    page.evaluate(
        "(theme => { theme.value = 'dark'; theme.dispatchEvent(new Event('change')); })(document.querySelector('#theme'))",
    );
    page.click("#sound");
    // A form for accounts.
    page.click("#account-password").type_text("s3cret-pw");
    page.click("#account .primary");
    page.wait_until(
        "document.querySelector('#account-told').innerText.includes('logged in as Britta')",
    );
    page.click("#account-password").type_text("s3cret-pw");
    page.click("#elsewhere");
    user.shows("#account-error", "changed");
    user.reload();
    user.await_state("connected");
    page.wait_until("document.documentElement.style.colorScheme === 'dark'");
    page.wait_until("document.querySelector('#sound').checked");
    assert_eq!(page.installability(), Vec::<String>::new());
}
