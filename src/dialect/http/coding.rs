//! Which content coding a client wants (RFC 9110 section 12.5.3).

/// Does a client that sent this `Accept-Encoding` want gzip rather than no coding? Who sent none may not know
/// it. What is no good member of the list is left out, and no coding is sent where nothing that is
/// there is wanted.
pub(super) fn prefers_gzip(field: &str) -> bool {
    let [mut gzip, mut identity, mut any] = [None; 3];
    for member in field.split(',') {
        let (coding, weight) = member.split_once(';').unwrap_or((member, "q=1"));
        let (coding, Some(weight)) = (coding.trim().to_ascii_lowercase(), weight_of(weight)) else {
            continue;
        };
        match &*coding {
            "gzip" | "x-gzip" => gzip = gzip.max(Some(weight)),
            "identity" => identity = Some(weight),
            "*" => any = Some(weight),
            _ => {}
        }
    }
    let gzip = gzip.or(any).unwrap_or(0);
    // What is not named is wanted less than all that is.
    gzip > 0 && gzip >= identity.or(any).unwrap_or(0)
}

/// The thousandths of `q=0.5` (RFC 9110 section 12.4.2).
fn weight_of(text: &str) -> Option<u16> {
    let (name, value) = text.trim().split_once('=')?;
    let (whole, fraction) = value.split_once('.').unwrap_or((value, ""));
    let is_good = name.eq_ignore_ascii_case("q")
        && fraction.len() <= 3
        && fraction.bytes().all(|byte| byte.is_ascii_digit());
    let thousandths: u16 = format!("{fraction:0<3}").parse().ok().filter(|_| is_good)?;
    match (whole, thousandths) {
        ("0", _) => Some(thousandths),
        ("1", 0) => Some(1000),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gzip_is_for_those_who_want_it() {
        for field in [
            "gzip",
            "GZip",
            "x-gzip",
            "gzip, deflate, br, zstd",
            "deflate,\tgzip;q=0.5",
            "gzip;q=0.001",
            "gzip ; q=1.000",
            "gzip;Q=1.",
            "*",
            "*;q=0.1",
            "br, *;q=0.1",
            "identity;q=0, gzip",
            "identity;q=0, *",
            "identity;q=0.5, gzip;q=0.5",
            "*;q=0, gzip;q=0.2",
            ", ,gzip,",
            "gzip, identity;q=2",
        ] {
            assert!(prefers_gzip(field), "{field}");
        }
        for field in [
            "",
            " ",
            "identity",
            "br",
            "gzip;q=0",
            "gzip;q=0.000",
            "gzip;q=0, *",
            "*;q=0",
            "identity, *;q=0",
            "identity, gzip;q=0.9",
            "*, gzip;q=0.9",
            "gzip;q=",
            "gzip;q=1.5",
            "gzip;q=0.1234",
            "gzip;q=-1",
            "gzip;q=+1",
            "gzip;q=0.5;x",
            "gzip;level=9",
            "gzip;",
            "gzipped",
            "not-gzip",
            "gz ip",
            "\"gzip\"",
        ] {
            assert!(!prefers_gzip(field), "{field}");
        }
    }
}
