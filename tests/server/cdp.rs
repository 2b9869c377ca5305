//! A real browser, headless and driven over the DevTools protocol. It is spoken to through a pipe, so
//! that it needs no port, and ends by itself when whoever drives it is gone.

use std::cell::RefCell;
use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::OnceLock;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process_group};
use serde_json::{Value, json};

use crate::util::*;

/// How long a browser may take for anything: it is no small program, and others run beside it.
pub(crate) const BROWSER_DEADLINE: Duration = Duration::from_secs(60);

/// Where a browser is looked for, if the variable CHROMIUM names none.
const NAMES: [&str; 4] = [
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
];

/// A fresh profile, nothing asked of anybody outside, and no more processes than are needed.
const FLAGS: &[&str] = &[
    "--remote-debugging-pipe",
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-extensions",
    "--disable-sync",
    "--disable-default-apps",
    "--no-first-run",
    "--no-default-browser-check",
    "--no-proxy-server",
    "--ignore-certificate-errors",
    "--password-store=basic",
    "--lang=en",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.*, EXCLUDE localhost",
    "about:blank",
];

/// The messages of both directions are on descriptors 3 and 4.
const AS_ITS_PIPES: &str = r#"exec "$@" 3<&0 4>&1 </dev/null >/dev/null"#;

/// A running browser; dropping it ends it.
pub(crate) struct Browser {
    child: Child,
    driver: RefCell<Driver>,
    /// Removed after the end of the process, which writes there to the last.
    _profile: TempDir,
}

struct Driver {
    stdin: Option<ChildStdin>,
    messages: Receiver<Value>,
    serial: u64,
    pages: Vec<Journal>,
}

/// What a page did that is worth telling.
struct Journal {
    session: String,
    console: Vec<String>,
    /// What no page may do: an uncaught exception, a violation of its policy, a dialog.
    faults: Vec<String>,
}

impl Browser {
    /// A browser, or a line on standard error that `what` is skipped where there is none.
    pub(crate) fn start(what: &str) -> Option<Browser> {
        let Some(executable) = executable() else {
            // Written past the capture of a test that passes.
            let line = format!("no browser here: {what} is skipped\n");
            let _ = std::io::stderr().write_all(line.as_bytes());
            return None;
        };
        let profile = TempDir::new();
        let mut child = Command::new("sh")
            .args(["-c", AS_ITS_PIPES, "sh"])
            .arg(executable)
            .arg(format!("--user-data-dir={}", profile.join("").display()))
            .args(FLAGS)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()
            .expect("a browser starts");
        let stdin = child.stdin.take();
        let stdout = child.stdout.take().expect("piped");
        let (sender, messages) = channel();
        std::thread::spawn(move || {
            for message in BufReader::new(stdout).split(0).map_while(Result::ok) {
                let message = serde_json::from_slice(&message).expect("a browser sends JSON");
                if sender.send(message).is_err() {
                    return;
                }
            }
        });
        Some(Browser {
            child,
            driver: RefCell::new(Driver {
                stdin,
                messages,
                serial: 0,
                pages: Vec::new(),
            }),
            _profile: profile,
        })
    }

