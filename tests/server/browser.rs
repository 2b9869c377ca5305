//! The page in a real browser, with users of other dialects in the same rooms.

use serde_json::json;

use crate::cdp::*;
use crate::util::*;

/// On a busy machine a browser may be slow to ask for what it has connected for.
pub(crate) const PATIENT: &str = "--sniff-time 30s";

/// Whoever uses the page.
pub(crate) struct User<'a> {
    pub(crate) page: Page<'a>,
}

pub(crate) fn url(server: &Server) -> String {
    format!("http://{}/", server.address(Auto))
}

impl User<'_> {
    #[track_caller]
    pub(crate) fn join<'a>(browser: &'a Browser, server: &Server, name: &str) -> User<'a> {
        let page = browser.open(&url(server));
        page.click("#name").type_text(name).press("Enter");
        let user = User { page };
        user.await_state("connected");
        user
    }

    #[track_caller]
    pub(crate) fn await_state(&self, state: &str) {
        let state = format!("document.querySelector('#state').textContent.startsWith({state:?})");
        self.page.wait_until(&state);
    }

    /// Loads the page again.
    #[track_caller]
    pub(crate) fn reload(&self) {
        self.page.evaluate("window.isOld = true, location.reload()");
        self.page
            .wait_until("window.isOld === undefined && document.readyState === 'complete'");
    }

    /// Types a line and sends it.
    #[track_caller]
    pub(crate) fn say(&self, line: &str) -> &Self {
        self.page.click("#input").type_text(line).press("Enter");
        self
    }

    /// Waits until a message is shown just once, and as an own one only if it is confirmed.
    #[track_caller]
    pub(crate) fn sees(&self, from: &str, text: &str) -> &Self {
        self.page.wait_until(&format!(
            "(shown => shown.length === 1 && shown[0].dataset.state !== 'pending')
             ({})",
            messages(from, text)
        ));
        self
    }

    /// How often a message is shown.
    #[track_caller]
    pub(crate) fn count(&self, from: &str, text: &str) -> usize {
        let count = self
            .page
            .evaluate(&format!("{}.length", messages(from, text)));
        usize::try_from(count.as_u64().expect("a count")).expect("a small one")
    }

    /// Waits until what a selector finds has just this text.
    #[track_caller]
    pub(crate) fn reads(&self, selector: &str, text: &str) -> &Self {
        self.page.wait_until(&format!(
            "document.querySelector({selector:?})?.textContent === {}",
            json!(text)
        ));
        self
    }

    /// Waits until a conversation is the current one, as in `room=lobby` or `person=bob`.
    #[track_caller]
    pub(crate) fn is_at(&self, conversation: &str) -> &Self {
        self.page.wait_until(&format!(
            "document.querySelector('[data-{conversation}]')?.ariaCurrent === 'true'"
        ));
        self
    }

    /// Leaves the conversation that is open, which takes three clicks, none of them beside another.
    #[track_caller]
    pub(crate) fn leave(&self) {
        self.page.click("#room-info").click("#leave").click("#yes");
    }

    /// Opens a member's card, and waits for what the server says of them.
    #[track_caller]
    pub(crate) fn open_card(&self, name: &str) {
        self.page.evaluate(&format!(
            "document.querySelector('#members [data-name={name}] button').click()"
        ));
        self.page
            .wait_until("document.querySelector('#box').innerText.includes('Is in')");
    }

    #[track_caller]
    pub(crate) fn value(&self) -> String {
        let value = self.page.evaluate("document.querySelector('#input').value");
        value.as_str().expect("text").into()
    }
}

/// The elements of the messages with this author and text.
fn messages(from: &str, text: &str) -> String {
    format!(
        "[...document.querySelectorAll('#log .message')].filter(message =>
            message.dataset.from === {} && message.querySelector('.text')?.textContent === {})",
        json!(from),
        json!(text)
    )
}

/// How many messages of a run are shown, which must be each once and in order.
pub(crate) fn shown_of_run(page: &Page<'_>, from: &str) -> Vec<u64> {
    let numbers = page.evaluate(&format!(
        "[...document.querySelectorAll('#log .message[data-from={from}] .text')]
            .map(text => Number(text.textContent.split(' ').at(-1)))"
    ));
    let numbers = numbers.as_array().expect("numbers").iter();
    numbers
        .map(|number| number.as_u64().expect("a number"))
        .collect()
}

