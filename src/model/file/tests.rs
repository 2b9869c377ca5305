//! Names, types, sizes and tokens.

use super::*;

#[test]
fn names_are_no_paths() {
    for (told, name) in [
        ("a.png", "a.png"),
        ("../../etc/passwd", "passwd"),
        ("..\\..\\a.txt", "a.txt"),
        ("/", "file"),
        ("..", "file"),
        (".", "file"),
        ("", "file"),
        (".bashrc", "bashrc"),
        ("a\0b\u{202e}gnp.exe", "abgnp.exe"),
        ("a\r\nb", "ab"),
        (" a  b ", "a  b"),
        ("ü 日本.png", "ü 日本.png"),
    ] {
        assert_eq!(FileName::nearest(told).as_str(), name, "{told:?}");
    }
    let long = FileName::nearest(&format!("{}.tar", "日".repeat(500)));
    assert!(long.as_str().len() <= FILE_NAME_BYTES_MAX && long.as_str().ends_with(".tar"));
    assert_eq!(FileName::nearest("ü 'x';y.png").in_url(), "_x_y.png");
}

#[test]
fn types_are_what_the_content_is() {
    let of = |claimed, first: &[u8]| MimeType::of(claimed, first).0;
    assert_eq!(of("image/png", b"\x89PNG\r\n\x1a\n"), "image/png");
    assert_eq!(of("text/plain", b"GIF89a"), "image/gif");
    assert_eq!(of("image/png", b"<html>"), OCTETS);
    assert_eq!(of("Text/Plain; charset=x", b"hello"), "text/plain");
    for claimed in ["text/html", "image/svg+xml", "a", "a/b/c", "text/ä", ""] {
        assert_eq!(of(claimed, b"hello"), OCTETS, "{claimed}");
    }
    assert_eq!(of("x/y", b"RIFF\0\0\0\0WEBPVP8 "), "image/webp");
    assert_eq!(of("x/y", b"\0\0\0\x20ftypavif"), "image/avif");
}

#[test]
fn sizes_are_short() {
    let shown = |bytes| ShownSize(bytes).to_string();
    assert_eq!(shown(0), "0 B");
    assert_eq!(shown(1023), "1023 B");
    assert_eq!(shown(1024), "1 KiB");
    assert_eq!(shown(1536), "1.5 KiB");
    assert_eq!(shown(16 << 20), "16 MiB");
    assert_eq!(shown(u64::MAX), "1677721 TiB");
}

#[test]
fn a_token_is_for_one_file_one_reader_and_a_day() {
    let key = LinkKey::of(HashSeed(1, 2));
    let (file, other) = (FileId([1; 16]), FileId([2; 16]));
    let now = 1_700_000_000_000;
    let token_of = |reader: u32, now: u64| {
        String::from_utf8(key.token(file, reader, now).into()).expect("digits")
    };
    let token = token_of(7, now);
    assert_eq!(token, token_of(7, now + 1));
    assert_ne!(token, token_of(8, now));
    assert!(key.admits(file, &token, now));
    assert!(!key.admits(other, &token, now));
    assert!(!key.admits(file, &token, now + 26 * 3_600_000));
    assert!(!LinkKey::of(HashSeed(1, 3)).admits(file, &token, now));
    for at in 0..token.len() {
        let mut wrong = token.clone().into_bytes();
        wrong[at] = if wrong[at] == b'0' { b'1' } else { b'0' };
        let wrong = String::from_utf8(wrong).expect("ASCII");
        assert!(!key.admits(file, &wrong, now), "{at}");
    }
    for wrong in ["", "0", "ü", &token[1..], &format!("{token}0")] {
        assert!(!key.admits(file, wrong, now));
    }
}

#[test]
fn a_message_says_what_its_file_is() {
    let file = SharedFile {
        id: FileId([0xab; 16]),
        size: 1234,
        mime: MimeType::of("text/plain", b""),
        name: FileName::nearest("a b.txt"),
    };
    assert_eq!(SharedFile::parse(&file.to_text()), Some(file.clone()));
    assert_eq!(file.to_string(), "a b.txt (1.2 KiB, text/plain)");
    assert_eq!(SharedFile::parse("hello"), None);
}