    /// A page of its own profile: it shares no storage with others.
    #[track_caller]
    pub(crate) fn open(&self, url: &str) -> Page<'_> {
        let context = self.call("", "Target.createBrowserContext", json!({}));
        let context = context["browserContextId"].clone();
        let target = self.call(
            "",
            "Target.createTarget",
            json!({ "url": "about:blank", "browserContextId": context }),
        );
        let attached = self.call(
            "",
            "Target.attachToTarget",
            json!({ "targetId": target["targetId"], "flatten": true }),
        );
        let session = attached["sessionId"]
            .as_str()
            .expect("a session")
            .to_owned();
        self.driver.borrow_mut().pages.push(Journal {
            session: session.clone(),
            console: Vec::new(),
            faults: Vec::new(),
        });
        let page = Page {
            browser: self,
            session,
        };
        for domain in ["Page", "Runtime", "Log", "Audits"] {
            page.call(&format!("{domain}.enable"), json!({}));
        }
        // Else only one of several pages has the focus, and timers of the others are slow.
        page.call(
            "Emulation.setFocusEmulationEnabled",
            json!({ "enabled": true }),
        );
        page.goto(url);
        page
    }

    #[track_caller]
    fn call(&self, session: &str, method: &str, params: Value) -> Value {
        match self.driver.borrow_mut().call(session, method, params) {
            Ok(result) => result,
            Err(why) => panic!("{method}: {why}"),
        }
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // It ends when its pipe is closed; the group is for what would not.
        self.driver.get_mut().stdin = None;
        let deadline = Instant::now() + Duration::from_secs(5);
        while matches!(self.child.try_wait(), Ok(None)) && Instant::now() < deadline {
            std::thread::sleep(Duration::from_millis(5));
        }
        let group = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw);
        if let Some(group) = group {
            // There may be nobody left in it.
            let _ = kill_process_group(group, Signal::KILL);
        }
        let _ = self.child.wait();
    }
}

impl Driver {
    fn call(&mut self, session: &str, method: &str, params: Value) -> Result<Value, String> {
        let id = self.send(session, method, params)?;
        let deadline = Instant::now() + BROWSER_DEADLINE;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let mut message = match self.messages.recv_timeout(left) {
                Ok(message) => message,
                Err(RecvTimeoutError::Timeout) => return Err("no answer in time".into()),
                Err(RecvTimeoutError::Disconnected) => return Err("the browser ended".into()),
            };
            if message["id"] != id {
                self.note(&message)?;
            } else if message["error"].is_null() {
                return Ok(message["result"].take());
            } else {
                return Err(message["error"].to_string());
            }
        }
    }

    fn send(&mut self, session: &str, method: &str, params: Value) -> Result<u64, String> {
        self.serial += 1;
        let mut message = json!({ "id": self.serial, "method": method, "params": params });
        if !session.is_empty() {
            message["sessionId"] = session.into();
        }
        let stdin = self.stdin.as_mut().expect("open until it is dropped");
        let sent = stdin.write_all(format!("{message}\0").as_bytes());
        sent.map_err(|e| e.to_string())?;
        Ok(self.serial)
    }

    /// Keeps what an event tells.
    fn note(&mut self, event: &Value) -> Result<(), String> {
        let (method, params) = (event["method"].as_str(), &event["params"]);
        let session = event["sessionId"].as_str().unwrap_or_default().to_owned();
        if method == Some("Page.javascriptDialogOpening") {
            // A dialog stops everything until it is answered.
            let answer = json!({ "accept": true });
            self.send(&session, "Page.handleJavaScriptDialog", answer)?;
        }
        let Some(journal) = self.pages.iter_mut().find(|page| page.session == session) else {
            return Ok(());
        };
        match method.unwrap_or_default() {
            "Runtime.consoleAPICalled" => {
                let arguments = params["args"].as_array().into_iter().flatten();
                let shown: Vec<String> = arguments.map(shown).collect();
                let kind = params["type"].as_str().unwrap_or_default();
                journal.console.push(format!("{kind}: {}", shown.join(" ")));
            }
            "Log.entryAdded" => {
                let entry = &params["entry"];
                let [source, level, text] =
                    ["source", "level", "text"].map(|key| entry[key].as_str().unwrap_or_default());
                journal.console.push(format!("{level}: {source}: {text}"));
            }
            "Runtime.exceptionThrown" => {
                let details = &params["exceptionDetails"];
                journal
                    .faults
                    .push(format!("uncaught: {}", thrown(details)));
            }
            "Audits.issueAdded" if params["issue"]["code"] == "ContentSecurityPolicyIssue" => {
                journal.faults.push(params["issue"]["details"].to_string());
            }
            "Page.javascriptDialogOpening" => {
                journal
                    .faults
                    .push(format!("a dialog: {}", params["message"]));
            }
            "Inspector.targetCrashed" => journal.faults.push("it crashed".into()),
            _ => {}
        }
        Ok(())
    }
}