pub(crate) fn nc(server: &Server, nick: &str) -> Peer {
    let mut peer = Peer::connect(server.door(Auto), Text);
    peer.send(Text.join(nick)).expect(PROMPT);
    peer.expect_until(format!("[Server] {nick} joined the chat!\n"));
    peer
}

#[test]
fn a_page_talks_with_nc_and_json_users() {
    let Some(browser) = Browser::start("the page with users of other dialects") else {
        return;
    };
    let server = Server::with(&[Auto], PATIENT);
    let mut nc = nc(&server, "nancy");
    let mut json = Peer::connect(server.door(Auto), Json);
    json.send(Json.join("jason")).sync();
    nc.sync();
    let user = User::join(&browser, &server, "Britta");
    nc.expect("[Server] Britta joined the chat!\n");
    assert_eq!(json.json()["username"], "Britta");
    for name in ["nancy", "jason", "Britta"] {
        let is_there = format!("document.querySelector('#members [data-name={name}]') !== null");
        user.page.wait_until(&is_there);
    }
    user.say("Gr\u{fc}\u{df}e, <all> & \u{1f44b}");
    nc.expect("[Britta] Gr\u{fc}\u{df}e, <all> & \u{1f44b}\n");
    let heard = json.json();
    assert_eq!(
        (&heard["username"], &heard["message"]),
        (
            &"Britta".into(),
            &"Gr\u{fc}\u{df}e, <all> & \u{1f44b}".into()
        )
    );
    user.sees("Britta", "Gr\u{fc}\u{df}e, <all> & \u{1f44b}");
    nc.say("hello from nc");
    user.sees("nancy", "hello from nc");
    json.say("hello from \\\"jason\\\" \\ud83d\\udc4b");
    user.sees("jason", "hello from \"jason\" \u{1f44b}");
    drop(nc);
    user.page
        .wait_until("document.querySelector('#members [data-name=nancy]') === null");
    // A second page cannot take the name of the first.
    let late = browser.open(&url(&server));
    late.click("#name").type_text("bRITTA").press("Enter");
    late.wait_until("document.querySelector('#join-error').textContent !== ''");
    late.evaluate("document.querySelector('#name').select()");
    late.type_text("Late").press("Enter");
    let late = User { page: late };
    late.await_state("connected");
    late.say("hi, Britta");
    user.sees("Late", "hi, Britta");
    late.sees("Late", "hi, Britta");
}

/// What would run or show if it were taken for markup.
const MARKUP: [&str; 7] = [
    "<img src=x onerror=\"window.pwned = 1\">",
    "<script>window.pwned = 1</script>",
    "<svg onload=\"window.pwned = 1\"><b>bold</b>",
    "\"><iframe srcdoc='<script>parent.pwned = 1</script>'></iframe>",
    "&lt;b&gt; &amp; &#60;i&#62;",
    "https://example.org/\"onmouseover=\"window.pwned=1\" x",
    "javascript:window.pwned=1 data:text/html,<script>1</script>",
];

#[test]
fn markup_is_text_wherever_it_comes_from() {
    let Some(browser) = Browser::start("the page with texts that look like markup") else {
        return;
    };
    let server = Server::with(&[Auto], PATIENT);
    let user = User::join(&browser, &server, "Britta");
    let mut nc = nc(&server, "nancy");
    nc.send("/join tea\n").sync();
    user.say("/join tea").is_at("room=tea");
    nc.expect_until("Britta entered #tea.\n");
    let elements = |selector: &str| {
        let count = format!("document.querySelectorAll({selector:?}).length");
        user.page.evaluate(&count).as_u64().expect("a count")
    };
    let dangerous = "#chat img, #chat script, #chat iframe, #log svg, #log b, #log i, [onerror], \
        [onload], [onmouseover], [style*=url], a:not([href^='http']):not(.skip)";
    for text in MARKUP {
        nc.say(text);
        user.sees("nancy", text);
        user.say(text);
        nc.expect(format!("[Britta] {text}\n"));
        user.sees("Britta", text);
        nc.send(format!("/topic {text}\n"));
        user.reads("#topic", text);
        nc.send(format!("/pm Britta {text}\n"));
        nc.send(format!("/away {text}\n"));
        nc.expect_until("You are away now");
        nc.sync();
        assert_eq!(elements(dangerous), 0, "{text}");
    }
    user.page.click("[data-person=nancy]");
    for text in MARKUP {
        user.sees("nancy", text);
    }
    user.say("are you there?");
    user.page
        .wait_until("document.querySelector('#log').textContent.includes('away')");
    nc.send(format!("/quit {}\n", MARKUP[0])).rest();
    user.page.click("[data-room=lobby]");
    user.page
        .wait_until("document.querySelector('#members [data-name=nancy]') === null");
    assert_eq!(elements(dangerous), 0);
    assert!(user.page.evaluate("window.pwned").is_null());
    let links = user
        .page
        .evaluate("[...document.querySelectorAll('#log .text a')].map(a => [a.protocol, a.rel])");
    for link in links.as_array().expect("links") {
        assert_eq!(link[0], "https:");
        assert!(
            link[1].as_str().is_some_and(|rel| rel.contains("noopener")),
            "{link}"
        );
    }
}

