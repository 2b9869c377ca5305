use proptest::prelude::*;

use super::*;

#[test]
fn nicks_at_the_limits() {
    for good in [
        "a",
        "7",
        "_",
        "Žluťoučký",
        "日本",
        "a.b-c_d",
        &"x".repeat(20),
        &"é".repeat(20),
    ] {
        assert_eq!(
            Nick::parse(good).map(|n| n.to_string()).as_deref(),
            Some(good)
        );
    }
    let bad = [
        "",
        " ",
        "-a",
        ".a",
        "a b",
        "a\n",
        "a\u{202E}",
        "a/b",
        "a:b",
        "\u{3164}",
        "a\u{0}",
        "[a]",
        "🎉",
        &"x".repeat(21),
        &"é".repeat(21),
    ];
    for name in bad {
        assert_eq!(Nick::parse(name), None, "{name:?}");
    }
}

/// Words of many scripts, which are written with combining marks.
const WORDS: [&str; 40] = [
    "प्रिया",
    "हिन्दी",
    "ज़ोया",
    "தமிழ்",
    "น้อย",
    "ก็",
    "ผู้",
    "হ্যাঁ",
    "বাংলা",
    "ಕನ್ನಡ",
    "తెలుగు",
    "മലയാളം",
    "සිංහල",
    "ਪੰਜਾਬੀ",
    "ગુજરાતી",
    "ଓଡ଼ିଆ",
    "ភាសាខ្មែរ",
    "ញ៉ាំ",
    "ສະບາຍດີ",
    "ນ້ອຍ",
    "བོད",
    "བསྒྲུབས",
    "ཧཱུྃ",
    "မြန်မာ",
    "ကြောင်း",
    "မြွှေ",
    "مُحَمَّد",
    "عَلِيّ",
    "اللّٰه",
    "שָׁלוֹם",
    "שָּׁ",
    "José",
    "ẹ̀kọ́",
    "m̃",
    "Ą́žuolas",
    "Ё",
    "й̆",
    "か゚",
    "ꦗꦮ",
    "ދިވެހި",
];

#[test]
fn words_of_any_script_are_names() {
    for word in WORDS {
        let decomposed: String = word.nfd().collect();
        for typed in [word, &decomposed] {
            let composed: String = word.nfc().collect();
            let nick = Nick::parse(typed).unwrap_or_else(|| panic!("{typed}"));
            assert_eq!(nick.as_str(), composed);
            let room = RoomName::parse(typed).unwrap_or_else(|| panic!("{typed}"));
            assert_eq!(room.as_str(), composed);
            assert_eq!(Key::of(typed), nick.key());
        }
    }
    assert_eq!(
        Nick::parse("Jose\u{301}").map(|nick| nick.to_string()),
        Some("Jos\u{e9}".into())
    );
    assert_eq!(
        Key::of("\u{1100}\u{1161}\u{11A8}"),
        Key::of("각"),
        "decomposed Hangul"
    );
}

#[test]
fn marks_stand_on_letters_and_do_not_pile_up() {
    for bad in [
        "\u{651}",
        "\u{301}a",
        "\u{93F}क",
        "1\u{301}",
        "_\u{301}",
        "a-\u{301}",
        &format!("a{}", "\u{2DE0}".repeat(19)),
        "a\u{2DE0}",
        "a\u{363}",
        "Z\u{337}a\u{338}l\u{336}g\u{334}o\u{335}",
        "a\u{20DD}",
        "a\u{489}",
        "a\u{34F}",
        "a\u{FE0F}",
        "葛\u{E0100}",
        "ᠠ\u{180B}",
        "a\u{1AB0}",
        "a\u{1DC4}",
        "a\u{94D}",
        "a\u{E31}",
        "क\u{93C}\u{93E}\u{902}\u{903}",
        "ก\u{E31}\u{E31}\u{E31}\u{E31}",
        "x\u{323}\u{323}\u{323}\u{323}",
        "က\u{103B}\u{103C}\u{103D}\u{103E}\u{102F}\u{1037}",
        "ក\u{17B4}",
    ] {
        assert_eq!(Nick::parse(bad), None, "{bad:?}");
        assert_eq!(RoomName::parse(bad), None, "{bad:?}");
    }
    for good in [
        "क\u{93C}\u{93E}\u{902}",
        "x\u{323}\u{331}\u{304}",
        "က\u{103B}\u{103C}\u{103D}\u{103E}\u{102F}",
    ] {
        assert!(Nick::parse(good).is_some(), "{good:?}");
    }
}