/// One page; a test that drops it fails if it did what no page may do.
pub(crate) struct Page<'a> {
    browser: &'a Browser,
    session: String,
}

impl Page<'_> {
    #[track_caller]
    pub(crate) fn goto(&self, url: &str) {
        let loaded = self.call("Page.navigate", json!({ "url": url }));
        assert!(loaded["errorText"].is_null(), "{url}: {loaded}");
        self.wait_until("document.readyState === 'complete'");
    }

    /// The value of a JavaScript expression; what a promise is kept with, if it is one.
    #[track_caller]
    pub(crate) fn evaluate(&self, expression: &str) -> Value {
        match self.try_evaluate(expression) {
            Ok(value) => value,
            Err(why) => self.fail(&format!("{expression}\n{why}")),
        }
    }

    /// Waits until a JavaScript expression is true.
    #[track_caller]
    pub(crate) fn wait_until(&self, expression: &str) {
        let deadline = Instant::now() + BROWSER_DEADLINE;
        loop {
            // It may be asked between two documents, where there is nothing to evaluate in.
            let last = self.try_evaluate(&format!("Boolean({expression})"));
            if last == Ok(Value::Bool(true)) {
                return;
            }
            if Instant::now() > deadline {
                self.fail(&format!("never true: {expression}\n{last:?}"));
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// Types as on a keyboard, into what has the focus.
    #[track_caller]
    pub(crate) fn type_text(&self, text: &str) -> &Self {
        for letter in text.chars() {
            let letter = letter.to_string();
            self.key(&letter, &letter, 0);
        }
        self
    }

    /// A key by its name, as in `Enter`, `Tab`, `Escape`, `ArrowDown`; `Shift+` may stand before.
    #[track_caller]
    pub(crate) fn press(&self, key: &str) -> &Self {
        let (modifiers, key) = match key.strip_prefix("Shift+") {
            Some(key) => (8, key),
            None => (0, key),
        };
        let text = if key == "Enter" { "\r" } else { "" };
        self.key(key, text, modifiers);
        self
    }

    /// Clicks in the middle of what a CSS selector finds.
    #[track_caller]
    pub(crate) fn click(&self, selector: &str) -> &Self {
        let place = self.evaluate(&format!(
            "(() => {{
                const found = document.querySelector({selector:?});
                found.scrollIntoView({{ block: 'nearest' }});
                const box = found.getBoundingClientRect();
                return {{ x: box.x + box.width / 2, y: box.y + box.height / 2 }};
            }})()"
        ));
        for kind in ["mousePressed", "mouseReleased"] {
            let event = json!({ "type": kind, "x": place["x"], "y": place["y"],
                "button": "left", "clickCount": 1 });
            self.call("Input.dispatchMouseEvent", event);
        }
        self
    }

    /// A window of `width` by `height` CSS pixels.
    #[track_caller]
    pub(crate) fn resize(&self, width: u32, height: u32) {
        let metrics = json!({ "width": width, "height": height, "deviceScaleFactor": 1,
            "mobile": false });
        self.call("Emulation.setDeviceMetricsOverride", metrics);
        self.wait_until(&format!(
            "innerWidth === {width} && innerHeight === {height}"
        ));
    }

    /// What a media feature is to be, as in `prefers-color-scheme`, `dark`.
    #[track_caller]
    pub(crate) fn prefer(&self, feature: &str, value: &str) {
        let features = json!({ "features": [{ "name": feature, "value": value }] });
        self.call("Emulation.setEmulatedMedia", features);
    }

    /// What can be used but has no name for those who don't see it.
    #[track_caller]
    pub(crate) fn nameless(&self) -> Vec<String> {
        let tree = self.call("Accessibility.getFullAXTree", json!({}));
        let usable = [
            "button",
            "textbox",
            "combobox",
            "link",
            "listbox",
            "searchbox",
        ];
        let nodes = tree["nodes"].as_array().expect("nodes").iter();
        let nameless = nodes.filter(|node| {
            let role = node["role"]["value"].as_str().unwrap_or_default();
            let name = node["name"]["value"].as_str().unwrap_or_default();
            node["ignored"] == false && usable.contains(&role) && name.trim().is_empty()
        });
        nameless.map(Value::to_string).collect()
    }

    /// Why it cannot be installed as an app.
    #[track_caller]
    pub(crate) fn installability(&self) -> Vec<String> {
        let found = self.call("Page.getInstallabilityErrors", json!({}));
        let errors = found["installabilityErrors"].as_array().expect("errors");
        let names = errors.iter().map(|error| error["errorId"].to_string());
        // What is driven has no window of its own, and its profile is one for private use.
        names.filter(|it| !it.contains("incognito")).collect()
    }

    /// Everything that was written on the console, each with its level before it.
    #[track_caller]
    pub(crate) fn console(&self) -> Vec<String> {
        self.settle();
        let mut driver = self.browser.driver.borrow_mut();
        driver.journal(&self.session).console.clone()
    }

    /// What it did that no page may do, which is forgiven.
    #[track_caller]
    pub(crate) fn take_faults(&self) -> Vec<String> {
        self.settle();
        let mut driver = self.browser.driver.borrow_mut();
        std::mem::take(&mut driver.journal(&self.session).faults)
    }

    /// Makes a picture of it in a file that stays, to look at.
    pub(crate) fn screenshot(&self) -> Result<PathBuf, String> {
        let mut driver = self.browser.driver.borrow_mut();
        let shot = driver.call(&self.session, "Page.captureScreenshot", json!({}))?;
        let name = format!("hubbub-page-{}-{}.png", std::process::id(), driver.serial);
        let path = std::env::temp_dir().join(name);
        let file = std::fs::File::create(&path).map_err(|e| e.to_string())?;
        let mut decoder = Command::new("base64")
            .arg("-d")
            .stdin(Stdio::piped())
            .stdout(file)
            .spawn()
            .map_err(|e| e.to_string())?;
        let data = shot["data"].as_str().unwrap_or_default();
        let mut stdin = decoder.stdin.take().expect("piped");
        let written = stdin.write_all(data.as_bytes());
        drop(stdin);
        decoder.wait().map_err(|e| e.to_string())?;
        written.map_err(|e| e.to_string())?;
        Ok(path)
    }

    /// What happened before is noted.
    #[track_caller]
    fn settle(&self) {
        self.evaluate("new Promise(done => setTimeout(done, 0))");
    }

    fn try_evaluate(&self, expression: &str) -> Result<Value, String> {
        let params = json!({ "expression": expression, "awaitPromise": true,
            "returnByValue": true, "userGesture": true });
        let mut driver = self.browser.driver.borrow_mut();
        let mut answer = driver.call(&self.session, "Runtime.evaluate", params)?;
        match &answer["exceptionDetails"] {
            Value::Null => Ok(answer["result"]["value"].take()),
            details => Err(thrown(details)),
        }
    }

    #[track_caller]
    fn key(&self, key: &str, text: &str, modifiers: u32) {
        let code = match key {
            "Backspace" => 8,
            "Tab" => 9,
            "Enter" => 13,
            "Escape" => 27,
            "PageUp" => 33,
            "PageDown" => 34,
            "End" => 35,
            "Home" => 36,
            "ArrowLeft" => 37,
            "ArrowUp" => 38,
            "ArrowRight" => 39,
            "ArrowDown" => 40,
            _ => 0,
        };
        for kind in ["keyDown", "keyUp"] {
            let mut event = json!({ "type": kind, "key": key, "modifiers": modifiers,
                "windowsVirtualKeyCode": code });
            if kind == "keyDown" && !text.is_empty() {
                event["text"] = text.into();
            }
            self.call("Input.dispatchKeyEvent", event);
        }
    }

    #[track_caller]
    fn call(&self, method: &str, params: Value) -> Value {
        self.browser.call(&self.session, method, params)
    }

    #[track_caller]
    fn fail(&self, what: &str) -> ! {
        let shown = self.try_evaluate("document.body.innerText");
        let picture = self.screenshot();
        let mut driver = self.browser.driver.borrow_mut();
        let journal = driver.journal(&self.session);
        let (console, faults) = (journal.console.join("\n"), journal.faults.join("\n"));
        panic!(
            "{what}\nthe page: {shown:?}\nits console: {console}\nits faults: {faults}\n\
             a picture of it: {picture:?}"
        );
    }
}