#[test]
fn what_is_unread_is_counted_by_room_and_person() {
    let Some(browser) = Browser::start("the page with several rooms") else {
        return;
    };
    let server = Server::with(&[Auto], PATIENT);
    let mut nc = nc(&server, "nancy");
    let mut json = Peer::connect(server.door(Auto), Json);
    json.send(Json.join("jason")).sync();
    let user = User::join(&browser, &server, "Britta");
    user.say("/join tea");
    user.is_at("room=tea");
    nc.send("/join tea\n").sync();
    user.page
        .wait_until("document.querySelector('#members [data-name=nancy]') !== null");
    user.page.click("[data-room=lobby]");
    user.is_at("room=lobby")
        .reads("[data-room=tea] .unread", "");
    for (text, unread) in [("one", "1"), ("two", "2"), ("three", "3")] {
        nc.say(text);
        user.reads("[data-room=tea] .unread", unread);
        assert_eq!(user.count("nancy", text), 0, "it is of another room");
    }
    user.page.wait_until("document.title.includes('(3)')");
    json.say("for the lobby");
    user.sees("jason", "for the lobby")
        .reads("[data-room=lobby] .unread", "");
    user.page.click("[data-room=tea]");
    user.sees("nancy", "one")
        .sees("nancy", "three")
        .reads("[data-room=tea] .unread", "");
    user.page.wait_until("!document.title.includes('(')");

    json.sync();
    json.send("{\"type\":\"pm\",\"to\":\"Britta\",\"message\":\"psst\"}\n");
    user.reads("[data-person=jason] .unread", "1");
    user.page.click("[data-person=jason]");
    user.sees("jason", "psst")
        .reads("[data-person=jason] .unread", "");
    user.say("what is it?");
    let pm = loop {
        let came = json.json();
        if came["type"] == "pm" {
            break came;
        }
    };
    assert_eq!(
        (&pm["username"], &pm["message"]),
        (&"Britta".into(), &"what is it?".into())
    );
    user.sees("Britta", "what is it?");
    user.say("/pm nancy hello you");
    nc.expect_until("[Britta \u{2192} you] hello you\n");
    user.is_at("person=nancy").sees("Britta", "hello you");
}

/// Two names that a browser folds alike and the server does not, and the other way round.
#[test]
fn the_server_says_who_is_who() {
    let Some(browser) = Browser::start("the page's names") else {
        return;
    };
    let server = Server::with(&[Auto], PATIENT);
    let user = User::join(&browser, &server, "Kadi");
    let mut other = nc(&server, "Kadı");
    user.page
        .wait_until("document.querySelectorAll('#members li').length === 2");
    other.send("I am another\n").sync();
    user.sees("Kadı", "I am another")
        .reads("#self", "Kadi")
        .say("and I am Kadi")
        .sees("Kadi", "and I am Kadi");
    other.send("/nick KADI\n");
    other.expect_until("That name is taken.\n");
    other.send("/nick Kadıköy\n/quit\n");
    user.page
        .wait_until("document.querySelectorAll('#members li').length === 1");
    user.page
        .wait_until("document.querySelector('#members li').dataset.name === 'Kadi'");

    let people = "[...document.querySelectorAll('#people bdi')].map(name => name.textContent)";
    let is = |name: &str| format!("JSON.stringify({people}) === JSON.stringify([{name:?}])");
    let mut weiss = nc(&server, "Weiß");
    weiss.send("/pm Kadi once\n/quit\n");
    user.page.wait_until(&is("Weiß"));
    let mut weiss = nc(&server, "WEISS");
    weiss.send("/pm Kadi twice\n");
    user.page.wait_until(&is("WEISS"));
    user.say("/pm weiẞ hello you");
    weiss.expect_until("[Kadi \u{2192} you] hello you\n");
    user.is_at("person=WEISS")
        .sees("Weiß", "once")
        .sees("WEISS", "twice")
        .sees("Kadi", "hello you");
    user.page.wait_until(&is("WEISS"));

    let mut jose = nc(&server, "José");
    user.say("/pm Jose\u{301} hi").is_at("person=José");
    jose.expect_until("[Kadi \u{2192} you] hi\n");
}