#[test]
fn a_name_is_as_long_as_it_is_when_it_is_composed() {
    assert!(Nick::parse(&"e\u{301}".repeat(20)).is_some());
    assert!(Nick::parse(&"e\u{301}".repeat(21)).is_none());
    assert!(Nick::parse(&"\u{1100}\u{1161}\u{11A8}".repeat(20)).is_some());
    assert!(RoomName::parse(&"e\u{301}".repeat(32)).is_some());
    assert!(RoomName::parse(&"e\u{301}".repeat(33)).is_none());
    assert!(Nick::parse(&"\u{301}".repeat(100_000)).is_none());
}

#[test]
fn what_is_not_seen_stands_in_no_name() {
    let unseen = "\u{AD}\u{34F}\u{61C}\u{115F}\u{1160}\u{17B4}\u{17B5}\u{180B}\u{180E}\u{200B}\u{200C}\u{200D}\
        \u{200E}\u{200F}\u{2028}\u{202A}\u{2060}\u{2064}\u{2066}\u{206F}\u{3164}\u{FE00}\u{FE0F}\u{FEFF}\u{FFA0}\
        \u{FFF9}\u{1D173}\u{E0001}\u{E0041}\u{E007F}\u{E0100}\u{E01EF}\u{85}\u{7F}";
    for c in unseen.chars() {
        for name in [
            format!("a{c}b"),
            format!("{c}a"),
            format!("a{c}"),
            format!("क{c}ष"),
            c.to_string(),
        ] {
            assert_eq!(Nick::parse(&name), None, "{name:?}");
            assert_eq!(RoomName::parse(&name), None, "{name:?}");
        }
    }
}

#[test]
fn names_collide_however_they_are_typed() {
    for (a, b) in [
        ("Alice", "aLICE"),
        ("straße", "STRASSE"),
        ("straße", "STRAẞE"),
        ("ΟΔΟΣ", "οδος"),
        ("Ǆ", "ǆ"),
        ("José", "JOSE\u{301}"),
        ("Ϊ\u{301}", "ΐ"),
        ("ᾳ", "Αι"),
        ("ſam", "SAM"),
        ("\u{212A}im", "kim"),
        ("\u{212B}sa", "åsa"),
        ("ẹ̀", "Ẹ\u{300}"),
        ("Ꭰ", "ꭰ"),
        ("각", "\u{1100}\u{1161}\u{11A8}"),
    ] {
        assert_eq!(Key::of(a), Key::of(b), "{a} {b}");
        assert_eq!(Folded::of(a), Folded::of(b), "{a} {b}");
    }
    for (a, b) in [("ı", "i"), ("Kadı", "Kadi"), ("İ", "i"), ("é", "e")] {
        assert_ne!(Key::of(a), Key::of(b));
        assert_ne!(Folded::of(a), Folded::of(b));
    }
    assert!(RoomName::parse("#LOBBY").is_some_and(|room| room.is_lobby()));
}

#[test]
fn no_name_looks_like_the_server() {
    for name in [
        "Server",
        "SERVER",
        "system",
        "_Server-",
        "S.e-r_v.er",
        "Ѕerver",
        "Sеrvеr",
        "ЅΕRVΕR",
        "ＳＥＲＶＥＲ",
        "𝐒𝐞𝐫𝐯𝐞𝐫",
        "𝓢𝓮𝓻𝓿𝓮𝓻",
        "Ⓢⓔⓡⓥⓔⓡ",
        "🅢🅔🅡🅥🅔🅡",
        "🅂🄴🅁🅅🄴🅁",
        "🆂🅴🆁🆅🅴🆁",
        "ꜱᴇʀᴠᴇʀ",
        "Serνer",
        "5erver",
        "S3RV3R",
        "Šërvér",
        "Sẹrver",
        "ѕуѕтем",
        "ЅΥЅΤΕΜ",
        "sys7em",
        "systern",
        "ꓢꓰꓣꓦꓰꓣ",
        "ᏚᎬᎡᏙᎬᎡ",
        "ⲥerver",
        "Ⴝerver",
        "ᔑystem",
        "ऽerver",
        "ЅЄЯVЭЯ",
        "SΣRΛΣR",
        "ꞅɛɾʌǝɿ",
        "sƴƨʇɘɯ",
    ] {
        let nick = Nick::parse(name).unwrap_or_else(|| panic!("{name}"));
        assert!(nick.is_reserved(), "{name}");
    }
    for name in [
        "Serverin",
        "Server2",
        "sever",
        "Observer",
        "Sara",
        "Шервер",
        "साम",
        "服务器",
    ] {
        let nick = Nick::parse(name).unwrap_or_else(|| panic!("{name}"));
        assert!(!nick.is_reserved(), "{name}");
    }
}

