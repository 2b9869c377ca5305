//! The page as it is used every day: links, commands typed in full, and what a reload keeps.

use serde_json::{Value, json};

use crate::browser::*;
use crate::cdp::*;
use crate::util::*;

/// Texts, and what of each is a link.
const LINKED: &[(&str, &[&str])] = &[
    ("https://example.com/a，谢谢", &["https://example.com/a"]),
    ("请看https://example.com", &["https://example.com"]),
    ("请看https://example.com。", &["https://example.com"]),
    ("https://example.com谢谢", &["https://example.com"]),
    ("https://example.com/谢谢！", &["https://example.com/谢谢"]),
    ("「https://example.com/a」と", &["https://example.com/a"]),
    ("（https://example.com/a）", &["https://example.com/a"]),
    (
        "https://example.com/a। https://example.com/b؟",
        &["https://example.com/a", "https://example.com/b"],
    ),
    (
        "https://a.example，https://b.example",
        &["https://a.example", "https://b.example"],
    ),
    ("www.example.com", &["www.example.com"]),
    ("请看www.example.com/a?b=c, ok", &["www.example.com/a?b=c"]),
    ("WWW.Example.COM.", &["WWW.Example.COM"]),
    ("www. www.com www.example a@www.example.com", &[]),
    (
        "(https://en.wikipedia.org/wiki/Rust_(language))",
        &["https://en.wikipedia.org/wiki/Rust_(language)"],
    ),
    (
        "[a link](https://example.com/a).",
        &["https://example.com/a"],
    ),
    ("<https://example.com/a>", &["https://example.com/a"]),
    ("[http://[::1]:8080/x]", &["http://[::1]:8080/x"]),
    ("https://example.com/a)b", &["https://example.com/a"]),
    ("**https://example.com/a**", &["https://example.com/a"]),
    (
        "https://example.com... https://example.com/a?!",
        &["https://example.com", "https://example.com/a"],
    ),
    (
        "https://example.com/?a=b&c=d#e/",
        &["https://example.com/?a=b&c=d#e/"],
    ),
    ("https://example.com/a–b…", &["https://example.com/a–b"]),
    ("https://bücher.example/ä", &["https://bücher.example/ä"]),
    ("https://例え.テスト/パス", &["https://例え.テスト/パス"]),
    ("см. https://пример.рф.", &["https://пример.рф"]),
    ("https://example.com/a\u{1f44d}", &["https://example.com/a"]),
    ("https://example.com/a\u{202e}b", &["https://example.com/a"]),
    (
        "javascript:alert(1) data:text/html,x file:///etc/passwd",
        &[],
    ),
    (
        "xhttps://example.com https:// https://. ftp://example.com",
        &[],
    ),
    ("see #rust, or (#tea).", &["#rust", "#tea"]),
    ("请看#日本 #हिन्दी", &["#日本", "#हिन्दी"]),
    ("a#b C# ##c /#d &#60; #-e #.f #", &[]),
    ("#fff #a1b2c3 #12 #123456 color:#ABCD", &[]),
    ("#known1 #dad", &["#known1", "#dad"]),
    (
        "https://example.com/#rust #rust-",
        &["https://example.com/#rust", "#rust"],
    ),
    (
        "#xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
        &["#xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"],
    ),
    ("#xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", &[]),
];

#[test]
fn links_are_found_in_texts_of_every_script() {
    let Some(browser) = Browser::start("the page's links") else {
        return;
    };
    let server = Server::with(&[Auto], PATIENT);
    let page = browser.open(&url(&server));
    let parts_of = |text: &str| {
        let parts = page.evaluate(&format!(
            "import('/links.js').then(({{ partsOf }}) => partsOf({}, room => room === 'dad'))",
            json!(text)
        ));
        parts.as_array().expect("parts").clone()
    };
    for (text, links) in LINKED {
        let parts = parts_of(text);
        let text_of = |part: &Value| part["text"].as_str().or(part.as_str()).map(String::from);
        let whole: Option<String> = parts.iter().map(text_of).collect();
        assert_eq!(whole.as_deref(), Some(*text), "nothing is lost");
        let found = parts.iter().filter(|part| part.is_object()).map(text_of);
        let found: Vec<String> = found.flatten().collect();
        assert_eq!(&found, links, "{text}");
        for part in parts.iter().filter(|part| part.is_object()) {
            let address = part["address"].as_str();
            let is_good = address.is_none_or(|it| it.to_lowercase().starts_with("http"));
            assert!(
                is_good && address.is_some() != part["room"].is_string(),
                "{part}"
            );
        }
    }
    // What is long is read once: a message of 4 KB takes no time that one notices.
    for piece in [
        "https://",
        "www.",
        "#",
        "(",
        ".",
        "a.",
        "https://a/)",
        "#a-",
    ] {
        let text = format!("https://a/{}x", piece.repeat(40_000));
        let took = format!(
            "import('/links.js').then(({{ partsOf }}) => {{
                const begin = performance.now();
                partsOf({}, () => false);
                return performance.now() - begin;
            }})",
            json!(text)
        );
        let ms = page.evaluate(&took).as_f64().expect("a time");
        assert!(ms < 10_000.0, "{piece}: {ms} ms");
    }
}