#[test]
fn commands_and_names_are_completed_by_keyboard() {
    let Some(browser) = Browser::start("the page's completion") else {
        return;
    };
    let server = Server::with(&[Auto], PATIENT);
    let mut nc = nc(&server, "nancy");
    let user = User::join(&browser, &server, "Britta");
    nc.sync();
    let page = &user.page;
    let is_open = "!document.querySelector('#completions').hidden";
    page.click("#input").type_text("/");
    page.wait_until(is_open);
    page.wait_until("document.querySelectorAll('#completions [role=option]').length > 10");
    page.press("Escape");
    page.wait_until("document.querySelector('#completions').hidden");
    assert_eq!(user.value(), "/");
    page.type_text("whoi");
    page.wait_until(is_open);
    page.press("Tab");
    assert_eq!(user.value(), "/whois ");
    page.type_text("n").press("Tab");
    assert_eq!(user.value().trim_end(), "/whois nancy");
    page.press("Escape").press("Enter");
    page.wait_until("document.querySelector('#log .notice')?.textContent.includes('rooms: lobby')");
    assert_eq!(user.value(), "");
    page.type_text("n").press("Tab");
    page.type_text("hi").press("Enter");
    let said = page.evaluate(
        "new Promise(done => {
            const look = () => {
                const said = document.querySelector('.message[data-from=Britta] .text');
                said ? done(said.textContent) : setTimeout(look, 10);
            };
            look();
        })",
    );
    assert!(
        said.as_str().is_some_and(|text| text.starts_with("nancy")),
        "{said}"
    );
    nc.expect(format!("[Britta] {}\n", said.as_str().unwrap_or_default()));
    user.say("//hello");
    nc.expect("[Britta] /hello\n");
    user.say("/nonsense");
    page.wait_until("document.querySelector('#log .notice.error') !== null");
    user.say("/me waves");
    nc.expect_until("Britta waves");
    page.click("#input")
        .type_text("two")
        .press("Shift+Enter")
        .type_text("lines");
    assert_eq!(user.value(), "two\nlines");
    page.press("Enter");
    user.sees("Britta", "two\nlines");
    page.press("ArrowUp");
    assert_eq!(user.value(), "two\nlines");
    // Everything can be reached by Tab.
    let reached = (0..40).any(|_| {
        page.press("Tab");
        page.evaluate("document.activeElement.matches('[data-room=lobby]')") == true
    });
    assert!(reached, "the rooms have no focus");
}

#[test]
fn a_page_comes_back_after_a_restart_of_the_server() {
    let Some(browser) = Browser::start("the page over a restart") else {
        return;
    };
    for signal in ["KILL", "TERM"] {
        // An address of its own, whose port nobody else takes meanwhile.
        let server = Server::open(&["auto://127.0.0.77:0"], PATIENT);
        let door = server.door(Auto).to_owned();
        let user = User::join(&browser, &server, "Britta");
        user.say("/join tea").is_at("room=tea");
        user.say("before").sees("Britta", "before");
        server.signal(signal);
        server.wait();
        user.await_state("reconnecting");
        user.page
            .click("#input")
            .type_text("meanwhile")
            .press("Enter");
        user.page
            .wait_until("document.querySelector('[data-state=pending]') !== null");

        let server = Server::open(&[&door], PATIENT);
        user.await_state("connected");
        let mut nc = nc(&server, "nancy");
        nc.send("/join tea\n").sync();
        user.page
            .wait_until("document.querySelector('#members [data-name=nancy]') !== null");
        user.sees("Britta", "before").sees("Britta", "meanwhile");
        user.say("after").sees("Britta", "after");
        nc.expect("[Britta] after\n");
        nc.say("welcome back");
        user.sees("nancy", "welcome back");
        user.page.click("[data-room=lobby]");
        user.is_at("room=lobby");
        let mut json = Peer::connect(server.door(Auto), Json);
        json.send(Json.join("jason")).sync();
        json.say("in the lobby");
        user.sees("jason", "in the lobby");
        json.send("{\"type\":\"users\"}\n");
        let listed = loop {
            let came = json.json();
            if came["type"] == "users" {
                break came;
            }
        };
        assert_eq!(
            listed["users"].as_array().map(Vec::len),
            Some(3),
            "{listed}"
        );
        for text in ["before", "meanwhile", "after"] {
            user.page.click("[data-room=tea]");
            assert_eq!(user.count("Britta", text), 1, "{text}");
        }
        // A page that is loaded again is who it was, where it was.
        user.page.click("[data-room=lobby]");
        user.is_at("room=lobby");
        user.page.click("[data-room=tea]");
        user.reload();
        user.await_state("connected");
        user.is_at("room=tea");
        assert_eq!(
            user.page
                .evaluate("document.querySelector('#self').textContent"),
            "Britta"
        );
        nc.say("and again");
        user.sees("nancy", "and again");
    }
}