#[test]
fn every_confusable_of_a_reserved_letter_is_known() {
    use unicode_security::confusable_detection::skeleton;
    let seen_as = |text: &str| skeleton(text).collect::<String>();
    for (letter, alike) in [
        ('s', &["s", "S", "5"][..]),
        ('e', &["e", "E", "3"]),
        ('r', &["r", "R"]),
        ('v', &["v", "V"]),
        ('t', &["t", "T"]),
        ('y', &["y", "Y"]),
        ('m', &["m", "M"]),
    ] {
        let alike: Vec<String> = alike.iter().map(|text| seen_as(text)).collect();
        for c in ('\u{80}'..=char::MAX).filter(|&c| is_letter_or_digit(c)) {
            if alike.contains(&seen_as(c.encode_utf8(&mut [0; 4]))) {
                let letters = c.nfkd().filter(|&c| !is_combining_mark(c));
                let read: String = letters.map(latin).collect();
                assert!(read == letter.to_string(), "{c} ({c:?}) is read as {read}");
            }
        }
    }
}

#[test]
fn what_was_a_name_once_is_nearly_one() {
    for (was, name) in [
        ("Alice", "Alice"),
        ("e\u{301}", "é"),
        ("a\u{2DE0}\u{2DE0}b", "ab"),
        ("\u{93E}\u{93E}", "_"),
        ("", "_"),
    ] {
        assert_eq!(Nick::nearest(was).as_str(), name, "{was:?}");
        assert_eq!(RoomName::nearest(was).as_str(), name, "{was:?}");
    }
}

#[test]
fn room_names_at_the_limits() {
    assert!(RoomName::parse(&"r".repeat(32)).is_some());
    for bad in ["", "#", "a.b", "a b", &"r".repeat(33)] {
        assert_eq!(RoomName::parse(bad), None, "{bad:?}");
    }
}

fn hash(name: &Folded<'_>) -> u64 {
    let mut hasher = std::hash::DefaultHasher::new();
    name.hash(&mut hasher);
    hasher.finish()
}

/// Texts that are names more often than any text is.
fn texts() -> impl Strategy<Value = String> {
    let chars = prop::sample::select("aZſßẞKkıİéे्́िÅᾳΐ각ᄀ각か゚ஙẹ̀_-.".chars().collect::<Vec<_>>());
    let known = prop::collection::vec(chars, 0..8).prop_map(String::from_iter);
    prop_oneof![".{0,8}", known]
}

proptest! {
    #[test]
    fn a_name_is_read_again_as_it_is(text in texts()) {
        if let Some(nick) = Nick::parse(&text) {
            prop_assert_eq!(Nick::parse(nick.as_str()), Some(nick.clone()));
            prop_assert_eq!(nick.key(), Key::of(&text));
        }
        if let Some(room) = RoomName::parse(&text) {
            prop_assert_eq!(RoomName::parse(room.as_str()), Some(room.clone()));
        }
    }

    #[test]
    fn folding_is_done_once(text in texts()) {
        let key = Key::of(&text);
        prop_assert_eq!(Key::of(key.as_str()), key);
    }

    #[test]
    fn what_is_canonically_the_same_is_one_name(text in texts()) {
        for other in [text.nfc().collect::<String>(), text.nfd().collect()] {
            prop_assert_eq!(Key::of(&other), Key::of(&text));
            prop_assert_eq!(Nick::parse(&other), Nick::parse(&text));
            prop_assert_eq!(RoomName::parse(&other), RoomName::parse(&text));
        }
    }

    #[test]
    fn names_are_compared_and_hashed_as_their_keys(a in texts(), b in texts()) {
        let (one, other) = (Folded::of(&a), Folded::of(&b));
        prop_assert_eq!(one == other, Key::of(&a) == Key::of(&b));
        let key = Key::of(&a);
        prop_assert_eq!(hash(&one), hash(&Folded::of(key.as_str())));
    }
}