impl Drop for Page<'_> {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            let faults = self.take_faults();
            assert!(faults.is_empty(), "{}", faults.join("\n"));
        }
    }
}

impl Driver {
    fn journal(&mut self, session: &str) -> &mut Journal {
        let journal = self.pages.iter_mut().find(|page| page.session == session);
        journal.expect("every page has one")
    }
}

/// The text of an argument of console.log().
fn shown(argument: &Value) -> String {
    match (&argument["value"], &argument["description"]) {
        (Value::String(text), _) | (Value::Null, Value::String(text)) => text.clone(),
        (value, _) => value.to_string(),
    }
}

fn thrown(details: &Value) -> String {
    let text = details["text"].as_str().unwrap_or_default();
    let description = &details["exception"]["description"];
    format!("{text} {}", description.as_str().unwrap_or_default())
}

fn executable() -> Option<PathBuf> {
    static FOUND: OnceLock<Option<PathBuf>> = OnceLock::new();
    FOUND.get_or_init(find_executable).clone()
}

fn find_executable() -> Option<PathBuf> {
    if let Some(named) = std::env::var_os("CHROMIUM") {
        return Some(named.into());
    }
    let path = std::env::var_os("PATH")?;
    let mut candidates =
        std::env::split_paths(&path).flat_map(|directory| NAMES.map(|name| directory.join(name)));
    // In some systems a script of that name only says how to install it.
    candidates.find(|candidate| {
        let version = Command::new(candidate).arg("--version").output();
        version.is_ok_and(|output| output.status.success())
    })
}