#[test]
fn a_narrow_page_has_no_horizontal_scroll() {
    let Some(browser) = Browser::start("the page at 360 pixels") else {
        return;
    };
    let server = Server::with(&[Auto], PATIENT);
    let mut nc = nc(&server, "nancy-with-20-chars-");
    let user = User::join(&browser, &server, "Britta");
    let page = &user.page;
    for width in [360, 320, 768, 1280] {
        page.resize(width, 640);
        let fits = format!(
            "document.documentElement.scrollWidth <= {width} && innerWidth === {width} &&
             document.querySelector('#log').scrollWidth <= document.querySelector('#log').clientWidth"
        );
        page.wait_until(&fits);
        for text in [
            "word".repeat(100),
            format!("https://example.org/{}", "x".repeat(300)),
            format!("{} spoken at {width}", "many words ".repeat(50)),
        ] {
            nc.say(&text);
            page.wait_until(&format!(
                "{}.length > 0",
                messages("nancy-with-20-chars-", &text)
            ));
            page.wait_until(&fits);
        }
        page.wait_until(
            "(box => box.width > 100 && box.left >= 0 && box.right <= innerWidth
                && box.bottom <= innerHeight)
             (document.querySelector('#input').getBoundingClientRect())",
        );
    }
    page.resize(360, 640);
    page.click("#open-side");
    page.wait_until(
        "(box => box.left >= 0 && box.right <= innerWidth)
         (document.querySelector('[data-room=lobby]').getBoundingClientRect())",
    );
    page.press("Escape");
    page.click("#open-members");
    page.wait_until("document.activeElement.closest('#members') !== null");
    page.press("Escape");
    user.say("still here").sees("Britta", "still here");
}

#[test]
fn one_reads_on_where_one_is_and_can_go_to_what_is_new() {
    let Some(browser) = Browser::start("the page's scrolling") else {
        return;
    };
    let server = Server::with(&[Auto], PATIENT);
    let mut nc = nc(&server, "nancy");
    let user = User::join(&browser, &server, "Britta");
    let page = &user.page;
    let is_at_end = "(log => log.scrollHeight - log.scrollTop - log.clientHeight < 5)
        (document.querySelector('#log'))";
    for n in 0..200 {
        nc.say(&format!("message {n}"));
    }
    user.sees("nancy", "message 199");
    page.wait_until(is_at_end);
    assert_eq!(
        page.evaluate("document.querySelector('#pill').hidden"),
        true
    );
    page.evaluate("document.querySelector('#log').scrollTop = 500");
    page.wait_until("!document.querySelector('#pill').hidden");
    // What is looked at, and where it stands.
    let seen = "(() => {
        const log = document.querySelector('#log').getBoundingClientRect();
        const rows = [...document.querySelectorAll('.message')];
        const first = rows.find(row => row.getBoundingClientRect().top >= log.top);
        return [first.textContent, Math.round(first.getBoundingClientRect().top)];
    })()";
    let before = page.evaluate(seen);
    for n in 200..300 {
        nc.say(&format!("message {n}"));
    }
    page.wait_until("document.querySelector('#pill').textContent.includes('100 new')");
    assert_eq!(page.evaluate(seen), before);
    page.click("#pill");
    page.wait_until(is_at_end);
    page.wait_until("document.querySelector('#pill').hidden");
    user.sees("nancy", "message 299");
    page.evaluate("document.querySelector('#log').scrollTop = 0");
    page.wait_until("!document.querySelector('#pill').hidden");
    user.say("one's own message is seen");
    page.wait_until(is_at_end);
}