#[test]
fn a_link_to_a_room_enters_it_and_one_goes_back() {
    let Some(browser) = Browser::start("the page's rooms as links") else {
        return;
    };
    let server = Server::with(&[Auto], PATIENT);
    let mut nc = nc(&server, "nancy");
    let user = User::join(&browser, &server, "Britta");
    nc.say("come to #日本, it is at www.example.com");
    user.sees("nancy", "come to #日本, it is at www.example.com");
    let links =
        "[...document.querySelectorAll('#log .text a')].map(a => [a.textContent, a.href, a.rel])";
    let links = user.page.evaluate(links);
    assert_eq!(links[0][0], "#日本");
    assert_eq!(
        (&links[1][0], &links[1][1]),
        (
            &json!("www.example.com"),
            &json!("https://www.example.com/")
        )
    );
    assert!(
        links[1][2]
            .as_str()
            .is_some_and(|rel| rel.contains("noopener"))
    );
    user.page.click("#log .text a");
    user.is_at("room=日本");
    assert_eq!(
        user.page.evaluate("decodeURIComponent(location.hash)"),
        "#日本"
    );
    user.say("here").sees("Britta", "here");
    user.page.evaluate("history.back()");
    user.is_at("room=lobby");
    // What is typed in the page's address does the same; what is no room's name does nothing.
    user.page.evaluate("location.hash = '#Tea'");
    user.is_at("room=Tea");
    user.page.evaluate("location.hash = '#a/b'");
    user.page.evaluate("location.hash = '#%'");
    user.say("still").is_at("room=Tea").sees("Britta", "still");
}

#[test]
fn an_address_with_a_room_opens_it() {
    let Some(browser) = Browser::start("the page's address with a room") else {
        return;
    };
    let server = Server::with(&[Auto], PATIENT);
    let mut nc = nc(&server, "nancy");
    nc.send("/join rust\n").sync();
    for (name, address, room) in [
        ("Britta", "#rust", "rust"),
        ("Carl", "#RUST", "rust"),
        ("Dora", "#lobby", "lobby"),
        ("Emil", "#%E6%97%A5%E6%9C%AC", "日本"),
        ("Fay", "#a/b", "lobby"),
        ("Gus", "#%zz", "lobby"),
    ] {
        let page = browser.open(&format!("{}{address}", url(&server)));
        page.click("#name").type_text(name).press("Enter");
        let user = User { page };
        user.await_state("connected");
        user.is_at(&format!("room={room}"));
        user.say("hello").sees(name, "hello");
        if room == "rust" {
            nc.expect_until(format!("[{name}] hello\n"));
        }
    }
}

/// What is typed, and a part of what then stands on the page.
const COMMANDS: &[(&str, &str)] = &[
    ("/list", "In #lobby: nancy, Britta"),
    ("/LIST", "In #lobby: nancy, Britta"),
    ("  /who", "In #lobby: nancy, Britta"),
    ("/who lobby", "In #lobby: nancy, Britta"),
    ("/whois nancy", "username: nancy"),
    ("/ping", "The server is there."),
    ("/help join", "/join ROOM [KEY]"),
    ("/help nonsense", "Unknown command nonsense"),
    ("/topic tea and cakes", "You do not moderate #lobby"),
    ("/topic", "There is no topic"),
    ("/away", "You are"),
    ("/history #lobby 5", "There are no more."),
    ("/history #nowhere", "#nowhere"),
    ("/history 0", "Usage: /history"),
    ("/history before", "Usage: /history"),
    ("/search --before 3 cakes", "Found"),
    ("/search", "Usage: /search"),
    ("/say tea hello", "#tea"),
    ("/part nowhere", "#nowhere"),
    ("/shutdown 5", "operator"),
    ("/export lobby", "operator"),
    ("/token LIST", "no accounts"),
    ("/login nancy sesame --multi", "no accounts"),
    ("/limit many", "Usage: /limit"),
    ("/unroomban", "Usage: /unroomban"),
    ("/roomban often x!*@*", "Usage: /roomban"),
    ("/shrug", "Unknown command /shrug"),
];