fn data_url(html: &str) -> String {
    let hex: String = html.bytes().map(|byte| format!("%{byte:02x}")).collect();
    format!("data:text/html,{hex}")
}

#[test]
fn a_page_is_driven_and_its_faults_are_told() {
    let Some(browser) = Browser::start("the driver of browsers") else {
        return;
    };
    let page = browser.open(&data_url(
        "<!doctype html><input id=one><button onclick='document.title = one.value'>go
         </button><script>console.log('here', 1, {a: 2})</script>",
    ));
    page.evaluate("one.focus()");
    page.type_text("héllo").press("Backspace").press("Tab");
    page.click("button");
    page.wait_until("document.title === 'héll'");
    assert_eq!(page.evaluate("Promise.resolve([1, 'x'])"), json!([1, "x"]));
    page.resize(360, 640);
    assert_eq!(page.evaluate("innerWidth"), 360);
    page.prefer("prefers-color-scheme", "dark");
    page.wait_until("matchMedia('(prefers-color-scheme: dark)').matches");
    assert_eq!(page.console(), ["log: here 1 Object"]);
    assert!(page.take_faults().is_empty());

    page.goto(&data_url(
        "<meta http-equiv=Content-Security-Policy content=\"default-src 'none'; script-src 'unsafe-inline'\">
         <style>p { color: red }</style>
         <script>setTimeout(() => { alert('hi'); throw new Error('oops') })</script>",
    ));
    let mut faults = Vec::new();
    while faults.len() < 3 {
        faults.extend(page.take_faults());
    }
    let faults = faults.join("\n");
    for part in ["style-src", "a dialog: \"hi\"", "Error: oops"] {
        assert!(faults.contains(part), "{part}: {faults}");
    }
}