#[test]
fn a_page_is_the_same_over_tls_at_the_same_port() {
    let Some(browser) = Browser::start("the page over TLS") else {
        return;
    };
    let server = Server::with(&[Auto], &format!("{PATIENT} --tls-self-signed"));
    let plain = User::join(&browser, &server, "Petra");
    let page = browser.open(&url(&server).replace("http:", "https:"));
    page.click("#name").type_text("Sue").press("Enter");
    let secure = User { page };
    secure.await_state("connected");
    assert_eq!(
        secure.page.evaluate("isSecureContext && location.protocol"),
        "https:"
    );
    secure.say("over TLS");
    plain.sees("Sue", "over TLS");
    plain.say("and back");
    secure.sees("Petra", "and back");
    let mut nc = nc(&server, "nancy");
    nc.say("from nc");
    secure.sees("nancy", "from nc");
}

#[test]
fn dark_and_light_are_what_one_prefers_and_legible() {
    let Some(browser) = Browser::start("the page's colours") else {
        return;
    };
    let server = Server::with(&[Auto], PATIENT);
    let mut nc = nc(&server, "nancy");
    let user = User::join(&browser, &server, "Britta");
    nc.say("a word about https://example.org/ and @Britta");
    user.say("seen").sees("Britta", "seen");
    // The lightness of the page, and the least contrast of its texts (WCAG 2, 1.4.3).
    let look = "(() => {
        const canvas = document.createElement('canvas').getContext('2d', { willReadFrequently: true });
        const rgba = color => {
            canvas.clearRect(0, 0, 1, 1);
            canvas.fillStyle = color;
            canvas.fillRect(0, 0, 1, 1);
            return [...canvas.getImageData(0, 0, 1, 1).data];
        };
        const over = ([r, g, b, a], under) =>
            [r, g, b].map((c, at) => c * a / 255 + under[at] * (1 - a / 255));
        const behind = element => element === null ? [255, 255, 255]
            : over(rgba(getComputedStyle(element).backgroundColor), behind(element.parentElement));
        const luminance = color => color.map(c => c / 255)
            .map(c => c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
            .reduce((sum, c, at) => sum + c * [0.2126, 0.7152, 0.0722][at], 0);
        const contrast = element => {
            const back = behind(element);
            const front = over(rgba(getComputedStyle(element).color), back);
            const [low, high] = [luminance(back), luminance(front)].sort((a, b) => a - b);
            return (high + 0.05) / (low + 0.05);
        };
        const texts = [...document.querySelectorAll('#chat *')].filter(element =>
            element.checkVisibility({ opacityProperty: true, visibilityProperty: true }) &&
            [...element.childNodes].some(node => node.nodeType === 3 && node.data.trim()));
        const least = texts.map(element => [contrast(element), element.outerHTML.slice(0, 200)])
            .sort(([a], [b]) => a - b)[0];
        return { light: luminance(behind(document.querySelector('#log'))), least };
    })()";
    for (scheme, is_light) in [("dark", false), ("light", true)] {
        user.page.prefer("prefers-color-scheme", scheme);
        user.page
            .wait_until(&format!("({look}.light > 0.5) === {is_light}"));
        let least = user.page.evaluate(look)["least"].clone();
        assert!(
            least[0].as_f64().is_some_and(|ratio| ratio >= 4.5),
            "{scheme}: {least}"
        );
    }
}

#[test]
fn what_can_be_used_has_a_name_and_a_role() {
    let Some(browser) = Browser::start("the page's names and roles") else {
        return;
    };
    let server = Server::with(&[Auto], PATIENT);
    let mut nc = nc(&server, "nancy");
    let page = browser.open(&url(&server));
    assert_eq!(page.nameless(), Vec::<String>::new());
    page.click("#name").type_text("Britta").press("Enter");
    let user = User { page };
    user.await_state("connected");
    nc.send("/pm Britta hi\n");
    user.page
        .wait_until("document.querySelector('[data-person=nancy]') !== null");
    assert_eq!(user.page.nameless(), Vec::<String>::new());
    for (selector, role) in [
        ("#log", "log"),
        ("#state", "status"),
        ("#join-error", "alert"),
    ] {
        let has_role =
            format!("document.querySelector('{selector}').closest('[role={role}]') !== null");
        assert_eq!(user.page.evaluate(&has_role), true, "{selector}");
    }
    assert!(
        user.page
            .console()
            .iter()
            .all(|line| !line.starts_with("error"))
    );
}