#[test]
fn commands_typed_in_full_run() {
    let Some(browser) = Browser::start("the page's commands") else {
        return;
    };
    let server = Server::with(&[Auto], PATIENT);
    let mut nc = nc(&server, "nancy");
    nc.send("/join tea2\n").sync();
    let user = User::join(&browser, &server, "Britta");
    for (line, part) in COMMANDS {
        user.page.evaluate(
            "document.querySelectorAll('#log .notice').forEach(it => it.classList.add('old'))",
        );
        user.say(line);
        user.page.wait_until(&format!(
            "[...document.querySelectorAll('#log .notice:not(.old)')]
                .some(it => it.textContent.includes({}))",
            json!(part)
        ));
        assert_eq!(user.value(), "", "{line}");
    }
    // There is a room whose name begins so, and somebody whose does.
    user.say("/join tea").is_at("room=tea");
    user.say("/say lobby over there");
    user.say("/part").is_at("room=lobby");
    user.sees("Britta", "over there");
    user.say("/JOIN #tea2").is_at("room=tea2");
    nc.expect_until("Britta entered #tea2.\n");
    user.say("/msg nancy hi there").is_at("person=nancy");
    nc.expect_until("[Britta \u{2192} you] hi there\n");
    user.say("/history @nancy 3").is_at("person=nancy");
    // One that is begun only is completed, and what is chosen with the arrows is taken.
    user.page.click("[data-room=lobby]");
    user.is_at("room=lobby");
    user.page.click("#input").type_text("/whoi").press("Enter");
    assert_eq!(user.value(), "/whois ");
    user.page.type_text("nan").press("ArrowDown").press("Enter");
    assert_eq!(user.value(), "/whois nancy ");
}

#[test]
fn the_page_sets_who_may_enter_a_room() {
    let Some(browser) = Browser::start("the page's rooms") else {
        return;
    };
    let server = Server::with(&[Auto], PATIENT);
    let mut nc = nc(&server, "nancy");
    let user = User::join(&browser, &server, "Britta");
    user.say("/join den").is_at("room=den");
    let set = |line: &str, told: &str| {
        user.say(line);
        user.page.wait_until(&format!(
            "[...document.querySelectorAll('#log .notice')].some(it => it.textContent.includes({}))",
            json!(told)
        ));
    };
    set("/limit 1", "#den holds 1 at most");
    nc.send("/join den\n").expect_until("#den is full.\n");
    set("/limit", "as many as come");
    set("/roomban nancy!*@*", "nancy!*@* is kept out");
    nc.send("/join den\n")
        .expect_until("You are kept out of #den.\n");
    set("/roomban except NANCY!*@*", "NANCY!*@* is never kept out");
    set("/moderated on", "Only some may speak");
    nc.send("/join den\n").expect_until("#den");
    nc.send("hush\n").expect_until("You may not speak");
    set("/voice nancy", "nancy");
    nc.send("/say den at last\n").sync();
    user.sees("nancy", "at last");
}

#[test]
fn the_page_has_every_command_of_the_text_table() {
    let Some(browser) = Browser::start("the page's table of commands") else {
        return;
    };
    let server = Server::with(&[Auto], PATIENT);
    let mut nc = nc(&server, "nancy");
    nc.send("/help all\n");
    let help = String::from_utf8(nc.sync()).expect("UTF-8");
    let user = User::join(&browser, &server, "Britta");
    let shown = "[...document.querySelectorAll('#keys dt')].map(it => it.textContent).join('\\n')";
    let shown = user.page.evaluate(shown);
    let shown = shown.as_str().expect("text");
    let has = |name: &str| shown.split(['\n', ' ', ',']).any(|word| word == name);
    let names = help.split_whitespace().filter(|word| {
        let name = word.strip_prefix('/').unwrap_or_default();
        !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_lowercase())
    });
    let names: Vec<&str> = names.chain(["/msg", "/part"]).collect();
    assert!(names.len() > 40, "{help}");
    for name in names {
        assert!(has(name), "{name} is not in the page");
    }
}

