use proptest::prelude::*;

use super::*;

fn finds(query: &str, text: &str) -> bool {
    SearchWords::parse(query).are_in(&terms(text))
}

#[test]
fn text_as_terms() {
    for (text, of_it) in [
        ("", " "),
        (" ... ", " "),
        ("Hello, World!", " hello world "),
        ("snake_case don't", " snake case don t "),
        ("congrats🥳", " congrats 🥳 "),
        ("so 🤣funny", " so 🤣 funny "),
        ("今天天气很好。ok", " 今 天 天 气 很 好 ok "),
        ("iPhone手机", " iphone 手 机 "),
        ("カタカナ・ひらがな", " カ タ カ ナ ひ ら が な "),
        ("한국어", " 한 국 어 "),
        ("ㅋㅋ", " ㅋ ㅋ "),
        ("दिन दान", " दिन दान "),
        ("Žluťoučký kůň", " zlutoucky kun "),
        ("Straße ΟΔΥΣΣΕΎΣ ёлка Йод", " strasse οδυσσευσ елка иод "),
        (
            "Łódź Ørsted Đà Nẵng KADI kadı İzmir",
            " lodz orsted da nang kadi kadi izmir ",
        ),
        ("x² ﬁne ｆｕｌｌ 𝐛𝐨𝐥𝐝 ｶﾞ", " x2 fine full bold ガ "),
        ("🇩🇪🇪🇸🇫", " 🇩🇪 🇪🇸 🇫 "),
        ("👍🏽👨\u{200D}👩\u{200D}👧", " 👍 🏽 👨 👩 👧 "),
        ("❤\u{FE0F}1\u{FE0F}\u{20E3}", " ❤ 1 "),
        (
            "می\u{200C}خواهم soft\u{AD}ware zero\u{200B}width",
            " میخواهم software zero width ",
        ),
        ("\u{301}a\u{301}\u{302}", " a "),
        ("a → b ★", " a b ★ "),
    ] {
        assert_eq!(terms(text), of_it, "{text:?}");
    }
}

#[test]
fn however_a_text_is_composed_its_terms_are_the_same() {
    for text in [
        "café Ǖ",
        "각 한국어",
        "が ぱ",
        "\u{958}लम",
        "Ἄχαιός",
        "й ё ї",
        "שָּׁלוֹם",
        "ảẫ",
    ] {
        let decomposed: String = text.nfd().collect();
        assert_eq!(terms(&decomposed), terms(text), "{text}");
    }
}

#[test]
fn what_is_found_by_what() {
    for (query, text) in [
        ("congrats", "congrats🥳"),
        ("congrats🥳", "congrats🥳 to all"),
        ("congrats🥳", "🥳 Congrats"),
        ("funny", "so 🤣funny"),
        ("🤣", "so 🤣funny"),
        ("天气", "今天天气很好"),
        ("天气 今天", "今天天气很好"),
        ("🎉", "🎉"),
        ("🎉", "🎉🎉🎉"),
        ("❤️", "I ❤ it"),
        ("❤", "I ❤️ it"),
        ("👍", "👍🏽"),
        ("👍🏽", "ok 👍🏽"),
        ("👨\u{200D}👩\u{200D}👧", "my 👨\u{200D}👩\u{200D}👧!"),
        ("🇩🇪", "go 🇩🇪!"),
        ("1️⃣", "1️⃣ first"),
        ("cafe", "Café"),
        ("cafe", "cafe\u{301}"),
        ("CAFÉ", "cafe"),
        ("한국", "한국어를 한다"),
        ("ㅋㅋ", "ㅋㅋㅋㅋ"),
        ("दिन", "शुभ दिन।"),
        ("hors*", "a horse"),
        ("hor*", "hor"),
        ("\"panic\"", "don't panic"),
        ("don't", "don't panic"),
        ("a b hello", "hello"),
        ("7", "room 7"),
        ("я", "я тут"),
        ("foo-b-bar", "foo-b-bar"),
        ("say say say", "they say so"),
        ("hello **", "hello"),
    ] {
        assert!(finds(query, text), "{query:?} finds {text:?}");
    }
    for (query, text) in [
        ("hello 🎉", "hello world"),
        ("दिन", "दान"),
        ("दिन", "दीन"),
        ("天气", "天上有气"),
        ("天气", "气天"),
        ("🇩🇪", "🇦🇩🇪🇸"),
        ("ell", "hello"),
        ("ell*", "hello"),
        ("he*", "hello"),
        ("w*", "what"),
        ("b b b b", "b b b b"),
        ("", "anything"),
        ("!? *", "!? *"),
        ("각", "가"),
        ("hello", "help hell lohello hellos"),
        ("abc*d", "abcd"),
        ("天*", "地"),
    ] {
        assert!(!finds(query, text), "{query:?} does not find {text:?}");
    }
}

#[test]
fn the_mark_that_is_a_letter_has_accents_like_one() {
    assert_eq!(terms("\u{37A}\u{113C2}"), " ι ");
    assert_eq!(terms("ᾳ"), " α ");
}

#[test]
fn only_the_first_words_count() {
    let many = |words: usize| (0..words).map(|n| format!("w{n} ")).collect::<String>();
    let text = many(SEARCH_WORDS_MAX);
    assert!(finds(&(text.clone() + "absent"), &text));
    assert!(!finds(&(many(SEARCH_WORDS_MAX - 1) + "absent"), &text));
    let text = "天".repeat(SEARCH_WORDS_MAX);
    assert!(finds(&(text.clone() + "地"), &text));
    let text = "🎉".repeat(SEARCH_WORDS_MAX) + "🥳";
    assert!(finds(&text, "🎉"), "the same ones count, too");
    // Those that are left out are none of them.
    let letters = "b ".repeat(2_048);
    assert!(finds(&(letters.clone() + "hello"), "hello"));
    assert!(SearchWords::parse(&letters).is_empty());
}

#[test]
fn a_prefix_is_that_of_the_last_term_of_a_word() {
    let words = |query: &str| -> Vec<(String, bool)> {
        let words = SearchWords::parse(query);
        let phrases = words.phrases();
        phrases
            .map(|it| (it.as_str().to_owned(), it.is_prefix))
            .collect()
    };
    let expected = [("foo".to_owned(), false), ("bar".to_owned(), true)];
    assert_eq!(words("foo-bar*"), expected);
    assert_eq!(words("foo-b*"), [("foo".to_owned(), false)]);
    assert_eq!(words("foo-ba*")[1], ("ba".to_owned(), false));
    assert_eq!(words("天气*"), [("天 气".to_owned(), false)]);
    assert_eq!(words("дом*"), [("дом".to_owned(), true)]);
}

proptest! {
    #[test]
    fn any_text_is_found_by_each_of_its_words(text in "\\PC{0,40}|[a-cé天🎉 .*\u{301}]{0,20}") {
        for word in text.split_whitespace() {
            let words = SearchWords::parse(word);
            prop_assert!(words.is_empty() || words.are_in(&terms(&text)), "{:?} in {:?}", word, text);
        }
        let again = terms(&text);
        prop_assert_eq!(&terms(&again), &again, "terms of terms are the same");
        prop_assert!(again.starts_with(' ') && again.ends_with(' ') && !again.contains("  "));
    }
}