#[test]
fn a_reload_waits_for_the_name_and_a_quit_ends_it() {
    let Some(browser) = Browser::start("the page's reload") else {
        return;
    };
    let server = Server::with(&[Auto], PATIENT);
    let mut nc = nc(&server, "Britta");
    let page = browser.open(&url(&server));
    // As after a reload, while the server has not missed the old connection yet.
    page.evaluate(
        "Promise.all([import('/state.js'), import('/session.js')]).then(
            ([{ get, show }, { comeBack }]) => { show(get('room', 'lobby')); comeBack('Britta'); })",
    );
    let user = User { page };
    user.await_state("reconnecting");
    user.page
        .wait_until("document.querySelector('#trouble').textContent.includes('taken')");
    nc.send("/quit\n").rest();
    user.await_state("connected");
    user.say("/join tea").is_at("room=tea");
    let mut guest = crate::browser::nc(&server, "nancy");
    guest.send("/join tea\n").sync();
    user.say("/key sesame");
    user.page.wait_until(
        "document.querySelector('#log').textContent.includes('One needs the key to enter #tea')",
    );
    user.reload();
    user.await_state("connected");
    user.is_at("room=tea");
    let mut json = Peer::connect(server.door(Auto), Json);
    json.send(Json.join("jason")).sync();
    user.say("/pm jason hello").is_at("person=jason");
    user.reload();
    user.await_state("connected");
    user.is_at("person=jason");
    user.page.click("[data-room=tea]");
    user.is_at("room=tea").say("here").sees("Britta", "here");
    user.say("/quit");
    user.reload();
    user.page.wait_until(
        "document.activeElement?.id === 'name' && !document.querySelector('#join-form').hidden",
    );
    assert_eq!(user.page.evaluate("document.activeElement.value"), "");
}

#[test]
fn who_is_logged_in_stays_so_until_logging_out() {
    let Some(browser) = Browser::start("the page's login that lasts") else {
        return;
    };
    let directory = TempDir::new();
    let data = directory.join("data");
    let flags = format!("{PATIENT} --strict-names --data {}", data.display());
    let server = Server::with(&[Auto], &flags);
    let user = User::join(&browser, &server, "Britta");
    let is_told = |text: &str| {
        user.page.wait_until(&format!(
            "[...document.querySelectorAll('#log .notice')].at(-1)?.textContent.includes({text:?})"
        ));
    };
    let kept = "JSON.parse(localStorage.getItem('session'))?.token";
    let token = || {
        user.page.wait_until(kept);
        user.page
            .evaluate(kept)
            .as_str()
            .expect("a token")
            .to_owned()
    };
    // Does a token let in?
    let lets_in = |token: &str| {
        let mut peer = Peer::connect(server.door(Auto), Json);
        peer.send(format!(
            "{{\"type\":\"join\",\"username\":\"Britta\",\"token\":\"{token}\"}}\n"
        ));
        let first = peer.json();
        assert!(
            first["type"] == "welcome" || first["code"] == "wrong_login",
            "{first}"
        );
        first["type"] == "welcome"
    };
    user.say("/register s3cret-pw");
    is_told("registered");
    let first = token();
    let all = "JSON.stringify([{ ...localStorage }, { ...sessionStorage }])";
    let stored = user.page.evaluate(all);
    assert!(
        !stored.as_str().expect("text").contains("s3cret"),
        "{stored}"
    );
    user.say("/join tea").is_at("room=tea");
    user.reload();
    user.await_state("connected");
    user.is_at("room=tea");
    user.say("/whois Britta");
    // Another page of the same browser has it as well, and another password ends it elsewhere.
    user.say("/passwd s3cret-pw n3w-pw");
    user.page
        .wait_until(&format!("{kept} && {kept} !== {first:?}"));
    assert!(!lets_in(&first));
    let second = token();
    user.page.click("#me").click("#logout");
    is_told("not logged in as Britta");
    assert_eq!(user.page.evaluate(kept), Value::Null);
    assert!(!lets_in(&second));
    user.say("/login Britta n3w-pw");
    let third = token();
    user.reload();
    user.await_state("connected");
    user.say("/logout");
    is_told("not logged in as Britta");
    assert!(!lets_in(&third));
    user.say("/login Britta n3w-pw");
    let fourth = token();
    assert!(lets_in(&fourth), "and it takes the place of the page");
}
